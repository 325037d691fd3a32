package main

import (
	"strings"
	"testing"
)

func TestUcumCommands(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		want string // standard output, or part of standard error for code 2
	}{
		{"validate mmol/L", exitOK, `{"code":"mmol/L","valid":true,"text":"(millimole) / (liter)"}`},
		{"validate mg mmHg", exitFindings, `{"code":"mg","valid":true,"text":"(milligram)"}
{"code":"mmHg","valid":false,"text":"unknown unit \"mmHg\"; did you mean \"mm[Hg]\"?","offset":0}`},
		{"validate -ci MG/DL", exitOK, `{"code":"MG/DL","valid":true,"text":"(milligram) / (deciliter)"}`},
		{"validate -text g/12h", exitFindings, `g/12h: error ucum.syntax: expected "." or "/" before "h" (UCUM 7)
    g/12h
        ^`},
		{"convert 98.6 [degF] Cel", exitOK, `{"value":"37"}`},
		{"convert -- -40 Cel [degF]", exitOK, `{"value":"-40"}`},
		{"convert -text 1 [in_i] m", exitOK, "0.0254"},
		{"convert 1 a mo", exitOK, `{"value":"12"}`},
		{"convert 1 s min", exitOK, `{"value":"0.016666666666666666666666666666666666666666666666667","exact":false}`},
		{"convert 1 m s", exitFindings, `{"error":"ucum: units are not commensurable"}`},
		{"convert 1 m sek", exitFindings, `{"error":"sek: ucum: column 1: unknown unit \"sek\""}`},
		{"convert 1 m", exitUsage, "needs VALUE FROM TO"},
		{"convert 1/2 m s", exitUsage, "not a decimal number"},
		{"validate", exitUsage, "needs a unit code"},
	} {
		got := nhskit("", append([]string{"fhir", "ucum"}, strings.Fields(c.args)...)...)
		ok := strings.TrimSuffix(got.out, "\n") == c.want
		if c.code == exitUsage {
			ok = strings.Contains(got.errOut, c.want)
		}
		if got.code != c.code || !ok {
			t.Errorf("%s: exit %d\n%s%s, want %d\n%s", c.args, got.code, got.out, got.errOut, c.code, c.want)
		}
	}
}
