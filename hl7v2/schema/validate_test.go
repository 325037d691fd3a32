package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/growth"
)

// admit is a message without a finding, to be spoilt by the tests.
var admit = []string{"EVN||20260714093000", "PID|1||9990042101^^^NHS^NH||THISTLEWOOD^EDNA||19411109|F|||7 TANNERY LANE^^DUNMERE^^DT99 4QX||+441632960417", "PV1|1|I"}

// found lists findings as "severity code path".
func found(issues []hl7v2.Issue) []string {
	var out []string
	for _, i := range issues {
		out = append(out, fmt.Sprint(i.Severity, " ", strings.TrimPrefix(string(i.Code), "hl7v2."), " ", i.Path))
	}
	return out
}

func TestValidate(t *testing.T) {
	replace := func(old, with string) []string {
		out := slices.Clone(admit)
		for i := range out {
			out[i] = strings.Replace(out[i], old, with, 1)
		}
		if slices.Equal(out, admit) {
			t.Fatalf("%q is not in the message", old)
		}
		return out
	}
	for _, c := range []struct {
		name     string
		segments []string
		want     string // lenient
		strict   string // "" for the same
	}{
		{"nothing", admit, "", ""},
		{"required field", replace("THISTLEWOOD^EDNA", ""), "error required PID-5", ""},
		{"required field is null", replace("THISTLEWOOD^EDNA", `""`), "", ""},
		{"date", replace("19411109", "19411309"), "error datatype PID-7", ""},
		{"date as a part of a composite", replace("^^^NHS^NH", "^^^NHS^NH^^2026x"), "error datatype PID-3.7", ""},
		{"sequence id", replace("PV1|1", "PV1|one"), "error datatype PV1-1", ""},
		{"closed table", replace("^NHS^NH", "^NHS^XXX"), "error table PID-3.5", ""},
		{"users' table", replace("|F|", "|9|"), "warning table PID-8", ""},
		{"too many fields", replace("PV1|1|I", "PV1|1|I"+strings.Repeat("|", 51)+"x"), "warning extra PV1-53", "error extra PV1-53"},
		{"too many components", replace("20260714093000", "20260714093000^M^x"), "warning extra EVN-2.3", "error extra EVN-2.3"},
		{"too many repetitions", replace("|F|", "|F~M~F|"), "warning repetition PID-8[2]", "error repetition PID-8[2]"},
		{"empty repetition at the end", replace("|F|", "|F~|"), "", ""},
		{"repetitions without a value at the end", replace("|F|", "|F~~^&~|"), "", ""},
		{"null is a repetition", replace("|F|", `|F~~""~|`), "warning repetition PID-8[2]", "error repetition PID-8[2]"},
		{"empty repetition before one", replace("|F|", "|~F|"), "warning repetition PID-8[2]", "error repetition PID-8[2]"},
		{"empty repetition between two", replace("|F|", "|F~~M|"), "warning repetition PID-8[2]", "error repetition PID-8[2]"},
		{"too long", replace("|F|", "|"+strings.Repeat("F", 3)+"|"), "warning length PID-8, warning table PID-8", "error length PID-8, warning table PID-8"},
		{"segment of another version", append(slices.Clone(admit), "UAC|x"), "warning unexpected-segment UAC, warning unknown-segment UAC", "error unexpected-segment UAC, warning unknown-segment UAC"},
		{"a line that is no segment", append(slices.Clone(admit), "Edna Thistlewood|x"), "warning segment-id ", "error segment-id "},
		{"segment of one's own", append(slices.Clone(admit), "ZU1|x"), "", ""},
		{"missing segment", admit[:2], "error missing-segment PV1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := message(t, "2.4", "ADT^A01^ADT_A01", c.segments...)
			for _, strict := range []bool{false, true} {
				want := c.want
				if strict && c.strict != "" {
					want = c.strict
				}
				issues := (&Validator{Strict: strict}).Validate(m)
				if got := strings.Join(found(issues), ", "); got != want {
					t.Errorf("strict %v: got  %s\nwant %s", strict, got, want)
				}
				for _, i := range issues {
					if i.Line < 1 || i.Col < 1 || i.Offset < 0 || i.Err == nil {
						t.Errorf("not located: %+v", i)
					}
					for _, secret := range []string{"999", "THISTLE", "1941", "TANNERY"} {
						if strings.Contains(i.Error(), secret) {
							t.Errorf("shows data: %v", i)
						}
					}
				}
			}
		})
	}
}

