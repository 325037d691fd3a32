package consent

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhskit/nhskit/nhsnumber"
)

const (
	nhsNumberSystem       = "https://fhir.nhs.uk/Id/nhs-number"
	snomedSystem          = "http://snomed.info/sct"
	confidentialitySystem = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

	recordClause = "record.schema.json"
)

var (
	recordMembers  = [...]string{"id", "version", "kind", "subject", "effect", "state", "effective", "recorded", "decided_by", "source", "supersedes", "policy", "scope", "code"}
	recordRequired = [...]string{"id", "version", "kind", "subject", "effect", "state", "effective", "recorded", "decided_by", "policy"}
	channels       = [...]string{"OP", "PFSP", "FN", "CC", "PP", "gp-system", "paper", "verbal", "service"}
	scopeActions   = [...]string{"collect", "access", "use", "disclose", "correct", "extract", "upload"}
	codeSystems    = [...]string{snomedSystem, "read2", "ctv3", confidentialitySystem}
)

// maxRecordSize bounds one record; the widest real one is below a kilobyte.
const maxRecordSize = 1 << 20

// ParseRecord reads one record in its JSON form. What the schema refuses is
// refused, and so are an NHS number with a wrong check digit and a time that
// does not exist; an effective period that ends before it begins is read with
// a warning and makes decisions that look at the record indeterminate. The
// error, if any, is an *InputError whose issues carry the JSON Pointer of the
// deepest wrong value.
func ParseRecord(data []byte) (Record, []Issue, error) {
	p := recordParser{data: data}
	if len(data) > maxRecordSize {
		p.issues.add(Issue{Code: "consent.limit", Offset: maxRecordSize, Text: "a record of more than " + strconv.Itoa(maxRecordSize) + " bytes"})
		return Record{}, p.issues, p.issues.err()
	}
	root, fault := parseJSON(data)
	if fault != nil {
		p.issues.add(*fault)
		return Record{}, p.issues, p.issues.err()
	}
	r := p.record(&root)
	if err := p.issues.err(); err != nil {
		return Record{}, p.issues, err
	}
	return r, p.issues, nil
}

type recordParser struct {
	data   []byte
	issues issueList
}

func (p *recordParser) bad(v *jsonValue, path, code, text string) {
	p.report(Error, v, path, code, text)
}

func (p *recordParser) report(s Severity, v *jsonValue, path, code, text string) {
	line, col := lineCol(p.data, v.off)
	p.issues.add(Issue{Severity: s, Code: "consent.record." + code, Path: path, Offset: int64(v.off), Line: line, Col: col, Clause: recordClause, Text: text})
}

// object checks that v is an object without unknown members that has the
// required ones.
func (p *recordParser) object(v *jsonValue, path string, members, required []string) bool {
	if v.kind != jsonObject {
		p.bad(v, path, "type", "an object is due")
		return false
	}
	for _, m := range v.names {
		if !slices.Contains(members, m.name) {
			p.bad(v, path, "unknown-member", "a member that the schema does not have")
		}
	}
	for _, name := range required {
		if v.get(name) == nil {
			p.bad(v, path, "missing", "the member "+name+" is required")
		}
	}
	return true
}

// text returns the string at a member of v, "" where it is absent.
func (p *recordParser) text(v *jsonValue, path, name string, minLength int) string {
	m := v.get(name)
	if m == nil {
		return ""
	}
	path += "/" + name
	if m.kind != jsonString {
		p.bad(m, path, "type", "a string is due")
		return ""
	}
	if len(m.text) < minLength {
		p.bad(m, path, "length", "an empty string")
	}
	return m.text
}

// choice returns the index of the string at a member of v in a list.
func (p *recordParser) choice(v *jsonValue, path, name string, list []string) int {
	m := v.get(name)
	if m == nil {
		return 0
	}
	i := -1
	if m.kind == jsonString && m.text != "" {
		i = slices.Index(list, m.text)
	}
	if i < 0 {
		p.bad(m, path+"/"+name, "enum", "one of "+strings.Join(slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "" }), ", ")+" is due")
		return 0
	}
	return i
}

// strings returns the list of strings at a member of v.
func (p *recordParser) strings(v *jsonValue, path, name string, unique bool, allowed []string) []string {
	m := v.get(name)
	if m == nil {
		return nil
	}
	path += "/" + name
	if m.kind != jsonArray {
		p.bad(m, path, "type", "an array is due")
		return nil
	}
	if len(m.items) == 0 {
		p.bad(m, path, "length", "an empty array")
	}
	var out []string
	for i := range m.items {
		item := &m.items[i]
		at := path + "/" + strconv.Itoa(i)
		switch {
		case item.kind != jsonString && allowed == nil:
			p.bad(item, at, "type", "a string is due")
		case allowed != nil && (item.kind != jsonString || !slices.Contains(allowed, item.text)):
			p.bad(item, at, "enum", "one of "+strings.Join(allowed, ", ")+" is due")
		case item.text == "":
			p.bad(item, at, "length", "an empty string")
		}
		if unique && slices.Contains(out, item.text) {
			p.bad(m, path, "unique", "an item appears twice")
		}
		out = append(out, item.text)
	}
	return out
}

