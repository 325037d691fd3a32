package uk

import (
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
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
			took := func(n int) time.Duration {
				m, err := hl7v2.Parse([]byte(header + "PID|||" + strings.Repeat(unit, n)))
				if err != nil {
					t.Fatal(err)
				}
				least := time.Hour
				for range 3 {
					start := time.Now()
					work(m)
					least = min(least, time.Since(start))
				}
				return least
			}
			if one, many := took(1000), took(32_000); many > 130*one {
				t.Errorf("%s of %q: 32 times the message takes %v, and once %v", name, unit, many, one)
			}
		}
	}
}
