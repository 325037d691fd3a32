package schema

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
	"github.com/nhskit/nhskit/hl7v2/internal/mutate"
)

// The slow and obvious evaluator that Validate is held to: it asks the facts
// by name for every value.

// oracleValidate is Validate without the profile.
func oracleValidate(v *Validator, m *hl7v2.Message) []hl7v2.Issue {
	issues := m.CheckExcept(v.Strict, func(code hl7v2.Code, path string) bool { return oracleLeavesOut(v, m, code, path) })
	version, known := VersionOf(m)
	if v.Version != "" {
		version, known = Lookup(v.Version)
	}
	if !known {
		issues = append(issues, hl7v2.Issue{Severity: hl7v2.Warning, Code: hl7v2.CodeVersion, Path: "MSH-12", Offset: int64(m.Segment("MSH", 1).Field(12).Offset()),
			Err: fmt.Errorf("no facts are known of this version; checked by those of %s", version)}.Locate(m.Bytes()))
	}
	policy := v.Policy
	if v.Strict && policy == Keep {
		policy = Refuse
	}
	issues = slices.DeleteFunc(issues, func(i hl7v2.Issue) bool { return oracleLeavesOut(v, m, i.Code, i.Path) })
	g, structural := version.Group(m, policy)
	if len(structural) <= maxFindings { // what it has more it has not listed
		structural = slices.DeleteFunc(structural, func(i hl7v2.Issue) bool { return oracleLeavesOut(v, m, i.Code, i.Path) })
	}
	issues = append(issues, structural...)
	c := oracle{v: v, version: version, m: m}
	typ := m.SegmentAt(0).Field(9)
	code, event, named := typ.Component(1).Text(), typ.Component(2).Text(), typ.Component(3)
	if id, ok := version.StructureOf(code, event); ok && version.namesStructures() && named.State() == hl7v2.Present && named.Text() != id {
		table, _ := version.Table(354)
		for structure, events := range table.Codes() {
			of := structure == code+"_"+event || strings.HasPrefix(structure, code+"_") && slices.Contains(strings.FieldsFunc(events, func(r rune) bool { return strings.ContainsRune(" ,.", r) }), event)
			ok = ok && !(of && event != "" && structure == named.Text())
		}
		if ok {
			c.value(c.tolerated(), CodeStructure, named, "2.14.9.9", "the type and event have the structure %s in version %s", id, version)
		}
	}
	for s := range m.Segments("") {
		c.segment(s)
	}
	for i := range v.Rules {
		r := &v.Rules[i]
		r.Check(g, func(code hl7v2.Code, at hl7v2.Value, text string) {
			kind := r.kind(code)
			c.report(kind.Severity, code, at.Path(), max(at.Offset(), 0), kind.Clause, errors.New(text))
		})
	}
	return append(issues, c.listed()...)
}

// oracleLeavesOut reports whether a finding is suppressed.
func oracleLeavesOut(v *Validator, m *hl7v2.Message, code hl7v2.Code, path string) bool {
	event := m.Segment("MSH", 1).Field(9).Component(2).Text()
	plain := regexp.MustCompile(`\[[0-9]+\]`).ReplaceAllString(path, "")
	return slices.ContainsFunc(v.Suppress, func(s Suppression) bool {
		return s.Reason != "" && (s.Code == "" || s.Code == code) && (s.Event == "" || s.Event == event) && (s.Path == "" || s.Path == path || s.Path == plain)
	})
}

// oracle checks the fields of one message.
type oracle struct {
	v       *Validator
	version Version
	m       *hl7v2.Message
	issues  []hl7v2.Issue // all, as if there were no limit
}

func (c *oracle) report(severity hl7v2.Severity, code hl7v2.Code, path string, at int, clause string, err error) {
	i := hl7v2.Issue{Severity: severity, Code: code, Path: path, Offset: int64(at), Clause: clause, Err: err}
	c.issues = append(c.issues, i.Locate(c.m.Bytes()))
}

// listed are the issues that are listed.
func (c *oracle) listed() []hl7v2.Issue {
	issues := slices.DeleteFunc(c.issues, func(i hl7v2.Issue) bool { return oracleLeavesOut(c.v, c.m, i.Code, i.Path) })
	if len(issues) <= maxFindings {
		return issues
	}
	last := &issues[maxFindings]
	for _, i := range issues[maxFindings:] {
		last.Severity = min(last.Severity, i.Severity)
	}
	last.Code, last.Path, last.Clause, last.Err = hl7v2.CodeTooMany, "", "", fmt.Errorf("more than %d findings: the rest is left out", maxFindings)
	return issues[:maxFindings+1]
}

