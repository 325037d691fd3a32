package uk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
)

func TestRepaired(t *testing.T) {
	const all = RepairIdentifiers | RepairLegacyNumbers | RepairTraceStatus
	const head = "MSH|^~\\&|PAS|RXX|||20260714||ADT^A31|1|P|2.4\r"
	pid := func(list, rest string) string { return head + "PID|1||" + list + rest + "\r" }
	for _, c := range []struct {
		name     string
		rules    Repair
		in, want string // "" for no change
		report   string
	}{
		{"as it should be", all, pid("RXX1^^^RXX^MR~9990000018^^^NHS^NH", "||A^B|||||||||||||||||||||||||||ED~NSTS01"), "", ""},
		{"no rule", 0, pid("999 000 0018^^^NHS", ""), "", ""},
		{"no type", all, pid("9990000018^^^NHS", ""), pid("9990000018^^^NHS^NH", ""), "uk.repaired.identifier PID-3[1].5 52"},
		{"no assigner", all, pid("RXX1^^^RXX^MR~9990000018^^^^NH", ""), pid("RXX1^^^RXX^MR~9990000018^^^NHS^NH", ""), "uk.repaired.identifier PID-3[2].4 66"},
		{"a dialect", all, pid("9990000018^^^NHSNBR^NHSNMBR", ""), pid("9990000018^^^NHS^NH", ""), "uk.repaired.identifier PID-3[1].4 52, uk.repaired.identifier PID-3[1].5 52"},
		{"blanks", RepairIdentifiers, pid("999 000 0018^^^NHS^NH", ""), pid("9990000018^^^NHS^NH", ""), "uk.repaired.identifier PID-3[1].1 52"},
		{"a number that is not valid", all, pid("999 000 0019^^^NHS", ""), "", ""},
		{"a universal id stays", all, pid("9990000018^^^NHS&2.16.840.1.113883.2.1.4.1&ISO", ""), pid("9990000018^^^NHS&2.16.840.1.113883.2.1.4.1&ISO^NH", ""), "uk.repaired.identifier PID-3[1].5 52"},
		{"a local number", all, pid("999 000 0018^^^RXX^MR", ""), "", ""},
		{"in PID-2 alone", RepairLegacyNumbers, head + "PID|1|999 000 0018|RXX1^^^RXX^MR\r", head + "PID|1|999 000 0018|RXX1^^^RXX^MR~9990000018^^^NHS^NH\r", "uk.repaired.legacy-number PID[1]-3[2].1 51"},
		{"in PID-19 alone", RepairLegacyNumbers, head + "PID|1||||A^B||||||||||||||9990000018\r", head + "PID|1||9990000018^^^NHS^NH||A^B||||||||||||||9990000018\r", "uk.repaired.legacy-number PID[1]-3[1].1 71"},
		{"PID-3 is null", all, head + "PID|1||\"\"||A^B||||||||||||||9990000018\r", "", ""},
		{"in both", all, head + "PID|1|9990000018|9990000018^^^NHS^NH\r", "", ""},
		{"bare status", RepairTraceStatus, pid("1", "||A^B|||||||||||||||||||||||||||ED~04"), pid("1", "||A^B|||||||||||||||||||||||||||ED~NSTS04"), "uk.repaired.trace-status PID-32[2] 88"},
		{"status of A.3", RepairTraceStatus, pid("1", "||A^B|||||||||||||||||||||||||||PDS1"), pid("1", "||A^B|||||||||||||||||||||||||||NSTS01"), "uk.repaired.trace-status PID-32 85"},
		{"status in ZU1-27", RepairTraceStatus, pid("1", "") + "ZU1" + strings.Repeat("|", 27) + "03\r", pid("1", "") + "ZU1" + strings.Repeat("|", 27) + "NSTS03\r", "uk.repaired.trace-status ZU1-27 84"},
		{"no status", all, pid("1", "||A^B|||||||||||||||||||||||||||09~nn"), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want == "" {
				c.want = c.in
			}
			m, err := hl7v2.Parse([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			r, issues, err := Repaired(m, c.rules)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(r.Bytes()); got != c.want {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
			if string(m.Bytes()) != c.in {
				t.Error("the message itself has changed")
			}
			var report []string
			for _, i := range issues {
				report = append(report, fmt.Sprintf("%s %s %d", i.Code, i.Path, i.Offset))
				if i.Severity != hl7v2.Information || i.Line < 1 || i.Err == nil || i.Clause == "" || strings.Contains(i.Error(), "999") {
					t.Errorf("%+v", i)
				}
			}
			if got := strings.Join(report, ", "); got != c.report {
				t.Errorf("\n got %s\nwant %s", got, c.report)
			}
			again, issues, err := Repaired(r, c.rules)
			if err != nil || len(issues) > 0 || string(again.Bytes()) != string(r.Bytes()) {
				t.Errorf("a second time: %v %v %q", err, issues, again.Bytes())
			}
			// The patient is the same one.
			before, after := PatientOf(m), PatientOf(r)
			a, _ := before.NHSNumber()
			b, _ := after.NHSNumber()
			if a.State == Valid && a.Number != b.Number || before.TraceStatus().Status != after.TraceStatus().Status {
				t.Errorf("%v %v became %v %v", a, before.TraceStatus(), b, after.TraceStatus())
			}
		})
	}
}
