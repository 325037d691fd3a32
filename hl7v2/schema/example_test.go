package schema_test

import (
	"fmt"

	"github.com/nhskit/nhskit/hl7v2/schema"
)

func ExampleLookup() {
	v, ok := schema.Lookup("2.4")
	if !ok {
		return
	}
	pid, _ := v.Segment("PID")
	field, _ := pid.Field(3)
	fmt.Println(field.Name(), field.Type(), field.Usage(), field.Max())
	structure, _ := v.StructureOf("ADT", "A28")
	fmt.Println(structure)
	sex, _ := v.Table(1)
	fmt.Println(sex.Display("F"))
	// Output:
	// Patient Identifier List CX R 0
	// ADT_A05
	// Female true
}
