package fhirconsent

import (
	"strings"

	"github.com/nhskit/nhskit/consent"
)

// matcher matches provisions against one purpose of a question.
type matcher struct {
	q       *Question
	o       *Options
	purpose string // one of the question's
	asAt    int64
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
	case p.effect == consent.Permits:
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
		case consent.UnknownPurpose:
			// A code of another system is a purpose of its own, but what a
			// refusal means by one that is not known may cover this one.
			_, asksKnown := consent.PurposeOf(asked)
			_, known := consent.PurposeOf(granted)
			if best == consent.No && (!asksKnown && !strings.Contains(asked, "|") || !known && p.effect == consent.Denies) {
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

func (x *matcher) actors(p *provision, m *match) {
	best := consent.No
	for _, named := range p.actors {
		for _, a := range x.q.Actors {
			switch {
			case a == named:
				best = consent.Yes
			case best == consent.No && sameTail(a, named):
				best = consent.Unknown
			}
		}
		if best == consent.Yes {
			break
		}
		if strings.HasPrefix(named, "#") && best == consent.No {
			best = consent.Unknown // contained: who that is cannot be compared
		}
		switch group := strings.HasPrefix(named, "Group/") || strings.Contains(named, "/Group/"); {
		case group && contains(x.q.Groups, named):
			best = consent.Yes
		case len(x.q.Actors) == 0, group && x.q.Groups == nil:
			best = consent.Unknown
		}
		if best == consent.Yes {
			break
		}
	}
	why := codeActorNotCovered
	if best == consent.Unknown {
		why = codeActorUnresolved
	}
	m.need(best, why)
}

// sameTail reports whether of two references one is relative and the other an
// absolute one that ends with it: perhaps the same thing.
func sameTail(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	return len(a) > len(b) && strings.Contains(a, "://") && !strings.Contains(b, "://") && strings.HasSuffix(a, "/"+b) && strings.Contains(b, "/")
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
			if t := p.refs[i].matches(it); t == consent.Yes || t == consent.Unknown && best == consent.No {
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
// several has the highest. Other labels match as they are. Data without any
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
	fits, top := false, highest(it.Labels)
	for _, named := range p.labels {
		switch rank := consent.ConfidentialityRank(named); {
		case rank == 0:
			fits = fits || contains(it.Labels, named)
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
	m.need(consent.Bool(fits), codeDataNotCovered)
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

// matches reports whether the item is what a provision.data entry means.
func (d *dataRef) matches(it *Item) consent.Tri {
	if strings.HasPrefix(d.reference, "#") {
		return consent.Unknown // contained: what that is cannot be compared
	}
	if d.meaning == "authoredby" {
		if it.Authors == nil {
			return consent.Unknown
		}
		return consent.Bool(contains(it.Authors, d.reference))
	}
	if it.Reference == "" {
		return consent.Unknown
	}
	switch {
	case it.Reference == d.reference:
		return consent.Yes
	case d.meaning == "instance":
	case contains(it.PointsAt, d.reference):
		return consent.Yes
	case d.meaning == "related" && contains(it.PointedBy, d.reference):
		return consent.Yes
	}
	return consent.No
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
