package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
)

func ExampleVersion_Add() {
	v, _ := schema.Lookup("2.5.1")
	m, err := v.New(schema.Header{Type: hl7v2.MSG{Code: hl7v2.T("ORU"), Event: hl7v2.T("R01")}, ControlID: "1", Processing: "P"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, result := range []string{"120", "4.5"} {
		obx, err := v.Add(m, fmt.Sprintf("PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION[%d].OBX", i+1))
		if err != nil {
			fmt.Println(err)
			return
		}
		path := fmt.Sprintf("OBX[%d]", obx.Occurrence())
		m.Set(path+"-2", "NM")
		m.Set(path+"-5", result)
	}
	v.Add(m, "PATIENT_RESULT.PATIENT.VISIT.PV1")
	v.Add(m, "PATIENT_RESULT.PATIENT.PID")
	v.Add(m, "PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION[1].NTE")
	v.Add(m, "PATIENT_RESULT.ORDER_OBSERVATION[2].ORC")
	fmt.Println(strings.ReplaceAll(string(m.Bytes()), "\r", "\n"))
	// Output:
	// MSH|^~\&|||||||ORU^R01^ORU_R01|1|P|2.5.1
	// PID
	// PV1
	// OBR
	// OBX||NM|||120
	// NTE
	// OBX||NM|||4.5
	// ORC
	// OBR
}

func TestAdd(t *testing.T) {
	const oru = "MSH|^~\\&|A|B|C|D|20260714||ORU^R01^ORU_R01|1|P|2.5.1\r"
	const result = oru + "PID|1\rORC|1\rOBR|1\rOBX|1\rOBX|2\rOBR|2\rOBX|3\rZX1|z\r"
	const adt = "MSH|^~\\&|A|B|C|D|20260714||ADT^A01^ADT_A01|1|P|2.4\rEVN\rPID|1\rPV1|1\r"
	for _, c := range []struct {
		name, in, path string
		want           string // ids behind MSH, the added one in brackets
		code           hl7v2.Code
		cause          string
	}{
		{name: "in the message", in: adt, path: "NK1", want: "EVN PID [NK1] PV1"},
		{name: "behind everything", in: adt, path: "PDA", want: "EVN PID PV1 [PDA]"},
		{name: "in a group that is not there", in: adt, path: "PROCEDURE.ROL", want: "EVN PID PV1 PR1 [ROL]"},
		{name: "before some that have no place", in: adt + "NK1|1\rNK1|2\r", path: "NK1", want: "EVN PID [NK1] PV1 NK1 NK1"},
		{name: "one more in its place", in: strings.Replace(adt, "PV1", "NK1|1\rPV1", 1), path: "NK1[2]", want: "EVN PID NK1 [NK1] PV1"},
		{name: "a second where one may stand", in: adt, path: "PV1", code: schema.CodeRepetition, cause: "only once"},
		{name: "in the last group", in: result, path: "PATIENT_RESULT.ORDER_OBSERVATION.NTE", want: "PID ORC OBR OBX OBX OBR [NTE] OBX ZX1"},
		{name: "in a group by its number", in: result, path: "PATIENT_RESULT[1].ORDER_OBSERVATION[1].NTE", want: "PID ORC OBR [NTE] OBX OBX OBR OBX ZX1"},
		{name: "in a group within", in: result, path: "PATIENT_RESULT.ORDER_OBSERVATION[1].OBSERVATION[1].NTE", want: "PID ORC OBR OBX [NTE] OBX OBR OBX ZX1"},
		{name: "a new group", in: result, path: "PATIENT_RESULT.ORDER_OBSERVATION[1].OBSERVATION[3].OBX", want: "PID ORC OBR OBX OBX [OBX] OBR OBX ZX1"},
		{name: "a new group behind the last", in: result, path: "PATIENT_RESULT.ORDER_OBSERVATION[3].OBSERVATION.NTE", want: "PID ORC OBR OBX OBX OBR OBX ZX1 OBR OBX [NTE]"},
		{name: "a group before others", in: oru + "OBR|1\r", path: "PATIENT_RESULT.PATIENT.VISIT.PV2", want: "PID PV1 [PV2] OBR"},
		{name: "groups in new groups", in: result, path: "PATIENT_RESULT[2].ORDER_OBSERVATION.SPECIMEN.SPM", code: hl7v2.CodePath, cause: "another group"},
		{name: "too far", in: result, path: "PATIENT_RESULT.ORDER_OBSERVATION[4].OBR", code: hl7v2.CodePath, cause: "too few"},
		{name: "too far within", in: result, path: "PATIENT_RESULT.ORDER_OBSERVATION[3].OBSERVATION[2].OBX", code: hl7v2.CodePath, cause: "too few"},
		{name: "no such group", in: result, path: "PATIENT_RESULT.ORDER.OBR", code: hl7v2.CodePath, cause: "no such"},
		{name: "no such segment", in: result, path: "PATIENT_RESULT.PV1", code: hl7v2.CodePath, cause: "no such"},
		{name: "a group for a segment", in: result, path: "PATIENT_RESULT.PATIENT.VISIT", code: hl7v2.CodePath, cause: "segment first"},
		{name: "a number that is not the next", in: result, path: "PATIENT_RESULT.PATIENT.NTE[2]", code: hl7v2.CodePath, cause: "number"},
		{name: "with a field", in: adt, path: "NK1-2", code: hl7v2.CodePath, cause: "without a field"},
		{name: "no path", in: adt, path: "", code: hl7v2.CodePath, cause: "segment first"},
		{name: "no structure", in: strings.ReplaceAll(adt, "ADT", "XXX"), path: "NK1", code: schema.CodeStructure, cause: "no message structure"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := hl7v2.Parse([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			v, _ := schema.VersionOf(m)
			s, err := v.Add(m, c.path)
			if c.code != "" {
				issue, ok := errors.AsType[hl7v2.Issue](err)
				if !ok || issue.Code != c.code || !strings.Contains(issue.Error(), c.cause) {
					t.Errorf("%v", err)
				}
				if string(m.Bytes()) != c.in {
					t.Errorf("%q", m.Bytes())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for x := range m.Segments("") {
				id := x.ID()
				if x == s {
					id = "[" + id + "]"
				}
				got = append(got, id)
			}
			if got := strings.Join(got[1:], " "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Every segment of every structure can be added to a new message of it, once
// the groups before it are there, and stands then where it should; unless a
// reader could not tell, which is an error.
func TestAddEverywhere(t *testing.T) {
	added, refused := 0, 0
	for _, name := range []string{"2.3", "2.5.1", "2.8.2"} {
		v, _ := schema.Lookup(name)
		for root := range v.Structures() {
			code, event, ok := strings.Cut(root.Name(), "_")
			if id, _ := v.StructureOf(code, event); !ok || id != root.Name() || code == "SUR" {
				continue // SUR_P09 is ambiguous: see TestNewHasWhatIsRequired
			}
			var walk func(n schema.Node, path string)
			walk = func(n schema.Node, path string) {
				for c := range n.Children() {
					short := strings.TrimPrefix(c.Name(), root.Name()+"_")
					switch {
					case c.Kind() == schema.GroupNode:
						walk(c, path+short+".")
					case c.Kind() == schema.SegmentNode && len(short) == 3 && short != "MSH":
						m, err := v.New(schema.Header{Type: hl7v2.MSG{Code: hl7v2.T(code), Event: hl7v2.T(event)}, ControlID: "1", Processing: "P"})
						if err != nil {
							continue
						}
						before := string(m.Bytes())
						s, err := v.Add(m, path+short)
						if err != nil {
							if string(m.Bytes()) != before {
								t.Errorf("%s %s: refused and changed: %v", name, path+short, err)
							}
							if issue, _ := errors.AsType[hl7v2.Issue](err); issue.Code != schema.CodeRepetition {
								refused++
							} // New has added it
							continue
						}
						added++
						g, _ := v.Group(m, schema.Keep)
						at := g.Root()
						if path != "" {
							for _, step := range strings.Split(strings.TrimSuffix(path, "."), ".") {
								if at, ok = at.Group(step, 1); !ok {
									t.Fatalf("%s %s%s: no group %s", name, path, short, step)
								}
							}
						}
						found := false
						for x := range at.Segments(short) {
							found = found || x == s
						}
						if !found {
							t.Errorf("%s %s%s: not in its group", name, path, short)
						}
					}
				}
			}
			walk(root, "")
		}
	}
	t.Logf("%d added, %d refused", added, refused)
	if added < 40*refused {
		t.Errorf("%d added, %d refused", added, refused)
	}
}

// An addition that crosses a limit half way leaves the message as it was.
func TestAddCrossesLimit(t *testing.T) {
	data := []byte("MSH|^~\\&|LIMS|RXX|EPR|RXX|20260714||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1\rOBR|1\rOBX|1\r")
	for _, c := range []struct {
		room int
		ok   bool
	}{{0, false}, {4, false}, {7, false}, {8, true}} { // for OBR and OBX
		m, err := hl7v2.Parser{Limits: hl7v2.Limits{Bytes: len(data) + c.room}}.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := schema.VersionOf(m)
		_, err = v.Add(m, "PATIENT_RESULT.ORDER_OBSERVATION[2].OBSERVATION.OBX")
		if (err == nil) != c.ok || !c.ok && string(m.Bytes()) != string(data) {
			t.Errorf("room for %d bytes: %v, message of %d bytes became one of %d", c.room, err, len(data), len(m.Bytes()))
		}
	}
}
