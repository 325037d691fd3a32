package schema

import (
	"fmt"
	"strings"
	"testing"
)

// TestCounts holds the size of each version's facts to what was counted in
// the sources: segments, fields, data types, structures, tables.
func TestCounts(t *testing.T) {
	for _, c := range []struct {
		version                                     string
		segments, fields, types, structures, tables int
	}{
		{"2.1", 37, 434, 19, 39, 0},
		{"2.2", 62, 767, 65, 73, 0},
		{"2.3", 110, 1468, 92, 114, 0},
		{"2.3.1", 110, 1485, 92, 116, 200},
		{"2.4", 138, 1811, 94, 179, 296},
		{"2.5", 149, 2070, 92, 202, 346},
		{"2.5.1", 149, 2078, 92, 200, 346},
		{"2.6", 170, 2466, 91, 211, 346},
		{"2.7", 170, 2520, 85, 192, 533},
		{"2.7.1", 171, 2517, 85, 0, 0},
		{"2.8", 176, 2626, 70, 203, 557},
		{"2.8.1", 176, 2631, 70, 207, 557},
		{"2.8.2", 180, 2690, 71, 208, 564},
	} {
		t.Run(c.version, func(t *testing.T) {
			v := lookup(t, c.version)
			segments, fields := 0, 0
			for s := range v.Segments() {
				segments++
				for n := range s.NumFields() {
					if _, ok := s.Field(n + 1); ok {
						fields++
					}
				}
			}
			types, structures := 0, 0
			for range v.DataTypes() {
				types++
			}
			for range v.Structures() {
				structures++
			}
			got := fmt.Sprint(segments, fields, types, structures, v.f.tables.len())
			if c.structures == 0 {
				c.structures = structures // kept by event in the one source
			}
			if want := fmt.Sprint(c.segments, c.fields, c.types, c.structures, c.tables); got != want {
				t.Errorf("counts %s, want %s", got, want)
			}
		})
	}
	if len(Versions()) != 13 {
		t.Errorf("%d versions", len(Versions()))
	}
}

func lookup(t *testing.T, version string) Version {
	t.Helper()
	v, ok := Lookup(version)
	if !ok {
		t.Fatalf("no version %s", version)
	}
	return v
}

