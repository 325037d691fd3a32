package uk_test

import (
	"fmt"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/uk"
)

const update = `MSH|^~\&|PAS|RXQ|ROUTE|ROUTE|20260714093105||ADT^A31^ADT_A05|1|P|2.4|||AL|NE|GBR|UNICODE UTF-8|EN||iTKv1.0` + "\r" +
	"EVN||20260714093000\r" +
	"PID|1||D0048213^^^RXQ^MR~999 004 2101^^^NHS||THISTLEWOOD^EDNA||19411109|2||||||||W||||||A||||||||||NSTS01\r" +
	"PD1|||TANNERY LANE SURGERY^^Y99417|G9900418^Okafor^Chidi^^^Dr^^^GMP\r" +
	"PV1|1|N\r"

func ExamplePatientOf() {
	m, err := hl7v2.Parse([]byte(update))
	if err != nil {
		return
	}
	p := uk.PatientOf(m)
	id, state := p.NHSNumber()
	fmt.Println(state, id.Number, id.At.Path())
	fmt.Println(id.Number.Display()) // shows the digits
	fmt.Println(p.TraceStatus().Status.Display())
	for id := range p.Local() {
		fmt.Println(id.Authority(), id.Value().Text())
	}
	// Output:
	// valid *** *** **** PID-3[2]
	// 999 004 2101
	// Number present and verified
	// RXQ D0048213
}

func ExampleValidator() {
	m, err := hl7v2.Parse([]byte(update))
	if err != nil {
		return
	}
	v := uk.Validator()
	for _, issue := range v.Validate(m) {
		fmt.Println(issue.Severity, issue.Code, issue.Path)
	}
	// Output:
	// warning uk.number-spelling PID-3[2].1
	// warning uk.identifier-type-missing PID-3[2]
}

func ExampleMerges() {
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|PAS|RXQ|ROUTE|ROUTE|20260716100000||ADT^A40^ADT_A39|3|P|2.4\r" +
		"EVN||20260716095800\r" +
		"PID|1||9990042128^^^NHS^NH~D0051177^^^RXQ^MR||PELLOW^JAMES\r" +
		"MRG|D0019008^^^RXQ^MR\r"))
	if err != nil {
		return
	}
	for merge := range uk.Merges(m) {
		for _, id := range merge.Superseded {
			fmt.Println("goes away:", id.Authority(), id.Value().Text())
		}
		for id := range merge.Surviving.Local() {
			fmt.Println("survives:", id.Authority(), id.Value().Text())
		}
	}
	// Output:
	// goes away: RXQ D0019008
	// survives: RXQ D0051177
}

func ExampleLookupCode() {
	method, ok := uk.LookupCode("PV1-4", "11")
	fmt.Println(ok, method.Display)
	// Output: true Elective Admission: Waiting list
}
