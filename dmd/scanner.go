package dmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"unicode/utf8"
)

// Scanner reads the records of one file of a release, one after the other, in
// bounded memory. The order of fields is free, fields that the schema does not
// know are kept, and what is wrong becomes an Issue and not the end of the file.
// A Scanner must not be used by several goroutines at once.
//
//	s := dmd.NewScanner(file, "f_vmp2_3260821.xml")
//	for s.Next() {
//		name, _ := s.Record().Get("NM")
//	}
//	if err := s.Err(); err != nil { … }
type Scanner struct {
	src     io.Reader
	name    string
	limits  Limits
	check   bool
	buf     []byte
	pos     int   // of the next byte to look at
	base    int64 // offset of buf[0] in the file
	cursor  cursor
	baseLF  int64 // offset of the last line feed before buf[0], or -1
	eof     bool
	err     error
	started bool
	done    bool
	issues  issueList

	file    *fileSpec // of the root element
	depth   int       // of open elements outside records
	skip    int       // depth of the element that is being left out, or 0
	section int       // in tables of the section that is open, or -1
	many    []byte    // name of the open section, for tables of many
	names   [3][]byte // of the open elements
	index   [numTables]int
	table   Table

	record  Record
	pending []pendingGTIN // records of one AMPP of the bar code file
	at      int           // of the next one
	ampp    []byte
	scratch []byte
}

// pendingGTIN is one bar code with its dates.
type pendingGTIN struct {
	offset int64
	values [4][]byte
	set    uint32
	extra  []extraField
}

// Limits bounds what reading may cost. A zero field means the default and a
// negative one no limit.
type Limits struct {
	Record  int   // bytes of one record; default 1 MiB
	Issues  int   // findings listed for each code and file; default 100
	Unknown int   // fields of one record that the schema does not know; default 1,000
	Total   int64 // bytes of a whole release, uncompressed; default 4 GiB
	Ratio   int64 // of uncompressed to compressed size of a file in an archive; default 200
	Nested  int64 // bytes of all archives within archives, which are held in memory; default 256 MiB
	Entries int   // files in a release; default 10,000
	Depth   int   // of archives within archives; default 3
}

// or replaces 0 by the default and a negative number by the largest.
func or[T int | int64](v, byDefault T) T {
	switch {
	case v == 0:
		return byDefault
	case v < 0:
		v = 1
		for v<<1 > 0 {
			v = v<<1 | 1
		}
	}
	return v
}

// ReadOption changes how files are read.
type ReadOption func(*readOptions)

type readOptions struct {
	limits  Limits
	noCheck bool
}

// WithLimits replaces the default limits.
func WithLimits(l Limits) ReadOption { return func(o *readOptions) { o.limits = l } }

// WithoutChecks leaves out the check of every value against its kind: ids with
// their check digits, dates, numbers, codes and lengths.
func WithoutChecks() ReadOption { return func(o *readOptions) { o.noCheck = true } }

const chunkSize = 128 << 10

// NewScanner reads the file of the given name from src. The name is for findings
// only; the kind of the file follows from its root element.
func NewScanner(src io.Reader, name string, opts ...ReadOption) *Scanner {
	var o readOptions
	for _, f := range opts {
		f(&o)
	}
	s := &Scanner{src: src, name: name, limits: o.limits, check: !o.noCheck, cursor: cursor{lastLF: -1}, baseLF: -1, section: -1}
	s.issues.max = o.limits.Issues
	return s
}

// Next reads the next record and reports whether there is one.
func (s *Scanner) Next() bool {
	if !s.started {
		s.start()
	}
	for {
		if s.at < len(s.pending) {
			s.takePending()
			return true
		}
		if s.done {
			return false
		}
		if s.step() {
			return true
		}
	}
}

// Record returns the record that Next found. It is overwritten by the next call
// of Next.
func (s *Scanner) Record() *Record { return &s.record }

// Err returns the error of the reader, if it failed. Faults of the content are
// Issues.
func (s *Scanner) Err() error { return s.err }

// Issues returns what was wrong so far, at most a number of each code.
func (s *Scanner) Issues() []Issue { return s.issues.result(s.name) }

// File returns the word for the kind of file, such as "vmp", once the root
// element has been read.
func (s *Scanner) File() string {
	if s.file == nil {
		return ""
	}
	return s.file.name
}

// Offset returns how far in the file the scanner has come, in bytes.
func (s *Scanner) Offset() int64 { return s.base + int64(s.pos) }

// errMore says that the buffer ends inside a piece of markup.
var errMore = errors.New("more input needed")

