package hl7v2_test

import (
	"fmt"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
)

func ExampleMessage_Repaired() {
	// Line feeds, a Windows path, and an ampersand that separates nothing.
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|LAB|RXX|||20260714||ORU^R01|1|P|2.4\n" +
		"OBX|1|TX|1^Note||Scanned to C:\\TEMP by R&D||||||F\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fixed, changes, err := m.Repaired(hl7v2.RepairTerminators | hl7v2.RepairEscapes | hl7v2.RepairTextDelimiters)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range changes {
		fmt.Printf("%s at byte %d, %s: %v\n", c.Path, c.Offset, c.Code, c.Err)
	}
	fmt.Println(strings.ReplaceAll(string(fixed.Bytes()), "\r", "\n"))
	v, _ := fixed.Get("OBX-5")
	fmt.Println(v.Text())
	// Output:
	// MSH at byte 44, hl7v2.repaired.terminators: what stood between, before or behind segments became one CR, or nothing
	// OBX at byte 94, hl7v2.repaired.terminators: what stood between, before or behind segments became one CR, or nothing
	// OBX-5.1.1 at byte 85, hl7v2.repaired.text-delimiters: a delimiter in text was escaped
	// OBX-5 at byte 75, hl7v2.repaired.escapes: a lone escape character was escaped
	// MSH|^~\&|LAB|RXX|||20260714||ORU^R01|1|P|2.4
	// OBX|1|TX|1^Note||Scanned to C:\E\TEMP by R\T\D||||||F
	//
	// Scanned to C:\TEMP by R&D
}
