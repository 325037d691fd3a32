package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHL7FHIR(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.ndjson")
	got := nhskit(admission, "hl7", "fhir", "-uk", "-report", report)
	if got.code != exitOK {
		t.Fatal(got)
	}
	var bundle struct {
		ResourceType string
		Entry        []struct {
			Resource struct {
				ResourceType, Gender string
			}
		}
	}
	if err := json.Unmarshal([]byte(got.out), &bundle); err != nil || bundle.ResourceType != "Bundle" {
		t.Fatal(err, got.out)
	}
	gender := ""
	for _, e := range bundle.Entry {
		if e.Resource.ResourceType == "Patient" {
			gender = e.Resource.Gender
		}
	}
	if gender != "female" {
		t.Errorf("gender is %q", gender)
	}
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var r fhirReport
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if r.Leaves == 0 || r.Leaves != r.Mapped+r.Kept+r.Lost || r.Lost != len(r.Loss) {
		t.Errorf("%+v", r)
	}
	null := false
	for _, l := range r.Loss {
		null = null || l.Path == "PID-7" && l.Value == `""` && strings.HasPrefix(l.Reason, "null")
	}
	if !null {
		t.Errorf("the null of PID-7 is not in the report: %+v", r.Loss)
	}
}

func TestHL7FHIRWhy(t *testing.T) {
	got := nhskit(admission, "hl7", "fhir", "-uk", "-why", "Patient.gender")
	var out struct {
		Path    string
		Origins []fhirOrigin
	}
	if err := json.Unmarshal([]byte(got.out), &out); err != nil {
		t.Fatal(err, got)
	}
	if len(out.Origins) != 1 || out.Origins[0].Source != "PID-8" || !strings.Contains(out.Origins[0].Row, ".csv#") {
		t.Errorf("%+v", out)
	}
	if got := nhskit(admission, "hl7", "fhir", "-text", "-why", "Patient.gender"); !strings.Contains(got.out, "from PID-8") {
		t.Error(got)
	}
}

func TestHL7FHIRKeepsAll(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.ndjson")
	got := nhskit(admission, "hl7", "fhir", "-keep-all", "-report", report)
	data, _ := os.ReadFile(report)
	var r fhirReport
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if r.Kept == 0 || r.Lost != 0 || strings.Count(got.out, "StructureDefinition/v2-leaf") != r.Kept {
		t.Errorf("%d kept, %d lost", r.Kept, r.Lost)
	}
}

func TestHL7FHIRRefuses(t *testing.T) {
	for _, c := range []struct {
		in   string
		args []string
		code int
		says string
	}{
		{"", nil, exitFindings, "hl7v2.empty"},
		{"no message", nil, exitFindings, "hl7v2"},
		{"MSH|^~\\&|A|B|C|D|2024||QQQ^Z99|1|P|2.4\r", nil, exitFindings, "tofhir.structure"},
		{admission, []string{"-tz", "Europe/Atlantis"}, exitUsage, "Atlantis"},
		{admission, []string{"-overlay", "no-such-directory"}, exitIO, "no-such-directory"},
		{admission, []string{"no-such-file"}, exitIO, "no-such-file"},
	} {
		got := nhskit(c.in, append([]string{"hl7", "fhir"}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.errOut, c.says) {
			t.Errorf("%q %v: exit %d, %s", c.in, c.args, got.code, got.errOut)
		}
	}
}

func TestHL7FHIROverlay(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "segments"), 0o755); err != nil {
		t.Fatal(err)
	}
	row := "banner\nheader\n1,PID-1,,SI,,,,,,language,,,,,,,,,\n"
	if err := os.WriteFile(filepath.Join(dir, "segments", "PID[Patient].csv"), []byte(row), 0o644); err != nil {
		t.Fatal(err)
	}
	got := nhskit(admission, "hl7", "fhir", "-overlay", dir)
	if got.code != exitOK || !strings.Contains(got.out, `"language":"1"`) {
		t.Error(got)
	}
}

// TestHL7FHIRZone: a zone that would be taken from the machine, or be UTC
// without saying so, is wrong usage.
func TestHL7FHIRZone(t *testing.T) {
	for _, zone := range []string{"", "Local", "Mars/Olympus"} {
		if got := nhskit(admission, "hl7", "fhir", "-tz", zone); got.code != exitUsage || got.out != "" {
			t.Errorf("%q: %+v", zone, got)
		}
	}
	if got := nhskit(admission, "hl7", "fhir", "-tz", "UTC"); got.code != exitOK {
		t.Error(got)
	}
}

// TestHL7FHIRText: what says where is in path and offset, not in the text.
func TestHL7FHIRText(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.ndjson")
	got := nhskit("no message", "hl7", "fhir", "-report", report)
	if got.code != exitFindings || got.out != "" || !strings.HasPrefix(got.errOut, "nhskit: -:1:1: hl7v2.header: ") {
		t.Errorf("%+v", got)
	}
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "(byte") {
		t.Errorf("%s", data)
	}
}

// The file of the report is never one of those that are read.
func TestHL7FHIRReportOverInput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.hl7")
	if err := os.WriteFile(file, []byte(admission), 0o600); err != nil {
		t.Fatal(err)
	}
	got := nhskit("", "hl7", "fhir", "-report", file, file)
	data, err := os.ReadFile(file)
	if got.code != 2 || err != nil || string(data) != admission {
		t.Errorf("exit %d, %v, %d bytes are left of %d", got.code, err, len(data), len(admission))
	}
}