// tolerated is the severity of what only a strict reader refuses.
func (c *oracle) tolerated() hl7v2.Severity {
	if c.v.Strict {
		return hl7v2.Error
	}
	return hl7v2.Warning
}

func (c *oracle) value(severity hl7v2.Severity, code hl7v2.Code, v hl7v2.Value, clause string, format string, args ...any) {
	c.report(severity, code, v.Path(), v.Offset(), clause, fmt.Errorf(format, args...))
}

// segment checks the fields of one segment.
func (c *oracle) segment(s hl7v2.Segment) {
	id := s.ID()
	def, ok := c.version.Segment(id)
	if !ok {
		if !strings.HasPrefix(id, "Z") {
			if path := s.Path(); path != "" {
				c.report(hl7v2.Warning, CodeUnknownSegment, path, s.Offset(), "2.5.2", fmt.Errorf("version %s has no segment %s", c.version, id))
			}
		}
		return
	}
	header := id == "MSH" || id == "FHS" || id == "BHS"
	for n, field := range s.Fields() {
		if header && n <= 2 {
			continue
		}
		e, ok := def.Field(n)
		switch {
		case !ok && n > def.NumFields():
			if field.State() == hl7v2.Present {
				c.value(c.tolerated(), CodeExtra, field, "2.8.2", "%s has %d fields in version %s", id, def.NumFields(), c.version)
			}
			continue
		case !ok || field.State() != hl7v2.Present:
			continue
		case e.Usage() == Withdrawn:
			c.value(hl7v2.Warning, CodeWithdrawn, field, "2.8.4", "%s is withdrawn in version %s", e.Name(), c.version)
			continue
		}
		c.field(s, n, field, e)
	}
	for n := 1; n <= def.NumFields(); n++ {
		e, ok := def.Field(n)
		if ok && e.Usage() == Required && !(header && n <= 2) {
			if f := s.Field(n); f.State() == hl7v2.Absent {
				c.required(s, f, n, e)
			}
		}
	}
}

// required reports a field that must have a value and has none.
func (c *oracle) required(s hl7v2.Segment, f hl7v2.Value, n int, e Element) {
	at := f.Offset()
	if at < 0 {
		at = s.Offset() + len(s.Raw())
	}
	c.report(hl7v2.Error, hl7v2.CodeRequired, fmt.Sprintf("%s-%d", s.Path(), n), at, "2.5.3.3", fmt.Errorf("%s is required", e.Name()))
}

// field checks the repetitions of a field.
func (c *oracle) field(s hl7v2.Segment, n int, field hl7v2.Value, e Element) {
	most := e.Max()
	last := 0 // repetition with a value
	for r, rep := range field.Reps() {
		if rep.State() != hl7v2.Absent {
			last = r
		}
	}
	typ := e.Type()
	if typ == "Varies" {
		typ = "" // known by another field, if at all
	}
	if e.Type() == "Varies" && s.Is("OBX") && n == 5 {
		typ = c.namedType("OBX-5", field, s.Field(2), "OBX-2", "7.4.2.2")
	}
	var key struct {
		path   string
		by     int
		clause string
	}
	switch {
	case e.Type() != "Varies":
	case s.Is("MFE") && n == 4:
		key.path, key.by, key.clause = "MFE-4", 5, "8.5.2.5"
	case s.Is("MFA") && n == 5:
		key.path, key.by, key.clause = "MFA-5", 6, "8.5.3.6"
	}
	for r, rep := range field.Reps() {
		if name := s.Field(key.by).Rep(r); key.by > 0 && (r == 1 || name.State() != hl7v2.Absent) {
			if typ = ""; rep.State() == hl7v2.Present || name.State() == hl7v2.Present {
				typ = c.namedType(key.path, rep, name, fmt.Sprintf("%s-%d", s.ID(), key.by), key.clause)
			}
		}
		if most > 0 && r == most+1 && last >= r {
			c.value(c.tolerated(), CodeRepetition, rep, "2.5.3.5", "%s may occur %d times", e.Name(), most)
		}
		c.length(rep, e)
		c.typed(rep, typ, e.Table(), 0)
	}
}