// step handles one piece of markup or one record; it reports whether a record
// is ready.
func (s *Scanner) step() bool {
	ready, err := s.markup()
	if err == nil {
		return ready
	}
	switch {
	case err != errMore:
		s.done = true
	case s.eof:
		s.atEnd()
	default:
		if len(s.buf)-s.pos > or(s.limits.Record, 1<<20) {
			s.tooLong(s.pos)
			s.done = true
			return false
		}
		s.fill()
	}
	return false
}

// tooLong ends the file at a record above the limit.
func (s *Scanner) tooLong(p int) error {
	err := fmt.Errorf("one piece of markup is longer than %d bytes", or(s.limits.Record, 1<<20))
	if s.issues.room(CodeTooLong) {
		s.list(Fatal, CodeTooLong, p, s.path(), err)
	}
	return err
}

// atEnd ends the file, in order or not.
func (s *Scanner) atEnd() {
	s.done = true
	rest := bytes.TrimSpace(s.buf[s.pos:])
	switch {
	case s.err != nil:
	case s.depth > 0 || len(rest) > 0 && rest[0] == '<':
		s.issue(Fatal, CodeTruncated, len(s.buf), "the file ends inside an element")
	case len(rest) > 0:
		s.issue(Error, CodeStrayText, s.pos, "text after the root element")
	case s.file == nil && s.issues.list == nil:
		s.issue(Fatal, CodeTruncated, len(s.buf), "there is no root element")
	}
}

// issue adds a finding about a place in the buffer, if there is room for it.
func (s *Scanner) issue(sev Severity, code Code, pos int, err problem) {
	if s.issues.room(code) {
		s.list(sev, code, pos, s.path(), err)
	}
}

// list adds a finding for which there is room.
func (s *Scanner) list(sev Severity, code Code, pos int, path string, err error) {
	pos = min(pos, len(s.buf))
	s.moveCursor(pos)
	offset := s.base + int64(pos)
	s.issues.list = append(s.issues.list, Issue{
		Severity: sev, Code: code, File: s.name, Path: path, Offset: offset,
		Line: s.cursor.line + 1, Col: int(offset - s.cursor.lastLF), Err: err,
	})
}

// path names the open elements.
func (s *Scanner) path() string {
	return string(bytes.Join(s.names[:min(s.depth, len(s.names))], []byte{'/'}))
}

// markup handles what comes next outside records.
func (s *Scanner) markup() (ready bool, err error) {
	b := s.buf
	lt := bytes.IndexByte(b[s.pos:], '<')
	if lt < 0 {
		isBlank := blank(b[s.pos:])
		if !isBlank && s.depth > 0 {
			s.stray(s.pos)
		}
		if isBlank || s.depth > 0 {
			s.pos = len(b)
		}
		return false, errMore
	}
	p := s.pos + lt
	if lt > 0 && !blank(b[s.pos:p]) {
		s.stray(s.pos)
	}
	s.pos = p
	if p+1 >= len(b) {
		return false, errMore
	}
	switch b[p+1] {
	case '?', '!':
		end, _, err := s.special(p)
		if err == nil {
			s.pos = end
		}
		return false, err
	case '/':
		end := bytes.IndexByte(b[p:], '>')
		if end < 0 {
			return false, errMore
		}
		name := bytes.TrimRight(b[p+2:p+end], " \t\r\n")
		s.pos = p + end + 1
		return false, s.close(p, name)
	}
	tag, err := s.startTag(p)
	if err != nil {
		return false, err
	}
	if s.skip == 0 && s.isRecord(tag.name) && !tag.empty {
		if s.file.tables[0] == TableGTIN {
			err = s.gtinRecord(p, tag.end)
			return false, err
		}
		end, err := s.readRecord(p, tag.end, tag.name)
		if err != nil {
			return false, err
		}
		s.pos = end
		return true, nil
	}
	s.pos = tag.end
	return false, s.open(p, tag)
}

// stray reports text where there should be none, unless it is being left out.
func (s *Scanner) stray(pos int) {
	if s.skip == 0 {
		s.issue(Warning, CodeStrayText, pos, "text between elements is left out")
	}
}

// isRecord reports whether a start tag begins a record at this place, and notes
// its table.
func (s *Scanner) isRecord(name []byte) bool {
	switch {
	case s.depth == 1 && s.section < 0:
		for _, t := range s.file.tables {
			if sec := &theSchema().tables[t].sections[0]; sec.Name == "" && string(name) == sec.Record {
				s.table = t
				return true
			}
		}
	case s.depth == 2 && s.section >= 0:
		spec := &theSchema().tables[s.table]
		if s.table == TableGTIN {
			return string(name) == "AMPP"
		}
		return s.section >= len(spec.sections) || string(name) == spec.sections[s.section].Record
	}
	return false
}

