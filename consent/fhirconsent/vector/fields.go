package vector

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/nhsnumber"
)

// fields reads the members of one JSON object and remembers which were read.
type fields struct {
	path    string
	members map[string]json.RawMessage
	read    map[string]bool
	err     *error
}

func newFields(path string, raw json.RawMessage, err *error) *fields {
	f := &fields{path: path, read: map[string]bool{}, err: err}
	if len(raw) == 0 || string(raw) == "null" {
		return f
	}
	if e := json.Unmarshal(raw, &f.members); e != nil {
		f.fail("", "an object is due")
	}
	return f
}

func (f *fields) fail(name, text string) {
	if *f.err == nil {
		*f.err = fmt.Errorf("vector: %s: %s", strings.TrimSuffix(f.path+"."+name, "."), text)
	}
}

// has reports whether a member is there and not null.
func (f *fields) has(name string) bool {
	raw, ok := f.members[name]
	f.read[name] = true
	return ok && string(raw) != "null"
}

// present reports whether a member is there, be it null.
func (f *fields) present(name string) bool {
	_, ok := f.members[name]
	return ok
}

func (f *fields) into(name string, v any) bool {
	if !f.has(name) {
		return false
	}
	if err := json.Unmarshal(f.members[name], v); err != nil {
		f.fail(name, "another type of value is due")
		return false
	}
	return true
}

func (f *fields) text(name string) string {
	var s string
	f.into(name, &s)
	return s
}

func (f *fields) number(name string) (float64, bool) {
	var n float64
	ok := f.into(name, &n)
	return n, ok
}

// list reads a string or an array of strings.
func (f *fields) list(name string) []string {
	if !f.has(name) {
		return nil
	}
	if f.members[name][0] == '"' {
		return []string{f.text(name)}
	}
	list := []string{}
	f.into(name, &list)
	return list
}

func (f *fields) tri(name string) consent.Tri {
	var b bool
	if !f.into(name, &b) {
		return consent.Unknown
	}
	return consent.Bool(b)
}

func (f *fields) yes(name string) bool { return f.tri(name) == consent.Yes }

func (f *fields) object(name string) *fields {
	f.has(name)
	return newFields(f.path+"."+name, f.members[name], f.err)
}

// objects reads an array of objects.
func (f *fields) objects(name string) []*fields {
	var raws []json.RawMessage
	f.into(name, &raws)
	out := make([]*fields, len(raws))
	for i, raw := range raws {
		out[i] = newFields(fmt.Sprintf("%s.%s[%d]", f.path, name, i), raw, f.err)
	}
	return out
}

// time reads an instant, or a day, of which it takes the first instant in
// London.
func (f *fields) time(name string) time.Time {
	s := f.text(name)
	if s == "" {
		return time.Time{}
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		from, _ := consent.LondonDay(t.Date())
		return from
	}
	f.fail(name, "an instant or a day is due")
	return time.Time{}
}

func (f *fields) nhsNumber(name string) nhsnumber.Number {
	s := f.text(name)
	if s == "" {
		return nhsnumber.Number{}
	}
	n, err := nhsnumber.Parse(s)
	if err != nil {
		f.fail(name, "a valid NHS number is due")
	}
	return n
}

// done fails if a member was not read.
func (f *fields) done() {
	var unread []string
	for name := range f.members {
		if !f.read[name] {
			unread = append(unread, name)
		}
	}
	if len(unread) > 0 {
		slices.Sort(unread)
		f.fail(unread[0], "no such field")
	}
}