// namedType is the data type that another field names: OBX-2 for OBX-5. It is
// empty where that is not known.
func (c *oracle) namedType(path string, at, name hl7v2.Value, by, clause string) string {
	if name.State() != hl7v2.Present {
		c.value(hl7v2.Error, CodeValueType, at, clause, "a value in %s needs its data type in %s", path, by)
		return ""
	}
	typ := name.Text()
	if _, ok := c.version.DataType(typ); !ok && !oracleIsPrimitive(typ) {
		c.value(hl7v2.Error, CodeValueType, name, clause, "%s names no data type of version %s", by, c.version)
		return ""
	}
	return typ
}

// length compares the length in characters; from 2.7 on lengths are no limits.
func (c *oracle) length(v hl7v2.Value, e Element) {
	most := e.Length()
	if most == 0 || len(v.Raw()) <= most || c.version.name >= "2.7" {
		return
	}
	if have := utf8.RuneCountInString(v.Whole()); have > most {
		c.value(c.tolerated(), CodeLength, v, "2.5.3.2", "%d characters, %d are allowed", have, most)
	}
}

// typed checks a value by its data type. depth counts composites within each
// other.
func (c *oracle) typed(v hl7v2.Value, typ string, table, depth int) {
	if v.State() != hl7v2.Present || typ == "" {
		return
	}
	def, ok := c.version.DataType(typ)
	if !ok || def.NumComponents() == 0 || typ == "TS" && depth > 0 {
		c.primitive(v.Leaf(), typ, table)
		return
	}
	system := v.Component(3)
	if depth > 0 {
		system = v.Sub(3)
	}
	coded := typ == "CE" || typ == "CWE" || typ == "CNE" || typ == "CF"
	if table != 0 && coded && !oracleOther(typ, system, table) {
		// The code of a coded element is its first component.
		c.table(v.Component(1).Leaf(), typ, table)
	}
	check := func(n int, part hl7v2.Value) {
		e, ok := def.Component(n)
		switch {
		case part.State() != hl7v2.Present:
		case !ok:
			c.value(c.tolerated(), CodeExtra, part, "2.8.2", "%s has %d components in version %s", typ, def.NumComponents(), c.version)
		case typ == "TS" && n == 1:
			c.primitive(part.Leaf(), "DTM", 0)
		case depth == 0:
			c.typed(part, e.Type(), e.Table(), 1)
		default:
			c.primitive(part.Leaf(), e.Type(), e.Table())
		}
	}
	if depth == 0 {
		for n, part := range v.Components() {
			check(n, part)
		}
	} else {
		for n, part := range v.Subs() {
			check(n, part)
		}
	}
	for n := 1; n <= def.NumComponents(); n++ {
		e, _ := def.Component(n)
		if e.Usage() != Required {
			continue
		}
		part := v.Component(n)
		if depth > 0 {
			part = v.Sub(n)
		}
		if part.State() == hl7v2.Absent {
			c.value(c.tolerated(), hl7v2.CodeRequired, v, "2.5.3.3", "component %d, %s, is required", n, e.Name())
		}
	}
}

// oracleOther reports whether a coded element is of another system than a table
// of HL7.
func oracleOther(typ string, system hl7v2.Value, table int) bool {
	if typ != "CE" && typ != "CWE" && typ != "CNE" && typ != "CF" || system.State() != hl7v2.Present {
		return false
	}
	number, ok := strings.CutPrefix(system.Text(), "HL7")
	if !ok {
		return system.Text() != ""
	}
	n, err := strconv.Atoi(number)
	return (err == nil || errors.Is(err, strconv.ErrRange)) && number[0] != '-' && number[0] != '+' && n != table
}

func oracleIsPrimitive(typ string) bool {
	switch typ {
	case "ST", "TX", "FT", "NM", "SI", "DT", "TM", "TS", "DTM", "ID", "IS", "TN", "GTS", "SNM":
		return true
	}
	return false
}

