package fhirconsent

import (
	"slices"
	"strings"

	"github.com/nhskit/nhskit/consent"
)

// matcher matches provisions against one purpose of a question.
type matcher struct {
	q       *Question
	o       *Options
	purpose string // one of the question's
	asAt    int64
	joined  bool // to other rules, which hold where no Consent applies
}

// match is how a provision fits a question.
type match struct {
	state   consent.Tri
	why     codes // why it does not fit, or why that is not known
	notes   codes // how it fits
	partial bool  // it is about part of the record, and the question about all of it
}

func (m *match) need(t consent.Tri, why code) {
	if t != consent.Yes {
		m.why.add(why)
	}
	m.state = and(m.state, t)
}

// provision matches p. Where a criterion cannot be decided, a permit is not
// proven and a deny not ruled out.
func (x *matcher) provision(p *provision) match {
	m := match{state: consent.Yes}
	if p.hasPeriod {
		switch {
		case x.asAt < p.period.from:
			m.need(consent.No, codeNotYet)
		case x.asAt >= p.period.until:
			m.need(consent.No, codeExpired)
		}
	}
	if len(p.purposes) > 0 {
		x.purposes(p, &m)
	}
	if len(p.actors) > 0 {
		x.actors(p, &m)
	}
	if len(p.actions) > 0 {
		m.need(x.actions(p), codeActionNotCovered)
	}
	if !p.selects() {
		return m
	}
	if x.q.Item == nil {
		m.partial = true
		return m
	}
	x.item(p, &m)
	return m
}

// actions matches the actions. What a refusal means by a code that is none of
// HL7's consentaction is not known.
func (x *matcher) actions(p *provision) consent.Tri {
	switch {
	case x.q.Action == "":
		return consent.Unknown
	case contains(p.actions, x.q.Action):
		return consent.Yes
	case !x.narrows(p):
		return consent.No
	}
	for _, a := range p.actions {
		switch a {
		case "collect", "access", "use", "disclose", "correct":
		default:
			return consent.Unknown
		}
	}
	return consent.No
}

// selects reports whether a provision is about some data only.
func (p *provision) selects() bool {
	return len(p.labels)+len(p.classes)+len(p.codings)+len(p.refs) > 0 || p.hasData
}

func (x *matcher) purposes(p *provision, m *match) {
	asked := x.purpose
	if asked == "" {
		m.need(consent.Unknown, codePurposeMissing)
		return
	}
	best := consent.No
	why := codePurposeNotCovered
	for _, granted := range p.purposes {
		if asked == "BTG" && (granted == "TREAT" || granted == "ETREAT") {
			best = consent.Yes // declared and authorised, or it would not get here
			break
		}
		switch consent.PurposeCovers(granted, asked) {
		case consent.Same:
			best = consent.Yes
		case consent.Subsumed:
			best = consent.Yes
			m.notes.add(codePurposeSubsumed)
		case consent.CrossesCare:
			// A grant does not cross into what is not care; a refusal does,
			// as its author may have read HL7's tree.
			if p.effect == consent.Denies {
				best = consent.Yes
				break
			}
			m.why.add(codePurposeNotCare)
		case consent.NotCovered:
			// HL7 files clinical trials under treatment. Who refuses research
			// may have meant them.
			if kind, _ := consent.PurposeOf(granted); asked == "CLINTRL" && kind == consent.Research && x.narrows(p) && best == consent.No {
				best, why = consent.Unknown, codePurposeUnknown
			}
		case consent.UnknownPurpose:
			// What a refusal means by a code that is not known may cover this
			// one, and what it refuses may be called by another system's name.
			// That proves no permit.
			strange := !strings.Contains(asked, "|") && !isPurposeOfUse(asked)
			if best == consent.No && (strange || x.narrows(p) && !apart(granted, asked)) {
				best, why = consent.Unknown, codePurposeUnknown
			}
		}
		if best == consent.Yes {
			break
		}
	}
	if best == consent.Yes {
		m.why &^= 1 << codePurposeNotCare
	}
	m.need(best, why)
}

