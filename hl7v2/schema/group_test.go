package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
)

// message makes a message of a type and segments.
func message(t testing.TB, version, typ string, segments ...string) *hl7v2.Message {
	t.Helper()
	text := fmt.Sprintf("MSH|^~\\&|A|B|C|D|20260714||%s|1|P|%s\r%s\r", typ, version, strings.Join(segments, "\r"))
	m, err := hl7v2.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// shape writes the groups of a message with their segments: "MSH PID G(OBR OBX)".
func shape(x Group) string {
	var out []string
	x.children(func(i int32, c *item) bool {
		if c.segment >= 0 {
			id := x.g.m.SegmentAt(int(c.segment)).ID()
			if c.node < 0 {
				id += "?"
			}
			out = append(out, id)
			return true
		}
		sub := Group{x.g, i}
		out = append(out, fmt.Sprintf("%s%d(%s)", sub.Name(), sub.Occurrence(), shape(sub)))
		return true
	})
	return strings.Join(out, " ")
}

func TestGroup(t *testing.T) {
	for _, c := range []struct {
		name, version, typ string
		policy             Policy
		segments           string
		want               string
		issues             string // codes at paths
	}{
		{"results of two orders", "2.4", "ORU^R01", Keep, "PID PD1 NTE PV1 ORC OBR NTE OBX NTE OBX OBR OBX",
			"MSH PATIENT_RESULT1(PATIENT1(PID PD1 NTE VISIT1(PV1)) ORDER_OBSERVATION1(ORC OBR NTE OBSERVATION1(OBX NTE) OBSERVATION2(OBX)) ORDER_OBSERVATION2(OBR OBSERVATION1(OBX)))", ""},
		{"two patients", "2.4", "ORU^R01", Keep, "PID OBR OBX PID OBR OBX",
			"MSH PATIENT_RESULT1(PATIENT1(PID) ORDER_OBSERVATION1(OBR OBSERVATION1(OBX))) PATIENT_RESULT2(PATIENT1(PID) ORDER_OBSERVATION1(OBR OBSERVATION1(OBX)))", ""},
		{"OBX of a specimen", "2.5.1", "ORU^R01^ORU_R01", Keep, "PID OBR OBX SPM OBX",
			"MSH PATIENT_RESULT1(PATIENT1(PID) ORDER_OBSERVATION1(OBR OBSERVATION1(OBX) SPECIMEN1(SPM OBX)))", ""},
		{"the same segment in three places", "2.4", "ADT^A01", Keep, "EVN PID PD1 ROL NK1 PV1 PV2 ROL PR1 ROL",
			"MSH EVN PID PD1 ROL NK1 PV1 PV2 ROL PROCEDURE1(PR1 ROL)", ""},
		{"two merges", "2.4", "ADT^A40", Keep, "EVN PID MRG PID PD1 MRG",
			"MSH EVN PATIENT1(PID MRG) PATIENT2(PID PD1 MRG)", ""},
		{"a required segment is missing", "2.4", "ORU^R01", Keep, "PID OBX OBR OBX",
			"MSH PATIENT_RESULT1(PATIENT1(PID) ORDER_OBSERVATION1(OBSERVATION1(OBX)) ORDER_OBSERVATION2(OBR OBSERVATION1(OBX)))",
			"hl7v2.missing-segment PATIENT_RESULT[1].ORDER_OBSERVATION[1].OBR"},
		{"a required group is missing", "2.4", "ADT^A40", Keep, "EVN", "MSH EVN", "hl7v2.missing-segment PATIENT"},
		{"no place, kept", "2.4", "ADT^A01", Keep, "EVN PID OBR PV1", "MSH EVN PID OBR? PV1", "hl7v2.unexpected-segment OBR"},
		{"no place, silently", "2.4", "ADT^A01", Inline, "EVN PID OBR PV1", "MSH EVN PID OBR? PV1", ""},
		{"no place, to the message", "2.4", "ORU^R01", Root, "PID OBR OBX DG1 DSC", "MSH PATIENT_RESULT1(PATIENT1(PID) ORDER_OBSERVATION1(OBR OBSERVATION1(OBX))) DG1? DSC", "hl7v2.unexpected-segment DG1"},
		{"no place, refused", "2.4", "ADT^A01", Refuse, "EVN PID OBR PV1", "MSH EVN PID OBR? PV1", "hl7v2.unexpected-segment OBR"},
		{"Z segments anywhere", "2.4", "ADT^A01", Refuse, "EVN ZZ1 PID PV1 ZU1", "MSH EVN ZZ1? PID PV1 ZU1?", ""},
		{"once too often", "2.4", "ADT^A01", Keep, "EVN PID PID PV1", "MSH EVN PID PID PV1", "hl7v2.repetition PID[2]"},
		{"no structure", "2.4", "ZZZ^Z01", Keep, "PID OBX", "MSH? PID? OBX?", "hl7v2.structure MSH-9"},
		{"MSH-9.3 decides", "2.4", "ADT^A99^ADT_A01", Keep, "EVN PID PV1", "MSH EVN PID PV1", ""},
		{"a note of the message, not of an order that is not there", "2.5", "REF^I12", Keep, "PRD PID NTE", "MSH PROVIDER_CONTACT1(PRD) PID NTE", ""},
		{"the second PSH is the facility's", "2.4", "SUR^P09", Keep, "FAC PSH PDC PSH FAC PDC NTE",
			"MSH FACILITY1(FAC PRODUCT1(PSH PDC) PSH FACILITY_DETAIL1(FAC PDC NTE))", ""},
		{"two products, two facilities", "2.6", "SUR^P09", Keep, "FAC PSH PDC PSH PDC PSH FAC PDC NTE FAC PDC NTE FAC PSH PDC PSH FAC PDC NTE",
			"MSH FACILITY1(FAC PRODUCT1(PSH PDC) PRODUCT2(PSH PDC) PSH FACILITY_DETAIL1(FAC PDC NTE) FACILITY_DETAIL2(FAC PDC NTE)) FACILITY2(FAC PRODUCT1(PSH PDC) PSH FACILITY_DETAIL1(FAC PDC NTE))", ""},
		{"a diet, then a tray", "2.4", "OMD^O03", Keep, "PID ORC ODS ORC ODS ORC ODT",
			"MSH PATIENT1(PID) ORDER_DIET1(ORC DIET1(ODS)) ORDER_DIET2(ORC DIET1(ODS)) ORDER_TRAY1(ORC ODT)", ""},
		{"an observation, then a dose", "2.5.1", "CSU^C09^CSU_C09", Keep, "PID CSR CSS ORC OBR OBX ORC OBR OBX ORC RXA RXR",
			"MSH PATIENT1(PID CSR STUDY_PHASE1(STUDY_SCHEDULE1(CSS STUDY_OBSERVATION1(ORC OBR OBX) STUDY_OBSERVATION2(ORC OBR OBX) ORCRXARXR_SUPPGRP1(ORC RXARXR_SUPPGRP1(RXA RXR)))))", ""},
		{"two procedures of one visit", "2.4", "BAR^P01", Keep, "EVN PID PV1 PR1 PR1 GT1 IN1 IN1 ACC PV1 PR1",
			"MSH EVN PID VISIT1(PV1 PROCEDURE1(PR1) PROCEDURE2(PR1) GT1 INSURANCE1(IN1) INSURANCE2(IN1) ACC) VISIT2(PV1 PROCEDURE1(PR1))", ""},
		{"orders without a patient", "2.5.1", "ORU^R01", Keep, "OBR OBR OBX PID OBR NTE OBR OBX",
			"MSH PATIENT_RESULT1(ORDER_OBSERVATION1(OBR) ORDER_OBSERVATION2(OBR OBSERVATION1(OBX))) PATIENT_RESULT2(PATIENT1(PID) ORDER_OBSERVATION1(OBR NTE) ORDER_OBSERVATION2(OBR OBSERVATION1(OBX)))", ""},
		{"both segments of a query", "2.6", "QBP^E22^QBP_E22", Keep, "QPD RCP", "MSH QUERY1(QPD RCP)", ""},
		{"half a query", "2.8", "QBP^E03^QBP_E03", Keep, "QPD", "MSH QUERY_INFORMATION1(QPD)", "hl7v2.missing-segment QUERY_INFORMATION[1].RCP"},
		{"a remittance", "2.7", "EHC^E15^EHC_E15", Keep, "PMT PYE IPR IVC PSS PSG PSL ADJ ADJ",
			"MSH PAYMENT_REMITTANCE_HEADER_INFO1(PMT PYE) PAYMENT_REMITTANCE_DETAIL_INFO1(IPR IVC PRODUCT_SERVICE_SECTION1(PSS PRODUCT_SERVICE_GROUP1(PSG PSL_ITEM_INFO1(PSL ADJ ADJ))))", ""},
		{"a query without its response", "2.6", "QBP^Q99^QBP_Qnn", Keep, "QPD RCP DSC", "MSH QPD RCP DSC", ""},
		{"a choice", "2.4", "ORM^O01", Keep, "PID ORC OBR NTE", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := message(t, c.version, c.typ, strings.Fields(c.segments)...)
			v, _ := VersionOf(m)
			g, issues := v.Group(m, c.policy)
			if got := shape(g.Root()); c.want != "" && got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			var codes []string
			for _, i := range issues {
				codes = append(codes, string(i.Code)+" "+i.Path)
				if i.Line < 1 || i.Offset < 0 {
					t.Errorf("no position: %v", i)
				}
			}
			if got := strings.Join(codes, ", "); got != c.issues {
				t.Errorf("issues %q, want %q", got, c.issues)
			}
		})
	}
}

