package fhirconsent

import (
	"slices"
	"strings"

	"github.com/nhskit/nhskit/consent"
)

// verdict is what one Consent says of one purpose.
type verdict struct {
	effect    consent.FindingEffect
	why       codes
	maybeDeny bool // not applicable or a deny: it is not known which
	// maybePermit is not applicable or a permit of everything: where another
	// rule permits, it does not matter which.
	maybePermit bool
	// redact and except select parts of the record, where the question is
	// about all of it: those to take out, and those that alone may stay.
	redact []string
	except []string
	// all are the excepts of several Consents and purposes, each of which has
	// to let a part stay.
	all [][]string
}

// open makes the verdict indeterminate.
func open(why codes) verdict { return verdict{effect: consent.FindingIndeterminate, why: why} }

// Decide evaluates the Consents of a patient. A Consent that does not apply
// says nothing; among those that do, a deny overrides, what cannot be known
// makes the answer indeterminate, and where none applies the default holds.
// The date of a Consent does not make it override an older one.
func Decide(consents []*Consent, q Question, o Options) consent.Finding {
	if year := q.AsAt.Year(); q.AsAt.IsZero() || year < 1700 || year >= 2200 {
		return consent.Finding{Effect: consent.FindingIndeterminate, Reasons: []consent.Reason{{Code: "AS_AT_MISSING"}}}
	}
	return decide(consents, &q, &o, false)
}

// decide evaluates for each purpose. Joined to other rules, Consents that do
// not apply say nothing, and what may be a refusal is not settled by a default.
func decide(consents []*Consent, q *Question, o *Options, joined bool) consent.Finding {
	purposes := q.Purposes
	if len(purposes) == 0 {
		purposes = []string{""}
	}
	var total verdict
	total.effect = consent.FindingPermit
	for _, p := range purposes {
		x := matcher{q: q, o: o, purpose: p, asAt: q.AsAt.UnixNano(), joined: joined}
		v := x.all(consents)
		if v.effect == consent.FindingPermit && o.Reading == Refinement && q.Item != nil {
			x.level(consents, &v)
		}
		total.why |= v.why
		total.redact, total.all = append(total.redact, v.redact...), append(total.all, v.all...)
		if strictness[v.effect] > strictness[total.effect] {
			total.effect = v.effect
		}
	}
	return total.finding()
}

// strictness orders effects of which all have to be heeded.
var strictness = [...]int{consent.FindingPermit: 0, consent.NotApplicable: 1, consent.FindingIndeterminate: 2, consent.FindingDeny: 3}

// finding explains a verdict. One that does not apply has obligations where
// parts are refused.
func (v *verdict) finding() consent.Finding {
	f := consent.Finding{Effect: v.effect}
	if v.effect == consent.FindingPermit || v.effect == consent.NotApplicable {
		add := func(detail string) {
			if o := (consent.Obligation{Kind: "redact", Detail: detail}); !slices.Contains(f.Obligations, o) {
				f.Obligations = append(f.Obligations, o)
			}
		}
		for _, s := range v.redact {
			add(s)
		}
		for _, list := range v.all {
			add(joinExcept(list))
		}
		if len(f.Obligations) > 0 {
			v.why.add(codeRedact)
		}
	}
	if v.effect == consent.FindingIndeterminate && v.why.has(codeLabelUnknown) {
		f.Obligations = append(f.Obligations, consent.Obligation{Kind: "label-data"})
	}
	f.Reasons = v.why.reasons()
	return f
}

// joinExcept writes selectors of one kind as "except-label:N,PSY".
func joinExcept(list []string) string {
	kind, _, _ := strings.Cut(list[0], ":")
	var b strings.Builder
	b.WriteString("except-" + kind)
	sep := ":"
	seen := map[string]bool{}
	for _, s := range list {
		_, value, _ := strings.Cut(s, ":")
		if !seen[value] {
			seen[value] = true
			b.WriteString(sep + value)
			sep = ","
		}
	}
	return b.String()
}