// narrows reports whether a provision refuses something, itself or by an
// exception that holds within it only: that it does not apply has then to be
// known. A permit that may not apply is no permit.
func (x *matcher) narrows(p *provision) bool {
	return p.effect == consent.Denies || p.mixed && x.o.Reading == Refinement
}

// isPurposeOfUse reports whether HL7 has a code.
func isPurposeOfUse(code string) bool {
	return consent.PurposeCovers("TREAT", code) != consent.UnknownPurpose
}

// apart reports whether a purpose of package consent for which HL7 has no code
// is another one than a code of HL7's: none of those is care.
func apart(granted, asked string) bool {
	kind, _ := consent.PurposeOf(granted)
	return strings.HasPrefix(asked, ownPurposes) && isPurposeOfUse(granted) && kind != consent.NoPurpose && !kind.BeyondCare()
}

// actors matches those who get the data. An actor who made or keeps data says
// whose data a rule is about, which is not known of any; among those who get
// them it does not count.
func (x *matcher) actors(p *provision, m *match) {
	best, sources := consent.No, false
	for i := range p.actors {
		w := &p.actors[i]
		if w.source {
			sources = true
			continue
		}
		if t := x.actor(w); t == consent.Yes || t == consent.Unknown && best == consent.No {
			best = t
		}
	}
	if sources && !slices.ContainsFunc(p.actors, func(w who) bool { return !w.source }) {
		best = consent.Unknown
	}
	why := codeActorNotCovered
	if best == consent.Unknown {
		why = codeActorUnresolved
	}
	m.need(best, why)
}

// actor reports whether who asks is somebody, or belongs to it.
func (x *matcher) actor(w *who) consent.Tri {
	t := w.is(x.q.Actors)
	if t != consent.Yes && w.group {
		if x.q.Groups == nil {
			return consent.Unknown
		}
		if len(x.q.Groups) > 0 {
			t = or(t, w.is(x.q.Groups))
		}
	}
	if t == consent.No && x.q.someActors && !slices.ContainsFunc(x.q.Actors, func(a string) bool { return kind(a) == kind(w.literal) }) {
		return consent.Unknown
	}
	return t
}

func (x *matcher) item(p *provision, m *match) {
	it := x.q.Item
	deny := p.effect == consent.Denies
	if len(p.labels) > 0 {
		x.labels(p, it, m, deny)
	}
	if len(p.classes) > 0 {
		t := consent.Unknown
		if it.Class != "" {
			t = consent.Bool(contains(p.classes, it.Class))
			if t == consent.No && p.kinds && x.narrows(p) {
				t = consent.Unknown // of what profile or kind of document it is
			}
		}
		m.need(t, unknownOr(t, codeDataNotCovered, codeDataUnknown))
	}
	if len(p.codings) > 0 {
		x.codings(p, it, m)
	}
	if p.hasData {
		v, ok := interval{}, false
		if it.Date != "" {
			v, ok = parseTime(it.Date)
		}
		t := consent.Unknown
		if ok {
			t = v.within(p.data)
		}
		m.need(t, unknownOr(t, codeDataOutside, codeDataDate))
	}
	if len(p.refs) > 0 {
		best := consent.No
		for i := range p.refs {
			if t := p.refs[i].matches(it, deny || x.o.Reading == Additive); t == consent.Yes || t == consent.Unknown && best == consent.No {
				best = t
			}
		}
		m.need(best, unknownOr(best, codeDataNotCovered, codeDataUnknown))
	}
}

func unknownOr(t consent.Tri, no, unknown code) code {
	if t == consent.Unknown {
		return unknown
	}
	return no
}