func TestGroupPaths(t *testing.T) {
	m := message(t, "2.4", "ORU^R01", "PID|1", "OBR|1", "OBX|1|NM|a||1", "OBR|2", "OBX|1|NM|b||2", "OBX|2|NM|c||3~4")
	v, _ := VersionOf(m)
	g, _ := v.Group(m, Keep)
	for path, want := range map[string]string{
		"PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX-5":             "1",
		"PATIENT_RESULT[1].ORDER_OBSERVATION[2].OBR-1":                   "2",
		"PATIENT_RESULT[1].ORDER_OBSERVATION[2].OBSERVATION[2].OBX-5[2]": "4",
		"PATIENT_RESULT[2].PATIENT.PID-1":                                "",
		"PATIENT_RESULT[1].NOWHERE.PID-1":                                "",
		"OBX[3]-3":                                                       "c",
	} {
		got, err := g.Get(path)
		if err != nil || got.Text() != want {
			t.Errorf("%s: %q, %v; want %q", path, got.Text(), err, want)
		}
	}
	n := 0
	for r := range g.Root().Groups("PATIENT_RESULT") {
		for o := range r.Groups("ORDER_OBSERVATION") {
			for x := range o.Groups("OBSERVATION") {
				if !x.Segment("OBX", 1).Exists() || x.Segment("OBX", 2).Exists() {
					t.Error("OBX")
				}
				n++
			}
		}
	}
	if n != 3 {
		t.Errorf("%d observations", n)
	}
}

