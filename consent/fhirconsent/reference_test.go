package fhirconsent_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/fhirconsent"
)

// This is a second evaluator of FHIR Consents, written from the text of R4 and
// of the package, and from nothing else of it: it walks the tree as it was
// drawn, before it was written as JSON, and answers with the set of everything
// that may be so. What is not known doubles the worlds; where they all agree
// the answer is determinate.

// rule is a provision.
type rule struct {
	permit             bool
	start, end         string
	purposes           []string
	actors, actions    []string
	labels, classes    []string
	codes              []string // system|code
	dataStart, dataEnd string
	meaning, data      string
	nested             []*rule
	dataIsThere        bool // there is a dataPeriod
}

// document is a Consent.
type document struct {
	status, patient, scope string
	policyRule             string
	odd                    string // a member that R4 does not have, or that may mean anything
	root                   *rule
}

// instants are the dates that are drawn, as intervals in UTC: the first
// instant and the one after the last. On 29 March 2026 the clocks go forward
// in London at one o'clock, so that its day ends at 23:00 UTC.
var instants = map[string][2]string{
	"":                          {"0001-01-01T00:00:00Z", "9000-01-01T00:00:00Z"},
	"2019":                      {"2019-01-01T00:00:00Z", "2020-01-01T00:00:00Z"},
	"2026-03":                   {"2026-03-01T00:00:00Z", "2026-03-31T23:00:00Z"},
	"2026-03-29":                {"2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"},
	"2026-03-30":                {"2026-03-29T23:00:00Z", "2026-03-30T23:00:00Z"},
	"2026-03-29T23:30:00Z":      {"2026-03-29T23:30:00Z", "2026-03-29T23:30:01Z"},
	"2026-03-30T00:30:00+01:00": {"2026-03-29T23:30:00Z", "2026-03-29T23:30:01Z"},
	"2027-06":                   {"2027-05-31T23:00:00Z", "2027-06-30T23:00:00Z"},
}

