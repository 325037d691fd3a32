package schema

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/growth"
)

func TestSegmentView(t *testing.T) {
	v, _ := Lookup("2.5.1")
	m := message(t, "2.5.1", "ORU^R01^ORU_R01",
		"PID|1||9990042101^^^NHS&2.16.840.1.113883.2.1.4.1&ISO^NH~~RXX42^^^RXX^MR||THISTLEWOOD&van^EDNA||19411109|F",
		"OBX|1|CE|a^b^L||X^Ex^SCT", "OBX|2|NM|a^b^L||1.5~2", "OBX|3||a^b^L||1", "OBX|4|QQ|a^b^L||1", "OBX|5|ST|a^b^L||x", "ZU1|x^y")
	pid := v.View(m.Segment("PID", 1))
	for _, c := range []struct {
		name, typ, text string
		ok              bool
	}{
		{"Patient Identifier List", "CX", "9990042101", true},
		{"patient_identifierlist", "CX", "9990042101", true},
		{"Set ID - PID", "SI", "1", true},
		{"Administrative Sex", "IS", "F", true},
		{"Mother's Maiden Name", "XPN", "", true},
		{"Tribal Citizenship", "CWE", "", true},
		{"Patient", "", "", false},
		{"Patient Identifier List 2", "", "", false},
		{"", "", "", false},
	} {
		f, ok := pid.Named(c.name)
		if ok != c.ok || f.Type() != c.typ || f.Text() != c.text {
			t.Errorf("%q: %v %s %v", c.name, f.Text(), f.Type(), ok)
		}
	}
	id, _ := pid.Named("Patient Identifier List")
	authority, ok := id.Named("Assigning Authority")
	oid, ok2 := authority.Named("Universal ID")
	if !ok || !ok2 || authority.Type() != "HD" || authority.Text() != "NHS" || oid.Text() != "2.16.840.1.113883.2.1.4.1" || oid.Path() != "PID-3[1].4.2" || oid.Type() != "ST" {
		t.Errorf("%v %v, %s %s", authority, oid, authority.Type(), oid.Type())
	}
	if x := id.Rep(3).Part(5); x.Text() != "MR" || x.Definition().Name() != "Identifier Type Code" || x.Definition().Table() != 203 {
		t.Errorf("%v %s", x, x.Definition().Name())
	}
	n := 0
	for i, rep := range id.Reps() {
		if n++; i != n || rep.Type() != "CX" {
			t.Errorf("%d: %s", i, rep.Type())
		}
	}
	if n != 3 {
		t.Errorf("%d repetitions", n)
	}
	if x := pid.Field(5).Part(1).Part(2); x.Text() != "van" || x.Definition().Name() != "Own Surname Prefix" {
		t.Errorf("%v %s", x, x.Definition().Name())
	}
	if x := pid.Field(7).Part(1); x.Type() != "DTM" || x.Text() != "19411109" {
		t.Errorf("%v %s", x, x.Type())
	}
	var types []string
	for obx := range m.Segments("OBX") {
		types = append(types, v.View(obx).Field(5).Type())
	}
	if got := strings.Join(types, " "); got != "CE NM Varies Varies ST" {
		t.Errorf("OBX-5: %s", got)
	}
	// Each key of a master file has a type of its own, or that before it.
	keys := message(t, "2.5.1", "MFN^M01", "MFE|MAD||20260714|A^B^99X~WARD1^^B2~7~W2~8|CE~PL~NM~~TS", "MFA|MAD||20260714|S|A~B|CE")
	mfe, mfa := v.View(keys.Segment("MFE", 1)).Field(4), v.View(keys.Segment("MFA", 1)).Field(5)
	types = nil
	for n, key := range mfe.Reps() {
		types = append(types, key.Type())
		if one := mfe.Rep(n); one.Type() != key.Type() || one.Value != key.Value {
			t.Errorf("key %d: %s, and %s among all", n, one.Type(), key.Type())
		}
		for _, again := range key.Reps() {
			if again.Type() != key.Type() || again.Value != key.Value || key.Rep(1).Type() != key.Type() {
				t.Errorf("key %d: %s, and %s looked at again", n, key.Type(), again.Type())
			}
		}
	}
	for _, key := range mfa.Reps() {
		types = append(types, key.Type())
	}
	if got := strings.Join(types, " "); got != "CE PL NM NM TS CE CE" || mfe.Type() != "CE" || mfe.Rep(9).Type() != "TS" || mfa.Rep(9).Type() != "CE" {
		t.Errorf("keys: %s, %s, %s", got, mfe.Rep(9).Type(), mfa.Rep(9).Type())
	}
	places := 0
	for place := range Each[hl7v2.PL](mfe) {
		if places++; place.Bed.Namespace.Value() != "B2" {
			t.Errorf("%v", place.Bed)
		}
	}
	if places != 1 {
		t.Errorf("%d places", places)
	}
	z := v.View(m.Segment("ZU1", 1))
	if f := z.Field(1); f.Type() != "" || f.Definition().Name() != "" || f.Part(2).Text() != "y" || z.Definition().NumFields() != 0 {
		t.Errorf("%v %s", f, f.Type())
	}
	if _, ok := z.Field(1).Named("x"); ok {
		t.Error("a part of a field without a type has a name")
	}
	// Views of what is not there hold nothing.
	none := v.View(hl7v2.Segment{})
	if none.Exists() || none.Field(1).Text() != "" || none.Field(3).Part(2).Type() != "" || (SegmentView{}).Field(1).Type() != "" || (ElementView{}).Part(1).Text() != "" || (SegmentView{}).Definition().ID() != "" || (ElementView{}).Definition().Name() != "" {
		t.Error("a view of nothing holds something")
	}
	fields := 0
	for n, f := range pid.Fields() {
		fields++
		if want, _ := pid.Definition().Field(n); f.Definition().Name() != want.Name() {
			t.Errorf("field %d: %s", n, f.Definition().Name())
		}
	}
	if fields != 39 {
		t.Errorf("%d fields", fields)
	}
}

