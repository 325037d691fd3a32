package rf2_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// TestDescriptorsFit reads the descriptors of a release and compares every
// file with them, those of shapes that no specification names included.
func TestDescriptorsFit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r")
	if err := snomedtest.Generate(dir, snomedtest.Options{Seed: 5, Release: snomedtest.Full}); err != nil {
		t.Fatal(err)
	}
	r, err := rf2.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var d rf2.Descriptors
	if _, err := r.Read(context.Background(), rf2.Options{}, r.Files(), d.Start); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	described := map[string]bool{} // patterns
	if _, err := r.Read(context.Background(), rf2.Options{}, r.Files(), func(f *rf2.File) rf2.Handler {
		if f.Kind != rf2.Refset {
			return nil
		}
		return func(row *rf2.Row) error {
			mu.Lock()
			defer mu.Unlock()
			if is := d.Check(row.SCTID(4), row.Layout); is != nil {
				t.Errorf("%s: %v", f.Path, is)
			}
			if len(d.Of(row.SCTID(4))) > 0 {
				described[f.Name.Content] = true
			}
			return nil
		}
	}); err != nil {
		t.Fatal(err)
	}
	if len(described) < 7 || !described["ccissRefset"] {
		t.Errorf("described: %v", described)
	}
}

// descriptors reads rows of a descriptor file: member, time, active, reference
// set, description, type and order.
func descriptors(t testing.TB, rows ...string) *rf2.Descriptors {
	t.Helper()
	text := "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tattributeDescription\tattributeType\tattributeOrder\r\n"
	for _, r := range rows {
		f := strings.Fields(r)
		text += fmt.Sprintf("00000000-0000-5000-8000-%012s\t%s\t%s\t900000000000012004\t900000000000456007\t%s\t%s\t%s\t%s\r\n", f[0], f[1], f[2], f[3], f[4], f[5], f[6])
	}
	r, err := rf2.OpenFS(fstest.MapFS{"der2_cciRefset_RefsetDescriptorFull_INT_20260101.txt": {Data: []byte(text)}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	var d rf2.Descriptors
	if report, err := r.Read(context.Background(), rf2.Options{}, r.Files(), d.Start); err != nil || len(report.Issues) > 0 {
		t.Fatal(err, report.Issues)
	}
	return &d
}

func TestDescriptorsCheck(t *testing.T) {
	const set, component, text, integer = "900000000000497000", "900000000000461009", "900000000000465000", "900000000000476001"
	row := func(id int, order, kind string) string {
		return fmt.Sprintf("%d 20260101 1 %s 900000000000457003 %s %s", id, set, kind, order)
	}
	const base = "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId"
	layout, err := rf2.ResolveLayout(rf2.FileName{Content: "sicRefset"}, base+"\ta\tb\tc")
	if err != nil {
		t.Fatal(err)
	}
	good := []string{row(1, "0", component), row(4, "3", component), row(2, "1", text), row(3, "2", integer)}
	for _, c := range []struct {
		name string
		rows []string
		col  int // 0: it fits
		text string
	}{
		{"none", nil, 0, ""},
		{"all", good, 0, ""},
		{"of a type that is not known", append(good[:3:3], row(3, "2", "138875005")), 0, ""},
		{"the last missing", []string{good[0], good[2], good[3]}, 9, "has 2 attributes, the file 3 columns"},
		{"one in the middle missing", []string{good[0], good[1], good[2]}, 8, "no attribute 2, or two"},
		{"one twice", append(good[:4:4], row(5, "2", integer)), 9, "no attribute 3, or two"},
		{"one too many", append(good[:4:4], row(5, "4", integer)), 10, "has 4 attributes, the file 3 columns"},
		{"another type", append(good[:3:3], row(3, "2", text)), 8, `type 900000000000465000 for column b, the file has 'i'`},
		{"an order out of all bounds", append(good[:4:4], row(5, "999999999999999999", integer)), 10, "no attribute 4"},
		{"taken back", append(good[:4:4], row(5, "4", integer), "5 20260201 0 "+set+" 900000000000457003 "+integer+" 4"), 0, ""},
		{"changed later, written before", append([]string{"3 20260201 1 " + set + " 900000000000457003 " + integer + " 2"}, append(good[:3:3], row(3, "2", text))...), 0, ""},
	} {
		is := descriptors(t, c.rows...).Check(900000000000497000, &layout)
		if c.col == 0 {
			if is != nil {
				t.Errorf("%s: %v", c.name, is)
			}
			continue
		}
		if is == nil || is.Code != rf2.CodeDescriptor || is.Severity != rf2.Warning || is.Col != c.col || !strings.Contains(is.Error(), c.text) {
			t.Errorf("%s: %v, want column %d, %s", c.name, is, c.col, c.text)
		}
	}
}

// TestOtherShape: a reference set with columns of the same types in a file of the
// same name is no descriptor.
func TestOtherShape(t *testing.T) {
	text := "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tfirst\tsecond\tthird\r\n" +
		"00000000-0000-5000-8000-000000000001\t20260101\t1\t900000000000012004\t900000000000456007\t900000000000497000\t449608002\t900000000000461009\t0\r\n"
	r, err := rf2.OpenFS(fstest.MapFS{"der2_cciRefset_RefsetDescriptorSnapshot_INT_20260101.txt": {Data: []byte(text)}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	var d rf2.Descriptors
	report, err := r.Read(context.Background(), rf2.Options{}, r.Files(), d.Start)
	if of := d.Of(900000000000497000); err != nil || report.Rows != 1 || len(of) != 0 {
		t.Errorf("%v, %+v, %v", of, report, err)
	}
}

// TestAttributeTypes: the types that the check knows are identifiers.
func TestAttributeTypes(t *testing.T) {
	for _, id := range []sctid.ID{900000000000460005, 900000000000461009, 900000000000462002, 900000000000463007, 900000000000465000, 900000000000466004,
		900000000000474003, 900000000000475002, 900000000000476001, 900000000000477005, 900000000000478000} {
		if !id.Valid() || id.Kind() != sctid.Concept {
			t.Errorf("%d is no concept identifier", id)
		}
	}
}

func ExampleDescriptors() {
	dir := fstest.MapFS{"der2_cciRefset_RefsetDescriptorSnapshot_GB_20260101.txt": {Data: []byte(
		"id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tattributeDescription\tattributeType\tattributeOrder\r\n" +
			"00000000-0000-5000-8000-000000000001\t20260101\t1\t900000000000012004\t900000000000456007\t900000000000497000\t449608002\t900000000000461009\t0\r\n" +
			"00000000-0000-5000-8000-000000000002\t20260101\t1\t900000000000012004\t900000000000456007\t900000000000497000\t900000000000505001\t900000000000465000\t1\r\n")}}
	r, err := rf2.OpenFS(dir, "release")
	if err != nil {
		panic(err)
	}
	var d rf2.Descriptors
	if _, err := r.Read(context.Background(), rf2.Options{}, r.Files(), d.Start); err != nil {
		panic(err)
	}
	for _, a := range d.Of(900000000000497000) {
		fmt.Println(a.Order, a.Description, a.Type)
	}
	// Output:
	// 0 449608002 900000000000461009
	// 1 900000000000505001 900000000000465000
}