// The structure that MSH-9.3 names is the one of the type and event.
func TestValidateStructureID(t *testing.T) {
	for _, c := range []struct{ version, typ, want string }{
		{"2.4", "ADT^A01^ADT_A01", ""},
		{"2.4", "ADT^A01", ""},
		{"2.4", "ADT^A01^ADT_A05", "warning structure MSH-9.3"},
		{"2.4", "ADT^A01^ADT_A91", "warning structure MSH-9.3"},
		{"2.4", `ADT^A01^ADT\X5F\A01`, ""},
		{"2.4", `ADT^A01^""`, ""},
		{"2.4", "ADT^A04^ADT_A04", "warning structure MSH-9.3"},
		{"2.4", "ADT^A28^ADT_A01", "warning structure MSH-9.3"},
		{"2.3.1", "ADT^A28^ADT_A01", ""},
		{"2.4", "ADT^Z28^ADT_Z28", ""},
		{"2.3", "ADT^A28^ADT_A05", ""},
		{"2.3.1", "ADT^A40^ADT_A39", ""}, // as IHE has it (ITI-8)
		{"2.5", "RSP^K22^RSP_K21", ""},   // ITI-21
		// Chapter 3 and table 0354 have different structures.
		{"2.5", "ADT^A55^ADT_A52", ""},
		{"2.5", "ADT^A55^ADT_A54", ""},
		{"2.5", "ADT^A55^ADT_A55", "warning structure MSH-9.3"},
		{"2.5", "RSP^K22^RSP_K22", ""},
		{"2.5", "QRY^T12^QRY_T12", ""},
		{"2.5.1", "QRY^Q02^QRY_Q02", ""},
		{"2.3.1", "ADT^A28^ADT_A28", ""},
		// The table has A19 under QRY_A19, which is no structure of an ADR.
		{"2.5", "ADR^A19^QRY_A19", "warning structure MSH-9.3"},
		{"2.5", "ACK^^ACK_A01", "warning structure MSH-9.3"},
		{"2.5", "ACK^A01^ACK", ""},
		{"2.5", "QBP^ZV1^QBP_Q21", ""},
	} {
		for _, strict := range []bool{false, true} {
			want := c.want
			if strict {
				want = strings.Replace(want, "warning", "error", 1)
			}
			issues := (&Validator{Strict: strict}).Validate(message(t, c.version, c.typ, admit...))
			issues = slices.DeleteFunc(issues, func(i hl7v2.Issue) bool { return i.Code != CodeStructure || i.Path == "MSH-9" })
			if got := strings.Join(found(issues), ", "); got != want {
				t.Errorf("%s %s: got %s, want %s", c.version, c.typ, got, want)
			}
		}
	}
}

// The table of a composite that is no coded element is that of one of its
// components, and says nothing of the first.
func TestTablesOfComposites(t *testing.T) {
	for _, c := range []struct{ version, typ, segments, want string }{
		{"2.7", "ADT^A01^ADT_A01", "EVN||20260714093000\rPID|1||9990042101^^^NHS^NH||THISTLEWOOD^EDNA^^^^^L||19411109|F\rPD1|||DUNMERE SURGERY^L\rPV1|1|I", ""},
		{"2.7", "ADT^A01^ADT_A01", "EVN||20260714093000\rPID|1||9990042101^^^NHS^NH||THISTLEWOOD^EDNA^^^^^LL||19411109|F\rPV1|1|I", "error table PID-5.7"},
		{"2.7", "ADT^A40^ADT_A39", "EVN||20260714093000\rPID|1||9990042101^^^NHS^NH||THISTLEWOOD^EDNA\rMRG|RXX9^^^RXX^MR", ""},
	} {
		got := strings.Join(found(new(Validator).Validate(message(t, c.version, c.typ, strings.Split(c.segments, "\r")...))), ", ")
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.typ, got, c.want)
		}
	}
}