func from(s string) time.Time  { return must(time.Parse(time.RFC3339, instants[s][0])) }
func until(s string) time.Time { return must(time.Parse(time.RFC3339, instants[s][1])) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// above lists what the drawn purposes are kinds of, in HL7's tree.
var above = map[string][]string{"ETREAT": {"TREAT"}, "BTG": {"ETREAT", "TREAT"}, "POPHLTH": {"TREAT"}, "BIORCH": {"HRESCH"}, "SYSDEV": {"HOPERAT"}}

// beyond are those of them that are something else than what they are filed
// under, in England.
var beyond = []string{"BTG", "POPHLTH", "SYSDEV"}

// strange are codes that HL7 does not have.
var strange = []string{"QQQ", "urn:x|care"}

// levels are the codes of confidentiality in order.
const levels = "ULMNRV"

type tri = consent.Tri

const (
	no      = consent.No
	unknown = consent.Unknown
	yes     = consent.Yes
)

func is(b bool) tri { return consent.Bool(b) }

// best is yes if one is, no if all are.
func best(list ...tri) tri {
	switch {
	case slices.Contains(list, yes):
		return yes
	case slices.Contains(list, unknown):
		return unknown
	}
	return no
}

// least is no if one is, yes if all are.
func least(list ...tri) tri {
	switch {
	case slices.Contains(list, no):
		return no
	case slices.Contains(list, unknown):
		return unknown
	}
	return yes
}

// world is how a Consent or a rule comes out: silent, deny or permit.
type world int

const (
	silent world = iota
	denies
	permits
)

// worlds is a set of them.
type worlds map[world]bool

// asking is one purpose of a question.
type asking struct {
	fhirconsent.Question
	purpose string
	o       fhirconsent.Options
}

// refuses reports whether it has to be known that a rule does not apply: it is
// a refusal, or one may be nested within it that holds nowhere else.
func (a asking) refuses(r *rule) bool {
	return !r.permit || a.o.Reading == fhirconsent.Refinement && slices.ContainsFunc(r.nested, a.refuses)
}

// covered says whether one purpose of a rule covers the one asked about.
func (a asking) covered(purpose string, permit, refuses bool) tri {
	switch {
	case a.purpose == "":
		return unknown
	case purpose == a.purpose:
		return yes
	case a.purpose == "BTG" && (purpose == "TREAT" || purpose == "ETREAT"):
		return yes // an override that was declared, and is allowed to this actor
	case slices.Contains(above[a.purpose], purpose):
		return is(!permit || !slices.Contains(beyond, a.purpose))
	case a.purpose == "QQQ", refuses && (slices.Contains(strange, purpose) || slices.Contains(strange, a.purpose)):
		return unknown
	}
	return no
}

func (a asking) actor(name string) tri {
	if slices.Contains(a.Actors, name) || slices.Contains(a.Groups, name) {
		return yes
	}
	if system, _, ok := strings.Cut(name, "|"); ok { // only another number of the same system is somebody else
		return map[bool]tri{true: no, false: unknown}[slices.ContainsFunc(a.Actors, func(x string) bool { return strings.HasPrefix(x, system+"|") })]
	}
	if len(a.Actors) == 0 || (strings.HasPrefix(name, "Group/") || strings.HasPrefix(name, "CareTeam/")) && a.Groups == nil {
		return unknown
	}
	for _, x := range a.Actors {
		if strings.HasSuffix(x, "/"+name) || strings.HasSuffix(name, "/"+x) {
			return unknown
		}
	}
	return no
}

func (a asking) action(name string, refuses bool) tri {
	switch {
	case a.Action == "":
		return unknown
	case name == a.Action:
		return yes
	case name == "share" && refuses: // not one of HL7's
		return unknown
	}
	return no
}

// narrower are the labels that are drawn, with those that are kinds of them.
var narrower = map[string]string{"SUD": "ETHUD"}

func (a asking) label(r *rule) tri {
	switch {
	case !a.Item.LabelsKnown:
		return unknown
	case len(a.Item.Labels) == 0 && r.permit:
		return no
	case len(a.Item.Labels) == 0:
		return unknown
	}
	top, out := a.top(), no
	for _, named := range r.labels {
		at := strings.Index(levels, named)
		switch {
		case at < 0 && !r.permit && named == "ETHUD" && slices.Contains(a.Item.Labels, "SUD") && !slices.Contains(a.Item.Labels, named):
			out = unknown
		case at < 0 && (slices.Contains(a.Item.Labels, named) || slices.Contains(a.Item.Labels, narrower[named])), at >= 0 && top >= 0 && (r.permit && top <= at || !r.permit && top >= at):
			return yes
		}
	}
	return out
}

// top is the highest level of the item's labels, -1 if it has none.
func (a asking) top() int {
	top := -1
	for _, l := range a.Item.Labels {
		top = max(top, strings.Index(levels, l))
	}
	return top
}

func (a asking) code(named string) tri {
	if a.Item.Codes == nil {
		return unknown
	}
	var out []tri
	for _, c := range a.Item.Codes {
		name, descends := strings.CutPrefix(named, "urn:s|<<")
		switch {
		case c == named, descends && c == "urn:s|"+name:
			out = append(out, yes)
		case descends && strings.HasPrefix(c, "urn:s|"):
			t := unknown
			if a.o.Subsumes != nil {
				t = a.o.Subsumes("urn:s", name, strings.TrimPrefix(c, "urn:s|"))
			}
			out = append(out, t)
		case strings.HasPrefix(c, "urn:s/|") && (descends || strings.Replace(named, "urn:s|", "urn:s/|", 1) == c):
			out = append(out, unknown) // the system is perhaps written wrongly
		}
	}
	return best(out...)
}

func (a asking) date(r *rule) tri {
	first, last := from(a.Item.Date), until(a.Item.Date)
	lo, hi := from(""), until("")
	if r.dataStart != "" {
		lo = from(r.dataStart)
	}
	if r.dataEnd != "" {
		hi = until(r.dataEnd)
	}
	switch {
	case a.Item.Date == "":
		return unknown
	case !last.After(lo), !first.Before(hi):
		return no
	case !first.Before(lo) && !last.After(hi):
		return yes
	}
	return unknown
}

func (a asking) refers(r *rule) tri {
	it := a.Item
	switch {
	case r.meaning == "authoredby" && it.Authors == nil:
		return unknown
	case r.meaning == "authoredby":
		return is(slices.Contains(it.Authors, r.data))
	case it.Reference == "":
		return unknown
	}
	one := func(s string) tri {
		if strings.HasSuffix(r.data, "example.org/"+s) {
			return unknown // perhaps the same on another server
		}
		return is(s == r.data)
	}
	some := func(list []string) tri {
		if list == nil {
			return unknown
		}
		var out []tri
		for _, s := range list {
			out = append(out, one(s))
		}
		return best(out...)
	}
	pointsAt := some(it.PointsAt)
	if r.permit && r.meaning == "related" && a.o.Reading == fhirconsent.Refinement && pointsAt == yes {
		pointsAt = unknown
	}
	switch r.meaning {
	case "dependents":
		return best(one(it.Reference), pointsAt)
	case "related":
		return best(one(it.Reference), pointsAt, some(it.PointedBy))
	}
	return one(it.Reference)
}

// who is the part of a rule that is not about data. A permit without purposes,
// actors or actions of its own takes them from the rules around it in the
// additive reading.
func (a asking) who(r *rule, around []*rule) tri {
	out := []tri{yes}
	for _, x := range append(slices.Clone(around), r) {
		mine := x == r
		if x.start != "" {
			out = append(out, is(!a.AsAt.Before(from(x.start))))
		}
		if x.end != "" {
			out = append(out, is(a.AsAt.Before(until(x.end))))
		}
		one := func(list, own []string, f func(string) tri) {
			if len(list) > 0 && (mine || r.permit && len(own) == 0) {
				var any []tri
				for _, s := range list {
					any = append(any, f(s))
				}
				out = append(out, best(any...))
			}
		}
		one(x.purposes, r.purposes, func(s string) tri { return a.covered(s, r.permit, a.refuses(r)) })
		one(x.actors, r.actors, a.actor)
		one(x.actions, r.actions, func(s string) tri { return a.action(s, a.refuses(r)) })
	}
	return least(out...)
}

// what is the part of a rule that is about data.
func (a asking) what(r *rule) tri {
	out := []tri{yes}
	if len(r.labels) > 0 {
		out = append(out, a.label(r))
	}
	if len(r.classes) > 0 {
		t := unknown
		if a.Item.Class != "" {
			t = is(slices.Contains(r.classes, a.Item.Class))
			if t == no && slices.Contains(r.classes, aDocument) && a.refuses(r) {
				t = unknown
			}
		}
		out = append(out, t)
	}
	if len(r.codes) > 0 {
		var any []tri
		for _, c := range r.codes {
			any = append(any, a.code(c))
		}
		out = append(out, best(any...))
	}
	if r.dataIsThere {
		out = append(out, a.date(r))
	}
	if r.meaning != "" {
		out = append(out, a.refers(r))
	}
	return least(out...)
}

func (r *rule) effect() world {
	if r.permit {
		return permits
	}
	return denies
}

// together returns what several independent things come to: fold gets one
// choice of each.
func together(list []worlds, fold func([]world) world) worlds {
	out := worlds{}
	choice := make([]world, len(list))
	var choose func(i int)
	choose = func(i int) {
		if i == len(list) {
			out[fold(choice)] = true
			return
		}
		for w := range list[i] {
			choice[i] = w
			choose(i + 1)
		}
	}
	choose(0)
	return out
}

// strictest: a deny counts before a permit, and both before silence.
func strictest(list []world, otherwise world) world {
	switch {
	case slices.Contains(list, denies):
		return denies
	case slices.Contains(list, permits):
		return permits
	}
	return otherwise
}

// refined: what is nested is an exception inside of what is around it.
func (a asking) refined(r *rule) worlds {
	out := worlds{}
	applies := least(a.who(r, nil), a.what(r))
	if applies != no {
		var inner []worlds
		for _, n := range r.nested {
			inner = append(inner, a.refined(n))
		}
		out = together(inner, func(list []world) world { return strictest(list, r.effect()) })
	}
	if applies != yes {
		out[silent] = true
	}
	return out
}

// added: what is nested are rules of their own, before which the root steps
// back.
func (a asking) added(root *rule) worlds {
	one := func(r *rule, around []*rule) worlds {
		switch least(a.who(r, around), a.what(r)) {
		case yes:
			return worlds{r.effect(): true}
		case no:
			return worlds{silent: true}
		}
		return worlds{silent: true, r.effect(): true}
	}
	list := []worlds{one(root, nil)}
	var walk func(r *rule, around []*rule)
	walk = func(r *rule, around []*rule) {
		around = append(slices.Clone(around), r)
		for _, n := range r.nested {
			list = append(list, one(n, around))
			walk(n, around)
		}
	}
	walk(root, nil)
	return together(list, func(list []world) world { return strictest(list[1:], list[0]) })
}

func (a asking) document(d *document) worlds {
	anything := worlds{silent: true, denies: true, permits: true}
	switch {
	case d.patient == "https://example.org/Patient/1":
		return anything // it may be the same one
	case d.patient != "Patient/1", d.status == "inactive", d.status == "draft":
		return worlds{silent: true}
	case d.status != "active":
		return anything
	case strings.Contains(d.odd, "modifier"), strings.Contains(d.odd, "implicit"):
		return anything // it may change what the rest means
	case d.scope == "treatment", d.scope == "research" && slices.Contains([]string{"TREAT", "ETREAT", "BTG", "POPHLTH", "SYSDEV", "HOPERAT"}, a.purpose):
		return worlds{silent: true}
	case d.odd != "", d.root == nil && (d.policyRule == "" || d.policyRule == "OPTOUTE"), d.root != nil && d.root.permit && d.policyRule == "OPTOUT":
		return anything
	case d.root == nil && d.policyRule == "OPTIN":
		return worlds{permits: true}
	case d.root == nil:
		return worlds{denies: true}
	}
	out := a.refined
	if a.o.Reading == fhirconsent.Additive {
		out = a.added
	}
	came := out(d.root)
	if strings.HasPrefix(d.policyRule, "OPTOUT") && came[silent] { // the base policy, to which there was no exception
		delete(came, silent)
		came[denies] = true
	}
	return came
}

// all is what several Consents come to. Where none applies the default holds.
func (a asking) all(list []*document) worlds {
	var sets []worlds
	for _, d := range list {
		sets = append(sets, a.document(d))
	}
	otherwise := map[consent.Outcome]worlds{consent.Deny: {denies: true}, consent.Permit: {permits: true}, consent.Indeterminate: {denies: true, permits: true}}[a.o.Default]
	return together(append(sets, otherwise), func(list []world) world { return strictest(list[:len(list)-1], list[len(list)-1]) })
}

// lowerRefused reports whether the same data with a lower confidentiality
// would not be permitted, in the reading in which that can be.
func (a asking) lowerRefused(list []*document) bool {
	if a.Item == nil || a.o.Reading == fhirconsent.Additive {
		return false
	}
	for level := range max(a.top(), 0) {
		it, b := *a.Item, a
		it.Labels = []string{levels[level : level+1]}
		for _, l := range a.Item.Labels {
			if !strings.Contains(levels, l) {
				it.Labels = append(it.Labels, l)
			}
		}
		b.Item = &it
		if b.all(list)[denies] {
			return true
		}
	}
	return false
}

// slowly answers a question about data that is described, or by Consents that
// are not about some data only.
func slowly(list []*document, q fhirconsent.Question, o fhirconsent.Options) consent.FindingEffect {
	purposes := q.Purposes
	if len(purposes) == 0 {
		purposes = []string{""}
	}
	out := consent.FindingPermit
	for _, p := range purposes {
		a := asking{q, p, o}
		switch all := a.all(list); {
		case p == "BTG" && (!q.Glass || !q.GlassListed), !all[permits]:
			out = consent.FindingDeny
		case all[denies] && out != consent.FindingDeny, !all[denies] && out == consent.FindingPermit && a.lowerRefused(list):
			out = consent.FindingIndeterminate
		}
	}
	return out
}

// drawer draws Consents and questions.
type drawer struct{ *rand.Rand }

func (d drawer) one(list ...string) string { return list[d.IntN(len(list))] }

// some returns one or two of a list, one time in n.
func (d drawer) some(n int, list ...string) []string {
	if d.IntN(n) > 0 {
		return nil
	}
	out := []string{d.one(list...)}
	if d.IntN(3) == 0 {
		out = append(out, d.one(list...))
	}
	return out
}

var (
	drawnPurposes = []string{"TREAT", "ETREAT", "HRESCH", "BIORCH", "POPHLTH", "HOPERAT", "SYSDEV", "QQQ", "urn:x|care"}
	drawnLabels   = []string{"N", "R", "V", "PSY", "SUD", "ETHUD"}
	drawnCodes    = []string{"urn:s|1", "urn:s|<<1", "urn:s|2", "urn:t|1"}
	drawnDates    = []string{"2019", "2026-03", "2026-03-29", "2026-03-30", "2026-03-29T23:30:00Z", "2026-03-30T00:30:00+01:00", "2027-06"}
)

// aDocument is a class that is no type of resource.
const aDocument = "http://loinc.org|34133-9"

// rule draws a rule; data says whether it may be about some data only.
func (d drawer) rule(depth int, data bool) *rule {
	r := &rule{
		permit: d.IntN(2) == 0, purposes: d.some(4, drawnPurposes...), actors: d.some(4, "Practitioner/1", "Practitioner/2", "https://example.org/Practitioner/1", "Group/1", "CareTeam/1", "urn:ods|1"),
		actions: d.some(8, "access", "use", "share"),
	}
	if d.IntN(8) == 0 {
		r.start = d.one(drawnDates[:3]...)
	}
	if d.IntN(8) == 0 {
		r.end = d.one(drawnDates[1:]...)
	}
	if data {
		r.labels, r.classes, r.codes = d.some(4, drawnLabels...), d.some(6, "Observation", "Condition", aDocument), d.some(6, drawnCodes...)
		if d.IntN(8) == 0 {
			r.dataIsThere, r.dataStart = true, d.one(append(drawnDates, "")...)
			if r.dataEnd = d.one(append(drawnDates, "")...); r.dataStart != "" && r.dataEnd != "" && !until(r.dataEnd).After(from(r.dataStart)) {
				r.dataEnd = ""
			}
			r.dataIsThere = r.dataStart+r.dataEnd != ""
		}
		if d.IntN(8) == 0 {
			r.meaning, r.data = d.one("instance", "related", "dependents", "authoredby"), d.one("Observation/1", "Observation/2", "Practitioner/1", "https://example.org/Observation/1")
		}
	}
	if r.start != "" && r.end != "" && !until(r.end).After(from(r.start)) {
		r.end = ""
	}
	if depth > 0 {
		for range d.IntN(3) {
			r.nested = append(r.nested, d.rule(depth-1, data))
		}
	}
	return r
}

func (d drawer) document(depth int, data bool) *document {
	out := &document{status: "active", patient: "Patient/1", scope: "patient-privacy"}
	switch d.IntN(20) {
	case 0:
		out.status = d.one("inactive", "draft", "strange")
	case 1:
		out.patient = d.one("Patient/2", "https://example.org/Patient/1")
	case 2:
		out.scope = d.one("treatment", "research")
	case 3:
		out.odd = d.one(`,"modifierExtension":[{"url":"urn:x","valueBoolean":true}]`, `,"implicitRules":"urn:x"`, `,"surprise":1`)
	case 4, 5:
		out.policyRule = d.one("OPTIN", "OPTOUT", "OPTOUTE")
	}
	if d.IntN(20) > 0 {
		out.root = d.rule(depth, data)
	}
	return out
}

func (d drawer) question(item bool) fhirconsent.Question {
	q := fhirconsent.Question{Patient: []string{"Patient/1"}, Action: d.one("access", "access", "use", ""), AsAt: from(d.one(drawnDates[1:5]...)).Add(time.Duration(d.IntN(3)-1) * 12 * time.Hour)}
	for range []int{0, 1, 1, 1, 1, 2}[d.IntN(6)] {
		q.Purposes = append(q.Purposes, d.one(append(drawnPurposes, "BTG")...))
	}
	q.Glass, q.GlassListed = d.IntN(4) > 0, d.IntN(4) > 0
	if d.IntN(8) > 0 {
		q.Actors = append([]string{"Practitioner/1"}, d.some(2, "urn:ods|1", "urn:ods|2")...)
	}
	if d.IntN(2) == 0 {
		q.Groups = []string{}
		if d.IntN(2) == 0 {
			q.Groups = []string{"Group/1"}
		}
	}
	if !item {
		return q
	}
	q.Item = &fhirconsent.Item{Class: d.one("", "Observation"), Date: d.one(append(drawnDates, "")...), LabelsKnown: d.IntN(4) > 0, Reference: d.one("", "Observation/1", "Observation/3")}
	if q.Item.LabelsKnown {
		q.Item.Labels = d.some(1, drawnLabels...)
		if d.IntN(8) == 0 {
			q.Item.Labels = nil
		}
	}
	if d.IntN(4) > 0 {
		q.Item.Codes = append([]string{}, d.some(2, "urn:s|1", "urn:s|3", "urn:s|4", "urn:s|5", "urn:s/|1", "urn:s/|3")...)
	}
	if d.IntN(2) == 0 {
		q.Item.Authors = append([]string{}, d.some(2, "Practitioner/1")...)
	}
	if d.IntN(4) > 0 {
		q.Item.PointsAt = append([]string{}, d.some(3, "Observation/1", "Observation/2")...)
	}
	if d.IntN(4) > 0 {
		q.Item.PointedBy = append([]string{}, d.some(3, "Observation/1", "Observation/2")...)
	}
	return q
}

// subsumes knows that 3 is a kind of 1, that 4 is none, and nothing of 5.
func subsumes(_, ancestor, code string) consent.Tri {
	if ancestor != "1" {
		return unknown
	}
	return map[string]tri{"3": yes, "5": unknown}[code]
}

func (d drawer) options() fhirconsent.Options {
	o := fhirconsent.Options{Reading: fhirconsent.Reading(d.IntN(2)), Default: consent.Outcome(d.IntN(3))}
	if d.IntN(2) == 0 {
		o.Subsumes = subsumes
	}
	return o
}

// json writes a rule as a provision.
func (r *rule) json(b *strings.Builder) {
	b.WriteString(`{"type":"` + map[bool]string{true: "permit", false: "deny"}[r.permit] + `"`)
	period := func(name, start, end string) {
		if start+end == "" {
			return
		}
		fmt.Fprintf(b, `,%q:{`, name)
		if start != "" {
			fmt.Fprintf(b, `"start":%q`, start)
		}
		if end != "" {
			if start != "" {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, `"end":%q`, end)
		}
		b.WriteByte('}')
	}
	list := func(name string, list []string, form func(s string) string) {
		for i, s := range list {
			b.WriteString([]string{`,"` + name + `":[`, `,`}[min(i, 1)] + form(s))
		}
		if len(list) > 0 {
			b.WriteByte(']')
		}
	}
	coding := func(s string) string {
		if system, code, ok := strings.Cut(s, "|"); ok {
			return `{"system":"` + system + `","code":"` + code + `"}`
		}
		return `{"code":"` + s + `"}`
	}
	concept := func(s string) string { return `{"coding":[` + coding(s) + `]}` }
	period("period", r.start, r.end)
	period("dataPeriod", r.dataStart, r.dataEnd)
	list("purpose", r.purposes, coding)
	list("actor", r.actors, func(s string) string {
		if system, value, ok := strings.Cut(s, "|"); ok {
			return `{"role":{"text":"x"},"reference":{"identifier":{"system":"` + system + `","value":"` + value + `"}}}`
		}
		return `{"role":{"text":"x"},"reference":{"reference":"` + s + `"}}`
	})
	list("action", r.actions, concept)
	list("securityLabel", r.labels, coding)
	list("class", r.classes, coding)
	list("code", r.codes, concept)
	if r.meaning != "" {
		list("data", []string{r.data}, func(s string) string { return `{"meaning":"` + r.meaning + `","reference":{"reference":"` + s + `"}}` })
	}
	for i, n := range r.nested {
		b.WriteString([]string{`,"provision":[`, `,`}[min(i, 1)])
		n.json(b)
	}
	if len(r.nested) > 0 {
		b.WriteByte(']')
	}
	b.WriteByte('}')
}

func (d *document) json() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"resourceType":"Consent","status":%q,"scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":%q}]},"category":[{"text":"x"}],"patient":{"reference":%q}%s`, d.status, d.scope, d.patient, d.odd)
	if d.policyRule != "" {
		fmt.Fprintf(&b, `,"policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":%q}]}`, d.policyRule)
	}
	if d.root != nil {
		b.WriteString(`,"provision":`)
		d.root.json(&b)
	}
	b.WriteByte('}')
	return []byte(b.String())
}

func compile(t testing.TB, d *document) *fhirconsent.Consent {
	t.Helper()
	c, err := fhirconsent.Parse(d.json())
	if err != nil {
		t.Fatalf("%v\n%s", err, d.json())
	}
	return c
}

// rounds is how many cases are drawn: a few, or a million with NHSKIT_LONG.
func rounds(few int) int {
	switch {
	case os.Getenv("NHSKIT_LONG") != "":
		return 1_000_000
	case testing.Short():
		return few / 10
	}
	return few
}

// TestAgainstReference compares the evaluator with the slow one.
func TestAgainstReference(t *testing.T) {
	count := map[consent.FindingEffect]int{}
	for seed := range rounds(20_000) {
		d := drawer{rand.New(rand.NewPCG(uint64(seed), 8))}
		item := d.IntN(8) > 0
		var docs []*document
		var list []*fhirconsent.Consent
		for range d.IntN(4) {
			docs = append(docs, d.document(d.IntN(4), item))
			list = append(list, compile(t, docs[len(docs)-1]))
		}
		q, o := d.question(item), d.options()
		got, want := fhirconsent.Decide(list, q, o), slowly(docs, q, o)
		if got.Effect != want {
			var text []string
			for _, doc := range docs {
				text = append(text, string(doc.json()))
			}
			t.Fatalf("seed %d: %d, want %d\n%v\nquestion %+v\nitem %+v\nreading %d default %d subsumes %v\n%s", seed, got.Effect, want, got.Reasons, q, q.Item, o.Reading, o.Default, o.Subsumes != nil, strings.Join(text, "\n"))
		}
		count[want]++
	}
	t.Logf("permit %d, deny %d, indeterminate %d", count[consent.FindingPermit], count[consent.FindingDeny], count[consent.FindingIndeterminate])
	for _, e := range []consent.FindingEffect{consent.FindingPermit, consent.FindingDeny, consent.FindingIndeterminate} {
		if count[e] < rounds(20_000)/50 {
			t.Errorf("effect %d came out %d times only", e, count[e])
		}
	}
}
