package dmd

import (
	"bytes"
	"errors"
	"strings"
)

// GTIN is a global trade item number, the bar code of a pack, in the form of 14
// digits. The zero value is "no number".
type GTIN uint64

var (
	errGTINLength = errors.New("not a bar code of 8, 12, 13 or 14 digits")
	errGTINCheck  = errors.New("the check digit does not fit")
	errGTINZero   = errors.New("a bar code of nothing but zeros")
)

// ParseGTIN reads a bar code of 8, 12, 13 or 14 digits and checks its check
// digit. Codes of different lengths for the same item give the same value.
func ParseGTIN(s string) (GTIN, error) { return parseGTIN(s) }

func parseGTIN[T string | []byte](s T) (GTIN, error) {
	switch len(s) {
	case 8, 12, 13, 14:
	default:
		return 0, errGTINLength
	}
	n, sum := uint64(0), 0
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, errGTINLength
		}
		n = n*10 + uint64(c-'0')
		if (len(s)-i)%2 == 0 {
			sum += 3 * int(c-'0')
		} else {
			sum += int(c - '0')
		}
	}
	switch {
	case sum%10 != 0:
		return 0, errGTINCheck
	case n == 0:
		return 0, errGTINZero
	}
	return GTIN(n), nil
}

// String returns the 14 digits.
func (g GTIN) String() string { return string(appendUint(nil, uint64(g), 14)) }

// Scan is what a scanner read from the two-dimensional code on a pack: the item
// with its batch, expiry and serial number.
type Scan struct {
	GTIN   GTIN
	Batch  string // application identifier 10
	Expiry Date   // 17; a day of 00 is the last of the month
	Serial string // 21
}

var (
	errScan  = errors.New("not a GS1 element string with a GTIN")
	errTwice = errors.New("an application identifier is there twice with different data")
)

// ParseScan reads the string of a GS1 DataMatrix or GS1-128 code: with or without
// the symbology identifier (]d2, ]C1, ]Q3, ]e0), with FNC1 as the byte 29, or in the
// printed form with parentheses; or a plain bar code. Application identifiers other
// than 01, 10, 17 and 21 are passed over: those of the lengths that GS1 lays down
// by their length, all others up to the next separator. It fails for an identifier
// that comes twice with different data, and for a batch or serial number that is
// empty or longer than 20 characters.
func ParseScan(s string) (Scan, error) {
	var out Scan
	for _, prefix := range []string{"]d2", "]C1", "]Q3", "]e0"} {
		s = strings.TrimPrefix(s, prefix)
	}
	const separator = "\x1d"
	s = strings.TrimPrefix(s, separator)
	if strings.HasPrefix(s, "(") {
		s = printedForm(s)
	}
	if len(s) <= 14 { // a plain bar code
		g, err := ParseGTIN(s)
		return Scan{GTIN: g}, err
	}
	var seen [100]string // the data of 01, 10, 17 and 21
	for s = strings.TrimLeft(s, separator); len(s) > 0; s = strings.TrimLeft(s, separator) {
		if len(s) < 3 || !isDigit(s[0]) || !isDigit(s[1]) {
			return Scan{}, errScan
		}
		ai, rest := s[:2], s[2:]
		var value string
		if n := fixedLength(ai); n > 0 {
			if len(rest) < n {
				return Scan{}, errScan
			}
			value, s = rest[:n], rest[n:]
		} else {
			value, s, _ = strings.Cut(rest, separator)
		}
		if ai != "01" && ai != "10" && ai != "17" && ai != "21" {
			continue
		}
		switch was := &seen[10*(ai[0]-'0')+ai[1]-'0']; {
		case value == "" || len(value) > 20:
			return Scan{}, errScan
		case *was == "":
			*was = value
		case *was != value:
			return Scan{}, errTwice
		}
		switch ai {
		case "01":
			g, err := ParseGTIN(value)
			if err != nil {
				return Scan{}, err
			}
			out.GTIN = g
		case "10":
			out.Batch = value
		case "17":
			d, ok := gs1Date(value)
			if !ok {
				return Scan{}, errScan
			}
			out.Expiry = d
		case "21":
			out.Serial = value
		}
	}
	if out.GTIN == 0 {
		return Scan{}, errScan
	}
	return out, nil
}

// printedForm turns "(01)05012617019844(10)AB" into an element string. Parentheses
// that hold no identifier belong to the data.
func printedForm(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		if end := strings.IndexByte(s[:min(len(s), 6)], ')'); s[0] == '(' && end >= 3 && strings.Trim(s[1:end], "0123456789") == "" {
			b.WriteString("\x1d" + s[1:end])
			s = s[end+1:]
			continue
		}
		b.WriteByte(s[0])
		s = s[1:]
	}
	return strings.TrimPrefix(b.String(), "\x1d")
}

// fixedLength returns the length of the data of an application identifier that
// needs no separator, by its first two digits (GS1 General Specifications,
// figure 7.8.5-2), or 0.
func fixedLength(ai string) int {
	switch ai {
	case "00":
		return 18
	case "01", "02", "03":
		return 14
	case "04":
		return 16
	case "11", "12", "13", "14", "15", "16", "17", "18", "19":
		return 6
	case "20":
		return 2
	case "31", "32", "33", "34", "35", "36":
		return 8 // four digits of identifier, of which two are behind
	case "41":
		return 14
	}
	return 0
}

