package optout_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nhskit/nhskit/consent/optout"
	"github.com/nhskit/nhskit/nhsnumber"
)

func number(s string) nhsnumber.Number {
	n, err := nhsnumber.Parse(s)
	if err != nil {
		panic(err)
	}
	return n
}

func ExampleClean() {
	asOf := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	set, err := optout.Build(slices.Values([]nhsnumber.Number{number("9990000034")}), optout.Meta{AsOf: asOf})
	if err != nil {
		panic(err)
	}
	in := "id,nhs_number\n1,9990000018\n2,9990000034\n3,unknown\n"
	var out strings.Builder
	report, err := optout.Clean(context.Background(), strings.NewReader(in), &out, set, optout.Options{
		Column: "nhs_number", MaxAge: 7 * 24 * time.Hour, At: asOf.Add(24 * time.Hour),
	})
	fmt.Print(out.String())
	fmt.Println(report.Rows, "rows:", report.Kept, "kept,", report.Removed, "removed,", report.Rejected, "rejected", err)
	// Output:
	// id,nhs_number
	// 1,9990000018
	// 3 rows: 1 kept, 1 removed, 1 rejected <nil>
}

func ExampleSet_AppendHas() {
	asOf := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	set, err := optout.Build(slices.Values([]nhsnumber.Number{number("9990000034")}), optout.Meta{AsOf: asOf})
	if err != nil {
		panic(err)
	}
	cohort := []nhsnumber.Number{number("9990000018"), number("9990000034"), number("9990000026")}
	fmt.Println(set.AppendHas(nil, cohort))
	// Output: [false true false]
}

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "optout")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	asOf := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	set, err := optout.Build(slices.Values([]nhsnumber.Number{number("9990000034")}), optout.Meta{Form: optout.Compact, AsOf: asOf, Version: "2026-03-01"})
	if err != nil {
		panic(err)
	}
	f, err := os.Create(filepath.Join(dir, "optouts.bin"))
	if err != nil {
		panic(err)
	}
	set.WriteTo(f)
	f.Close()

	set, err = optout.Open(f.Name())
	if err != nil {
		panic(err)
	}
	fmt.Println(set.Len(), set.Meta().Version, set.Has(number("9990000034")), set.Has(number("9990000018")))
	// Output: 1 2026-03-01 true false
}

func ExampleParse() {
	set, err := optout.Build(slices.Values([]nhsnumber.Number{number("9990000034")}), optout.Meta{AsOf: time.Unix(0, 0)})
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	set.WriteTo(&b)
	data := b.Bytes()
	data[len(data)/2] ^= 1
	_, err = optout.Parse(data)
	fmt.Println(err)
	// Output: optout: not an intact set: the checksum
}

func ExampleMatch() {
	request, _ := optout.ReadRequest([]byte("9990000018,\n9990000034,\n"), optout.ReadOptions{})
	checked, issues := optout.Match(request, []byte("9990000018,\n"))
	fmt.Println(len(checked.Clear), "clear,", len(checked.OptedOut), "opted out,", len(checked.Unknown), "unknown", issues)
	checked, issues = optout.Match(request, nil)
	fmt.Println(len(checked.Clear), "clear,", len(checked.OptedOut), "opted out,", len(checked.Unknown), "unknown", issues[0].Code)
	// Output:
	// 1 clear, 1 opted out, 0 unknown []
	// 0 clear, 0 opted out, 2 unknown EMPTY_RESPONSE
}
