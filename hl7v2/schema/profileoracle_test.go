package schema

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/nhskit/nhskit/hl7v2"
)

// slowProfile checks fields by a profile as the words of the profile say, with a
// Value of every element: what profileCheck does over the index.
type slowProfile struct{ *profileCheck }

// slowly is Profile.Validate by slowProfile.
func slowly(p *Profile, m *hl7v2.Message, by bool) []hl7v2.Issue {
	x := slowProfile{&profileCheck{p: p, m: m, by: by, results: findings{lines: lines{data: m.Bytes()}}}}
	if !x.define() {
		return x.results.issues
	}
	x.remember()
	x.match()
	x.cursor.read(m)
	for i := range x.groups {
		x.group(int32(i))
	}
	for k, at := range x.placed {
		if at.place != nil && !x.groups[at.group].leftover {
			x.fields(m.SegmentAt(k), at)
		}
	}
	return x.results.issues
}

func (x *slowProfile) value(code hl7v2.Code, v hl7v2.Value, r *profileRules, err error) {
	x.report(code, v.Path(), v.Offset(), r.clause, err)
}

// fields checks the fields of a segment; a profile that names none leaves them
// open.
func (x *slowProfile) fields(s hl7v2.Segment, at placedSegment) {
	fields := at.place.fields
	if len(fields) == 0 {
		return
	}
	sent := 0
	for n, v := range s.Fields() {
		sent = n
		if n > len(fields) {
			if v.State() != hl7v2.Absent {
				x.value(CodeProfileUsage, v, &at.place.rules, errBeyond)
			}
			continue
		}
		x.field(&fields[n-1], v, n, s, at.group)
	}
	for n := sent + 1; n <= len(fields); n++ {
		x.field(&fields[n-1], hl7v2.Value{}, n, s, at.group)
	}
}

// field checks a field with its repetitions.
func (x *slowProfile) field(e *profileElement, v hl7v2.Value, n int, s hl7v2.Segment, group int32) {
	absent := v.State() == hl7v2.Absent
	if absent && e.rules.usage.then != 'R' && e.rules.usage.otherwise != 'R' && e.rules.prose == 0 {
		return
	}
	where := func() (string, int) {
		at := v.Offset()
		if at < 0 {
			at = s.Offset() + len(s.Raw())
		}
		return s.Path() + "-" + strconv.Itoa(n), at
	}
	usage, byCondition := x.usage(&e.rules, s, group, where)
	if absent {
		if usage == 'R' {
			path, at := where()
			x.report(CodeProfileUsage, path, at, e.rules.clause, missing(byCondition))
		}
		return
	}
	if usage == 'X' {
		path, at := where()
		x.report(CodeProfileUsage, path, at, e.rules.clause, forbidden(byCondition))
		return
	}
	sent, last := 0, 0 // last repetition with a value
	for r, rep := range v.Reps() {
		if rep.State() != hl7v2.Absent {
			last = r
		}
	}
	for r, rep := range v.Reps() {
		if e.max >= 0 && r == e.max+1 && last >= r {
			x.value(CodeProfileCardinality, rep, &e.rules, fmt.Errorf("it may be there %s", times(e.max)))
		}
		if rep.State() != hl7v2.Absent {
			sent++
			x.cursor.place = place{field: n, rep: r}
			x.rep, x.repMarks = run{rep.Offset(), rep.Offset() + len(rep.Raw())}, nil
			for _, mark := range s.Marks() {
				if at := mark.Offset(); at >= x.rep.start && at < x.rep.end {
					x.repMarks = append(x.repMarks, mark)
				}
			}
			x.content(e, rep, s, group, 0)
		}
	}
	x.cursor.place = place{field: n}
	if sent < e.min {
		x.value(CodeProfileCardinality, v, &e.rules, fmt.Errorf("there are %d, at least %d are wanted", sent, e.min))
	}
}

// content checks a repetition, component or subcomponent that is not absent.
// depth is 0, 1 or 2.
func (x *slowProfile) content(e *profileElement, v hl7v2.Value, s hl7v2.Segment, group int32, depth int) {
	if e.constant != "" && !isConstant(v, e.constant) {
		x.value(CodeProfileConstant, v, &e.rules, errConstant)
	}
	if v.State() == hl7v2.Null {
		return
	}
	x.length(e, v)
	if len(e.parts) == 0 {
		leaf := v.Leaf()
		if e.primitive && depth < 2 && len(leaf.Raw()) != len(v.Raw()) {
			x.value(CodeProfileType, v, &e.rules, errParts)
		}
		if e.form != anyForm && !(x.by && e.asBase) && leaf.State() == hl7v2.Present && !hasForm(e.form, leaf.Raw()) {
			x.value(CodeProfileType, leaf, &e.rules, errFormat)
		}
	}
	if e.isCode && !(x.by && e.asBase) {
		x.table(e, v.Leaf())
	}
	if len(e.parts) == 0 {
		return
	}
	sent := 0
	part := func(n int, v hl7v2.Value) {
		sent = n
		if n > len(e.parts) {
			if v.State() != hl7v2.Absent {
				x.value(CodeProfileUsage, v, &e.rules, errBeyond)
			}
			return
		}
		x.part(&e.parts[n-1], v, n, s, group, depth)
	}
	if depth == 0 {
		for n, c := range v.Components() {
			part(n, c)
		}
	} else {
		for n, c := range v.Subs() {
			part(n, c)
		}
	}
	for n := sent + 1; n <= len(e.parts); n++ {
		if p := &e.parts[n-1]; p.rules.usage.then == 'R' || p.rules.usage.otherwise == 'R' {
			x.absentPart(p, v, n, s, group)
		}
	}
}