// time returns the instant at a member of v.
func (p *recordParser) time(v *jsonValue, path, name string) time.Time {
	m := v.get(name)
	if m == nil {
		return time.Time{}
	}
	path += "/" + name
	if m.kind != jsonString {
		p.bad(m, path, "type", "a string is due")
		return time.Time{}
	}
	t, ok := parseInstant(m.text)
	if !ok {
		p.bad(m, path, "time", "a date and time with seconds and zone is due: YYYY-MM-DDThh:mm:ss[.n](Z|±hh:mm)")
	}
	return t
}

// parseInstant reads an instant of the form that the schema asks for, which
// must exist. Years 1700 to 2199 are accepted.
func parseInstant(s string) (time.Time, bool) {
	const shape = "0000-00-00T00:00:00"
	if len(s) < len(shape)+1 {
		return time.Time{}, false
	}
	for i := range shape {
		if c := s[i]; shape[i] == '0' && (c < '0' || c > '9') || shape[i] != '0' && c != shape[i] {
			return time.Time{}, false
		}
	}
	rest := s[len(shape):]
	if rest[0] == '.' {
		n := 1
		for n < len(rest) && '0' <= rest[n] && rest[n] <= '9' {
			n++
		}
		if n == 1 || n > 10 {
			return time.Time{}, false
		}
		rest = rest[n:]
	}
	if rest != "Z" && (len(rest) != 6 || rest[3] != ':') {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil && 1700 <= t.Year() && t.Year() < 2200
}

func (p *recordParser) record(v *jsonValue) Record {
	var r Record
	if !p.object(v, "", recordMembers[:], recordRequired[:]) {
		return r
	}
	r.ID = p.text(v, "", "id", 1)
	if m := v.get("id"); m != nil && m.kind == jsonString && m.text != "" && !validID(m.text) {
		p.bad(m, "/id", "pattern", "an id is up to 64 of the characters A-Z a-z 0-9 . _ : -")
	}
	if m := v.get("version"); m != nil {
		n, err := strconv.Atoi(strings.TrimSuffix(m.text, ".0"))
		switch {
		case m.kind != jsonNumber || err != nil:
			p.bad(m, "/version", "type", "an integer is due")
		case n < 1:
			p.bad(m, "/version", "minimum", "versions begin at 1")
		}
		r.Version = n
	}
	r.Kind = Kind(p.choice(v, "", "kind", kindNames[:]))
	r.Subject = p.subject(v.get("subject"))
	r.Effect = Effect(p.choice(v, "", "effect", effectNames[:]))
	r.State = State(p.choice(v, "", "state", stateNames[:]))
	effective := v.get("effective")
	if effective != nil && p.object(effective, "/effective", []string{"from", "until"}, []string{"from"}) {
		r.From = p.time(effective, "/effective", "from")
		r.Until = p.time(effective, "/effective", "until")
		if !r.Until.IsZero() && r.Until.Before(r.From) {
			p.report(Warning, effective, "/effective", "period-reversed", "the period ends before it begins")
		}
	}
	if m := v.get("recorded"); m != nil && p.object(m, "/recorded", []string{"at", "by"}, []string{"at", "by"}) {
		r.RecordedAt = p.time(m, "/recorded", "at")
		r.RecordedBy = p.text(m, "/recorded", "by", 1)
	}
	if m := v.get("decided_by"); m != nil && p.object(m, "/decided_by", []string{"role", "reference"}, []string{"role"}) {
		r.DecidedBy = Role(p.choice(m, "/decided_by", "role", roleNames[:]))
		r.DecidedRef = p.text(m, "/decided_by", "reference", 0)
	}
	if m := v.get("source"); m != nil && p.object(m, "/source", []string{"channel", "document", "sha256"}, []string{"channel"}) {
		if i := p.choice(m, "/source", "channel", channels[:]); m.get("channel") != nil {
			r.Source.Channel = channels[i]
		}
		r.Source.Document = p.text(m, "/source", "document", 0)
		r.Source.SHA256 = p.text(m, "/source", "sha256", 0)
		if h := m.get("sha256"); h != nil && h.kind == jsonString && !validHash(h.text) {
			p.bad(h, "/source/sha256", "pattern", "64 lower-case hexadecimal digits are due")
		}
	}
	r.Supersedes = p.strings(v, "", "supersedes", true, nil)
	p.policies(v.get("policy"), &r)
	r.Scope = p.scope(v.get("scope"))
	if m := v.get("code"); m != nil && p.object(m, "/code", []string{"system", "value"}, []string{"system", "value"}) {
		if i := p.choice(m, "/code", "system", codeSystems[:]); m.get("system") != nil {
			r.Code.System = codeSystems[i]
		}
		r.Code.Value = p.text(m, "/code", "value", 1)
	}
	p.conditions(v, &r)
	return r
}

func (p *recordParser) subject(v *jsonValue) nhsnumber.Number {
	if v == nil || !p.object(v, "/subject", []string{"system", "value"}, []string{"system", "value"}) {
		return nhsnumber.Number{}
	}
	if s := v.get("system"); s != nil && (s.kind != jsonString || s.text != nhsNumberSystem) {
		p.bad(s, "/subject/system", "const", "the system is "+nhsNumberSystem)
	}
	m := v.get("value")
	if m == nil {
		return nhsnumber.Number{}
	}
	if m.kind != jsonString || len(m.text) != 10 || strings.Trim(m.text, "0123456789") != "" {
		p.bad(m, "/subject/value", "pattern", "ten digits are due")
		return nhsnumber.Number{}
	}
	n, err := nhsnumber.Parse(m.text)
	if err != nil {
		p.bad(m, "/subject/value", "check-digit", "not a valid NHS number")
	}
	return n
}

func (p *recordParser) policies(v *jsonValue, r *Record) {
	if v == nil {
		return
	}
	if v.kind != jsonArray {
		p.bad(v, "/policy", "type", "an array is due")
		return
	}
	if len(v.items) == 0 {
		p.bad(v, "/policy", "length", "an empty array")
	}
	for i := range v.items {
		item, path := &v.items[i], "/policy/"+strconv.Itoa(i)
		if p.object(item, path, []string{"uri", "version"}, []string{"uri", "version"}) {
			r.Policy = append(r.Policy, PolicyRef{p.text(item, path, "uri", 1), p.text(item, path, "version", 1)})
		}
	}
}

func (p *recordParser) scope(v *jsonValue) *Scope {
	members := []string{"purposes", "studies", "actions", "actors", "labels", "classes", "codes", "data_period"}
	if v == nil || !p.object(v, "/scope", members, nil) {
		return nil
	}
	s := &Scope{
		Purposes: p.strings(v, "/scope", "purposes", true, nil),
		Studies:  p.strings(v, "/scope", "studies", false, nil),
		Actions:  p.strings(v, "/scope", "actions", true, scopeActions[:]),
		Actors:   p.strings(v, "/scope", "actors", false, nil),
		Labels:   p.strings(v, "/scope", "labels", false, nil),
		Classes:  p.strings(v, "/scope", "classes", false, nil),
		Codes:    p.strings(v, "/scope", "codes", false, nil),
	}
	if m := v.get("data_period"); m != nil && p.object(m, "/scope/data_period", []string{"from", "until"}, nil) {
		s.DataFrom = p.text(m, "/scope/data_period", "from", 0)
		s.DataTo = p.text(m, "/scope/data_period", "until", 0)
	}
	return s
}

// conditions checks what the schema asks of single kinds and states.
func (p *recordParser) conditions(v *jsonValue, r *Record) {
	effect := func(want Effect) {
		if m := v.get("effect"); m != nil && m.kind == jsonString && r.Effect != want && slices.Contains(effectNames[:], m.text) {
			p.bad(m, "/effect", "const", "a record of this kind can only "+want.String())
		}
	}
	require := func(name string) {
		if v.get(name) == nil {
			p.bad(v, "", "missing", "a record of this kind needs the member "+name)
		}
	}
	scoped := func(name string) {
		require("scope")
		if m := v.get("scope"); m != nil && m.kind == jsonObject && m.get(name) == nil {
			p.bad(m, "/scope", "missing", "a record of this kind needs the member "+name)
		}
	}
	switch r.Kind {
	case NationalDataOptOut:
		effect(Denies)
		if m := v.get("scope"); m != nil {
			p.bad(m, "/scope", "forbidden", "the national data opt-out has no scope: it is all or nothing")
		}
		if m := v.get("decided_by"); m != nil && m.kind == jsonObject {
			if role := m.get("role"); role != nil && role.kind == jsonString && (r.DecidedBy == RoleUnknown || r.DecidedBy == ByBestInterest) {
				p.bad(role, "/decided_by/role", "enum", "patient, guardian, power-of-attorney or court-deputy is due")
			}
		}
	case Type1OptOut, Type2Objection:
		effect(Denies)
		require("code")
	case SCRPreference, PDSConfidentiality:
		require("code")
	case StudyConsent:
		scoped("studies")
	case ProxyAccess:
		effect(Permits)
		scoped("actors")
	}
	if m := v.get("effective"); r.State == Superseded && m != nil && m.kind == jsonObject && m.get("until") == nil {
		p.bad(m, "/effective", "missing", "a superseded record needs the end of its effective time")
	}
}

func validID(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("._:-", c) < 0 {
			return false
		}
	}
	return len(s) <= 64
}

func validHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