// Of fields with the same name the first that is not withdrawn is found, and
// every field of every version by its own name otherwise.
func TestNamedFields(t *testing.T) {
	for _, name := range Versions() {
		v, _ := Lookup(name)
		for def := range v.Segments() {
			s := SegmentView{v: v, def: def}
			first := map[string]int{}
			for n := 1; n <= def.NumFields(); n++ {
				e, ok := def.Field(n)
				if _, seen := first[strings.ToLower(e.Name())]; ok && (!seen || e.Usage() != Withdrawn) {
					if first[strings.ToLower(e.Name())] == 0 || usageOf(def, first[strings.ToLower(e.Name())]) == Withdrawn {
						first[strings.ToLower(e.Name())] = n
					}
				}
			}
			for n := 1; n <= def.NumFields(); n++ {
				e, ok := def.Field(n)
				if !ok {
					continue
				}
				f, ok := s.Named(e.Name())
				if want, _ := def.Field(first[strings.ToLower(e.Name())]); !ok || f.Definition() != want {
					t.Errorf("%s %s-%d %q: found %q", name, def.ID(), n, e.Name(), f.Definition().Name())
				}
			}
		}
	}
}

func usageOf(def Segment, n int) Usage {
	e, _ := def.Field(n)
	return e.Usage()
}

func TestRead(t *testing.T) {
	v, _ := Lookup("2.4")
	m := message(t, "2.4", "ADT^A01^ADT_A01", "PID|1||1^^^A^MR~~2^^^NHS^NH||SURNAME^GIVEN|||F", "PV1|1|I|W1^B2^3")
	pid := v.View(m.Segment("PID", 1))
	var ids []string
	for cx := range Each[hl7v2.CX](pid.Field(3)) {
		ids = append(ids, cx.ID.Value()+" "+cx.Authority.Namespace.Value()+" "+cx.Type.Value())
	}
	if got := strings.Join(ids, ", "); got != "1 A MR, 2 NHS NH" {
		t.Errorf("%s", got)
	}
	if name, ok := Read[hl7v2.XPN](pid.Field(5)); !ok || name.Family.Surname.Value() != "SURNAME" || name.Given.Value() != "GIVEN" {
		t.Errorf("%v", ok)
	}
	if _, ok := Read[hl7v2.XPN](pid.Field(3)); ok {
		t.Error("an identifier is read as a name")
	}
	for range Each[hl7v2.XAD](pid.Field(3)) {
		t.Error("an identifier is read as an address")
	}
	if sex, ok := Read[hl7v2.CWE](pid.Field(8)); !ok || sex.Code.Value() != "F" {
		t.Errorf("%v", ok)
	}
	if hd, ok := Read[hl7v2.HD](pid.Field(3).Part(4)); !ok || hd.Namespace.Value() != "A" {
		t.Errorf("%v", ok)
	}
	if pl, ok := Read[hl7v2.PL](v.View(m.Segment("PV1", 1)).Field(3)); !ok || pl.Bed.Namespace.Value() != "3" {
		t.Errorf("%v", ok)
	}
}