// primitive checks an innermost value.
func (c *oracle) primitive(v hl7v2.Value, typ string, table int) {
	if v.State() != hl7v2.Present {
		return
	}
	raw := v.Raw()
	switch typ {
	case "NM":
		if !isNumber(raw) {
			c.value(hl7v2.Error, hl7v2.CodeDataType, v, "2.A NM", "not a number: an optional sign, digits and a decimal point are allowed")
		}
	case "SI":
		if !isDigits(raw) {
			c.value(hl7v2.Error, hl7v2.CodeDataType, v, "2.A SI", "not a sequence id: digits only")
		}
	case "DT":
		if d, err := hl7v2.ParseDateTime(raw); err != nil || d.Precision() > hl7v2.Day {
			c.value(hl7v2.Error, hl7v2.CodeDataType, v, "2.A DT", "not a date: YYYY[MM[DD]]")
		}
	case "TS", "DTM":
		if _, err := hl7v2.ParseDateTime(raw); err != nil {
			c.value(hl7v2.Error, hl7v2.CodeDataType, v, "2.A DTM", "not a date and time: YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]")
		}
	case "TM":
		if !isTime(raw) {
			c.value(hl7v2.Error, hl7v2.CodeDataType, v, "2.A TM", "not a time: HH[MM[SS[.S[S[S[S]]]]]][+/-ZZZZ]")
		}
	}
	if table != 0 {
		c.table(v, typ, table)
	}
}

// table checks a code.
func (c *oracle) table(v hl7v2.Value, typ string, number int) {
	if v.State() != hl7v2.Present {
		return
	}
	code := v.Text()
	if c.v.Code != nil {
		if valid, known := c.v.Code(number, code); known {
			if !valid {
				c.value(hl7v2.Error, CodeTable, v, fmt.Sprintf("table %04d", number), "not a code of table %04d", number)
			}
			return
		}
	}
	t, ok := c.version.Table(number)
	if !ok || t.Len() == 0 || t.Open() {
		return
	}
	if _, ok := t.Display(code); ok {
		return
	}
	// HL7's own tables are closed for ID; all others are for users to extend.
	severity := hl7v2.Warning
	switch {
	case number == codingSystems:
		if oracleIsCodingSystem(code) {
			return
		}
	case number == 104 && code == c.version.name:
		return
	case number == mediaTypes || number == mediaSubtypes:
		// Registered outside HL7: senders use what the registry has.
	case typ == "ID":
		severity = hl7v2.Error
	}
	if later := c.version.later(number, code); later != "" {
		c.value(hl7v2.Warning, CodeTable, v, fmt.Sprintf("table %04d", number), "a code of table %04d, %s, only from version %s on", number, t.Name(), later)
		return
	}
	c.value(severity, CodeTable, v, fmt.Sprintf("table %04d", number), "not a code of table %04d, %s", number, t.Name())
}

// oracleIsCodingSystem reports whether a code of table 0396 is registered in the
// latest version, or is a local one.
func oracleIsCodingSystem(code string) bool {
	switch code {
	case "L", "SCT", "SCT2", "UCUM", "ICD10", "I10", "OPCS4", "RC", "RC2", "RCV2", "CTV3":
		// QUIRK: UK senders name OPCS-4, ICD-10 and the Read codes so.
		return true
	}
	if len(code) > 2 && code[:2] == "99" { // 99zzz: a sender's own
		return true
	}
	if regexp.MustCompile(`^(HL7|ISO|IBT|X12D[Ee])[0-9]+$|^NCPDP[0-9]{4}`).MatchString(code) {
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

// seeds are the messages of the corpora where they are, and those of the tests.
func seeds(t testing.TB) [][]byte {
	out := [][]byte{report(), message(t, "2.4", "ADT^A01^ADT_A01", admit...).Bytes()}
	for _, set := range []string{"GB 18030-2000", "BIG-5", "ISO IR87", "UNICODE UTF-8", "8859/1"} {
		text := strings.Replace(string(report()), "UNICODE UTF-8", set, 1)
		out = append(out, []byte(text), []byte(strings.NewReplacer("|", "$", "^", "*", "\\", "!").Replace(text)))
	}
	dir, ok := corpus.Root(t)
	if !ok {
		return out
	}
	filepath.WalkDir(filepath.Join(dir, "hl7v2"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) != ".json" && filepath.Ext(path) != ".md" {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, data)
		}
		return nil
	})
	return out
}

