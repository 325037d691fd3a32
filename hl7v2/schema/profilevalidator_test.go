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

// A structure that is not the version's is told of once: by the profile only
// where that names one itself.
func TestProfileMessageStructureOnce(t *testing.T) {
	m := message(t, "2.4", "ADT^A04^ADT_A05", admit...)
	for _, c := range []struct{ structure, want string }{
		{"", "hl7v2.structure"},
		{`"structure":"ADT_A01",`, "hl7v2.structure profile.message"},
	} {
		v := Validator{Profile: profileOf(t, []byte(`{"hl7Version":"2.4","messages":[{"type":"ADT","event":"A04",`+c.structure+`"content":[{"segment":"MSH","usage":"R"}]}]}`))}
		var got []string
		for _, i := range v.Validate(m) {
			if i.Path == "MSH-9.3" {
				got = append(got, string(i.Code))
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.structure, got, c.want)
		}
		// Without the version's facts the profile alone tells.
		if got := profileFindings(v.Profile.Validate(m)); !strings.HasPrefix(got, "message MSH-9.3") {
			t.Errorf("%s: %s", c.structure, got)
		}
	}
}

// Nor is a profile wider than the standard by a structure that only table 0354
// has for its event.
func TestLintMessageStructure(t *testing.T) {
	for structure, want := range map[string]int{"ADT_A52": 0, "ADT_A54": 0, "ADT_A01": 1} {
		text := []byte(`{"hl7Version":"2.5","messages":[{"type":"ADT","event":"A55","structure":"` + structure + `","content":[{"segment":"MSH","usage":"R"}]}]}`)
		got := 0
		for _, i := range profileOf(t, text).Lint(text) {
			if strings.Contains(i.Err.Error(), "has the structure") {
				got++
			}
		}
		if got != want {
			t.Errorf("%s: %d findings, want %d", structure, got, want)
		}
	}
}
