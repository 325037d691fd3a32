package rf2_test

import (
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed/rf2"
)

func TestFileNameGrammar(t *testing.T) {
	for _, c := range []struct {
		name string
		want rf2.FileName // the zero value: no data file
	}{
		{"sct2_Concept_Snapshot_INT_20260101.txt", rf2.FileName{Type: "sct", Format: "2", Content: "Concept", Release: "Snapshot", Country: "INT", Date: "20260101"}},
		{"zder2_cRefset_LanguageDelta-en-GB_GB1000000_20260101.txt", rf2.FileName{Status: "z", Type: "der", Format: "2", Content: "cRefset", Summary: "Language",
			Release: "Delta", Language: "en-GB", Country: "GB1000000", Date: "20260101"}},
		{"der2_Refset_FullListFull_1000001_20260101.txt", rf2.FileName{Type: "der", Format: "2", Content: "Refset", Summary: "FullList", Release: "Full", Country: "1000001", Date: "20260101"}},
		{"", rf2.FileName{}},
		{".txt", rf2.FileName{}},
		{"____.txt", rf2.FileName{}},
		{"sct2_Concept_Snapshot_INT_20260101", rf2.FileName{}},
		{"sct2_Concept_Snapshot_INT_20260101.zip", rf2.FileName{}},
		{"sct2_Concept_Snapshot_INT_2026010.txt", rf2.FileName{}},
		{"sct2_Concept_Snapshot_INT_2026010a.txt", rf2.FileName{}},
		{"sct2_Concept_Snapshot_INT_20260101_2.txt", rf2.FileName{}},
		{"sct2_Concept_Snapshot_20260101.txt", rf2.FileName{}},
		{"sct2_Concept_Snapshot__20260101.txt", rf2.FileName{}},
		{"sct2__Snapshot_INT_20260101.txt", rf2.FileName{}},
		{"sct2_Concept_Core_INT_20260101.txt", rf2.FileName{}},  // no release type
		{"sct1_Concepts_Core_INT_20120131.txt", rf2.FileName{}}, // release format 1
		{"doc_Index_Snapshot_INT_20260101.txt", rf2.FileName{}},
		{"ysct2_Concept_Snapshot_INT_20260101.txt", rf2.FileName{}},
		{"._sct2_Concept_Snapshot_INT_20260101.txt", rf2.FileName{}}, // beside a file on a Macintosh
	} {
		if got, ok := rf2.ParseFileName(c.name); got != c.want || ok != (c.want != rf2.FileName{}) {
			t.Errorf("%q: %+v, %v", c.name, got, ok)
		}
	}
}

// TestHeaders: what is wrong with a header is said, with the column.
func TestHeaders(t *testing.T) {
	const base = "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId"
	for _, c := range []struct {
		file, header string
		col          int // -1: it is right
		text         string
	}{
		{"der2_ccissRefset_XSnapshot_GB_20260101.txt", base + "\ta\tb\tc\td\te", -1, ""},
		{"der2_ccissRefset_XSnapshot_GB_20260101.txt", base + "\ta\tb\tc\td", 0, "has 4 columns behind the common six"},
		{"der2_ccissRefset_XSnapshot_GB_20260101.txt", base + "\ta\tb\t\td\te", 0, "column 9 has no name"},
		{"der2_cxRefset_XSnapshot_GB_20260101.txt", base + "\ta\tb", 0, "letters other than c, i and s"},
		{"der2_Refset_XSnapshot_GB_20260101.txt", "id\teffectiveTime\tactive\tmodule\trefsetId\treferencedComponentId", 4, "column 4 must be moduleId"},
		{"der2_Refset_XSnapshot_GB_20260101.txt", "id\teffectiveTime", 0, "column 3, active, is missing"},
		{"sct2_Concept_Snapshot_GB_20260101.txt", strings.TrimSuffix(conceptHeader, "\r\n") + "\tmore", 6, "column 6 is one too many"},
		{"sct2_Concept_Snapshot_GB_20260101.txt", strings.ToUpper(strings.TrimSuffix(conceptHeader, "\r\n")), 1, "column 1 must be id"},
		{"sct2_Surprise_Snapshot_GB_20260101.txt", "id", 0, "is not known: Surprise"},
	} {
		_, report := readText(t, c.file, c.header+"\r\n", rf2.Options{})
		if c.col < 0 {
			if len(report.Issues) > 0 {
				t.Errorf("%q: %v", c.header, report.Issues)
			}
			continue
		}
		if len(report.Issues) != 1 {
			t.Fatalf("%q: %v", c.header, report.Issues)
		}
		if is := report.Issues[0]; is.Code != rf2.CodeHeader || is.Line != 1 || is.Col != c.col || !strings.Contains(is.Err.Error(), c.text) {
			t.Errorf("%q: %v", c.header, &is)
		}
	}
}