// all evaluates every Consent for one purpose.
func (x *matcher) all(consents []*Consent) verdict {
	if x.purpose == "BTG" {
		switch {
		case !x.q.Glass:
			return verdict{effect: consent.FindingDeny, why: 1 << codeGlassNotDeclared}
		case !x.q.GlassListed:
			return verdict{effect: consent.FindingDeny, why: 1 << codeGlassNotListed}
		}
	}
	var out verdict
	var notApplied codes
	denies, permits, opens, maybe, maybePermit := 0, 0, 0, false, false
	for _, c := range consents {
		v := x.consent(c)
		maybe, maybePermit = maybe || v.maybeDeny, maybePermit || v.maybePermit
		switch v.effect {
		case consent.FindingDeny:
			denies++
		case consent.FindingPermit:
			permits++
		case consent.FindingIndeterminate:
			opens++
		default:
			notApplied |= v.why
			out.redact = append(out.redact, v.redact...)
			continue
		}
		out.why |= v.why
		out.redact = append(out.redact, v.redact...)
		// Where one Consent permits a part, what else another permits may be
		// what the first denies: only what each lets stay stays.
		if len(v.except) > 0 {
			out.all = append(out.all, v.except)
		}
	}
	switch {
	case denies > 0:
		out.effect = consent.FindingDeny
		if permits+opens > 0 {
			out.why.add(codeDenyOverrides)
		}
	case x.joined && opens == 0 && !maybe && permits == 0:
		out.effect = consent.NotApplicable
	case opens > 0, x.joined && maybe, maybe && (permits > 0 || maybePermit || x.o.Default != consent.Deny), maybePermit && permits == 0 && x.o.Default != consent.Permit:
		out.effect = consent.FindingIndeterminate
		out.why |= notApplied
		if permits > 0 {
			out.why.add(codeIndeterminatePresent)
		}
	case permits > 0:
		out.effect = consent.FindingPermit
		if slices.ContainsFunc(out.all, mixed) {
			return open(out.why | 1<<codeDataUnknown)
		}
	default:
		out.why |= notApplied | 1<<codeNoConsent
		switch x.o.Default {
		case consent.Permit:
			out.effect = consent.FindingPermit
			out.why.add(codeDefaultPermit)
		case consent.Indeterminate:
			out.effect = consent.FindingIndeterminate
		default:
			out.effect = consent.FindingDeny
			out.why.add(codeDefaultDeny)
		}
	}
	return out
}

// level makes a permit indeterminate if data of a lower confidentiality would
// not be permitted: an exception to a rule about a level holds within the rule
// only, so that to raise a label could otherwise widen what is permitted.
func (x matcher) level(consents []*Consent, v *verdict) {
	rises := false
	for _, c := range consents {
		rises = rises || c.rises
	}
	if !rises {
		return
	}
	q, item := *x.q, *x.q.Item
	top := highest(item.Labels)
	var others []string
	for _, l := range item.Labels {
		if consent.ConfidentialityRank(l) == 0 {
			others = append(others, l)
		}
	}
	item.Labels = append(others, "")
	q.Item, x.q = &item, &q
	for _, l := range [...]string{"U", "L", "M", "N", "R"} {
		if consent.ConfidentialityRank(l) >= top {
			return
		}
		item.Labels[len(others)] = l
		if x.all(consents).effect != consent.FindingPermit {
			v.effect = consent.FindingIndeterminate
			v.why.add(codeLabelException)
			return
		}
	}
}

// mixed reports whether selectors are of several kinds, so that no single
// obligation can say what may stay.
func mixed(list []string) bool {
	for _, s := range list {
		kind, _, _ := strings.Cut(s, ":")
		if !strings.HasPrefix(list[0], kind+":") || strings.Contains(s, ";") {
			return true
		}
	}
	return false
}

// consent evaluates one Consent.
func (x *matcher) consent(c *Consent) verdict {
	patient := c.patient.is(x.q.Patient)
	switch {
	case c.unsafe.has(codeStatusMissing) || c.unsafe.has(codePatientMissing):
		return open(c.unsafe)
	case patient == consent.Unknown:
		return open(1 << codeActorUnresolved)
	case patient == consent.No:
		return verdict{}
	case c.status != "active":
		switch c.status {
		case "draft", "proposed", "rejected", "inactive", "entered-in-error":
			return verdict{}
		}
		return open(1 << codeUnknownElement)
	case c.unsafe.has(codeModifier): // it may be about anything
		return open(c.unsafe)
	case c.scope == "treatment" || c.scope == "adr":
		return verdict{why: 1 << codeScopeMismatch}
	case c.scope == "research":
		if p, ok := consent.PurposeOf(x.purpose); ok && p != consent.Research {
			return verdict{why: 1 << codeScopeMismatch}
		}
	}
	if c.unsafe != 0 {
		return open(c.unsafe)
	}
	if why := c.root.allUnsafe(); why != 0 {
		return open(why)
	}
	var v verdict
	switch {
	case c.root == nil && c.rule == "OPTIN":
		v = verdict{effect: consent.FindingPermit, why: 1 << codeRuleOptin}
	case c.root == nil:
	case x.o.Reading == Additive:
		v = x.additive(c.root)
	default:
		v = x.refine(c.root, 0)
	}
	switch {
	case c.rule == "OPTIN" && c.root != nil && c.root.effect == consent.Denies && v.effect != consent.NotApplicable:
		v.why.add(codeRuleConflict)
	case !c.out || v.effect != consent.NotApplicable:
	case v.maybePermit:
		return open(v.why | 1<<codeRuleOptout)
	default: // the base policy, to which no provision is an exception
		return verdict{effect: consent.FindingDeny, why: 1 << codeRuleOptout}
	}
	return v
}

