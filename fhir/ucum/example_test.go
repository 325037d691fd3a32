package ucum_test

import (
	"fmt"
	"math/big"

	"github.com/nhskit/nhskit/fhir/ucum"
)

func ExampleParse() {
	u, err := ucum.Parse("mmol/(8.h.kg)")
	fmt.Println(u.Name(), err)
	_, err = ucum.Parse("mg/mmHg")
	fmt.Println(err)
	// Output:
	// (millimole) / (8 * (hour) * (kilogram)) <nil>
	// ucum: column 4: unknown unit "mmHg"; did you mean "mm[Hg]"?
}

func ExampleConvert() {
	fever, _ := ucum.ParseDecimal("38.5")
	f, err := ucum.Convert(fever, ucum.MustParse("Cel"), ucum.MustParse("[degF]"))
	s, exact := ucum.FormatDecimal(f, 20)
	fmt.Println(s, exact, err)
	// Output:
	// 101.3 true <nil>
}

func ExampleCompare() {
	c, err := ucum.Compare(big.NewRat(1, 1), ucum.MustParse("g"), big.NewRat(1000, 1), ucum.MustParse("mg"))
	fmt.Println(c, err)
	_, err = ucum.Compare(big.NewRat(1, 1), ucum.MustParse("[IU]"), big.NewRat(1, 1), ucum.MustParse("[CFU]"))
	fmt.Println(err)
	// Output:
	// 0 <nil>
	// ucum: units are not commensurable
}

func ExampleDivide() {
	v, u, err := ucum.Divide(big.NewRat(1, 1), ucum.MustParse("kg"), big.NewRat(2, 1), ucum.MustParse("L"))
	fmt.Println(v.RatString(), u, err)
	// Output:
	// 500000 g.m-3 <nil>
}
