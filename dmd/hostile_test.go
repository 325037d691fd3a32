package dmd

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// hostileDocuments are documents that have n faults of one kind in them.
func hostileDocuments() map[string]func(n int) string {
	inRecord := func(fault string) func(int) string {
		return func(n int) string { return vmp("<NM>A</NM>" + strings.Repeat(fault, n)) }
	}
	records := func(record string) func(int) string {
		return func(n int) string {
			return "<INGREDIENT_SUBSTANCES>" + strings.Repeat(record, n) + "</INGREDIENT_SUBSTANCES>"
		}
	}
	return map[string]func(n int) string{
		"unknown fields":     inRecord("<X/>"),
		"repeated fields":    inRecord("<NM>B</NM>"),
		"text in a record":   inRecord("x<!---->"),
		"attributes":         inRecord(`<NM a="1"/>`),
		"unknown entities":   func(n int) string { return vmp("<NM>" + strings.Repeat("&x;", n) + "</NM>") },
		"elements in fields": func(n int) string { return vmp("<NM>" + strings.Repeat("<b/>", n) + "</NM>") },
		"missing fields":     records("<ING><ISID>387516008</ISID></ING>"),
		"bad values":         records("<ING><ISID>387516008</ISID><INVALID>x</INVALID><NM>x</NM></ING>"),
		"long values":        records("<ING><ISID>387516008</ISID><NM>" + strings.Repeat("y", 300) + "</NM></ING>"),
		"no dates":           records("<ING><ISID>387516008</ISID><ISIDDT>2019-02-29</ISIDDT><NM>x</NM></ING>"),
		"not UTF-8":          records("<ING><ISID>387516008</ISID><NM>x\xe9</NM></ING>"),
		"text between":       records("x<ING><ISID>387516008</ISID><NM>x</NM></ING>"),
		"further roots":      func(n int) string { return "<LOOKUP></LOOKUP>" + strings.Repeat("<X></X>", n) },
		"unknown elements":   records("<X></X>"),
		"bar codes": func(n int) string {
			return "<GTIN_DETAILS><AMPPS>" + strings.Repeat("<AMPP><AMPPID>37365911000001107</AMPPID><GTINDATA><GTIN>5012617019845</GTIN><STARTDT>2015-06-01</STARTDT></GTINDATA></AMPP>", n) + "</AMPPS></GTIN_DETAILS>"
		},
		"packs without bar codes": func(n int) string {
			return "<GTIN_DETAILS><AMPPS>" + strings.Repeat("<AMPP><AMPPID>37365911000001107</AMPPID></AMPP>", n) + "</AMPPS></GTIN_DETAILS>"
		},
	}
}

// TestFindingsPastTheCap: a fault that is counted but not listed costs no
// allocation: no path, no place and no text is made for it.
func TestFindingsPastTheCap(t *testing.T) {
	for name, document := range hostileDocuments() {
		t.Run(name, func(t *testing.T) {
			few, many := document(2000), document(6000)
			cost := func(doc string) float64 {
				least := math.Inf(1) // the run-time system allocates at times, too
				for range 5 {
					least = min(least, testing.AllocsPerRun(1, func() {
						s := NewScanner(strings.NewReader(doc), "")
						for s.Next() {
						}
					}))
				}
				return least
			}
			a, b := cost(few), cost(many)
			// Replacing wrong bytes gives a new text for each record.
			perFault := 0.1
			if name == "not UTF-8" {
				perFault = 1.1
			}
			if b-a > perFault*4000 {
				t.Errorf("4000 more faults cost %v allocations", b-a)
			}
			s := NewScanner(strings.NewReader(many), "")
			for s.Next() {
			}
			is := s.Issues()
			if last := is[len(is)-1]; last.Code != CodeCapped || len(is) > 2*(maxIssues+1) {
				t.Errorf("%d findings, the last %v", len(is), last)
			}
		})
	}
}