// allUnsafe returns why the tree below may not be evaluated: one bad node
// spoils it, because an exception that cannot be read may be the one that
// matters.
func (p *provision) allUnsafe() codes {
	if p == nil {
		return 0
	}
	why := p.unsafe
	for _, c := range p.children {
		why |= c.allUnsafe()
	}
	return why
}

// selector writes the data that a provision is about as part of an
// obligation: "label:R", "class:Immunization;label:R"; nil if it cannot.
func (p *provision) selector() []string {
	if p.hasData || len(p.refs) > 0 || p.kinds {
		return nil
	}
	list := make([]string, len(p.codings))
	for i, c := range p.codings {
		list[i] = c.system + "|" + c.code
	}
	var kinds []string
	for _, k := range [...]struct {
		kind string
		list []string
	}{{"class", p.classes}, {"code", list}, {"label", p.labels}} {
		for _, s := range k.list {
			if strings.ContainsAny(s, ",;") {
				return nil // an obligation would be read as another
			}
		}
		if len(k.list) > 0 {
			kinds = append(kinds, k.kind+":"+strings.Join(k.list, ","))
		}
	}
	if len(kinds) == 1 && len(p.labels) > 0 && p.effect == consent.Denies {
		out := make([]string, len(p.labels))
		for i, l := range p.labels {
			out[i] = "label:" + l
		}
		return out
	}
	return []string{strings.Join(kinds, ";")}
}

// refine reads nested provisions as exceptions.
func (x *matcher) refine(p *provision, depth int) verdict {
	m := x.provision(p)
	if m.state == consent.No {
		return verdict{why: m.why}
	}
	own := verdict{effect: consent.FindingDeny, why: m.notes}
	if p.effect == consent.Permits {
		own.effect = consent.FindingPermit
	}
	own.why.add(ownCode(p.effect, depth))
	if m.partial {
		return x.partial(p, own, m)
	}
	var denies, permits, opens, maybe, maybePermit bool
	var inner verdict
	for _, c := range p.children {
		v := x.refine(c, depth+1)
		maybe, maybePermit = maybe || v.maybeDeny, maybePermit || v.maybePermit
		switch {
		case v.effect == consent.FindingDeny:
			denies = true
		case v.effect == consent.FindingPermit:
			permits = true
		case v.effect == consent.FindingIndeterminate:
			opens = true
		default:
			inner.redact = append(inner.redact, v.redact...)
			if v.maybeDeny || v.maybePermit {
				inner.why |= v.why
			}
			continue
		}
		inner.why |= v.why
		inner.redact, inner.except = append(inner.redact, v.redact...), append(inner.except, v.except...)
	}
	out := own
	switch {
	case denies:
		out.effect, out.why = consent.FindingDeny, m.notes|inner.why
	case opens, maybe && (permits || maybePermit || own.effect == consent.FindingPermit), maybePermit && !permits && own.effect == consent.FindingDeny:
		out.effect, out.why = consent.FindingIndeterminate, m.notes|inner.why
	case permits:
		out.effect, out.why = consent.FindingPermit, m.notes|inner.why
	}
	out.redact, out.except = inner.redact, inner.except
	if m.state == consent.Unknown {
		if out.effect == consent.FindingDeny {
			return verdict{maybeDeny: true, why: out.why | m.why}
		}
		if out.effect == consent.FindingPermit && len(out.redact)+len(out.except) == 0 {
			return verdict{maybePermit: true, why: out.why | m.why}
		}
		return open(out.why | m.why)
	}
	return out
}

func ownCode(e consent.Effect, depth int) code {
	switch {
	case depth == 0 && e == consent.Permits:
		return codeRootPermit
	case depth == 0:
		return codeRootDeny
	case e == consent.Denies:
		return codeExceptionDeny
	case depth > 1:
		return codeNestedPermit
	}
	return codeExceptionPermit
}

