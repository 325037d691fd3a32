package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHL7Validate(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join("messages", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	two := read("1-admission.hl7") + read("7-broken.hl7")
	for _, c := range []struct {
		name, stdin string
		args        []string
		code        int
		want        string
	}{
		{"a good message", read("2-creatinine.hl7"), nil, exitOK, `"valid":true`},
		{"a broken one", read("7-broken.hl7"), nil, exitFindings, `"code":"hl7v2.datatype","path":"MSH-7"`},
		{"by the rules of the NHS", read("4-wrong-check-digit.hl7"), []string{"-uk"}, exitFindings, `"code":"uk.check-digit","path":"PID-3[1].1"`},
		{"which accept an ODS code in PD1-3", read("1-admission.hl7"), []string{"-uk"}, exitOK, `"valid":true`},
		{"and name their clause", read("4-wrong-check-digit.hl7"), []string{"-uk"}, exitFindings, `"clause":"ISB 0149 requirement 11"`},
		{"for people", read("7-broken.hl7"), []string{"-text"}, exitFindings, "    ^"},
		{"empty", "", nil, exitFindings, `"code":"hl7v2.empty"`},
		{"no HL7", "hello", nil, exitFindings, `"code":"hl7v2.header"`},
		{"unknown version", "x", []string{"-version", "9"}, exitUsage, `no version "9"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := nhskit(c.stdin, append([]string{"hl7", "validate"}, c.args...)...)
			text := got.out
			if c.code > exitFindings {
				text = got.errOut
			}
			if got.code != c.code || !strings.Contains(text, c.want) {
				t.Errorf("exit %d, want %d and %q in\n%s%s", got.code, c.code, c.want, got.out, got.errOut)
			}
		})
	}
	t.Run("by a profile", func(t *testing.T) {
		profiles := filepath.Join("..", "..", "hl7v2", "schema", "testdata")
		written := func(name, text string) string {
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		for _, c := range []struct {
			name, profile, stdin string
			args                 []string
			code                 int
			out, errOut          string
		}{
			{"XML", filepath.Join(profiles, "adt_a01.xml"), read("1-admission.hl7"), nil, exitFindings, `"code":"profile.`, "error: profile.base: the standard has data type NM"},
			{"JSON", filepath.Join(profiles, "oru_r01.json"), read("2-creatinine.hl7"), nil, exitFindings, `"clause":"Example pathology results 2.0"`, ""},
			{"for people", filepath.Join(profiles, "oru_r01.json"), read("2-creatinine.hl7"), []string{"-text"}, exitFindings, "profile.usage", ""},
			{"another message", filepath.Join(profiles, "oru_r01.xml"), read("1-admission.hl7"), nil, exitFindings, `"code":"profile.message","path":"MSH-9.1"`, ""},
			{"one that is met", written("least.json", `{"hl7Version":"2.5.1","messages":[{"type":"ORU","event":"R01","content":[{"segment":"MSH","usage":"R"},{"group":"PATIENT_RESULT","usage":"R","content":[
				{"group":"PATIENT","usage":"R","content":[{"segment":"PID","usage":"R"},{"group":"VISIT","usage":"RE","content":[{"segment":"PV1","usage":"R"}]}]},
				{"group":"ORDER_OBSERVATION","usage":"R","max":"*","content":[{"segment":"ORC","usage":"RE"},{"segment":"OBR","usage":"R"},{"group":"OBSERVATION","usage":"R","max":"*","content":[{"segment":"OBX","usage":"R"},{"segment":"NTE","usage":"RE"}]},{"group":"SPECIMEN","usage":"RE","content":[{"segment":"SPM","usage":"R"}]}]}]}]}]}`),
				read("2-creatinine.hl7"), nil, exitOK, `"valid":true`, ""},
			{"no profile", written("bad.json", "{\n\"mesages\":[]}"), read("2-creatinine.hl7"), nil, exitUsage, "", "bad.json:2:1: error: profile.syntax: "},
			{"no file", "nowhere.xml", read("2-creatinine.hl7"), nil, exitIO, "", "nowhere.xml"},
		} {
			t.Run(c.name, func(t *testing.T) {
				got := nhskit(c.stdin, append([]string{"hl7", "validate", "-profile", c.profile}, c.args...)...)
				if got.code != c.code || !strings.Contains(got.out, c.out) || !strings.Contains(got.errOut, c.errOut) {
					t.Errorf("exit %d, want %d and %q and %q in\n%s%s", got.code, c.code, c.out, c.errOut, got.out, got.errOut)
				}
			})
		}
	})
	t.Run("positions count in the file", func(t *testing.T) {
		var out hl7Validation
		if err := json.Unmarshal([]byte(nhskit(two, "hl7", "validate").out), &out); err != nil {
			t.Fatal(err)
		}
		for _, i := range out.Issues {
			if i.Path == "MSH-7" && !strings.HasPrefix(two[i.Offset:], "20261399") {
				t.Errorf("offset %d, line %d", i.Offset, i.Line)
			}
		}
	})
}
