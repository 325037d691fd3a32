package hl7v2test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
	"pgregory.net/rapid"
)

// TestGeneratedMessagesAreValid draws messages of all kinds and finds no error
// in them.
func TestGeneratedMessagesAreValid(t *testing.T) {
	generators := map[string]*rapid.Generator[[]byte]{
		"ADT": ADT(), "ORU": ORU(),
		"SIU": Message("2.5.1", "SIU", "S12"), "MDM": Message("2.4", "MDM", "T02"), "ORM": Message("2.4", "ORM", "O01"),
		"REF": Message("2.5", "REF", "I12"), "VXU": Message("2.5.1", "VXU", "V04"), "ADT 2.3": Message("2.3", "ADT", "A01"), "ADT 2.8": Message("2.8", "ADT", "A01"),
	}
	for name, g := range generators {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				text := g.Draw(t, "message")
				m, err := hl7v2.Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				for _, i := range new(schema.Validator).Validate(m) {
					if i.Severity <= hl7v2.Error {
						v, _ := m.Get(i.Path)
						t.Fatalf("%v: %q in %s", i, v.Raw(), strings.ReplaceAll(string(text), "\r", "\n"))
					}
				}
			})
		})
	}
}

func TestMessagesOption(t *testing.T) {
	parse := func(s string) *hl7v2.Message {
		m, err := hl7v2.Parse([]byte(strings.ReplaceAll(s, "\n", "\r")))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	a := parse("MSH|^~\\&|A|B|C|D|2026||ADT^A08|1|P|2.4\nPID|1||1~2||A\\T\\B^C&\"\"|\n")
	for _, c := range []struct {
		name, other string
		option      cmp.Option
		equal       bool
	}{
		{"itself", "MSH|^~\\&|A|B|C|D|2026||ADT^A08|1|P|2.4\nPID|1||1~2||A\\T\\B^C&\"\"|\n", Messages(), true},
		{"other delimiters", "MSH$*!@?$A$B$C$D$2026$$ADT*A08$1$P$2.4\nPID$1$$1!2$$A&B*C?\"\"\n", Messages(), true},
		{"another time", "MSH|^~\\&|A|B|C|D|2027||ADT^A08|2|P|2.4\nPID|1||1~2||A\\T\\B^C&\"\"\n", Messages("MSH-7", "MSH-10"), true},
		{"another time that counts", "MSH|^~\\&|A|B|C|D|2027||ADT^A08|1|P|2.4\nPID|1||1~2||A\\T\\B^C&\"\"\n", Messages("MSH-10"), false},
		{"null is no value", "MSH|^~\\&|A|B|C|D|2026||ADT^A08|1|P|2.4\nPID|1||1~2||A\\T\\B^C\n", Messages(), false},
		{"order of repetitions", "MSH|^~\\&|A|B|C|D|2026||ADT^A08|1|P|2.4\nPID|1||2~1||A\\T\\B^C&\"\"\n", Repetitions(), true},
		{"order that counts", "MSH|^~\\&|A|B|C|D|2026||ADT^A08|1|P|2.4\nPID|1||2~1||A\\T\\B^C&\"\"\n", Messages(), false},
		{"a segment left out", "MSH|^~\\&|A|B|C|D|2026||ADT^A08|1|P|2.4\nPID|9\n", Messages("PID"), true},
	} {
		if diff := cmp.Diff(a, parse(c.other), c.option); (diff == "") != c.equal {
			t.Errorf("%s: diff %q", c.name, diff)
		}
	}
}