// open enters an element outside records.
func (s *Scanner) open(p int, tag startTag) error {
	if tag.empty {
		if s.depth == 0 {
			s.openRoot(p, tag.name)
			s.done = true
		} else if s.skip == 0 && s.depth == 1 && !s.knownSection(tag.name) {
			s.unknownPlace(p)
		}
		return nil
	}
	if s.depth < len(s.names) {
		s.names[s.depth] = append(s.names[s.depth][:0], tag.name...)
	}
	s.depth++
	switch {
	case s.skip > 0:
	case s.depth == 1:
		if s.file != nil {
			s.issue(Error, CodeSyntax, p, "a second root element")
			s.skip = s.depth
		} else if !s.openRoot(p, tag.name) {
			s.skip = s.depth
		}
	case s.depth == 2 && s.knownSection(tag.name):
	default:
		s.unknownPlace(p)
		s.skip = s.depth
	}
	if s.depth > 1000 {
		s.issue(Fatal, CodeSyntax, p, "elements are nested too deeply")
		s.done = true
	}
	return nil
}

func (s *Scanner) unknownPlace(p int) {
	s.issue(Warning, CodeUnknownPlace, p, "an element that the schema does not know is left out")
}

func (s *Scanner) openRoot(p int, name []byte) bool {
	for i := range theSchema().files {
		if f := &theSchema().files[i]; f.root == string(name) {
			s.file = f
			return true
		}
	}
	s.file = &fileSpec{}
	s.issue(Fatal, CodeUnknownRoot, p, "the root element is none of a release's")
	return false
}

// knownSection enters a section by its name. A look-up list that the schema
// does not know is one all the same: lists come with the release.
func (s *Scanner) knownSection(name []byte) bool {
	for _, t := range s.file.tables {
		spec := &theSchema().tables[t]
		for i := range spec.sections {
			if n := spec.sections[i].Name; n != "" && n == string(name) {
				s.table, s.section = t, i
				s.many = append(s.many[:0], name...)
				return true
			}
		}
	}
	if s.file.name == "lookup" {
		s.table, s.section = TableLOOKUP, len(theSchema().tables[TableLOOKUP].sections)
		s.many = append(s.many[:0], name...)
		return true
	}
	return false
}

// close leaves an element outside records.
func (s *Scanner) close(p int, name []byte) error {
	if s.depth == 0 || s.depth <= len(s.names) && !bytes.Equal(s.names[s.depth-1], name) {
		s.issue(Fatal, CodeSyntax, p, "an end tag does not match its start tag")
		return problem("mismatch")
	}
	if s.depth == s.skip {
		s.skip = 0
	}
	s.depth--
	if s.depth == 1 {
		s.section = -1
	}
	return nil
}

// readRecord reads the record whose start tag is at p and whose content is at q.
func (s *Scanner) readRecord(p, q int, name []byte) (end int, err error) {
	spec := &theSchema().tables[s.table]
	r := &s.record
	s.moveCursor(p)
	r.reset(s.table, spec, s.base+int64(p))
	r.Line = s.cursor.line + 1
	s.scratch = s.scratch[:0]
	first := 0
	if spec.many {
		r.put(0, s.many)
		first = 1
	}
	mark := s.issues.mark()
	end, err = s.fields(q, name, first)
	if err != nil {
		if err == errMore && !s.eof { // the record is read again with more input
			s.issues.rollback(mark)
		}
		return 0, err
	}
	if end-p > or(s.limits.Record, 1<<20) {
		return 0, s.tooLong(p)
	}
	if !utf8.Valid(s.buf[p:end]) {
		s.issue(Error, CodeEncoding, p+firstInvalid(s.buf[p:end]), "bytes that are not UTF-8 are replaced")
		for i := range spec.fields {
			if r.set>>i&1 != 0 {
				r.values[i] = validText(r.values[i])
			}
		}
		for i, e := range r.extra {
			r.extra[i] = extraField{validText(e.tag), validText(e.value)}
		}
	}
	s.replaceControls(p)
	s.index[s.table]++
	if s.check {
		s.checkRecord(p)
	}
	return end, nil
}

// replaceControls replaces the control characters that XML does not allow in the
// text fields of a record. What is not text has a form that has none.
func (s *Scanner) replaceControls(p int) {
	r := &s.record
	for set := r.set & r.spec.texts; set != 0; set &= set - 1 {
		i := bits.TrailingZeros32(set)
		r.values[i] = s.withoutControls(r.values[i], p)
	}
	for i := range r.extra {
		r.extra[i].value = s.withoutControls(r.extra[i].value, p)
	}
}