// TestGroupCorpus groups every sample message of a known structure: each
// segment is there once, in its order, under its own structure.
func TestGroupCorpus(t *testing.T) {
	dir := corpus.Path(t, "hl7v2")
	var manifest []struct{ File string }
	raw, err := os.ReadFile(filepath.Join(dir, "messages", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &manifest); err != nil {
		var wrapped struct{ Messages []struct{ File string } }
		if err := json.Unmarshal(raw, &wrapped); err != nil {
			t.Fatal(err)
		}
		manifest = wrapped.Messages
	}
	if len(manifest) != 140 {
		t.Fatalf("%d messages, want 140", len(manifest))
	}
	unknown, loose := 0, 0
	for _, entry := range manifest {
		data, err := os.ReadFile(filepath.Join(dir, entry.File))
		if err != nil {
			t.Fatal(err)
		}
		m, err := hl7v2.Parse(data)
		if err != nil {
			if i := (hl7v2.Issue{}); errors.As(err, &i) && i.Code == hl7v2.CodeMultipleMessages {
				continue
			}
			t.Fatalf("%s: %v", entry.File, err)
		}
		v, _ := VersionOf(m)
		g, _ := v.Group(m, Keep)
		if g.Structure() == "" {
			unknown++
			t.Logf("%s: no structure for %s in %s", entry.File, m.Segment("MSH", 1).Field(9).Raw(), v)
		}
		next := int32(0)
		for i, x := range g.items {
			if x.end <= int32(i) || x.end > int32(len(g.items)) {
				t.Fatalf("%s: item %d ends at %d", entry.File, i, x.end)
			}
			if x.segment < 0 {
				continue
			}
			if x.segment != next {
				t.Fatalf("%s: segment %d comes where %d is due", entry.File, x.segment, next)
			}
			next++
			if id := m.SegmentAt(int(x.segment)).ID(); x.node < 0 && g.Structure() != "" && !strings.HasPrefix(id, "Z") {
				loose++
				t.Logf("%s: %s has no place in %s of %s", entry.File, id, g.Structure(), v)
			}
		}
		if int(next) != m.Len() {
			t.Fatalf("%s: %d of %d segments", entry.File, next, m.Len())
		}
	}
	t.Logf("%d messages without a known structure, %d segments without a place", unknown, loose)
}

// TestGroupIsLinear groups messages of doubling size.
func TestGroupIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, above all under the race detector")
	}
	for _, pattern := range []string{"OBX", "OBR", "PID OBR OBX", "ZZ1", "OBX DG1"} {
		steps := func(n int) int {
			m := message(t, "2.4", "ORU^R01", strings.Fields(strings.Repeat(pattern+" ", n))...)
			v, _ := VersionOf(m)
			g, _ := v.Group(m, Keep)
			return len(g.items)
		}
		if a, b := steps(2000), steps(4000); b > 2*a+10 {
			t.Errorf("%s: %d and %d items", pattern, a, b)
		}
	}
}

