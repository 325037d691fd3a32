package uk

import (
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/growth"
)

// Messages of very many identifiers or patients are checked, and read for
// repair, in time proportional to their size.
func TestGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	for _, unit := range []string{"X1^^^NHS^NH~", "9990000018^^^NHS^NH~", "\rPID|1||9990000018^^^NHS^NH\rMRG|X1^^^RXX^MR"} {
		for name, work := range map[string]func(*hl7v2.Message){
			"check":    func(m *hl7v2.Message) { Check(m) },
			"validate": func(m *hl7v2.Message) { v := Validator(); v.Validate(m) },
			"repair":   func(m *hl7v2.Message) { Repaired(m, RepairIdentifiers|RepairLegacyNumbers|RepairTraceStatus) },
		} {
			growth.Check(t, name+" of "+unit, 4000, func(n int) func() {
				m, err := hl7v2.Parse([]byte(header + "PID|||" + strings.Repeat(unit, n)))
				if err != nil {
					t.Fatal(err)
				}
				return func() { work(m) }
			})
		}
	}
}
