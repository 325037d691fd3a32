package hl7v2

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
)

func TestAckCorpus(t *testing.T) {
	var file struct {
		Cases []struct {
			ID, Request, Why string
			Code             *string
			Error            *struct {
				Segment         string
				Sequence, Field int
				Code, Text      string
			}
			Expect map[string]string
		}
	}
	corpus.ReadJSON(t, &file, "hl7v2", "malformed", "ack.json")
	if len(file.Cases) != 11 {
		t.Errorf("%d cases, want 11", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) {
			a := Acknowledgement{Time: time.Date(2026, 7, 14, 9, 31, 5, 0, time.UTC)}
			if c.Code != nil {
				a.Code = AckCode(*c.Code)
			}
			if e := c.Error; e != nil {
				a.Faults = []Fault{{Path: fmt.Sprintf("%s[%d]-%d", e.Segment, e.Sequence, e.Field), Code: e.Code, Text: e.Text, Severity: Error}}
			}
			answer, due := a.Append(nil, []byte(c.Request))
			if due != (c.Expect != nil) {
				t.Fatalf("%s: due %v, answer %q", c.Why, due, answer)
			}
			if !due {
				return
			}
			m, err := Parse(answer)
			if err != nil {
				t.Fatalf("%q: %v", answer, err)
			}
			for path, want := range c.Expect {
				v, err := m.Get(path)
				if err != nil {
					t.Fatal(err)
				}
				if got := string(v.Raw()); got != want {
					t.Errorf("%s: %s is %q, want %q", c.Why, path, got, want)
				}
			}
			if issues := m.Check(true); len(issues) > 0 && c.ID != "no-control-id" && c.ID != "garbage" {
				for _, i := range issues {
					if i.Severity <= Error {
						t.Errorf("the answer is not clean: %v", i)
					}
				}
			}
		})
	}
}

func TestAckFaultPaths(t *testing.T) {
	request := []byte(`MSH|^~\&|A|B|C|D|2026||ADT^A08^ADT_A01|1|P|2.5.1`)
	for path, want := range map[string]string{
		"PID": "PID^1", "PID-3": "PID^1^3", "PID[2]-3": "PID^2^3", "PID-3[2].4": "PID^1^3^2^4", "PID-3[2].4.1": "PID^1^3^2^4^1", "": "", "not a path": "",
	} {
		answer, _ := Acknowledgement{Faults: []Fault{{Path: path, Text: "a|b"}}}.Append(nil, request)
		m, err := Parse(answer)
		if err != nil {
			t.Fatal(err)
		}
		e := m.Segment("ERR", 1)
		if got := string(e.Field(2).Raw()); got != want {
			t.Errorf("%q: ERR-2 is %q, want %q", path, got, want)
		}
		if e.Field(8).Text() != "a|b" || m.Segment("MSA", 1).Field(1).Text() != "AE" {
			t.Errorf("%q: %s", path, answer)
		}
	}
}

func TestAckConditions(t *testing.T) {
	for _, c := range []struct {
		accept, application string
		due                 string // codes that are answered
	}{
		{"", "", "AA AE AR CA CE CR"},
		{"AL", "NE", "CA CE CR"},
		{"NE", "AL", "AA AE AR"},
		{"ER", "SU", "AA CE CR"},
		{"NE", "NE", ""},
		{"AL", "", "AE AR CA CE CR"},
	} {
		request := fmt.Sprintf(`MSH|^~\&|A|B|C|D|2026||ADT^A08^ADT_A01|1|P|2.4|||%s|%s`, c.accept, c.application)
		var due []string
		for _, code := range []AckCode{AckAccept, AckError, AckReject, AckCommitAccept, AckCommitError, AckCommitReject} {
			if _, ok := (Acknowledgement{Code: code}).Append(nil, []byte(request)); ok {
				due = append(due, string(code))
			}
		}
		if got := strings.Join(due, " "); got != c.due {
			t.Errorf("MSH-15 %q, MSH-16 %q: answered %q, want %q", c.accept, c.application, got, c.due)
		}
	}
}

func TestFaultOf(t *testing.T) {
	m, err := Parse([]byte("MSH|^~\\&|A|B|C|D|2026||ADT^A08^ADT_A01||P|2.4\rPID|1||9990042101\\X4\\"))
	if err != nil {
		t.Fatal(err)
	}
	issues := m.Check(true)
	if len(issues) == 0 {
		t.Fatal("no findings")
	}
	for _, i := range issues {
		f := FaultOf(i)
		if f.Path != i.Path || f.Code == "" || strings.Contains(f.Text, "9990042101") {
			t.Errorf("%+v of %v", f, i)
		}
	}
}

// TestFaultCodes has the nearest code of table 0357 for what can be found.
func TestFaultCodes(t *testing.T) {
	for want, codes := range map[string]string{
		"100": "hl7v2.segment-id hl7v2.missing-segment hl7v2.unexpected-segment hl7v2.unknown-segment hl7v2.repetition@PID[2] profile.structure profile.cardinality@NTE",
		"101": "hl7v2.required profile.usage uk.identifier-type-missing",
		"102": "hl7v2.datatype hl7v2.charset hl7v2.repetition@PID-3[2] hl7v2.extra hl7v2.value-type uk.check-digit",
		"103": "hl7v2.table profile.table uk.code uk.trace-status",
		"104": "hl7v2.length profile.length",
		"200": "hl7v2.structure profile.message",
		"203": "hl7v2.version",
		"207": "hl7v2.limit trust.rule uk.number-conflict",
	} {
		for code := range strings.FieldsSeq(codes) {
			code, path, _ := strings.Cut(code, "@")
			if got := FaultOf(Issue{Code: Code(code), Path: path}).Code; got != want {
				t.Errorf("%s at %q has %s, want %s", code, path, got, want)
			}
		}
	}
	// Table 0357 has 104 from 2.7 on.
	for version, want := range map[string]string{"2.4": "|PID^1^3^102&Data type error&HL70357", "2.6": "|102^Data type error^HL70357", "2.7": "|104^Value too long^HL70357"} {
		request := `MSH|^~\&|A|B|C|D|2026||ADT^A08^ADT_A01|1|P|` + version
		answer, _ := Acknowledgement{Faults: []Fault{{Path: "PID-3", Code: "104"}}}.Append(nil, []byte(request))
		if !strings.Contains(string(answer), want) {
			t.Errorf("%s: %q does not hold %s", version, answer, want)
		}
	}
}

func FuzzAck(f *testing.F) {
	f.Add([]byte(`MSH|^~\&|A|B|C|D|2026||ADT^A08^ADT_A01|1|P|2.4`), "PID-3[2].1")
	f.Add([]byte("hello"), "")
	f.Add([]byte("MSH$%~!@$PAS$RXX"), "OBX[2]-5")
	f.Fuzz(func(t *testing.T, request []byte, path string) {
		answer, due := Acknowledgement{Code: AckReject, Faults: []Fault{{Path: path, Text: path}}}.Append(nil, request)
		if !due {
			return
		}
		m, err := Parse(answer)
		if err != nil {
			t.Fatalf("%q answered by %q: %v", request, answer, err)
		}
		if !m.Segment("MSA", 1).Exists() || !m.Segment("ERR", 1).Exists() {
			t.Fatalf("%q answered by %q", request, answer)
		}
	})
}
