package schema

import (
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
)

// A validator checks by the profile besides, says nothing twice of what the
// version has too, and suppresses findings of the profile like others.
func TestValidatorProfile(t *testing.T) {
	p := profileOf(t, readTestdata(t, "adt_a01.xml"))
	m := edited(t, admissionLines, "19411109", "19411309", "|Q1|", "|Q12345678901234567890|", "|W|", "|Q|")
	for _, c := range []struct {
		name string
		v    Validator
		want string
	}{
		{"alone", Validator{}, "hl7v2.length MSH-10, hl7v2.datatype PID-7, hl7v2.table PID-16"},
		{"with the profile", Validator{Profile: p}, "hl7v2.length MSH-10, hl7v2.datatype PID-7, hl7v2.table PID-16, profile.length MSH-10, profile.datatype PID-7, profile.table PID-16"},
		{"suppressed", Validator{Profile: p, Suppress: []Suppression{{Path: "MSH-10", Reason: "known"}, {Code: CodeProfileTable, Reason: "known"}}}, "hl7v2.datatype PID-7, hl7v2.table PID-16, profile.datatype PID-7"},
	} {
		var got []string
		for _, i := range c.v.Validate(m) {
			if i.Severity <= hl7v2.Warning && (strings.HasPrefix(i.Path, "MSH-10") || strings.HasPrefix(i.Path, "PID-7") || strings.HasPrefix(i.Path, "PID-16")) {
				got = append(got, string(i.Code)+" "+i.Path)
			}
		}
		if got := strings.Join(got, ", "); got != c.want {
			t.Errorf("%s: got  %s\nwant %s", c.name, got, c.want)
		}
	}
}
