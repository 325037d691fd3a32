package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// consentFiles writes the inputs of the tests of the consent commands.
func consentFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"care.json": `{"id":"care","as_at":"2026-03-02T09:00:00Z","request":{"action":"disclose","purpose":"individual-care","common_law_basis":"implied-consent",
			"data":{"identifiability":"identifiable","confidential_patient_information":true,"origin":"england-publicly-funded"},"relationship":"legitimate"},"subject":{}}`,
		"app.json": `{"id":"app","as_at":"2026-03-02T09:00:00Z","request":{"action":"disclose","purpose":"system-development","common_law_basis":"implied-consent",
			"data":{"identifiability":"identifiable","confidential_patient_information":true,"origin":"england-publicly-funded"}},"subject":{}}`,
		"odd.json":    `{"id":"odd","as_at":"2026-03-02T09:00:00Z","request":{"action":"disclose","purpose":"individual-care","colour":"blue"},"subject":{}}`,
		"optouts.txt": "9990000034\n9990000069,\n",
		"in.csv":      "id,nhs_number\n1,9990000018\n2,9990000034\n3,999 000 0069\n",
		"consent.json": `{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
			"category":[{"text":"x"}],"patient":{"reference":"Patient/1"},"provision":{"type":"permit","provision":[{"type":"deny","securityLabel":[{"code":"R"}]}]}}`,
		"untyped.json": `{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
			"category":[{"text":"x"}],"patient":{"reference":"Patient/1"},"provision":{}}`,
		"ask.json":     `{"patient":"Patient/1","purpose":["TREAT"],"actor":"Practitioner/2","action":"access"}`,
		"redact.json":  `{"decision":"permit","obligations":["redact:label:R"]}`,
		"lines.ndjson": `{"resourceType":"Basic","code":{"text":"kept"}}` + "\n{\"secret\n" + `{"resourceType":"Basic","code":{"text":"kept"}}` + "\n",
		"unknown.json": `{"decision":"permit","obligations":["redact:label:R","dance"]}`,
		"denied.json":  `{"decision":"deny","obligations":[]}`,
		"bundle.json": `{"resourceType":"Bundle","type":"searchset","total":2,"entry":[{"resource":{"resourceType":"Basic","id":"a","code":{"text":"x"}}},
			{"resource":{"resourceType":"Basic","id":"secret","meta":{"security":[{"code":"R"}]},"code":{"text":"y"}}}]}`,
		"request.dat":  "9990000018,\n9990000034,\n",
		"response.dat": "9990000018,\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestConsentCommands(t *testing.T) {
	dir := consentFiles(t)
	for _, c := range []struct {
		args       string
		code       int
		out, diag  string // what standard output and error hold
		not        string // what standard output does not hold
		exactLines int
	}{
		{"decide care.json", exitOK, `"decision":"permit","reasons":["IMPLIED_CONSENT_DIRECT_CARE"`, "", "", 1},
		{"decide app.json", exitFindings, `"NOT_DIRECT_CARE"`, "", "", 1},
		{"decide -text app.json", exitFindings, "would permit if", "", "", 0},
		{"decide odd.json", exitFindings, `"decision":"indeterminate","reasons":["UNKNOWN_ELEMENT"]`, "", "", 1},
		{"decide nowhere.json", exitIO, "", "nowhere.json", "", 0},
		{"fhir -request ask.json consent.json", exitOK, `"obligations":["redact:label:R"]`, "", "", 1},
		{"fhir -request ask.json untyped.json", exitFindings, `"PROVISION_TYPE_MISSING"`, "", "", 1},
		{"fhir consent.json", exitUsage, "", "-request", "", 0},
		{"lint consent.json untyped.json", exitFindings, `"path":"Consent.provision"`, "", "", 2},
		{"apply -request redact.json bundle.json", exitOK, `"total":1`, `"resources":1`, "secret", 1},
		{"apply -request unknown.json bundle.json", exitFindings, "", "dance", "entry", 0},
		{"apply -request unknown.json -handled dance bundle.json", exitOK, `"total":1`, "", "secret", 1},
		{"apply -request redact.json -ndjson lines.ndjson", exitFindings, `"kept"`, "lines.ndjson:2: ", "secret", 2},
		{"apply -request denied.json bundle.json", exitFindings, "", "deny", "entry", 0},
		{"clean -optouts optouts.txt -column nhs_number -max-age 21d in.csv", exitOK, "1,9990000018", `"rows":3,"kept":1,"removed":2,"rejected":0`, "9990000034", 2},
		{"clean -optouts optouts.txt -column 2 -max-age 21d in.csv", exitOK, "1,9990000018", `"kept":1,"removed":2`, "0069", 2},
		{"clean -optouts optouts.txt -column 2 -max-age 1h -as-of 2020-01-01 in.csv", exitFindings, "", "may not be used", "999", 0},
		{"clean -optouts optouts.txt -column 2 in.csv", exitUsage, "", "-max-age", "999", 0},
		{"set -o set.bin -as-of 2026-03-01 -compact optouts.txt", exitOK, `"numbers":2`, "", "", 1},
		{"mesh-request optouts.txt", exitOK, "9990000034,\n9990000069,\n", "", "", 2},
		{"mesh-request -check request.dat", exitOK, `"records":2,"unique":2,"lineEnd":"LF"`, "", "", 1},
		{"mesh-response request.dat response.dat", exitOK, `"clear":["9990000018"],"optedOut":["9990000034"]`, "", "", 1},
		{"audit append log care.json app.json", exitOK, `{"index":1,"id":"app"}`, "", "", 2},
		{"audit verify log", exitOK, `"valid":true,"entries":2,"erased":0`, "", "", 1},
		{"audit verify log 0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", exitOK, `"valid":true`, "", "", 1}, // RFC 6962: the root of nothing is the hash of nothing
		{"audit verify log 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", exitFindings, `"valid":false`, "", "", 1},
		{"audit verify log 3 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", exitFindings, "2 entries of 3 are left", "", "", 1},
		{"audit verify log 2", exitUsage, "", "the root of an earlier time", "", 0},
		{"audit verify log 2 e3b0", exitUsage, "", "the root of an earlier time", "", 0},
		{"audit prove log 1", exitOK, `"index":1`, "", "", 1},
		{"audit prove log 7", exitUsage, "", "no such entry", "", 0},
		{"audit shred log", exitUsage, "", "unknown verb", "", 0},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Chdir(dir)
			var out, diag bytes.Buffer
			code := run(append([]string{"consent"}, strings.Fields(c.args)...), strings.NewReader(""), &out, &diag)
			if code != c.code {
				t.Errorf("exit %d, want %d\n%s%s", code, c.code, out.String(), diag.String())
			}
			if !strings.Contains(out.String(), c.out) || !strings.Contains(diag.String(), c.diag) {
				t.Errorf("got %s\nand %s", out.String(), diag.String())
			}
			if c.not != "" && strings.Contains(out.String(), c.not) {
				t.Errorf("%q came out: %s", c.not, out.String())
			}
			if c.exactLines > 0 && strings.Count(out.String(), "\n") != c.exactLines {
				t.Errorf("%d lines, want %d:\n%s", strings.Count(out.String(), "\n"), c.exactLines, out.String())
			}
		})
	}
}
