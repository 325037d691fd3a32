package tofhir_test

import (
	"errors"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

// TestLimitOfLeaves crosses the limit by one value, in the last segment.
func TestLimitOfLeaves(t *testing.T) {
	text := msh + "ADT^A31^ADT_A05|1|P|2.5.1\rPID|1||A~B~C||OAKES^MARGARET\r"
	m, err := hl7v2.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	conv, err := tofhir.New()
	if err != nil {
		t.Fatal(err)
	}
	res, err := conv.Convert(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		leaves int
		ok     bool
	}{{res.Loss.Leaves + 100, true}, {-1, true}, {1, false}, {8, false}, {18, false}} {
		conv, err := tofhir.New(tofhir.WithLimits(tofhir.Limits{Leaves: c.leaves}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = conv.Convert(m)
		if (err == nil) != c.ok {
			t.Errorf("%d leaves: %v", c.leaves, err)
		}
		if err == nil {
			continue
		}
		i, ok := errors.AsType[tofhir.Issue](err)
		if !ok || !errors.Is(err, tofhir.ErrLimit) || i.Code != tofhir.CodeLimit || i.Severity != tofhir.Fatal || i.Line < 1 {
			t.Errorf("%d leaves: %+v", c.leaves, i)
		}
		if c.leaves == 18 && i.Line != 2 {
			t.Errorf("line %d, want 2", i.Line)
		}
	}
}