// What reads as a type has its components: as many or fewer, and each of a
// type that reads as, or is the beginning of, the one of the latest version.
func TestReadsAs(t *testing.T) {
	for _, c := range []struct {
		to     hl7v2.Composite
		latest string
		fields int
	}{
		{new(hl7v2.HD), "HD", 3}, {new(hl7v2.EI), "EI", 4}, {new(hl7v2.EIP), "EIP", 2}, {new(hl7v2.CX), "CX", 12}, {new(hl7v2.FN), "FN", 5},
		{new(hl7v2.XPN), "XPN", 15}, {new(hl7v2.SAD), "SAD", 3}, {new(hl7v2.XAD), "XAD", 23}, {new(hl7v2.XTN), "XTN", 18}, {new(hl7v2.XCN), "XCN", 25},
		{new(hl7v2.XON), "XON", 10}, {new(hl7v2.CWE), "CWE", 22}, {new(hl7v2.PL), "PL", 11}, {new(hl7v2.SN), "SN", 4}, {new(hl7v2.ED), "ED", 5},
		{new(hl7v2.RP), "RP", 4}, {new(hl7v2.TS), "TS", 2}, {new(hl7v2.DR), "DR", 2}, {new(hl7v2.CQ), "CQ", 2}, {new(hl7v2.NR), "NR", 2},
		{new(hl7v2.MO), "MO", 2}, {new(hl7v2.MSG), "MSG", 3}, {new(hl7v2.PT), "PT", 2}, {new(hl7v2.VID), "VID", 3}, {new(hl7v2.ERL), "ERL", 6},
		{new(hl7v2.DLN), "DLN", 3}, {new(hl7v2.FC), "FC", 2}, {new(hl7v2.DLD), "DLD", 2}, {new(hl7v2.CNN), "CNN", 11}, {new(hl7v2.NDL), "NDL", 11},
	} {
		met := 0
		for _, name := range Versions() {
			v, _ := Lookup(name)
			for def := range v.DataTypes() {
				if !readsAs(c.to, v, def.ID()) {
					continue
				}
				met++
				if def.NumComponents() > c.fields {
					t.Errorf("%s: %s of %d components is read as %s of %d", name, def.ID(), def.NumComponents(), c.latest, c.fields)
				}
			}
		}
		if met == 0 {
			t.Errorf("no version has a %s", c.latest)
		}
		if v, _ := Lookup("2.5"); !readsAs(c.to, v, c.latest) || readsAs(c.to, v, "JCC") || readsAs(c.to, v, "") {
			t.Errorf("%s", c.latest)
		}
	}
	if v, _ := Lookup("2.1"); readsAs(new(hl7v2.XCN), v, "CN") {
		t.Error("CN of 2.1, whose fifth component is the degree, is read as XCN")
	}
}

func TestGroupViews(t *testing.T) {
	m := resultMessage(t, nil)
	v, _ := VersionOf(m)
	g, _ := v.Group(m, Keep)
	var got []string
	for observation := range g.Root().All("OBSERVATION") {
		obx := observation.View("OBX")
		notes := 0
		for nte := range observation.Views("NTE") {
			if _, ok := nte.Named("Comment"); !ok {
				t.Error("NTE-3 has no name")
			}
			notes++
		}
		got = append(got, fmt.Sprintf("%s %s %d", obx.Field(3).Text(), obx.Field(5).Type(), notes))
	}
	if want := "1022431000000105 NM 1, 1022541000000102 SN 0, 1 TX 0, 1000981000000109 Varies 0"; strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
	for range g.Root().All("NOTHING") {
		t.Error("a group that is not there")
	}
	for range (Group{}).All("OBSERVATION") {
		t.Error("a group of nothing")
	}
	if (Group{}).View("OBX").Exists() {
		t.Error("a segment of nothing")
	}
}

func TestViewsAllocateNothing(t *testing.T) {
	m := resultMessage(t, nil)
	v, _ := VersionOf(m)
	g, _ := v.Group(m, Keep)
	found := 0
	if n := testing.AllocsPerRun(100, func() {
		pid := v.View(m.Segment("PID", 1))
		ids, _ := pid.Named("Patient Identifier List")
		for _, id := range ids.Reps() {
			if typ, ok := id.Named("Identifier Type Code"); ok && typ.Equal("NH") {
				found++
			}
		}
		for observation := range g.Root().All("OBSERVATION") {
			if obx := observation.View("OBX"); obx.Field(5).Type() == "NM" && obx.Field(5).State() == hl7v2.Present {
				found++
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if found != 2*101 {
		t.Errorf("found %d", found)
	}
}

func BenchmarkView(b *testing.B) {
	m := edited(b, admissionLines)
	v, _ := VersionOf(m)
	s := m.Segment("PID", 1)
	b.Run("named", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f, _ := v.View(s).Named("Administrative Sex")
			if !f.Equal("2") {
				b.Fatal()
			}
		}
	})
	b.Run("number", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !v.View(s).Field(8).Equal("2") {
				b.Fatal()
			}
		}
	})
	b.Run("untyped", func(b *testing.B) { // what it costs without the facts
		b.ReportAllocs()
		for b.Loop() {
			if !s.Field(8).Equal("2") {
				b.Fatal()
			}
		}
	})
}

// The type of a key is found in one pass over those that are named before it.
func TestKeyTypeIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	v, _ := Lookup("2.5.1")
	growth.Check(t, "types", 4000, func(n int) func() {
		m := message(t, "2.5.1", "MFN^M01", "MFE|MAD||20260714|A|CE"+strings.Repeat("~", n))
		keys := v.View(m.Segment("MFE", 1)).Field(4)
		return func() {
			if typ := keys.Rep(n).Type(); typ != "CE" {
				t.Fatal(typ)
			}
		}
	})
}
