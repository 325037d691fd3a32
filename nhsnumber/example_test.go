package nhsnumber_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nhskit/nhskit/nhsnumber"
)

func ExampleParse() {
	n, err := nhsnumber.Parse("999-000-0018")
	fmt.Println(n, err) // what logs and panics show
	fmt.Println(n.Display(), n.Digits(), n.Region())

	_, err = nhsnumber.Parse("999 000 0019")
	fmt.Println(errors.Is(err, nhsnumber.ErrCheckDigit), err)
	// Output:
	// *** *** **** <nil>
	// 999 000 0018 9990000018 test-999
	// true nhsnumber: byte 11: check digit does not match; ISB 0149 requirement 11 wants a Modulus 11 check digit
}

func ExampleValid() {
	fmt.Println(nhsnumber.Valid("999 000 0018"), nhsnumber.Valid("999 000 0081"))
	// Output: true false
}

func ExampleExtract() {
	text := strings.NewReader("Tel 020 7946 0958, NHS no. 999-000-0018 (mother 9990000026).")
	for m, err := range nhsnumber.Extract(text) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.Start, m.End, m.Score, m.Number.Display())
	}
	// Output:
	// 27 39 100 999 000 0018
	// 48 58 90 999 000 0026
}

func ExampleRedact() {
	_, err := nhsnumber.Redact(os.Stdout, strings.NewReader("NHS no. 999 000 0018, ward 12\n"))
	fmt.Println(err)
	// Output:
	// NHS no. *** *** ****, ward 12
	// <nil>
}

func ExampleSuggest() {
	for _, s := range nhsnumber.Suggest("999 000 0081", 2) {
		fmt.Println(s.Number.Display(), s.Edit)
	}
	// Output:
	// 999 000 0018 adjacent swap
	// 999 000 1081 keypad slip
}

func ExampleNewGenerator() {
	g, err := nhsnumber.NewGenerator()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g.Len(), g.At(0).Display(), g.At(g.Len()-1).Display())
	// Output: 909091 999 000 0018 999 999 9999
}

func ExamplePseudonymiser() {
	key := bytes.Repeat([]byte{42}, 32) // yours comes from a key store
	p, err := nhsnumber.NewPseudonymiser("2026a", key, "falls-audit")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, _ := nhsnumber.Parse("9990000018")
	fmt.Println(p.Pseudonym(n)[:6], len(p.Pseudonym(n)), p.TestNumber(n).IsTest())
	// Output: 2026a. 58 true
}

func ExampleParseCX() {
	id, err := nhsnumber.ParseCX("999 000 0018^^^NHSNBR^NHSNMBR")
	if err != nil {
		fmt.Println(err)
		return
	}
	system, value, _ := id.FHIR()
	cx, _ := id.CX()
	fmt.Println(system, value)
	fmt.Println(cx)
	// Output:
	// https://fhir.nhs.uk/Id/nhs-number 9990000018
	// 9990000018^^^NHS^NH
}

func ExampleCHI_BirthDate() {
	chi, _ := nhsnumber.ParseCHI("0101332483")
	on := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	_, err := chi.BirthDate(on, nhsnumber.AgeBounds{})
	fmt.Println(len(chi.BirthDates()), err)
	d, _ := chi.BirthDate(on, nhsnumber.AgeBounds{Min: 16})
	fmt.Println(d.Format(time.DateOnly), chi.Sex())
	// Output:
	// 2 nhsnumber: byte 0: date part stands for more than one date
	// 1933-01-01 female
}

func ExampleColumn() {
	var c nhsnumber.Column
	c.Duplicates = true
	for _, v := range []string{"9990000018", "999 000 0018", "9990000019", ""} {
		c.Add(v)
	}
	counts := c.Counts()
	numbers, rows := c.Repeats()
	fmt.Println(counts.Rows, counts.Valid, counts.CheckDigit, counts.Empty, numbers, rows)
	// Output: 4 2 1 1 1 2
}

func ExampleNumber_Nine() {
	n, _ := nhsnumber.Parse("999 000 0018")
	check, ok := nhsnumber.CheckDigit(n.Nine())
	fmt.Println(n.Nine(), check, ok)

	_, ok = nhsnumber.CheckDigit(nhsnumber.Number{}.Nine()) // no number
	fmt.Println(ok)
	// Output:
	// 999000001 8 true
	// false
}