// labels matches security labels. A confidentiality is a level: who permits N
// permits what is below, who denies R denies what is above, and data with
// several has the highest. Other labels cover their kinds: a refusal of SUD is one
// of ETHUD, and one of ETHUD perhaps of what is labelled SUD. Data without any
// label is not proven to be permitted, and not proven not to be denied.
func (x *matcher) labels(p *provision, it *Item, m *match, deny bool) {
	if !it.LabelsKnown {
		m.need(consent.Unknown, codeLabelUnknown)
		return
	}
	if len(it.Labels) == 0 {
		if deny {
			m.need(consent.Unknown, codeLabelUnknown)
		} else {
			m.need(consent.No, codeDataNotCovered)
		}
		return
	}
	fits, perhaps, top := false, false, highest(it.Labels)
	for _, named := range p.labels {
		switch rank := consent.ConfidentialityRank(named); {
		case rank == 0:
			for _, l := range it.Labels {
				fits = fits || l == named || sensitivityCovers(named, l)
				perhaps = perhaps || deny && sensitivityCovers(l, named)
			}
		case top == 0:
		case deny && top >= rank:
			fits = true
			if top > rank {
				m.notes.add(codeLabelHigher)
			}
		case !deny && top <= rank:
			fits = true
		}
	}
	if perhaps && !fits {
		m.need(consent.Unknown, codeLabelUnknown)
		return
	}
	m.need(consent.Bool(fits), codeDataNotCovered)
}

// sensitivityAbove returns the code above one of HL7's information sensitivity
// policies (v3-ActCode, 2018-08-12, FHIR R4), "" for those that have none.
func sensitivityAbove(label string) string {
	switch label {
	case "BH", "MH", "PSY", "PSYTHPN", "SUD":
		return "SPI"
	case "COGN", "DVD", "EMOTDIS":
		return "BH"
	case "ETHUD", "OPIOIDUD":
		return "SUD"
	}
	return ""
}

// sensitivityCovers reports whether a label is a kind of another.
func sensitivityCovers(label, below string) bool {
	for up := sensitivityAbove(below); up != ""; up = sensitivityAbove(up) {
		if up == label {
			return true
		}
	}
	return false
}

// highest returns the rank of the highest confidentiality among labels, 0 if
// there is none.
func highest(labels []string) int {
	top := 0
	for _, l := range labels {
		top = max(top, consent.ConfidentialityRank(l))
	}
	return top
}

func (x *matcher) codings(p *provision, it *Item, m *match) {
	if it.Codes == nil {
		m.need(consent.Unknown, codeDataUnknown)
		return
	}
	best, why := consent.No, codeDataNotCovered
	for _, named := range p.codings {
		for _, c := range it.Codes {
			system, value, _ := strings.Cut(c, "|")
			t, reason := x.coding(named, system, value, m)
			if t == consent.Yes || t == consent.Unknown && best == consent.No {
				best, why = t, reason
			}
		}
	}
	m.need(best, why)
}

// coding matches one code with one named. "<<123" names a concept with its
// descendants.
func (x *matcher) coding(named coding, system, value string, m *match) (consent.Tri, code) {
	ancestor, descends := strings.CutPrefix(named.code, "<<")
	ancestor = strings.TrimSpace(ancestor)
	if system == named.system {
		switch {
		case value == ancestor:
			return consent.Yes, 0
		case !descends:
			return consent.No, codeDataNotCovered
		case x.o.Subsumes == nil:
			return consent.Unknown, codeCodeUnresolved
		}
		t := x.o.Subsumes(system, ancestor, value)
		if t == consent.Yes {
			m.notes.add(codeSubsumed)
		}
		return t, unknownOr(t, codeDataNotCovered, codeCodeUnresolved)
	}
	if (value == ancestor || descends) && (nearMiss(system, named.system) || system == "" || named.system == "") {
		return consent.Unknown, codeNearMiss
	}
	return consent.No, codeDataNotCovered
}

// matches reports whether the item is what a provision.data entry means. By
// R4's words related is "instances it refers to"; IHE uses it for what refers to
// an encounter, which is what a refusal counts as well.
func (d *dataRef) matches(it *Item, wide bool) consent.Tri {
	if d.meaning == "authoredby" {
		if it.Authors != nil && len(it.Authors) == 0 {
			return consent.No
		}
		return d.who.is(it.Authors)
	}
	if it.Reference == "" {
		return consent.Unknown
	}
	best := d.who.is([]string{it.Reference})
	switch d.meaning {
	case "dependents":
		best = or(best, d.who.among(it.PointsAt))
	case "related":
		best = or(best, d.who.among(it.PointedBy))
		t := d.who.among(it.PointsAt)
		if t == consent.Yes && !wide {
			t = consent.Unknown
		}
		best = or(best, t)
	}
	return best
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
