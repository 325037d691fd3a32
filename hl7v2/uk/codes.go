package uk

import (
	_ "embed"
	"iter"
	"strconv"
	"strings"
	"sync"
)

//go:generate go run ./internal/gen -codesystems ../../../shared/corpora/fhir/ukcore/codesystems

// codes.txt has one block a code list ("list NAME" and lines of code, tab,
// meaning in byte order), then the fields with the lists they take ("field
// PV1-4 7 - NAME…": the HL7 table and a shape of further codes), then the
// fields of data types XON and XCN in any version of HL7 v2.
//
//go:embed codes.txt
var codesText string

const codeSystemPrefix = "https://fhir.hl7.org.uk/CodeSystem/"

// codeList is a code system: its name and lines.
type codeList struct{ name, lines string }

// codedField is a field in which UK senders use code lists of the NHS.
type codedField struct {
	path    string
	segment string
	number  int
	table   int
	shape   string // further codes: 9 a digit, * anything, - none
	lists   []codeList
}

// fieldTables is codes.txt, decoded.
type fieldTables struct {
	coded    []codedField
	xon, xcn []place
}

// place is a field of a segment.
type place struct {
	segment string
	field   int
}

func (p place) String() string { return p.segment + "-" + strconv.Itoa(p.field) }

// tables returns the fields with code lists, which the first call reads.
func tables() *fieldTables {
	shared.once.Do(func() { shared.tables = readTables() })
	return shared.tables
}

var shared struct {
	once   sync.Once
	tables *fieldTables
}

func readTables() *fieldTables {
	t := &fieldTables{}
	var lists []codeList
	text := codesText
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		kind, args, _ := strings.Cut(line, " ")
		switch kind {
		case "list":
			end := strings.Index(text, "\nlist ")
			if end < 0 {
				end = strings.Index(text, "\nfield ")
			}
			lists = append(lists, codeList{args, text[:end+1]})
			text = text[end+1:]
		case "field":
			f := strings.Fields(args)
			at := parsePlace(f[0])
			c := codedField{path: f[0], segment: at.segment, number: at.field, shape: f[2]}
			c.table, _ = strconv.Atoi(f[1])
			for _, name := range f[3:] {
				for _, l := range lists {
					if l.name == name {
						c.lists = append(c.lists, l)
					}
				}
			}
			t.coded = append(t.coded, c)
		case "XON", "XCN":
			var places []place
			for f := range strings.FieldsSeq(args) {
				places = append(places, parsePlace(f))
			}
			if kind == "XON" {
				t.xon = places
			} else {
				t.xcn = places
			}
		}
	}
	return t
}

func parsePlace(path string) place {
	segment, n, _ := strings.Cut(path, "-")
	field, _ := strconv.Atoi(n)
	return place{segment, field}
}

// Coding is a code of a list of the NHS, with its meaning.
type Coding struct {
	System  string // of UK Core, such as https://fhir.hl7.org.uk/CodeSystem/UKCore-AdmissionMethodEngland
	Code    string
	Display string
}

// Codes yields the codes that NHS senders use in a field, such as "PV1-4": of
// the lists of England first, then of Wales and Scotland. A code may have
// different meanings in different lists. Fields without a list yield none:
// the fields that have one are PID-8, PID-15, PID-16, PID-22, PV1-4, PV1-10,
// PV1-14, PV1-36, PV1-37 and NK1-3.
func Codes(field string) iter.Seq[Coding] {
	return func(yield func(Coding) bool) {
		for _, f := range tables().coded {
			if f.path != field {
				continue
			}
			for _, l := range f.lists {
				for line := range strings.Lines(l.lines) {
					code, display, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
					if !yield(Coding{codeSystemPrefix + l.name, code, display}) {
						return
					}
				}
			}
		}
	}
}

// LookupCode returns the meaning of a code in a field, such as "21" in
// "PV1-4", by the first list of [Codes] that has it. Languages (PID-15) are
// found in either case, as senders write EN.
func LookupCode(field, code string) (Coding, bool) {
	for _, f := range tables().coded {
		if f.path == field {
			return f.lookup(code)
		}
	}
	return Coding{}, false
}

func (f *codedField) lookup(code string) (Coding, bool) {
	if f.table == languages {
		code = strings.ToLower(code)
	}
	for _, l := range f.lists {
		if display, ok := l.display(code); ok {
			return Coding{codeSystemPrefix + l.name, code, display}, true
		}
	}
	return Coding{}, false
}

// languages is table 0296, primary language.
const languages = 296

// admits reports whether a code is in a list of the field or has the shape of
// a code of a list that is not published.
func (f *codedField) admits(code string) bool {
	if _, ok := f.lookup(code); ok {
		return true
	}
	if f.shape == "*" {
		return true
	}
	return len(code) == len(f.shape) && strings.Trim(f.shape, "9") == "" && allDigits(code)
}

func (l codeList) display(code string) (string, bool) {
	if code == "" {
		return "", false
	}
	for rest := l.lines; rest != ""; {
		line, after, _ := strings.Cut(rest, "\n")
		if strings.HasPrefix(line, code) && len(line) > len(code) && line[len(code)] == '\t' {
			return line[len(code)+1:], true
		}
		rest = after
	}
	return "", false
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return s != ""
}