// withoutControls returns the text itself, if there are none in it.
func (s *Scanner) withoutControls(v []byte, p int) []byte {
	isControl := func(c rune) bool { return c < ' ' && c != '\t' && c != '\n' && c != '\r' }
	for _, c := range v {
		if isControl(rune(c)) {
			s.issue(Error, CodeEncoding, s.place(v, p), "control characters that XML does not allow are replaced")
			return bytes.Map(func(c rune) rune {
				if isControl(c) {
					return utf8.RuneError
				}
				return c
			}, v)
		}
	}
	return v
}

// unknownField keeps a field that the schema does not know, up to the limit.
func (s *Scanner) unknownField(kept []extraField, p int, tag, value []byte) []extraField {
	if most := or(s.limits.Unknown, 1000); len(kept) >= most {
		if s.issues.room(CodeLimit) {
			s.list(Error, CodeLimit, p, s.path(), fmt.Errorf("more than %d fields that the schema does not know; this one is left out", most))
		}
		return kept
	}
	s.issue(Warning, CodeUnknownTag, p, "a field that the schema does not know is kept as it is")
	return append(kept, extraField{tag, value})
}

// validText replaces what is not UTF-8. Text that is stays where it is.
func validText(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	return bytes.ToValidUTF8(b, []byte("\uFFFD"))
}

// firstInvalid returns where in a text the first wrong byte is.
func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return 0
}

// fields reads elements up to the end tag of the record and returns what is
// behind it.
func (s *Scanner) fields(p int, name []byte, next int) (end int, err error) {
	b, r, spec := s.buf, &s.record, s.record.spec
	for {
		for p < len(b) && (b[p] == ' ' || b[p] == '\n' || b[p] == '\t' || b[p] == '\r') {
			p++
		}
		if p+1 >= len(b) {
			return 0, errMore
		}
		if b[p] != '<' {
			lt := bytes.IndexByte(b[p:], '<')
			if lt < 0 {
				return 0, errMore
			}
			s.issue(Warning, CodeStrayText, p, "text between the fields of a record is left out")
			p += lt
			continue
		}
		switch b[p+1] {
		case '/':
			gt := bytes.IndexByte(b[p:], '>')
			if gt < 0 {
				return 0, errMore
			}
			if !bytes.Equal(bytes.TrimRight(b[p+2:p+gt], " \t\r\n"), name) {
				s.issue(Fatal, CodeSyntax, p, "an end tag does not match its start tag")
				return 0, problem("mismatch")
			}
			return p + gt + 1, nil
		case '!', '?':
			at := p
			var text []byte
			p, text, err = s.special(p)
			if err != nil {
				return 0, err
			}
			if len(text) > 0 && !blank(text) {
				s.issue(Warning, CodeStrayText, at, "text between the fields of a record is left out")
			}
			continue
		}
		// The tag's name, without a call for the common form.
		q := p + 1
		for q < len(b) && b[q] > '>' {
			q++
		}
		if q >= len(b) {
			return 0, errMore
		}
		tag := b[p+1 : q]
		var value []byte
		at := p
		if b[q] == '>' {
			value, p, err = s.text(q+1, tag)
		} else {
			var st startTag
			if st, err = s.startTag(p); err != nil {
				return 0, err
			}
			tag, p = st.name, st.end
			if st.attributes {
				s.issue(Information, CodeAttribute, at, "an attribute of a field is left out")
			}
			if !st.empty {
				value, p, err = s.text(p, tag)
			} else {
				value = []byte{}
			}
		}
		if err != nil {
			return 0, err
		}
		// Fields usually come in the schema's order: look behind the last first.
		i := next
		for ; i < len(spec.fields); i++ {
			if string(tag) == spec.fields[i].Tag {
				break
			}
		}
		if i == len(spec.fields) {
			for i = 0; i < next && string(tag) != spec.fields[i].Tag; i++ {
			}
			if i == next || spec.many && i == 0 {
				r.extra = s.unknownField(r.extra, at, tag, value)
				continue
			}
		}
		if r.set>>i&1 != 0 {
			if s.issues.room(CodeRepeated) {
				s.list(Error, CodeRepeated, at, s.path(), fmt.Errorf("%s is there twice; the first counts", spec.fields[i].Tag))
			}
			continue
		}
		if k := spec.fields[i].Kind; k != KindText && len(value) > 0 && (value[0] <= ' ' || value[len(value)-1] <= ' ') {
			value = bytes.Trim(value, " \t\r\n") // white space collapses in all simple types but strings
		}
		r.put(i, value)
		next = i + 1
	}
}