// gs1Date reads YYMMDD; years lie within 50 of 2025 as the standard's sliding
// century does for this decade.
func gs1Date(s string) (Date, bool) {
	var n [3]int
	for i := range 6 {
		if i >= len(s) || s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n[i/2] = n[i/2]*10 + int(s[i]-'0')
	}
	year := 2000 + n[0]
	if n[0] > 75 {
		year -= 100
	}
	if n[2] == 0 && n[1] >= 1 && n[1] <= 12 {
		n[2] = daysIn(year, n[1])
	}
	d := NewDate(year, n[1], n[2])
	return d, d != 0
}

// gtinRecord reads one pack of the bar code file. The schema lets identifier and
// codes repeat within it, and code and dates within one GTINDATA; each code
// becomes a record.
func (s *Scanner) gtinRecord(p, q int) error {
	s.scratch, s.pending, s.at, s.ampp = s.scratch[:0], s.pending[:0], 0, nil
	mark := s.issues.mark()
	end, err := s.gtinParts(q, "AMPP", -1)
	if err != nil {
		if err == errMore && !s.eof {
			s.issues.rollback(mark)
		}
		s.pending = s.pending[:0]
		return err
	}
	if len(s.pending) == 0 {
		s.issue(Warning, CodeMissing, p, "a pack without bar codes")
	}
	for i := range s.pending {
		if g := &s.pending[i]; g.set>>gtinAMPPID&1 == 0 && s.ampp != nil {
			g.values[gtinAMPPID] = s.ampp
			g.set |= 1 << gtinAMPPID
		}
	}
	s.pos = end
	return nil
}

// gtinParts reads the content of AMPP, or of GTINDATA into the pending record at.
func (s *Scanner) gtinParts(p int, name string, at int) (end int, err error) {
	b := s.buf
	for {
		lt := bytes.IndexByte(b[p:], '<')
		if lt < 0 || p+lt+1 >= len(b) {
			return 0, errMore
		}
		if !blank(b[p : p+lt]) {
			s.issue(Warning, CodeStrayText, p, "text between the fields of a record is left out")
		}
		p += lt
		switch b[p+1] {
		case '!', '?':
			if p, _, err = s.special(p); err != nil {
				return 0, err
			}
			continue
		case '/':
			gt := bytes.IndexByte(b[p:], '>')
			if gt < 0 {
				return 0, errMore
			}
			if string(bytes.TrimRight(b[p+2:p+gt], " \t\r\n")) != name {
				s.issue(Fatal, CodeSyntax, p, "an end tag does not match its start tag")
				return 0, problem("mismatch")
			}
			return p + gt + 1, nil
		}
		tag, err := s.startTag(p)
		if err != nil {
			return 0, err
		}
		start := p
		if at < 0 && string(tag.name) == "GTINDATA" && !tag.empty {
			s.addPending(start)
			if p, err = s.gtinParts(tag.end, "GTINDATA", len(s.pending)-1); err != nil {
				return 0, err
			}
			continue
		}
		value := []byte{}
		if p = tag.end; !tag.empty {
			if value, p, err = s.text(p, tag.name); err != nil {
				return 0, err
			}
		}
		s.gtinField(start, tag.name, value, at)
		if at >= 0 {
			at = len(s.pending) - 1
		}
	}
}

func (s *Scanner) addPending(p int) {
	g := pendingGTIN{offset: s.base + int64(p)}
	if s.ampp != nil {
		g.values[gtinAMPPID] = s.ampp
		g.set = 1 << gtinAMPPID
	}
	s.pending = append(s.pending, g)
}

// gtinField files one field of AMPP (at < 0) or GTINDATA.
func (s *Scanner) gtinField(p int, tag, value []byte, at int) {
	i := theSchema().tables[TableGTIN].fieldIndex(string(tag))
	switch {
	case i == gtinAMPPID && at < 0:
		s.ampp = bytes.TrimSpace(value)
		return
	case i > gtinAMPPID && at >= 0:
		g := &s.pending[at]
		if i == gtinGTIN && g.set>>gtinGTIN&1 != 0 { // the sequence begins again
			s.addPending(p)
			g = &s.pending[len(s.pending)-1]
		}
		if g.set>>i&1 != 0 {
			s.issue(Error, CodeRepeated, p, "a field is there twice; the first counts")
			return
		}
		g.values[i] = bytes.TrimSpace(value)
		g.set |= 1 << i
		return
	}
	if at < 0 {
		s.issue(Warning, CodeUnknownTag, p, "a field beside the bar codes that the schema does not know is left out")
		return
	}
	g := &s.pending[at]
	g.extra = s.unknownField(g.extra, p, tag, value)
}

// takePending makes the next bar code the current record.
func (s *Scanner) takePending() {
	g := &s.pending[s.at]
	s.at++
	r := &s.record
	r.reset(TableGTIN, TableGTIN.spec(), g.offset)
	s.moveCursor(min(max(int(g.offset-s.base), 0), len(s.buf)))
	r.Line = s.cursor.line + 1
	for i, v := range g.values {
		if g.set>>i&1 != 0 {
			r.put(i, validText(v))
		}
	}
	for _, e := range g.extra {
		r.extra = append(r.extra, extraField{validText(e.tag), validText(e.value)})
	}
	s.table = TableGTIN
	s.index[TableGTIN]++
	if s.check {
		s.checkRecord(min(max(int(g.offset-s.base), 0), len(s.buf)))
	}
}
