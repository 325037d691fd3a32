package schema_test

import (
	"fmt"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
)

func ExampleVersion_View() {
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|LIMS|RXX|EPR|RXX|20260714||ORU^R01^ORU_R01|1|P|2.5.1\r" +
		"PID|||RXX42^^^RXX^MR~9990042101^^^NHS^NH||THISTLEWOOD^EDNA||19411109|F\r" +
		"OBR|1||F1|26604007^Full blood count^SCT\r" +
		"OBX|1|NM|1022431000000105^Haemoglobin^SCT||120|g/L|115-165\r" +
		"NTE|1|L|Slightly haemolysed\r" +
		"OBX|2|SN|1022541000000102^White cell count^SCT||<^0.1|10*9/L\r"))
	if err != nil {
		fmt.Println(err)
		return
	}
	v, _ := schema.VersionOf(m)
	message, _ := v.Group(m, schema.Keep)

	pid := v.View(m.Segment("PID", 1))
	if ids, ok := pid.Named("Patient Identifier List"); ok {
		for id := range schema.Each[hl7v2.CX](ids) {
			fmt.Println(id.Type.Value(), id.ID.Value(), "of", id.Authority.Namespace.Value())
		}
	}
	for observation := range message.Root().All("OBSERVATION") {
		obx := observation.View("OBX")
		code, _ := schema.Read[hl7v2.CWE](obx.Field(3))
		result := obx.Field(5) // whose type OBX-2 names
		switch result.Type() {
		case "NM":
			n, _ := result.Number()
			fmt.Println(code.Text.Value(), n)
		case "SN":
			sn, _ := schema.Read[hl7v2.SN](result)
			fmt.Println(code.Text.Value(), sn.Comparator.Value(), sn.First.Value())
		}
		for nte := range observation.Views("NTE") {
			comment, _ := nte.Named("Comment")
			fmt.Println("  ", comment.Text())
		}
	}
	// Output:
	// MR RXX42 of RXX
	// NH 9990042101 of NHS
	// Haemoglobin 120
	//    Slightly haemolysed
	// White cell count < 0.1
}
