package dmdtest_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
)

// TestTraps finds every oddity that the package promises in a small release.
func TestTraps(t *testing.T) {
	files, err := dmdtest.New(0.01, 1).Files()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for name, data := range files {
		kind := name[strings.LastIndex(name, "f_")+2:]
		all[kind[:strings.IndexAny(kind, "0123456789")]] = string(data)
	}
	has := func(file, text string) bool { return strings.Contains(all[file], text) }
	long, short := false, false
	for k := range 20 {
		id := dmdtest.ID(dmd.VMP, k)
		if !id.Valid() || id.Namespace() != dmdtest.Namespace {
			t.Errorf("%s is not of the namespace", id)
		}
		long = long || id > 1<<53
		short = short || id < 1<<53
	}
	for name, ok := range map[string]bool{
		"byte order mark":                  strings.HasPrefix(all["lookup"], "\ufeff"),
		"look-up file on few lines":        strings.Count(all["lookup"], "\n") < 4,
		"list that nobody knows":           has("lookup", "<LIST_OF_A_LATER_YEAR>"),
		"status that nobody knows":         has("vmp", "<PRES_STATCD>0042</PRES_STATCD>"),
		"CDATA":                            has("vmp", "<![CDATA["),
		"entities":                         has("amp", "&amp;"),
		"free order":                       strings.Index(all["vmp"], "<NM>") != strings.LastIndex(all["vmp"], "<NM>") && fieldFirst(all["vmp"], "VMP", "NM"),
		"flags as 1":                       has("amp", "<INVALID>1</INVALID>") || has("amp", "<PARALLEL_IMPORT>1</PARALLEL_IMPORT>"),
		"flags as 0001":                    has("amp", "<PARALLEL_IMPORT>0001</PARALLEL_IMPORT>"),
		"reinstated":                       has("ampp", "<DISCCD>0000</DISCCD>"),
		"empty bar code":                   has("gtin", "<GTIN></GTIN>"),
		"repeated sequence":                strings.Contains(strings.Join(strings.Fields(all["gtin"]), ""), "</ENDDT><GTIN>"),
		"strength with decimals":           has("vmp", "<STRNT_NMRTR_VAL>0.") || has("vmp", "<STRNT_NMRTR_VAL>12.5<"),
		"combination packs":                has("vmpp", "<PRNTVPPID>") && has("ampp", "<PRNTAPPID>"),
		"29 ingredients":                   strings.Count(all["vmp"], "<VPID>"+dmdtest.ID(dmd.VMP, 2).String()+"</VPID>") >= 29,
		"replaced identifiers":             has("vmp", "<VPIDPREV>") && has("vtm", "<VTMIDPREV>") && has("lookup", "<CDPREV>"),
		"identifiers above and below 2^53": long && short,
	} {
		if !ok {
			t.Errorf("no %s", name)
		}
	}
}

// fieldFirst reports whether some record begins with a field.
func fieldFirst(doc, record, tag string) bool {
	return strings.Contains(strings.Join(strings.Fields(doc), ""), "<"+record+"><"+tag+">")
}

func TestSameBytes(t *testing.T) {
	a, err := dmdtest.New(0.001, 7).Files()
	if err != nil {
		t.Fatal(err)
	}
	b, _ := dmdtest.New(0.001, 7).Files()
	if !maps.EqualFunc(a, b, bytes.Equal) {
		t.Error("the same configuration gives other bytes")
	}
	c, _ := dmdtest.New(0.001, 8).Files()
	if maps.EqualFunc(a, c, bytes.Equal) {
		t.Error("another seed gives the same bytes")
	}
}

// TestSizes reads releases of several sizes, down to the smallest.
func TestSizes(t *testing.T) {
	for _, packs := range []int{1, 20, 300, 3000} {
		c := dmdtest.New(0, 5)
		c.AMPPs = packs
		for _, faults := range []bool{false, true} {
			c.Faults = faults
			files, err := c.Files()
			if err != nil {
				t.Fatal(err)
			}
			fsys := make(fstest.MapFS)
			for name, data := range files {
				fsys[name] = &fstest.MapFile{Data: data}
			}
			rel, err := dmd.ReleaseFS(fsys)
			if err != nil {
				t.Fatal(err)
			}
			s, report, err := dmd.Build(context.Background(), rel)
			if err != nil {
				t.Fatal(err)
			}
			if s.Count(dmd.TableAMPP) != packs || (len(report.Issues) > 0) != faults {
				t.Errorf("%d packs, faults %v: %d packs, %v", packs, faults, s.Count(dmd.TableAMPP), report.Issues)
			}
		}
	}
}

func ExampleConfig_Files() {
	files, err := dmdtest.New(0.001, 1).Files()
	if err != nil {
		panic(err)
	}
	names := slices.Sorted(maps.Keys(files))
	fmt.Println(len(names), names[len(names)-1])
	// Output: 11 f_vtm2_3021126.xml
}
