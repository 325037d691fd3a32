package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/growth"
)

// What is suppressed takes no place in the lists: however much of it there is,
// all else is found, and is as bad as it is.
func TestSuppressedDoNotCount(t *testing.T) {
	storm := func(segment string) []string {
		return append(slices.Repeat([]string{segment}, 3*maxFindings), "OBX|2|NM|a^b^L||1,5||||||F")
	}
	rule := Rule{Kinds: []RuleKind{{Code: "trust.obx", Severity: hl7v2.Error}}, Check: func(g *Grouping, report RuleReporter) {
		for s := range g.Message().Segments("") {
			if s.Is("OBX") && s.Field(1).Equal("7") || s.Is("AL1") {
				report("trust.obx", s.Field(1), "x")
			}
		}
	}}
	open := strings.Repeat(`,{"usage":"O"}`, 10)
	profile := profileOf(t, []byte(`{"hl7Version":"2.5.1","messages":[{"type":"ORU","content":[{"segment":"MSH","usage":"R"},{"segment":"OBR","usage":"R"},
		{"segment":"OBX","usage":"R","max":"*","fields":[{"usage":"R","constant":"2"}`+open+`]},{"segment":"AL1","usage":"O","max":"*","fields":[{"usage":"R","constant":"1"}`+open+`]}]}]}`))
	for _, c := range []struct {
		name     string
		v        Validator
		segments []string
		suppress Suppression
		want     string
	}{
		{"fields by code", Validator{}, storm("OBX|x|NM|a^b^L||1||||||F"), Suppression{Code: hl7v2.CodeDataType, Path: "OBX-1"}, "error datatype OBX[1501]-5"},
		{"fields by path", Validator{}, storm("OBX|1|NM|a^b^L||x~1||||||F"), Suppression{Path: "OBX-5", Code: ""}, ""},
		{"required fields", Validator{}, storm("OBX|1|NM|||1||||||F"), Suppression{Code: hl7v2.CodeRequired, Path: "OBX-3"}, "error datatype OBX[1501]-5"},
		{"unknown segments", Validator{Policy: Inline}, storm("QQQ|1"), Suppression{Code: CodeUnknownSegment}, "error datatype OBX-5"},
		{"structure", Validator{}, append(storm("AL1|1|DA|x"), "AL1|1|DA|x", "IAM|1||x|SV||A"), Suppression{Code: CodeUnexpectedSegment, Path: "AL1"}, "warning unexpected-segment IAM, error datatype OBX-5"},
		{"missing segments", Validator{}, append(slices.Repeat([]string{"ORC|RE"}, 3*maxFindings), "OBX|2|NM|a^b^L||1,5||||||F"), Suppression{Code: CodeMissingSegment}, "error datatype OBX-5"},
		{"rules", Validator{Rules: []Rule{rule}, Policy: Inline}, append(storm("OBX|7|NM|a^b^L||1||||||F"), "AL1|1|DA|x"), Suppression{Code: "trust.obx", Path: "OBX-1"}, "error datatype OBX[1501]-5, error trust.obx AL1-1"},
		{"profile", Validator{Profile: profile, Policy: Inline}, append(storm("OBX|7|NM|a^b^L||1||||||F"), "AL1|2|DA|x"), Suppression{Code: CodeProfileConstant, Path: "OBX-1"}, "error datatype OBX[1501]-5, error profile.constant AL1-1"},
		{"the wire", Validator{}, append(storm("OBX|1|ST|a^b^L||a\\b||||||F"), "OBX|1|ST|a^b^L|\\|a||||||F"), Suppression{Code: hl7v2.CodeEscape, Path: "OBX-5"}, "warning escape OBX[1502]-4, error datatype OBX[1501]-5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := message(t, "2.5.1", "ORU^R01^ORU_R01", append([]string{"OBR|1||LAB^X|A^B^L"}, c.segments...)...)
			c.suppress.Reason = "known"
			c.v.Suppress = []Suppression{{Code: "no.such", Reason: "x"}, c.suppress}
			if got := strings.Join(found(c.v.Validate(m)), ", "); got != c.want {
				t.Errorf("got  %.300s\nwant %s", got, c.want)
			}
			c.v.Suppress = nil
			if n := len(c.v.Validate(m)); n <= 200 {
				t.Errorf("%d findings without", n)
			}
		})
	}
}