// partial is the verdict of a provision about some data on a question about
// all of it: what it denies is to be redacted, what it permits may stay.
func (x *matcher) partial(p *provision, own verdict, m match) verdict {
	sel := p.selector()
	if sel == nil || len(p.children) > 0 || m.state == consent.Unknown {
		if own.effect == consent.FindingDeny {
			return verdict{maybeDeny: true, why: own.why | m.why | 1<<codeDataUnknown}
		}
		return open(own.why | m.why | 1<<codeDataUnknown)
	}
	if own.effect == consent.FindingDeny {
		return verdict{redact: sel}
	}
	own.except = sel
	return own
}

// additive reads nested provisions as rules of their own.
func (x *matcher) additive(root *provision) verdict {
	var denied, denyOpen, permitted, permitOpen, partOpen bool
	var why, openWhy codes
	var redact, except []string
	var walk func(p *provision, parents []*provision)
	walk = func(p *provision, parents []*provision) {
		m := x.provision(p)
		for _, up := range parents {
			x.inherit(p, up, &m)
		}
		switch {
		case m.state == consent.No:
		case m.partial && m.state == consent.Yes && p.effect == consent.Denies && p.selector() != nil:
			redact = append(redact, p.selector()...)
		case m.partial && m.state == consent.Yes && p.effect == consent.Permits && p.selector() != nil:
			except = append(except, p.selector()...)
			permitted = true
			why |= m.notes | 1<<codeNestedPermit
		case m.state == consent.Yes && !m.partial && p.effect == consent.Denies:
			denied = true
			why |= m.notes | 1<<codeExceptionDeny
		case m.state == consent.Yes && !m.partial:
			permitted = true
			why |= m.notes | 1<<codeNestedPermit
		case p.effect == consent.Denies:
			denyOpen = true
			openWhy |= m.why | 1<<codeExceptionDeny
		default:
			permitOpen, partOpen = true, partOpen || m.partial
			openWhy |= m.why
		}
		for _, c := range p.children {
			walk(c, append(parents, p))
		}
	}
	for _, c := range root.children {
		walk(c, []*provision{root})
	}
	rm := x.provision(root)
	rootPermits := root.effect == consent.Permits && rm.state == consent.Yes
	rootDenies := root.effect == consent.Denies && rm.state == consent.Yes && !rm.partial
	rootOpen := rm.state == consent.Unknown
	if rm.partial && rm.state == consent.Yes {
		sel := root.selector()
		switch {
		case sel == nil && rootPermits:
			permitOpen, partOpen, rootPermits = true, true, false
			openWhy |= 1 << codeDataUnknown
		case sel == nil:
			rootOpen = true
			openWhy |= 1 << codeDataUnknown
		case rootPermits:
			except = append(sel, except...)
		default:
			redact = append(redact, sel...)
		}
	}
	if rootOpen {
		openWhy |= rm.why
	}
	mayPermit := permitOpen || rootOpen && root.effect == consent.Permits
	partOpen = partOpen || rootOpen && rm.partial
	switch {
	case denied:
		return verdict{effect: consent.FindingDeny, why: why}
	case denyOpen && (permitted || rootPermits || mayPermit):
		return open(openWhy | why)
	case permitted:
		return verdict{effect: consent.FindingPermit, why: why | rm.notes, redact: redact, except: except}
	case rootPermits:
		return verdict{effect: consent.FindingPermit, why: rm.notes | 1<<codeRootPermit, redact: redact, except: except}
	case mayPermit && !rootDenies && (!rootOpen || root.effect == consent.Permits) && len(redact)+len(except) == 0 && !partOpen:
		return verdict{maybePermit: true, why: openWhy}
	case mayPermit:
		return open(openWhy)
	case rootDenies:
		return verdict{effect: consent.FindingDeny, why: 1 << codeRootDeny}
	case denyOpen, rootOpen:
		return verdict{maybeDeny: true, why: openWhy}
	}
	return verdict{why: rm.why, redact: redact}
}

// inherit narrows a nested rule by what the one around it says of time, and a
// nested permit also by its purposes, actors and actions where it has none of
// its own: a rule of its own is not a rule for everybody.
func (x *matcher) inherit(p, up *provision, m *match) {
	narrowed := provision{effect: up.effect, hasPeriod: up.hasPeriod, period: up.period}
	if p.effect == consent.Permits {
		narrowed.effect = consent.Permits
		if len(p.purposes) == 0 {
			narrowed.purposes = up.purposes
		}
		if len(p.actors) == 0 {
			narrowed.actors = up.actors
		}
		if len(p.actions) == 0 {
			narrowed.actions = up.actions
		}
	}
	got := x.provision(&narrowed)
	m.state = and(m.state, got.state)
	m.why |= got.why
	m.notes |= got.notes
}