// TestFields checks definitions against the text of the standard.
func TestFields(t *testing.T) {
	for _, c := range []struct {
		version, field string
		name, typ      string
		usage          Usage
		max, length    int
		table          int
	}{
		{"2.4", "PID-3", "Patient Identifier List", "CX", Required, 0, 250, 0},
		{"2.4", "PID-8", "Administrative Sex", "IS", Optional, 1, 1, 1},
		{"2.4", "MSH-9", "Message Type", "MSG", Required, 1, 15, 76},
		{"2.4", "OBX-5", "Observation Value", "Varies", Optional, 0, 65536, 0},
		{"2.4", "OBX-8", "Abnormal Flags", "IS", Optional, 5, 5, 78},
		{"2.4", "OBX-9", "Probability", "NM", Optional, 1, 5, 0},
		{"2.5.1", "OBX-2", "Value Type", "ID", Optional, 1, 2, 125},
		{"2.5.1", "OBX-11", "Observation Result Status", "ID", Required, 1, 1, 85},
		{"2.5.1", "PID-38", "Production Class Code", "CE", Optional, 1, 250, 429},
		{"2.7", "PID-2", "Patient ID", "", Withdrawn, 1, 0, 0},
		{"2.7.1", "OBX-5", "Observation Value", "Varies", Conditional, 0, 0, 0},
		{"2.7.1", "MFE-4", "Primary Key Value - MFE", "Varies", Required, 0, 0, 0},
		{"2.8", "PID-3", "Patient Identifier List", "CX", Required, 0, 0, 0},
		{"2.1", "PID-5", "Patient Name", "PN", Required, 1, 48, 0},
	} {
		t.Run(c.version+" "+c.field, func(t *testing.T) {
			v := lookup(t, c.version)
			id, number, _ := strings.Cut(c.field, "-")
			n := 0
			fmt.Sscan(number, &n)
			s, ok := v.Segment(id)
			if !ok {
				t.Fatal("no segment")
			}
			e, ok := s.Field(n)
			if !ok {
				t.Fatal("no field")
			}
			got := fmt.Sprint(e.Name(), "|", e.Type(), "|", e.Usage(), "|", e.Max(), "|", e.Length(), "|", e.Table())
			want := fmt.Sprint(c.name, "|", c.typ, "|", c.usage, "|", c.max, "|", c.length, "|", c.table)
			if !strings.EqualFold(got, want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestDataTypes(t *testing.T) {
	v := lookup(t, "2.4")
	cx, ok := v.DataType("CX")
	if !ok || cx.NumComponents() != 8 {
		t.Fatalf("CX: %v, %d components", ok, cx.NumComponents())
	}
	if c, _ := cx.Component(5); c.Type() != "ID" || c.Table() != 203 {
		t.Errorf("CX.5: %s, table %d", c.Type(), c.Table())
	}
	if _, ok := cx.Component(9); ok {
		t.Error("CX.9 in 2.4")
	}
	if st, ok := v.DataType("ST"); ok && st.NumComponents() != 0 {
		t.Error("ST has components")
	}
}

func TestTables(t *testing.T) {
	v := lookup(t, "2.4")
	sex, ok := v.Table(1)
	if !ok || sex.Len() != 6 || !strings.EqualFold(sex.Name(), "Administrative Sex") {
		t.Fatalf("table 1: %v, %q, %d codes", ok, sex.Name(), sex.Len())
	}
	if d, ok := sex.Display("F"); !ok || d != "Female" {
		t.Errorf("F: %q, %v", d, ok)
	}
	if _, ok := sex.Display("Q"); ok {
		t.Error("Q is no code")
	}
	if points, ok := lookup(t, "2.8").Table(359); !ok || !points.Open() || sex.Open() {
		t.Error("table 0359 goes on with an ellipsis, table 0001 does not")
	}
	for _, c := range []struct {
		version     string
		table       int
		codes, none string
		open        bool
	}{
		{"2.4", 43, "11 12 14 16 18", "17 12_..._16", false}, // 12 ... 16
		{"2.5.1", 112, "10 15 19 21 29 31 39", "43 21_..._29", false},
		{"2.3.1", 141, "E1 E5 E9 O10 W4", "E10 W5", false},
		{"2.4", 359, "0 1 2", "", true}, // 2 ...
		{"2.3.1", 359, "1 2", "", true}, // 2 and higher
		{"2.6", 418, "0 2", "", true},
		{"2.4", 357, "0 100 207", "Errors Success", false},
		{"2.7", 153, "", "01", true},
	} {
		table, ok := lookup(t, c.version).Table(c.table)
		if !ok || table.Open() != c.open {
			t.Errorf("%s: table %04d, open %t", c.version, c.table, table.Open())
		}
		for code := range strings.FieldsSeq(c.codes) {
			if _, ok := table.Display(code); !ok {
				t.Errorf("%s: no code %s in table %04d", c.version, code, c.table)
			}
		}
		for code := range strings.FieldsSeq(c.none) {
			if _, ok := table.Display(strings.ReplaceAll(code, "_", " ")); ok {
				t.Errorf("%s: code %s in table %04d", c.version, code, c.table)
			}
		}
	}
	if _, ok := lookup(t, "2.3").Table(1); ok {
		t.Error("no values are known of 2.3")
	}
}

// outline writes a structure as the standard does: MSH [{ NK1 }] { GROUP( ... ) }.
func outline(n Node) string {
	var out []string
	for c := range n.Children() {
		s := c.Name()
		if c.Kind() != SegmentNode {
			s += "(" + outline(c) + ")"
			if c.Kind() == ChoiceNode {
				s = "<" + s + ">"
			}
		}
		if c.Max() != 1 {
			s = "{" + s + "}"
		}
		if c.Min() == 0 {
			s = "[" + s + "]"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestStructures(t *testing.T) {
	for _, c := range []struct{ version, typ, event, id, want string }{
		{"2.4", "ADT", "A40", "ADT_A39", "MSH EVN {ADT_A39_PATIENT(PID [PD1] MRG [PV1])}"},
		{"2.4", "ORU", "R01", "ORU_R01", "MSH {ORU_R01_PATIENT_RESULT([ORU_R01_PATIENT(PID [PD1] [{NK1}] [{NTE}] [ORU_R01_VISIT(PV1 [PV2])])] {ORU_R01_ORDER_OBSERVATION([ORC] OBR [{NTE}] [CTD] {ORU_R01_OBSERVATION([OBX] [{NTE}])} [{FT1}] [{CTI}])})} [DSC]"},
		// The first version with A40 to A51 has the structures of the later ones.
		{"2.3", "ADT", "A40", "ADT_A39", "MSH EVN {ADT_A39_PATIENT(PID [PD1] MRG [PV1])}"},
		{"2.3.1", "ADT", "A41", "ADT_A39", "MSH EVN {ADT_A39_PATIENT(PID [PD1] MRG [PV1])}"},
		{"2.3.1", "ADT", "A42", "ADT_A39", ""},
		{"2.3", "ADT", "A44", "ADT_A43", "MSH EVN {ADT_A43_PATIENT(PID [PD1] MRG)}"},
		{"2.3.1", "ADT", "A51", "ADT_A50", "MSH EVN PID [PD1] MRG PV1"},
		{"2.4", "ADT", "A28", "ADT_A05", ""},
		{"2.4", "ADT", "A08", "ADT_A01", ""},
		{"2.4", "ADT", "A03", "ADT_A03", ""},
		{"2.5.1", "ADT", "A04", "ADT_A01", ""},
		{"2.7.1", "ADT", "A40", "ADT_A39", ""},
		{"2.8.2", "ADT", "A31", "ADT_A05", ""},
		{"2.4", "ACK", "", "ACK", "MSH MSA [ERR]"},
	} {
		t.Run(c.version+" "+c.typ+" "+c.event, func(t *testing.T) {
			v := lookup(t, c.version)
			id, ok := v.StructureOf(c.typ, c.event)
			if !ok || id != c.id {
				t.Fatalf("structure %q, want %q", id, c.id)
			}
			n, ok := v.Structure(id)
			if !ok {
				t.Fatal("no such structure")
			}
			if got := outline(n); c.want != "" && got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	v := lookup(t, "2.4")
	if id, ok := v.StructureOf("ZZZ", "Z01"); ok {
		t.Errorf("ZZZ^Z01 has structure %s", id)
	}
	// The facts of 2.3 have no structure for charges, and no other is like it.
	if id, ok := lookup(t, "2.3").StructureOf("MFN", "M04"); ok {
		t.Errorf("MFN^M04 of 2.3 has structure %s", id)
	}
}

// TestReferences checks that every name in the facts leads somewhere: types
// of fields and components, segments and events of structures.
func TestReferences(t *testing.T) {
	primitive := " ST TX FT NM SI DT TM TS DTM ID IS TN CM Varies GTS varies NUL SNM CF "
	for _, name := range Versions() {
		v := lookup(t, name)
		check := func(where, typ string) {
			if _, ok := v.DataType(typ); !ok && typ != "" && !strings.Contains(primitive, " "+typ+" ") {
				t.Errorf("%s %s: no data type %q", name, where, typ)
			}
		}
		for s := range v.Segments() {
			for n := 1; n <= s.NumFields(); n++ {
				if e, ok := s.Field(n); ok {
					check(fmt.Sprintf("%s-%d", s.ID(), n), e.Type())
				}
			}
		}
		for d := range v.DataTypes() {
			for n := 1; n <= d.NumComponents(); n++ {
				if e, ok := d.Component(n); ok {
					check(fmt.Sprintf("%s.%d", d.ID(), n), e.Type())
				}
			}
		}
		// What the publication itself leaves dangling: structures that
		// outlived the segments they name.
		undefined := map[string]string{"2.1": "PD1", "2.7": "QRD QRF URD URS", "2.7.1": "QRD QRF URD URS", "2.8": "QRD QRF URD URS", "2.8.1": "QRD QRF URD URS", "2.8.2": "QRD QRF URD URS"}
		missing := map[string]bool{}
		var walk func(n Node)
		walk = func(n Node) {
			if _, ok := v.Segment(n.Name()); !ok && n.Kind() == SegmentNode {
				missing[n.Name()] = true
			}
			for c := range n.Children() {
				walk(c)
			}
		}
		for n := range v.Structures() {
			walk(n)
		}
		for id := range missing {
			if !strings.Contains(undefined[name], id) && !strings.HasPrefix(id, "Z") && !strings.HasPrefix(strings.ToLower(id), "any") && !strings.HasPrefix(id, "Hxx") {
				t.Errorf("%s: a structure has segment %s, which is not defined", name, id)
			}
		}
		for event, id := range v.Events() {
			if _, ok := v.Structure(id); !ok {
				t.Errorf("%s: event %s leads to no structure %s", name, event, id)
			}
		}
	}
}

func TestUnknownVersion(t *testing.T) {
	v, ok := Lookup("2.41")
	if ok {
		t.Fatal("2.41 is no version")
	}
	if _, ok := v.Segment("PID"); ok {
		t.Error("the zero version has segments")
	}
	if _, ok := v.Table(1); ok {
		t.Error("the zero version has tables")
	}
	if _, ok := v.StructureOf("ADT", "A01"); ok {
		t.Error("the zero version has structures")
	}
}

func TestLookupsDoNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		v, _ := Lookup("2.4")
		s, _ := v.Segment("PID")
		e, _ := s.Field(3)
		d, _ := v.DataType(e.Type())
		d.Component(4)
		v.StructureOf("ADT", "A28")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkField(b *testing.B) {
	v, _ := Lookup("2.5.1")
	b.ReportAllocs()
	for b.Loop() {
		s, _ := v.Segment("PID")
		if e, ok := s.Field(3); !ok || e.Type() != "CX" {
			b.Fatal("PID-3")
		}
	}
}

// XTN of 2.6 has no first component in one of the sources; the others keep
// their numbers all the same.
func TestComponentsKeepTheirNumbers(t *testing.T) {
	v, _ := Lookup("2.6")
	xtn, _ := v.DataType("XTN")
	for n, want := range map[int]string{1: "ST", 2: "ID", 4: "ST", 5: "NM", 12: "ST", 13: "DTM", 15: "CWE", 17: "EI", 18: "NM"} {
		if e, _ := xtn.Component(n); e.Type() != want {
			t.Errorf("XTN.%d, %s, is %s, want %s", n, e.Name(), e.Type(), want)
		}
	}
	m := message(t, "2.6", "ADT^A01^ADT_A01", "EVN||20260714093000", "PID|1||9990042101^^^NHS^NH||THISTLEWOOD^EDNA||19411109|F|||||01632960417^NET^Internet^edna@example.org", "PV1|1|I")
	for _, i := range new(Validator).Validate(m) {
		t.Error(i)
	}
}

// A message may name its own version, whatever the version's table lists.
func TestVersionsKnowThemselves(t *testing.T) {
	for _, name := range Versions() {
		m := message(t, name, "ADT^A01", "EVN|A01|20260714093000", "PID|||1||A^B")
		for _, i := range new(Validator).Validate(m) {
			if strings.HasPrefix(i.Path, "MSH-12") {
				t.Errorf("%s: %v", name, i)
			}
		}
	}
}