// Nor does it make the list look worse than it is where that is full.
func TestSuppressedDoNotWorsen(t *testing.T) {
	segments := append([]string{"OBR|1||LAB^X|A^B^L"}, slices.Repeat([]string{"OBX|1|ST|a^b^L||x||||||F|||||||||||||||x"}, 2*maxFindings)...)
	m := message(t, "2.5.1", "ORU^R01^ORU_R01", append(segments, "OBX|x|ST|a^b^L||x||||||F")...)
	for _, c := range []struct {
		suppress []Suppression
		want     hl7v2.Severity
	}{
		{nil, hl7v2.Error},
		{[]Suppression{{Code: hl7v2.CodeDataType, Reason: "known"}}, hl7v2.Warning},
		{[]Suppression{{Path: "OBX[1001]-1", Reason: "known"}}, hl7v2.Warning},
		{[]Suppression{{Path: "OBX[1000]-1", Reason: "known"}}, hl7v2.Error},
	} {
		v := Validator{Suppress: c.suppress}
		issues := v.Validate(m)
		if last := issues[len(issues)-1]; len(issues) != maxFindings+1 || last.Code != hl7v2.CodeTooMany || last.Severity != c.want {
			t.Errorf("%v: %d findings, the last %v %v, want %v", c.suppress, len(issues), last.Severity, last.Code, c.want)
		}
	}
}

// Leaving out takes time in proportion to the message, whatever there is very
// much of.
func TestSuppressingIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	profile := profileOf(t, []byte(`{"hl7Version":"2.5.1","messages":[{"type":"ORU","content":[{"segment":"MSH","usage":"R"},{"segment":"OBR","usage":"R"},
		{"segment":"OBX","usage":"O","max":"*","fields":[{"usage":"R","constant":"2","type":"ST","max":"*"}]}]}]}`))
	rule := Rule{Check: func(g *Grouping, report RuleReporter) {
		for s := range g.Message().Segments("OBX") {
			for leaf := range s.Field(1).Leaves() {
				report("trust.obx", leaf, "x")
			}
		}
	}}
	v := Validator{Profile: profile, Rules: []Rule{rule}}
	for path := range 50 {
		v.Suppress = append(v.Suppress, Suppression{Code: "x", Path: fmt.Sprint("PID-", path), Reason: "known"})
	}
	v.Suppress = append(v.Suppress, Suppression{Reason: "all"})
	for _, pattern := range []string{"QQQ|1\r", "OBX|x|NM|a||1,5\r", "OBR|\r", "ORC|\r", "OBX|1\rOBX|" + `\Z~`, "x~", "x^", "x&", "OBX|1\rMFE|MAD|1|2|y~y~"} {
		growth.Check(t, pattern, 4000, func(n int) func() {
			head, unit := "OBX|", pattern
			tail := ""
			if before, after, ok := strings.Cut(pattern, "\rOBX|"); ok {
				head, unit = before+"\rOBX|", after
			}
			if before, after, ok := strings.Cut(pattern, "y~y~"); ok { // keys, and as many types, which are wrong in turn
				head, unit, tail = before, "y~y~"+after, "|"+strings.Repeat("NM~QQ~", n)
			}
			m := message(t, "2.5.1", "ORU^R01^ORU_R01", head+strings.Repeat(unit, n)+tail)
			return func() {
				if issues := v.Validate(m); len(issues) > 0 {
					t.Fatal(issues[0])
				}
			}
		})
	}
}
