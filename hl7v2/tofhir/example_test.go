package tofhir_test

import (
	"crypto/hmac"
	"crypto/sha256"
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

func ExampleWithCodeMap() {
	// This hospital sends 3 for people who are recorded as neither.
	conv, err := tofhir.New(tofhir.UK(), tofhir.WithCodeMap("AdministrativeSex", map[string]tofhir.Coding{"3": {Code: "other"}}))
	if err != nil {
		log.Fatal(err)
	}
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|PAS|RX1|TIE|RX1|20240715101500||ADT^A28^ADT_A05|M1|P|2.4\rPID|1||1^^^RX1^MR||EVANS^TOMOS|||3\r"))
	if err != nil {
		log.Fatal(err)
	}
	res, err := conv.Convert(m)
	if err != nil {
		log.Fatal(err)
	}
	_, gender, _ := strings.Cut(string(res.Bundle), `"gender":`)
	fmt.Println(gender[:7], len(res.Issues), "findings")
	// Output:
	// "other" 0 findings
}

func ExampleWithIDs() {
	key := []byte("from a key store") // so that no id can be worked out from a patient's number
	conv, err := tofhir.New(tofhir.WithIDs(func(resourceType string, name []byte) [16]byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(resourceType + "\x00"))
		mac.Write(name)
		return [16]byte(mac.Sum(nil))
	}))
	if err != nil {
		log.Fatal(err)
	}
	var ids []string
	for _, control := range []string{"M1", "M2"} { // two messages about one patient
		m, err := hl7v2.Parse([]byte("MSH|^~\\&|PAS|RX1|TIE|RX1|20240715101500||ADT^A28^ADT_A05|" + control + "|P|2.4\rPID|1||1^^^RX1^MR||EVANS^TOMOS\r"))
		if err != nil {
			log.Fatal(err)
		}
		res, err := conv.Convert(m)
		if err != nil {
			log.Fatal(err)
		}
		_, id, _ := strings.Cut(string(res.Bundle), `"resourceType":"Patient","id":"`)
		ids = append(ids, id[:36])
	}
	fmt.Println(ids[0] == ids[1], "version", ids[0][14:15])
	// Output:
	// true version 8
}
