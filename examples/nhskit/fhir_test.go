package main

import (
	"strings"
	"testing"
)

func TestFHIRConvert(t *testing.T) {
	const (
		asJSON = `{"resourceType":"Patient","id":"a","multipleBirthInteger":2}`
		asXML  = `<Patient xmlns="http://hl7.org/fhir"><id value="a"/><multipleBirthInteger value="2"/></Patient>`
	)
	for _, c := range []struct {
		name, in string
		args     []string
		code     int
		out, err string
	}{
		{"to XML", asJSON, []string{"-to", "xml"}, exitOK, asXML + "\n", ""},
		{"to JSON", asXML, []string{"-to", "json", "-"}, exitOK, asJSON + "\n", ""},
		{"the other one", asXML, nil, exitOK, asJSON + "\n", ""},
		{"the same", asJSON, []string{"-to", "json"}, exitOK, asJSON + "\n", ""},
		{"for people", asXML, []string{"-text"}, exitOK, "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"a\",\n  \"multipleBirthInteger\": 2\n}\n", ""},
		{"findings", `<Patient xmlns="http://hl7.org/fhir"><birthDate value="x"/></Patient>`, nil, exitFindings, `{"resourceType":"Patient","birthDate":"x"}` + "\n", "-:1:56: error fhir.primitive: "},
		{"not for XML", `{"resourceType":"Patient","x":1}`, nil, exitFindings, "", "Patient.x"},
		{"broken", `{"resourceType":"Patient"`, nil, exitFindings, "", "-:1:26: fatal fhir.syntax: "},
		{"usage", "", []string{"-to", "yaml"}, exitUsage, "", `not "yaml"`},
		{"no file", "", []string{"no-such-file"}, exitIO, "", "no-such-file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := nhskit(c.in, append([]string{"fhir", "convert"}, c.args...)...)
			if got.code != c.code || got.out != c.out || !strings.Contains(got.errOut, c.err) {
				t.Errorf("exit %d\nout %s\nerr %s", got.code, got.out, got.errOut)
			}
		})
	}
}
