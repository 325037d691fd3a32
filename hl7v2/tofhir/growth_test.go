package tofhir_test

import (
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/growth"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

// TestGrowth makes messages longer in every way in which they can be long, and
// wants the processor time to grow in proportion.
func TestGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	conv, err := tofhir.New(tofhir.UK())
	if err != nil {
		t.Fatal(err)
	}
	const pid = "PID|1||9990123454^^^NHS^NH||OAKES^MARGARET\r"
	of := func(event string, body ...string) string {
		return msh + event + "|1|P|2.5.1\r" + strings.Join(body, "")
	}
	for name, message := range map[string]func(n int) string{
		"identifiers": func(n int) string {
			return of("ADT^A31^ADT_A05", "PID|1||"+strings.Repeat("H1^^^RX1^MR~", n)+"H2\r")
		},
		"names": func(n int) string {
			return of("ADT^A31^ADT_A05", "PID|1||1||"+strings.Repeat("OAKES^MARGARET~", n)+"B\r")
		},
		"repetitions with one place": func(n int) string {
			return of("ADT^A31^ADT_A05", "PID|1||1||OAKES||"+strings.Repeat("19480317~", n)+"\r")
		},
		"practitioners": func(n int) string {
			var b strings.Builder
			for i := range n {
				b.WriteString("G9" + strings.Repeat("1", i%7) + "^Hale^Peter~")
			}
			return of("ADT^A01^ADT_A01", pid, "PV1|1|I||||||", b.String(), "\r")
		},
		"results": func(n int) string {
			return of("ORU^R01^ORU_R01", pid, "OBR|1|A|B|C\r", strings.Repeat("OBX|1|NM|8^Rate^LN||88|/min|||||F\r", n))
		},
		"orders": func(n int) string {
			return of("ORU^R01^ORU_R01", pid, strings.Repeat("OBR|1|A|B|C\rOBX|1|ST|A^B||X||||||F\r", n))
		},
		"relatives": func(n int) string { return of("ADT^A01^ADT_A01", pid, strings.Repeat("NK1|1|OAKES^DAVID|SPO\r", n)) },
		"merges":    func(n int) string { return of("ADT^A40^ADT_A39", strings.Repeat(pid+"MRG|H1^^^RX1^MR\r", n)) },
		"visits":    func(n int) string { return of("ADT^A01^ADT_A01", pid, strings.Repeat("PV1|1|I|W^R^B^RX1|21\r", n)) },
		"unknown":   func(n int) string { return of("ADT^A01^ADT_A01", pid, strings.Repeat("ZZZ|1|2|3\rno segment|4\r", n)) },
		"disorder": func(n int) string {
			return of("ORU^R01^ORU_R01", strings.Repeat("SPM|1|S\rOBX|1|ST|A||X\rPV1|1|I\rNTE|1||N\rPID|1||1\rORC|RE\r", n))
		},
		"one container": func(n int) string { return of("OUL^R24^OUL_R24", pid, strings.Repeat("ORC|NW|A|B|C|1|2|3\r", n)) },
		"requests":      func(n int) string { return of("OML^O21^OML_O21", pid, strings.Repeat("OBR|1|A|B|C\r", n)) },
		"one appointment": func(n int) string {
			return of("SIU^S12^SIU_S12", "SCH|1|2\r", strings.Repeat("NTE|1||N\r", n), pid)
		},
		"notes": func(n int) string {
			return of("ORU^R01^ORU_R01", pid, "OBR|1|A|B|C\rOBX|1|ST|A||X\r", strings.Repeat("NTE|1||one~two\r", n))
		},
	} {
		t.Run(name, func(t *testing.T) {
			growth.Check(t, name, 1000, func(n int) func() {
				m, err := hl7v2.Parser{Limits: hl7v2.Limits{}}.Parse([]byte(message(n)))
				if err != nil {
					t.Fatal(err)
				}
				return func() {
					if _, err := conv.Convert(m); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}
