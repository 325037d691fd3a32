package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFHIRPathCommand(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	patient := write("patient.json", `{"resourceType":"Patient","name":[{"use":"official","family":"Marlowe","given":["Edith","Jane"]}],"birthDate":"1974-12-25","multipleBirthInteger":2}`)
	plain := write("plain.json", `{"rows":[{"n":1.50},{"n":2}],"ok":true}`)
	batch := write("batch.ndjson", `{"id":"a","expr":"name.given","file":"patient.json"}
{"id":2,"expr":"1 / 4"}
{"id":"c","expr":"children().first()","file":"patient.json","strict":true}
`)
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"strings", []string{"name.given", patient}, exitOK, `{"file":"` + patient + `","result":[{"type":"FHIR.string","value":"Edith"},{"type":"FHIR.string","value":"Jane"}]}`},
		{"system values", []string{"name.count() | 1.50 | @T10:30 | @2014-01-01T08:00Z | 5 'mg'", patient}, exitOK,
			`{"file":"` + patient + `","result":[{"type":"System.Integer","value":"1"},{"type":"System.Decimal","value":"1.50"},{"type":"System.Time","value":"T10:30"},{"type":"System.DateTime","value":"2014-01-01T08:00Z"},{"type":"System.Quantity","value":"5 'mg'"}]}`},
		{"complex", []string{"name", patient}, exitOK, `{"file":"` + patient + `","result":[{"type":"FHIR.HumanName","value":{"use":"official","family":"Marlowe","given":["Edith","Jane"]}}]}`},
		{"empty", []string{"photo", patient}, exitOK, `{"file":"` + patient + `","result":[]}`},
		{"plain JSON", []string{"rows.n.sum()", plain}, exitOK, `{"file":"` + plain + `","result":[{"type":"System.Decimal","value":"3.50"}]}`},
		{"check", []string{"name.given1", patient}, exitFindings, `{"file":"` + patient + `","error":{"stage":"check","text":"HumanName has no element \"given1\"; did you mean given?","offset":5}}`},
		{"parse", []string{"2 +", patient}, exitFindings, `{"file":"` + patient + `","error":{"stage":"parse","text":"the expression ends where an expression should follow","offset":3}}`},
		{"evaluate", []string{"name.given.single()", patient}, exitFindings, `{"file":"` + patient + `","error":{"stage":"evaluate","text":"several items where one is due","offset":11}}`},
		{"for people", []string{"-text", "nam", patient}, exitFindings, "expression:1:1: error fhirpath.unknown-element at nam: Patient has no element \"nam\"; did you mean name? (5.4)\n    nam\n    ^"},
		{"batch", []string{"-batch", batch}, exitFindings, `{"id":"a","result":[{"type":"FHIR.string","value":"Edith"},{"type":"FHIR.string","value":"Jane"}]}
{"id":2,"result":[{"type":"System.Decimal","value":"0.25"}]}
{"id":"c","error":{"stage":"check","text":"first depends on the order of a collection that has none","offset":11}}`},
		{"no expression", nil, exitUsage, "needs an expression"},
		{"no file", []string{"name", filepath.Join(dir, "none.json")}, exitIO, "none.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := nhskit("", append([]string{"fhir", "path"}, c.args...)...)
			ok := strings.TrimSuffix(got.out, "\n") == c.want
			if c.code > exitFindings {
				ok = strings.Contains(got.errOut, c.want)
			}
			if got.code != c.code || !ok {
				t.Errorf("exit %d\n%s%s\nwant %d\n%s", got.code, got.out, got.errOut, c.code, c.want)
			}
		})
	}
	if got := nhskit("", "fhir", "path", "1 + 1"); got.out != `{"file":"-","result":[{"type":"System.Integer","value":"2"}]}`+"\n" {
		t.Errorf("without input: %s%s", got.out, got.errOut)
	}
}