func BenchmarkGroup(b *testing.B) {
	segments := []string{"PID|1||9990042101^^^NHS^NH", "PV1|1|I"}
	for i := range 5 {
		segments = append(segments, fmt.Sprintf("OBR|%d||LAB^X|A^B^C", i), "NTE|1||text")
		for j := range 20 {
			segments = append(segments, fmt.Sprintf("OBX|%d|NM|1000731000000107^Creatinine^SCT||%d|umol/L^^UCUM|45-84|H|||F|||20260715160210", j, j))
		}
	}
	m := message(b, "2.5.1", "ORU^R01^ORU_R01", segments...)
	v, _ := VersionOf(m)
	b.SetBytes(int64(len(m.Bytes())))
	b.ReportAllocs()
	b.Run("group", func(b *testing.B) {
		b.SetBytes(int64(len(m.Bytes())))
		b.ReportAllocs()
		for b.Loop() {
			v.Group(m, Keep)
		}
	})
	b.Run("parse and group", func(b *testing.B) {
		b.SetBytes(int64(len(m.Bytes())))
		b.ReportAllocs()
		var into hl7v2.Message
		for b.Loop() {
			if err := (hl7v2.Parser{}).ParseInto(&into, m.Bytes()); err != nil {
				b.Fatal(err)
			}
			v.Group(&into, Keep)
		}
	})
	b.Run("validate", func(b *testing.B) {
		b.SetBytes(int64(len(m.Bytes())))
		b.ReportAllocs()
		var validator Validator
		for b.Loop() {
			validator.Validate(m)
		}
	})
}