// part checks a component or subcomponent.
func (x *slowProfile) part(e *profileElement, v hl7v2.Value, n int, s hl7v2.Segment, group int32, depth int) {
	if v.State() == hl7v2.Absent {
		if e.rules.usage.then == 'R' || e.rules.usage.otherwise == 'R' {
			x.absentPart(e, v, n, s, group)
		}
		return
	}
	usage, byCondition := x.usage(&e.rules, s, group, func() (string, int) { return v.Path(), v.Offset() })
	if usage == 'X' {
		x.value(CodeProfileUsage, v, &e.rules, forbidden(byCondition))
		return
	}
	x.content(e, v, s, group, depth+1)
}

// absentPart reports a component that must be there: in v if it has no place
// of its own.
func (x *slowProfile) absentPart(e *profileElement, v hl7v2.Value, n int, s hl7v2.Segment, group int32) {
	usage, byCondition := x.usage(&e.rules, s, group, func() (string, int) { return v.Path(), v.Offset() })
	if usage == 'R' {
		x.value(CodeProfileUsage, v, &e.rules, fmt.Errorf("component %d, %s: %w", n, e.name, missing(byCondition)))
	}
}

// isConstant reports whether a value is the one that the profile wants.
func isConstant(v hl7v2.Value, constant string) bool {
	return string(v.Raw()) == constant || v.Whole() == constant
}

// length compares the length in characters, with escape sequences read.
func (x *slowProfile) length(e *profileElement, v hl7v2.Value) {
	have := len(v.Raw())
	if (e.maxLength == 0 || have <= e.maxLength) && e.minLength == 0 {
		return
	}
	have = utf8.RuneCountInString(v.Whole())
	switch {
	case e.maxLength > 0 && have > e.maxLength:
		x.value(CodeProfileLength, v, &e.rules, fmt.Errorf("%d characters, the profile allows %d", have, e.maxLength))
	case have < e.minLength:
		x.value(CodeProfileLength, v, &e.rules, fmt.Errorf("%d characters, the profile wants %d", have, e.minLength))
	}
}

// table checks a code by the profile's table, or else by what the validator
// and the version know.
func (x *slowProfile) table(e *profileElement, v hl7v2.Value) {
	if v.State() != hl7v2.Present {
		return
	}
	severity := hl7v2.Error
	if t := e.codes; t != nil {
		text := v.AppendText(nil)
		if _, ok := t.index[string(text)]; ok {
			return
		}
		if t.extensible {
			severity = hl7v2.Warning
		}
	} else {
		code := v.Text()
		if x.code != nil {
			if valid, known := x.code(e.number, code); known && valid {
				return
			}
		}
		t, ok := x.p.base.Table(e.number)
		if !ok || t.Len() == 0 || t.Open() || e.number == codingSystems && isCodingSystem(code) || e.number == versionIDs && code == x.p.base.name {
			return
		}
		if _, ok := t.Display(code); ok {
			return
		}
		if e.datatype != "ID" || e.number == mediaTypes || e.number == mediaSubtypes || x.p.base.later(e.number, code) != "" {
			severity = hl7v2.Warning // a table for users to extend, or for later versions
		}
	}
	x.results.report(severity, CodeProfileTable, v.Path(), v.Offset(), e.rules.clause, fmt.Errorf("not a code of table %s", e.table))
}

// Checking over the index finds what checking value by value finds, in good
// messages and in broken ones.
func TestProfileAgrees(t *testing.T) {
	profiles := []*Profile{profileOf(t, readTestdata(t, "adt_a01.xml")), profileOf(t, readTestdata(t, "oru_r01.xml")), profileOf(t, readTestdata(t, "oru_r01.json"))}
	r := rand.New(rand.NewPCG(5, 26))
	pieces := []string{"|", "^", "~", "&", "\r", `""`, "\\T\\", "\\", "x", "9", "\xe9", "é", "\rOBX|1|NM|", "\rPID|", "||||", "^^^^", "F", "NSTS01", "SCT"}
	rounds, findings := 800, 0
	if os.Getenv("NHSKIT_LONG") != "" {
		rounds = 50_000
	}
	for i := range rounds {
		data := append([]byte(nil), edited(t, [][]string{admissionLines, resultLines}[i%2]).Bytes()...)
		for range r.IntN(12) {
			at := 9 + r.IntN(len(data)-9)
			end := min(len(data), at+r.IntN(3))
			data = append(append(bytes.Clone(data[:at]), pieces[r.IntN(len(pieces))]...), data[end:]...)
		}
		switch r.IntN(8) {
		case 0:
			data = bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("|"), []byte("$")), []byte("^"), []byte("*"))
		case 1:
			data = bytes.Replace(data, []byte("UNICODE"), []byte("BIG-5"), 1)
		case 2:
			data = bytes.Replace(data, []byte("UNICODE UTF-8"), []byte("8859/1"), 1)
		}
		m, err := hl7v2.Parse(data)
		if err != nil {
			continue
		}
		for k, p := range profiles {
			for _, by := range []bool{false, true} {
				got, want := p.validate(m, nil, by, nil), slowly(p, m, by)
				findings += len(want)
				for j := range max(len(got), len(want)) {
					if j >= len(got) || j >= len(want) || got[j].Error() != want[j].Error() || got[j].Code != want[j].Code || got[j].Severity != want[j].Severity {
						t.Fatalf("profile %d, %q:\n got %v\nwant %v", k, data, got[min(j, len(got)):], want[min(j, len(want)):])
					}
				}
			}
		}
	}
	if findings < 10*rounds {
		t.Errorf("only %d findings", findings)
	}
}
