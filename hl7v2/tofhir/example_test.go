package tofhir_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

func ExampleConverter_Convert() {
	conv, err := tofhir.New(tofhir.UK()) // make one and keep it
	if err != nil {
		log.Fatal(err)
	}
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|PAS|RX1|TIE|RX1|20240715101500||ADT^A03^ADT_A03|M1|P|2.4\r" +
		"EVN||20240715101000\r" +
		"PID|1||9990123489^^^NHS^NH||EVANS^TOMOS||19590704|1||||||||||||||||||||||||NSTS01\r" +
		"PV1|1|I||||||||300||||19||||||||||||||||||||||19||||||||20240710080000|20240715100000\r"))
	if err != nil {
		log.Fatal(err)
	}
	res, err := conv.Convert(m)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Count(string(res.Bundle), `"resourceType"`)-1, "resources")
	fmt.Println(res.Loss.Leaves, "values,", res.Loss.Mapped, "mapped")
	for _, l := range res.Loss.Items[:3] {
		fmt.Printf("%s: %s\n", l.Path, l.Reason)
	}
	// Output:
	// 9 resources
	// 28 values, 25 mapped
	// MSH-12: no row for the element
	// PID-1: no row for the element
	// PV1-1: no row for the element
}

func ExampleResult_Why() {
	conv, err := tofhir.New(tofhir.UK(), tofhir.Trace())
	if err != nil {
		log.Fatal(err)
	}
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|PAS|RX1|TIE|RX1|20240715101500||ADT^A28^ADT_A05|M1|P|2.4\rPID|1||1^^^RX1^MR||EVANS^TOMOS||195907041530\r"))
	if err != nil {
		log.Fatal(err)
	}
	res, err := conv.Convert(m)
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range res.Why("Patient.birthDate") {
		if o.Source == "" {
			o.Source = "a constant"
		}
		fmt.Println(o.Path, "from", o.Source, "by", o.Row)
	}
	// Output:
	// Patient.birthDate from PID-7 by segments/PID[Patient].csv#8
	// Patient.birthDate.extension[0].url from a constant by segments/PID[Patient].csv#9
	// Patient.birthDate.extension[0].valueDateTime from PID-7 by segments/PID[Patient].csv#10
}
