package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
)

// TestDMDCommands builds a synthetic release and asks every command.
func TestDMDCommands(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) string {
		if err := os.WriteFile(at(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return at(name)
	}
	id := func(k dmd.Kind, i int) string { return dmdtest.ID(k, i).String() }
	dose := `{"doseAndRate":[{"doseQuantity":{"value":1,"unit":"tablet","system":"http://snomed.info/sct","code":"428673006"}}],"timing":{"repeat":{"frequency":4,"period":1,"periodUnit":"d"}}}`
	instruction := write("dosage.json", dose)
	two := write("two.json", "["+dose+","+dose+"]")
	mg := write("mg.json", `{"doseAndRate":[{"doseQuantity":{"value":500,"unit":"milligram","system":"http://unitsofmeasure.org","code":"mg"}}]}`)
	for _, c := range []struct {
		name string
		args string
		code int
		want []string // parts of the output
	}{
		{"generate", "generate -scale 0.002 -seed 5 " + at("release"), exitOK, []string{`"AMPPs":300`}},
		{"generate later", "generate -scale 0.002 -seed 5 -later " + at("later"), exitOK, []string{`"AMPPs":300`}},
		{"build", "build " + at("release") + " " + at("store"), exitOK, []string{`"date":"2026-11-02"`, `"AMPP":300`, `"issues":[]`}},
		{"show", "show " + at("store") + " " + id(dmd.VMP, 1), exitOK, []string{`{"id":"` + id(dmd.VMP, 1) + `","kind":"VMP","name":"`, `"VPID":"` + id(dmd.VMP, 1) + `"`, `"VPI":[{"VPID":`, `"parents":["` + id(dmd.VTM, 1) + `"]`}},
		{"show nothing", "show " + at("store") + " 22298006", exitFindings, []string{`{"id":"22298006","kind":null}`}},
		{"show a unit", "show " + at("store") + " 428673006", exitOK, []string{`"terms":[{"list":"UNIT_OF_MEASURE","text":"tablet"}]`}},
		{"show from a release", "show " + at("release") + " " + id(dmd.VTM, 1), exitOK, []string{`"kind":"VTM"`}},
		{"search", "search -kind VMP -limit 3 " + at("store") + " tab", exitOK, []string{`{"query":"tab","hits":[{"id":"`, `"kind":"VMP"`, ` tablets"`}},
		{"search a wrong kind", "search -kind VPM " + at("store") + " tab", exitUsage, nil},
		{"gtin of nobody", "gtin " + at("store") + " 5012617019844 -on 2019-03-12", exitOK, []string{`{"gtin":"5012617019844","on":"2019-03-12","packs":[]}`}},
		{"gtin with a wrong digit", "gtin " + at("store") + " 5012617019845", exitFindings, []string{`"error":"the check digit does not fit"`}},
		{"gtin on no day", "gtin " + at("store") + " 5012617019844 -on yesterday", exitUsage, nil},
		{"fhir", "fhir " + at("store") + " " + id(dmd.VMP, 1), exitOK, []string{`"resourceType":"Medication"`, `"system":"https://dmd.nhs.uk","code":"` + id(dmd.VMP, 1) + `"`}},
		{"fhir knowledge", "fhir -knowledge -eps " + at("store") + " " + id(dmd.AMPP, 1), exitOK, []string{`"resourceType":"MedicationKnowledge"`, `"system":"http://snomed.info/sct","code":"` + id(dmd.AMPP, 1) + `"`}},
		{"diff", "diff " + at("store") + " " + at("later"), exitOK, []string{`"from":"2026-11-02","to":"2026-11-09"`, `"change":"replaced"`, `"before":`}},
		{"diff of the same", "diff " + at("store") + " " + at("release"), exitOK, []string{`"counts":{},"changes":[],"prices":[]`}},
		{"write", "write " + at("store") + " " + at("written"), exitOK, []string{`"date":"2026-11-02"`}},
		{"diff of what was written", "diff " + at("store") + " " + at("written"), exitOK, []string{`"counts":{},"changes":[],"prices":[]`}},
		{"dose text", "dose text " + instruction, exitOK, []string{`"text":"1 tablet - 4 times a day"`}},
		{"dose text without sequence", "dose text " + two, exitFindings, []string{`"refused":"Dosage[0].sequence: several dosages need a sequence each"`}},
		{"dose text in no style", "dose text -style 1999 " + instruction, exitUsage, nil},
		{"dose product", "dose product -of " + id(dmd.VTM, 1) + " " + at("store") + " " + mg, exitOK, []string{`"products":[`}},
		{"dose product of nothing", "dose product " + at("store") + " " + mg, exitFindings, []string{`say which with -of`}},
		{"prescribable moiety", "prescribable " + at("store") + " " + id(dmd.VTM, 1), exitFindings, []string{`"prescribable":false`, `"rule":"moiety","effect":"deny"`}},
		{"too few", "show " + at("store"), exitUsage, nil},
		{"no file", "show " + at("absent") + " 1", exitIO, nil},
	} {
		got := nhskit("", append([]string{"dmd"}, strings.Fields(c.args)...)...)
		if got.code != c.code {
			t.Errorf("%s: exit %d, want %d\n%s%s", c.name, got.code, c.code, got.out, got.errOut)
		}
		for _, w := range c.want {
			if !strings.Contains(got.out, w) {
				t.Errorf("%s: no %s in\n%s", c.name, w, got.out)
			}
		}
		for line := range strings.Lines(got.out) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s: not JSON: %s", c.name, line)
			}
		}
	}
}
