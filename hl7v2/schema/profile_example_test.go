package schema_test

import (
	"fmt"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
)

func ExampleParseProfile() {
	// An admission must have one hospital number; a ward if the patient stays.
	text := []byte(`{
  "hl7Profile": 1, "hl7Version": "2.4", "name": "Admissions", "version": "3",
  "tables": [{"id": "0001", "codes": [{"code": "1"}, {"code": "2"}, {"code": "9"}]}],
  "messages": [{"type": "ADT", "event": "A01", "content": [
    {"segment": "MSH", "usage": "R"},
    {"segment": "EVN", "usage": "R"},
    {"segment": "PID", "usage": "R", "fields": [
      {"usage": "O"}, {"usage": "X"},
      {"usage": "R", "reference": "4.1", "components": [
        {"usage": "R", "maxLength": 10}, {"usage": "X"}, {"usage": "X"}, {"usage": "R"}, {"usage": "R"}]},
      {"usage": "X"}, {"usage": "R", "max": "*"}, {"usage": "O"}, {"usage": "RE"}, {"usage": "R", "table": "0001"}]},
    {"segment": "PV1", "usage": "R", "fields": [
      {"usage": "O"}, {"usage": "R"},
      {"usage": "C(R/O)", "reference": "4.2", "condition": {"path": "PV1-2", "in": ["I"]}}]}]}]}`)
	profile, issues := schema.ParseProfile(text)
	if profile == nil {
		fmt.Println(issues)
		return
	}
	for _, i := range profile.Lint(text) {
		fmt.Printf("line %d: %v: %v\n", i.Line, i.Severity, i.Err)
	}
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|PAS|RXX|ROUTE|ROUTE|20260714||ADT^A01^ADT_A01|1|P|2.4\r" +
		"EVN||20260714\r" +
		"PID|1||RXX0042^^^RXX^MR~9990042101^^^NHS||THISTLEWOOD^EDNA||19411109|F\r" +
		"PV1|1|I\r"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, i := range profile.Validate(m) {
		fmt.Printf("%d:%d %s: %v [%s; %s]\n", i.Line, i.Col, i.Path, i.Err, i.Code, i.Clause)
	}
	// Output:
	// 3:25 PID-3[2]: it may be there only once [profile.cardinality; Admissions 3, 4.1]
	// 3:25 PID-3[2]: component 5, Identifier Type Code: the profile requires it [profile.usage; Admissions 3, 4.1]
	// 3:70 PID-8: not a code of table 0001 [profile.table; Admissions 3]
	// 4:8 PV1-3: its condition holds, and it must then be sent [profile.usage; Admissions 3, 4.2]
}
