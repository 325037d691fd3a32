package xml_test

import (
	"fmt"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/xml"
)

func ExampleMarshal() {
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|PAS||||||ADT^A08^ADT_A01|1|P|2.4\rPID|||D1^^^RXQ\r"))
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := xml.Marshal(m)
	_, pid, _ := strings.Cut(string(data), "<PID>")
	fmt.Println("<PID>"+pid, err)
	// Output: <PID><PID.3><CX.1>D1</CX.1><CX.4><HD.1>RXQ</HD.1></CX.4></PID.3></PID></ADT_A01> <nil>
}

func ExampleUnmarshal() {
	m, err := xml.Unmarshal([]byte(`<ADT_A01 xmlns="urn:hl7-org:v2xml"><MSH><MSH.10>1</MSH.10></MSH><PID><PID.5><XPN.1><FN.1>Smith &amp; Sons</FN.1></XPN.1></PID.5></PID></ADT_A01>`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.ReplaceAll(string(m.Bytes()), "\r", "\n"))
	// Output:
	// MSH|^~\&||||||||1
	// PID|||||Smith \T\ Sons
}