// validators are the configurations to compare by: each version, lenient and
// strict, and one that answers for codes and has a rule.
func validators() []Validator {
	rule := Rule{Kinds: []RuleKind{{Code: "x.first", Severity: hl7v2.Warning}}, Check: func(g *Grouping, report RuleReporter) {
		report("x.first", g.Message().Segment("PID", 1).Field(3), "a finding")
	}}
	out := []Validator{{}, {Strict: true}, {Policy: Root, Rules: []Rule{rule}, Code: func(table int, code string) (bool, bool) {
		return len(code)%2 == 0, (len(code)+table)%3 == 0
	}}, {Rules: []Rule{rule}, Suppress: []Suppression{
		{Code: "x.first", Path: "PID-3[1]", Reason: "x"}, {Code: hl7v2.CodeDataType, Reason: "x"}, {Path: "MSH-12", Reason: "x"}, {Path: "OBX-5", Reason: "x"}, {Path: "OBX[2]-3.1", Reason: "x"},
		{Code: CodeTable, Event: "R01", Reason: "x"}, {Code: hl7v2.CodeEscape, Path: "NTE-3", Reason: "x"}, {Code: CodeMissingSegment, Path: "PV1", Reason: "x"}, {Code: CodeUnexpectedSegment, Path: "OBX", Reason: "x"}, {Reason: ""},
	}}}
	for _, name := range Versions() {
		out = append(out, Validator{Version: name})
	}
	return out
}

func sameFindings(t *testing.T, v *Validator, m *hl7v2.Message) {
	t.Helper()
	show := func(i hl7v2.Issue) string {
		return fmt.Sprint(i.Severity, i.Code, i.Path, i.Offset, i.Line, i.Col, i.Clause, i.Err)
	}
	got, want := v.Validate(m), oracleValidate(v, m)
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Fatalf("version %q, strict %t: %v is not found", v.Version, v.Strict, want[i])
		case i >= len(want):
			t.Fatalf("version %q, strict %t: %v is found", v.Version, v.Strict, got[i])
		case show(got[i]) != show(want[i]):
			t.Fatalf("version %q, strict %t: finding %d\n got %s\nwant %s", v.Version, v.Strict, i, show(got[i]), show(want[i]))
		}
	}
}

// TestValidateAsOracle compares the findings in all messages: by one version
// each, besides that of the message, or by all with NHSKIT_LONG.
func TestValidateAsOracle(t *testing.T) {
	messages, findings := 0, 0
	all := validators()
	for n, data := range seeds(t) {
		m, err := hl7v2.Parse(data)
		if err != nil {
			continue
		}
		if m.Len() > 300 && os.Getenv("NHSKIT_LONG") == "" {
			continue // what only repeats itself, and takes long by name
		}
		messages++
		for i, v := range all {
			if i > 3 && os.Getenv("NHSKIT_LONG") == "" && i != 4+n%(len(all)-4) {
				continue
			}
			sameFindings(t, &v, m)
			findings += len(v.Validate(m))
		}
	}
	t.Logf("%d messages, %d findings", messages, findings)
	if findings < 100 {
		t.Error("too few findings to compare anything by")
	}
}

// TestValidateAsOracleOnMutations compares them in broken messages.
func TestValidateAsOracleOnMutations(t *testing.T) {
	tokens := []string{"|", "^", "~", "&", "\\", "\r", `""`, "||", "^^", "&&", "~~", "\\F\\", "\\X41\\", "OBX|1|CE|", "OBX|1|TS|", "OBX|1||", "OBX|1|CQ_SIMPLE|", "\rMFE|MAD|1|2026|A^B&C~x|CE~NM", "\rMFA|MAD|1|2026|S|A^B~x|PL|", "FHS|^~\\&|", "|2.3", "|2.1", "|2.7",
		"HL70001", "^^HL70078", "^^HL70001", "^^L", "&&L", "^^HL7", "^^\\X4C\\", "L", "99XYZ", "SCT", "20260714", "NM", "CE", "CX", "\x00", "\xc3\xa9", "12345678901234567890", "PID|", "Z", "…"}
	all := validators()
	n := 0
	mutate.Run(t, 4000, 200_000, seeds(t), tokens, func(t *testing.T, in []byte) {
		m, err := hl7v2.Parse(slices.Clone(in))
		if err != nil {
			return
		}
		n++
		sameFindings(t, &all[n%len(all)], m)
	})
	t.Logf("%d messages", n)
}
