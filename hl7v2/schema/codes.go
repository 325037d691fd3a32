package schema

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
)

// code checks an innermost value by the table of its element.
func (c *checker) code(r run, isID bool, e *elementRow) {
	if c.v.Code == nil && e.table == 0 {
		return // nobody knows the table
	}
	if c.state(r, 0) != hl7v2.Present {
		return
	}
	text := c.textOf(r)
	t := &c.plan.tables[e.table]
	found, ok := 0, false
	if e.table != 0 {
		found, ok = c.plan.code(t, packed(text), text)
	}
	if c.v.Code != nil {
		var code string
		if ok {
			code = c.plan.f.codes.str(found, 0)
		} else {
			code = string(text)
		}
		if valid, known := c.v.Code(int(e.number), code); known {
			if !valid {
				c.foundIn(hl7v2.Error, CodeTable, tableClause(int(e.number)), "not a code of table %04d", e.number)
			}
			return
		}
	}
	if ok || e.table == 0 {
		return
	}
	c.unlisted(string(text), isID, Table{c.plan.f, int(t.row)})
}

// ofOtherSystem reports whether the third part of a coded element, which is at
// the place, names another coding system than the table of the element. HL7's
// own tables are HL7 and the number; without a name it is the element's.
func (c *checker) ofOtherSystem(r run, marks []hl7v2.Mark, kind hl7v2.MarkKind, e *elementRow) bool {
	for range 2 {
		k := next(marks, kind)
		if k == len(marks) {
			return false
		}
		r.start, marks = marks[k].Offset()+1, marks[k+1:]
	}
	k := next(marks, kind)
	if k < len(marks) {
		r.end = marks[k].Offset()
	}
	r = leaf(r, marks[:k])
	if c.state(r, 0) != hl7v2.Present {
		return false
	}
	system := c.textOf(r)
	number, ok := bytes.CutPrefix(system, []byte("HL7"))
	if !ok {
		return len(system) > 0
	}
	return isDigits(number) && strings.TrimLeft(string(number), "0") != strconv.Itoa(int(e.number))
}

// textOf returns the text of a part, with its character set and escape
// sequences read and its delimiters kept. It holds until it is asked again.
func (c *checker) textOf(r run) []byte {
	raw := c.data[r.start:r.end]
	if c.isPlain(raw) || c.field <= 2 && c.segment.Index() == 0 { // which declares the escape character
		return raw
	}
	return c.m.AppendText(c.text[:0], r.start, r.end)
}

// isPlain reports whether bytes are the text that they stand for.
func (c *checker) isPlain(raw []byte) bool {
	if c.encoded {
		return false
	}
	for _, b := range raw {
		if b >= 0x80 || b == c.escape && b != 0 {
			return false
		}
	}
	return true
}

func tableClause(number int) string { return fmt.Sprintf("table %04d", number) }

// unlisted reports a code that a table does not list, if it may not stand
// there all the same.
func (c *checker) unlisted(code string, isID bool, t Table) {
	// HL7's own tables are closed for ID; all others are for users to extend.
	severity, number := hl7v2.Warning, t.Number()
	switch {
	case number == codingSystems:
		if isCodingSystem(code) {
			return
		}
	case number == versionIDs && code == c.version.name:
		return // tables of some versions, such as 2.6, do not list their own
	case number == mediaTypes || number == mediaSubtypes:
		// Registered outside HL7: senders use what the registry has.
	case isID:
		severity = hl7v2.Error
	}
	if later := c.version.later(number, code); later != "" {
		c.foundIn(hl7v2.Warning, CodeTable, tableClause(number), "a code of table %04d, %s, only from version %s on", number, t.Name(), later)
		return
	}
	c.foundIn(severity, CodeTable, tableClause(number), "not a code of table %04d, %s", number, t.Name())
}

// later returns the first later version whose table has a code: senders adopt
// codes before their time, as the UK does with UNICODE UTF-8.
func (v Version) later(number int, code string) string {
	for i, name := range names {
		if name <= v.name {
			continue
		}
		t, ok := Version{name, opened(i)}.Table(number)
		if !ok {
			continue
		}
		if _, ok := t.Display(code); ok {
			return name
		}
	}
	return ""
}

// codingSystems is table 0396. HL7 registers coding systems in it between
// versions, so that a message may name a later one, and has patterns for local
// ones.
const codingSystems = 396

// versionIDs is table 0104, of MSH-12.
const versionIDs = 104

// mediaTypes and mediaSubtypes are tables 0191 and 0291, which take their
// values from the registry of MIME types.
const (
	mediaTypes    = 191
	mediaSubtypes = 291
)

// isCodingSystem reports whether a code of table 0396 is registered in the
// latest version, or is a local one.
func isCodingSystem(code string) bool {
	switch code {
	case "L", "SCT", "SCT2", "UCUM", "ICD10", "I10", "OPCS4", "RC", "RC2", "RCV2", "CTV3":
		// QUIRK: UK senders name OPCS-4, ICD-10 and the Read codes so.
		return true
	}
	if len(code) > 2 && code[:2] == "99" { // 99zzz: a sender's own
		return true
	}
	// Patterns with a number: of a table of HL7, of ISO and so on.
	for _, prefix := range [...]string{"HL7", "ISO", "IBT", "X12DE", "X12De"} {
		if number, ok := strings.CutPrefix(code, prefix); ok && isDigits([]byte(number)) {
			return true
		}
	}
	if number, ok := strings.CutPrefix(code, "NCPDP"); ok && len(number) >= 4 && isDigits([]byte(number[:4])) {
		return true
	}
	latest := Version{names[len(names)-1], opened(len(names) - 1)}
	t, ok := latest.Table(codingSystems)
	if !ok {
		return false
	}
	_, ok = t.Display(code)
	return ok
}