// TestFindingsPlace: a wrong value is found where it stands, and not where the
// same text stands before it.
func TestFindingsPlace(t *testing.T) {
	doc := vmp("<NM>12345</NM><NMCHANGECD>12345</NMCHANGECD>")
	s := NewScanner(strings.NewReader(doc), "")
	scanned(s)
	want := int64(strings.Index(doc, "12345</NMCHANGECD>"))
	if is := s.Issues(); len(is) != 1 || is[0].Offset != want {
		t.Errorf("%v, want offset %d", is, want)
	}
}

// TestUnknownFields: a record keeps unknown fields up to the limit, in each of
// the ways that a record is read.
func TestUnknownFields(t *testing.T) {
	gtin := "<GTIN_DETAILS><AMPPS><AMPP><AMPPID>37365911000001107</AMPPID><GTINDATA><GTIN>5012617019844</GTIN>%s<STARTDT>2015-06-01</STARTDT></GTINDATA></AMPP></AMPPS></GTIN_DETAILS>"
	for name, doc := range map[string]string{"fields": vmp("<NM>A</NM>%s"), "bar codes": gtin} {
		for limit, want := range map[int]int{0: 1000, 5: 5, -1: 1500} {
			s := NewScanner(strings.NewReader(fmt.Sprintf(doc, strings.Repeat("<X>1</X>", 1500))), "", WithLimits(Limits{Unknown: limit}))
			kept, capped := 0, false
			for s.Next() {
				for tag := range s.Record().Fields() {
					if tag == "X" {
						kept++
					}
				}
			}
			for _, i := range s.Issues() {
				capped = capped || i.Code == CodeLimit
			}
			if kept != want || capped != (limit >= 0) {
				t.Errorf("%s, limit %d: %d kept, reported %v", name, limit, kept, capped)
			}
		}
	}
}

// TestUnknownFieldsEncoding: bytes that are not UTF-8 are replaced in fields that
// the schema does not know too.
func TestUnknownFieldsEncoding(t *testing.T) {
	s := NewScanner(strings.NewReader(vmp("<NM>A</NM><X>caf\xe9</X>")), "")
	for s.Next() {
		if v, _ := s.Record().Get("X"); v != "caf\ufffd" {
			t.Errorf("%q", v)
		}
	}
}

// TestControlCharacters: characters that XML does not allow are replaced in text,
// also in fields that the schema does not know, and found where they are.
func TestControlCharacters(t *testing.T) {
	for _, doc := range []string{vmp("<NM>a\x00b\tc</NM>"), vmp("<NM>A</NM><X>a\x00b\tc</X>"), vmp("<NM>A</NM><X>a\x1fb\tc</X>")} {
		s := NewScanner(strings.NewReader(doc), "")
		if got := strings.Join(scanned(s), ""); !strings.Contains(got, `="a\ufffdb\tc"`) && !strings.Contains(got, `="a`+"\ufffd"+`b\tc"`) {
			t.Errorf("%q: %s", doc, got)
		}
		place := -1
		for _, i := range s.Issues() {
			if i.Code == CodeEncoding {
				place = int(i.Offset)
			}
		}
		if place != strings.Index(doc, ">a")+1 {
			t.Errorf("%q: found at %d", doc, place)
		}
	}
}

// slowReader gives a few bytes at a time and counts what it has given.
type slowReader struct{ r *strings.Reader }

func (s slowReader) Read(b []byte) (int, error) { return s.r.Read(b[:min(len(b), 100)]) }

// TestSlowReader: a long record from a reader that gives little at a time is read
// again only when the buffer has grown by much.
func TestSlowReader(t *testing.T) {
	doc := vmp("<NM>" + strings.Repeat("&x;", 200_000) + "</NM>")
	s := NewScanner(slowReader{strings.NewReader(doc)}, "")
	fills := 0
	for {
		s.start()
		before := len(s.buf)
		if s.fill(); s.eof {
			break
		}
		fills++
		if grown := len(s.buf) - before; grown < chunkSize/4 {
			t.Fatalf("fill %d adds %d bytes", fills, grown)
		}
	}
}