func TestValidateObservations(t *testing.T) {
	for _, c := range []struct{ name, obx, want string }{
		{"number", "OBX|1|NM|a^b^L||1.5|mmol/L|||||F", ""},
		{"number with a comma", "OBX|1|NM|a^b^L||1,5||||||F", "error datatype OBX-5"},
		{"several numbers", "OBX|1|NM|a^b^L||1~x~3||||||F", "error datatype OBX-5[2]"},
		{"no type", "OBX|1||a^b^L||1||||||F", "error value-type OBX-5"},
		{"no such type", "OBX|1|QQ|a^b^L||1||||||F", "error table OBX-2, error value-type OBX-2"},
		{"nothing and no type", "OBX|1||a^b^L||||||||F", ""},
		{"coded", "OBX|1|CE|a^b^L||A^Apple^SCT||||||F", ""},
		{"coding systems by pattern", "OBX|1|CE|a^b^HL70487^a^b^ISO3166||A^Apple^IBT0001^A^Apple^NCPDP0123abc||||||F", ""},
		{"no coding system", "OBX|1|CE|a^b^HL7x^a^b^ISO3166x||A^Apple^IBTx^A^Apple^NCPDP012||||||F", "warning table OBX-3.3, warning table OBX-3.6, warning table OBX-5.3, warning table OBX-5.6"},
		{"local coding system", "OBX|1|CE|a^b^99TRUST||A||||||F", ""},
		{"status", "OBX|1|NM|a^b^L||1||||||Q", "error table OBX-11"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := message(t, "2.5.1", "ORU^R01^ORU_R01", "OBR|1||LAB^X|A^B^L", c.obx)
			if got := strings.Join(found(new(Validator).Validate(m)), ", "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// The primary key of a master file is of the type that the field behind it
// names: each key of its own, and those behind the last type of that.
func TestValidateKeys(t *testing.T) {
	for _, c := range []struct{ name, version, segment, want string }{
		{"a code", "2.5.1", "MFE|MAD||20260714|A^Apple^99X|CE", ""},
		{"a place", "2.5.1", "MFE|MAD||20260714|WARD1^^B2^RXX|PL", ""},
		{"of more components than its type", "2.5.1", "MFE|MAD||20260714|A^Apple^99X^^^^x|CE", "warning extra MFE-4.7"},
		{"as another type they are right", "2.5.1", "MFE|MAD||20260714|A^^^^^^x|PL", ""},
		{"parts of a part", "2.5.1", "MFE|MAD||20260714|A^^^RXX&a&zz|PL", "error table MFE-4.4.3"},
		{"a number", "2.5.1", "MFE|MAD||20260714|x|NM", "error datatype MFE-4, error table MFE-5"},
		{"no type", "2.5.1", "MFE|MAD||20260714|A^Apple^99X", "error value-type MFE-4, error required MFE-5"},
		{"a type that is null", "2.5.1", `MFE|MAD||20260714|A^Apple^99X|""`, "error value-type MFE-4"},
		{"no such type", "2.5.1", "MFE|MAD||20260714|A|QQ", "error value-type MFE-5, error table MFE-5"},
		{"neither", "2.5.1", "MFE|MAD||20260714", "error required MFE-4, error required MFE-5"},
		{"two keys of a type each", "2.5.1", "MFE|MAD||20260714|1~x|CE~NM", "error datatype MFE-4[2], error table MFE-5[2]"},
		{"two keys of one type", "2.5.1", "MFE|MAD||20260714|A^Apple^99X^^^^x~B^Bread^99X^^^^x|CE", "warning extra MFE-4[1].7, warning extra MFE-4[2].7"},
		{"two keys, and the second has no such type", "2.5.1", "MFE|MAD||20260714|A~B|CE~QQ", "error value-type MFE-5[2], error table MFE-5[2]"},
		{"an empty type is the one before", "2.5.1", "MFE|MAD||20260714|A~B^^^^^^x|CE~", "warning extra MFE-4[2].7"},
		{"an empty type comes first", "2.5.1", "MFE|MAD||20260714|A~x|~NM", "error value-type MFE-4[1], error datatype MFE-4[2], error table MFE-5[2]"},
		{"neither key nor type comes first", "2.5.1", "MFE|MAD||20260714|~x|~NM", "error datatype MFE-4[2], error table MFE-5[2]"},
		{"a null key without a type", "2.5.1", `MFE|MAD||20260714|A~""|CE~""`, ""},
		{"acknowledged", "2.5.1", "MFA|MAD||20260714|S|A^Apple^99X^^^^x|CE", "warning extra MFA-5.7"},
		{"acknowledged without a type", "2.5.1", "MFA|MAD||20260714|S|A", "error value-type MFA-5, error required MFA-6"},
		{"of a version with codes only", "2.3", "MFE|MAD||20260714|A^Apple^99X^^^^x", "warning extra MFE-4.7"},
		{"of a version with codes only in what is acknowledged", "2.4", "MFA|MAD||20260714|S|WARD1^^^^^^x|PL", "warning extra MFA-5.7"},
		{"observation of 2.7.1", "2.7.1", "OBX|1|NM|a^b^L||x||||||F", "error datatype OBX-5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			issues := new(Validator).Validate(message(t, c.version, "MFN^M01", c.segment))
			issues = slices.DeleteFunc(issues, func(i hl7v2.Issue) bool {
				return !strings.HasPrefix(i.Path, c.segment[:3]+"-") || i.Code == CodeTable && i.Path == "MFE-1"
			})
			if got := strings.Join(found(issues), ", "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestCodedElements checks a code by the table of its element where it is of
// that table: its third component says so, or nothing.
func TestCodedElements(t *testing.T) {
	for _, c := range []struct{ relationship, want string }{
		{"BRO", ""},
		{"BRO^Brother^HL70063", ""},
		{"QQQ", "warning table NK1-3"},
		{"QQQ^x", "warning table NK1-3.1"},
		{"QQQ^x^HL70063", "warning table NK1-3.1"},
		{"QQQ^x^HL7063", "warning table NK1-3.1"},
		{"QQQ^x^HL7", "warning table NK1-3.1"},
		{"QQQ^x^HL7nnnn", "warning table NK1-3.1"},
		{`QQQ^x^""`, "warning table NK1-3.1"},
		{"QQQ^x^^72705000^Mother^SCT", "warning table NK1-3.1"},
		{"72705000^Mother^SCT", ""},
		{`MUM^Mother^\X4C\`, ""},
		{"MUM^Mother^99TRUST~QQQ^x", "warning repetition NK1-3[2], warning table NK1-3[2].1"},
		{"BRO^Brother^HL70131", ""},
		{"QQQ^Brother^HL70131", ""},
	} {
		m := message(t, "2.4", "ADT^A01^ADT_A01", admit[0], admit[1], "NK1|1||"+c.relationship, admit[2])
		if got := strings.Join(found(new(Validator).Validate(m)), ", "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.relationship, got, c.want)
		}
	}
	asked := 0
	v := Validator{Code: func(table int, code string) (bool, bool) {
		if table == 63 {
			asked++
		}
		return false, false
	}}
	v.Validate(message(t, "2.4", "ADT^A01^ADT_A01", admit[0], admit[1], "NK1|1||72705000^Mother^SCT", "NK1|2||BRO", admit[2]))
	if asked != 1 {
		t.Errorf("asked %d times for codes of table 0063", asked)
	}
	// A coded element inside another composite: VID.2, of table 0399.
	for version, want := range map[string]string{"2.5.1^GBR": "", "2.5.1^QQQ": "warning table MSH-12.2", "2.5.1^QQQ&x&HL70399": "warning table MSH-12.2.1", "2.5.1^826&United Kingdom&ISO3166": ""} {
		m := message(t, version, "ADT^A01^ADT_A01", admit...)
		if got := strings.Join(found(new(Validator).Validate(m)), ", "); got != want {
			t.Errorf("%s: got %s, want %s", version, got, want)
		}
	}
}

func TestValidatorOptions(t *testing.T) {
	segments := slices.Clone(admit)
	segments[1] = strings.Replace(segments[1], "|F|", "|9|", 1)
	m := message(t, "2.4", "ADT^A01^ADT_A01", segments...)
	for _, c := range []struct {
		name string
		v    Validator
		want string
	}{
		{"a code of one's own", Validator{Code: func(table int, code string) (bool, bool) { return code == "9", table == 1 }}, ""},
		{"a code refused", Validator{Code: func(table int, code string) (bool, bool) { return false, table == 1 }}, "error table PID-8"},
		{"suppressed by path", Validator{Suppress: []Suppression{{Path: "PID-8", Reason: "NHS codes"}}}, ""},
		{"suppressed by code", Validator{Suppress: []Suppression{{Code: CodeTable, Reason: "NHS codes"}}}, ""},
		{"suppressed in this event", Validator{Suppress: []Suppression{{Path: "PID-8", Event: "A01", Reason: "NHS codes"}}}, ""},
		{"suppressed in another", Validator{Suppress: []Suppression{{Path: "PID-8", Event: "A28", Reason: "NHS codes"}}}, "warning table PID-8"},
		{"not without a reason", Validator{Suppress: []Suppression{{Code: CodeTable}}}, "warning table PID-8"},
		{"by another version", Validator{Version: "2.8"}, "warning table PID-8, error table PV1-2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(found(c.v.Validate(m)), ", ")
			if c.name == "by another version" {
				if c.v.Check() != nil || got == "" {
					t.Errorf("got %s", got)
				}
				return
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if err := (&Validator{Suppress: []Suppression{{Code: CodeTable}}}).Check(); err == nil {
		t.Error("a suppression without a reason was accepted")
	}
	if err := (&Validator{Version: "9"}).Check(); err == nil {
		t.Error("version 9 was accepted")
	}
}

func TestRules(t *testing.T) {
	visit, err := MustHave("trust.visit", "PV1-19", func(g *Grouping) bool {
		v, _ := g.Get("PV1-2")
		return v.Equal("I")
	})
	if err != nil {
		t.Fatal(err)
	}
	names := Rule{Kinds: []RuleKind{{"trust.one-name", hl7v2.Warning, "TR 1"}, {"trust.title", hl7v2.Information, "TR 2"}}, Check: func(g *Grouping, report RuleReporter) {
		v, _ := g.Get("PID-5")
		if v.NumReps() > 1 {
			report("trust.one-name", v.Rep(2), "one name is enough")
		}
		if v.Component(5).State() != hl7v2.Present {
			report("trust.title", v.Rep(1), "a title is wanted")
			report("trust.forgotten", hl7v2.Value{}, "a code that the rule does not list")
		}
	}}
	segments := slices.Clone(admit)
	segments[1] = strings.Replace(segments[1], "THISTLEWOOD^EDNA", "THISTLEWOOD^EDNA~T^E", 1)
	m := message(t, "2.4", "ADT^A01^ADT_A01", segments...)
	got := strings.Join(found((&Validator{Rules: []Rule{visit, names}}).Validate(m)), ", ")
	if want := "error trust.visit , warning trust.one-name PID-5[2], information trust.title PID-5[1], error trust.forgotten "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := MustHave("x", "nonsense path", nil); err == nil {
		t.Error("a path that is none was accepted")
	}
}

// What says that findings are left out is as bad as the worst of them: warnings
// hide no error from who looks at severities.
func TestCapHidesNoError(t *testing.T) {
	var segments []string
	for range maxFindings + 10 {
		segments = append(segments, "OBX|1|ST|1^a||x||||||F||||||||||||||x")
	}
	for _, c := range []struct {
		name, last string
		rule       hl7v2.Severity
		want       hl7v2.Severity
	}{
		{"warnings", "OBX|1|ST|1^a||x||||||F", hl7v2.Information, hl7v2.Warning},
		{"a field", "OBX|1|NM|1^a||x||||||F", hl7v2.Information, hl7v2.Error},
		{"a missing field", "PID|1", hl7v2.Information, hl7v2.Error},
		{"a rule", "OBX|1|ST|1^a||x||||||F", hl7v2.Error, hl7v2.Error},
	} {
		rule := Rule{Kinds: []RuleKind{{Code: "trust.rule", Severity: c.rule}}, Check: func(g *Grouping, report RuleReporter) { report("trust.rule", hl7v2.Value{}, "x") }}
		issues := (&Validator{Rules: []Rule{rule}}).Validate(message(t, "2.4", "ADT^A01^ADT_A01", append(slices.Clone(segments), c.last)...))
		if last := issues[len(issues)-1]; last.Code != hl7v2.CodeTooMany || last.Severity != c.want {
			t.Errorf("%s: %v %v, want %v", c.name, last.Code, last.Severity, c.want)
		}
	}
}

func TestFindingsAreCapped(t *testing.T) {
	segments := slices.Clone(admit)
	for range 2 * maxFindings {
		segments = append(segments, "PV1|x")
	}
	issues := new(Validator).Validate(message(t, "2.4", "ADT^A01^ADT_A01", segments...))
	if n := len(issues); n > 2*maxFindings+4 {
		t.Errorf("%d findings", n)
	}
	if issues[len(issues)-1].Code != hl7v2.CodeTooMany {
		t.Errorf("the last one is %v", issues[len(issues)-1])
	}
}

// TestValidateIsLinear counts what finding nothing more costs: a message with
// far more findings than are listed takes no longer than its size.
func TestValidateIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	for _, pattern := range []string{"QQQ|1\r", "OBX|x|NM|a||1,5\r", "PID|x|||\r", "OBR\r", `\X4441\^x^\X4C\~`, "F~", "x^"} {
		growth.Check(t, pattern, 2500, func(n int) func() {
			m := message(t, "2.4", "ORU^R01", "AL1|1|"+strings.Repeat(pattern, n))
			return func() { new(Validator).Validate(m) }
		})
	}
}

// A length is that of the text: characters, whatever set they are sent in, and
// those that escape sequences stand for.
func TestLengthIsOfCharacters(t *testing.T) {
	for _, c := range []struct {
		name, charset, id string // MSH-10 has 20 characters in 2.4
		want              bool
	}{
		{"ASCII", "", strings.Repeat("a", 20), true},
		{"ASCII, one more", "", strings.Repeat("a", 21), false},
		{"UTF-8", "UNICODE UTF-8", strings.Repeat("é", 20), true},
		{"UTF-8, one more", "UNICODE UTF-8", strings.Repeat("é", 21), false},
		{"8859/1", "8859/1", strings.Repeat("\xe9", 20), true},
		{"8859/1 that looks like UTF-8", "8859/1", strings.Repeat("\xc3\xa9", 11), false},
		{"GB 18030", "GB 18030-2000", strings.Repeat("\xc4\xe3", 20), true},
		{"GB 18030, one more", "GB 18030-2000", strings.Repeat("\xc4\xe3", 21), false},
		{"escapes", "", strings.Repeat(`\T\`, 20), true},
		{"escapes, one more", "", strings.Repeat(`\T\`, 21), false},
	} {
		m, err := hl7v2.Parse([]byte("MSH|^~\\&|A|B|C|D|20260714||ADT^A01|" + c.id + "|P|2.4||||||" + c.charset + "\r"))
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range new(Validator).Validate(m) {
			if i.Code == CodeLength && i.Path == "MSH-10" {
				c.want = !c.want
			}
		}
		if !c.want {
			t.Errorf("%s: the length is taken for another", c.name)
		}
	}
}
