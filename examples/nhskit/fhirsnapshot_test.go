package main

import (
	"strings"
	"testing"
)

const weightProfile = `{"resourceType":"StructureDefinition","url":"http://example.org/weight","name":"Weight","status":"draft","kind":"resource","abstract":false,"type":"Observation",
"baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation","derivation":"constraint","differential":{"element":[{"path":"Observation.valueQuantity","min":1}]}}`

func TestFHIRSnapshot(t *testing.T) {
	for _, c := range []struct {
		name, stdin string
		args        []string
		code        int
		want        string // in the output, or in the diagnostics for a code above 1
	}{
		{"of the embedded definitions", "", []string{"http://hl7.org/fhir/StructureDefinition/Patient"}, exitOK, `"id":"Patient.contact.name"`},
		{"of a file", weightProfile, []string{"-"}, exitOK, `"id":"Observation.value[x]:valueQuantity"`},
		{"for people", weightProfile, []string{"-text", "-"}, exitOK, "\n  \"snapshot\": {"},
		{"with faults", strings.Replace(weightProfile, "valueQuantity", "colour", 1), []string{"-"}, exitFindings, `"id":"Observation.code"`},
		{"unknown", "", []string{"http://example.org/none"}, exitIO, "no such definition"},
		{"no package", "", []string{"-package", "/none.tgz", "x"}, exitIO, "cannot be opened"},
		{"nothing to do", "", nil, exitUsage, "needs a canonical URL"},
		{"another resource", `{"resourceType":"Patient"}`, []string{"-"}, exitIO, `not "Patient"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := nhskit(c.stdin, append([]string{"fhir", "snapshot"}, c.args...)...)
			text := got.out
			if c.code > exitFindings {
				text = got.errOut
			}
			if got.code != c.code || !strings.Contains(text, c.want) {
				t.Errorf("exit %d, err %q, out %.200q; want exit %d and %q", got.code, got.errOut, got.out, c.code, c.want)
			}
		})
	}
}
