package fhirconsent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/fhir"
)

// Consent is a FHIR R4 Consent, compiled. It is immutable and safe for
// concurrent use.
type Consent struct {
	id      string
	status  string
	scope   string
	patient who
	rule    string // OPTIN or OPTOUT of the policy rule
	out     bool   // the policy rule refuses what the provision does not permit
	unsafe  codes  // why it may not be evaluated
	rises   bool   // has a rule by confidentiality with exceptions
	root    *provision
	issues  []consent.Issue
}

// coding is a code in a system.
type coding struct{ system, code string }

// provision is one node of the tree of rules.
type provision struct {
	effect    consent.Effect
	typed     bool
	period    interval
	data      interval // dataPeriod
	hasPeriod bool
	hasData   bool
	mixed     bool // a provision below has another effect
	actors    []who
	actions   []string
	labels    []string
	purposes  []string
	classes   []string // types of resources; others as system|code
	kinds     bool     // of the classes one is a profile, a document or the like
	codings   []coding
	refs      []dataRef
	unsafe    codes
	children  []*provision
}

// dataRef is an entry of provision.data.
type dataRef struct {
	meaning string
	who     who
}

// Parse reads a FHIR R4 Consent in JSON or XML. Findings that make it unsafe
// to rely on do not stop it from being read: it then evaluates to
// indeterminate. Lint lists them. The error says that the input is no Consent.
func Parse(data []byte) (*Consent, error) {
	tree, err := parser().Parse(data)
	if err != nil {
		return nil, err
	}
	return FromNode(tree.Root())
}

// ParseAll reads a Consent, or a Bundle, of which it takes the Consents. A
// Bundle of which a part cannot be read is an error, as a Consent may be lost
// with it; of a searchset with further pages these are the Consents of one.
func ParseAll(data []byte) ([]*Consent, error) {
	tree, err := parser().Parse(data)
	if err != nil {
		return nil, err
	}
	root := tree.Root()
	if root.Type().Name() != "Bundle" {
		c, err := FromNode(root)
		if err != nil {
			return nil, err
		}
		return []*Consent{c}, nil
	}
	var out []*Consent
	end := 0 // of the newest Consent; what is wrong with those is theirs
	issues := tree.Issues()
	unread := func(until int) bool {
		return slices.ContainsFunc(issues, func(i fhir.Issue) bool {
			return i.Code == fhir.CodeTooMany || i.Severity <= fhir.Error && i.Code != fhir.CodeMissing && i.Code != fhir.CodeNarrative && i.Code != fhir.CodePrimitive && (i.Offset < 0 || int64(end) <= i.Offset && i.Offset < int64(until))
		})
	}
	for e := range root.Named("entry") {
		r, ok := e.Child("resource")
		if !ok {
			return nil, fmt.Errorf("%w: an entry without a resource", errNoConsent)
		}
		if r.Type().Name() != "Consent" {
			continue
		}
		c, err := FromNode(r)
		if err != nil {
			return nil, err
		}
		start, next := r.Span()
		if unread(start) {
			return nil, &fhir.ParseError{Issues: issues}
		}
		out, end = append(out, c), next
	}
	if unread(len(tree.Source())) {
		return nil, &fhir.ParseError{Issues: issues}
	}
	return out, nil
}

// ID returns the resource's logical id, "" if it has none.
func (c *Consent) ID() string { return c.id }

// Lint returns what is wrong with the resource, in the order of the input:
// what leaves its meaning open (errors), and what is merely odd (warnings).
// Codes are those of the reasons that Decide gives.
func (c *Consent) Lint() []consent.Issue { return c.issues }

// FromNode compiles a Consent that is part of a parsed resource, such as an
// entry of a Bundle.
func FromNode(n fhir.Node) (*Consent, error) {
	if n.IsZero() || !n.IsResource() || n.Type().Name() != "Consent" {
		return nil, errNoConsent
	}
	r := reader{c: new(Consent)}
	r.consent(n)
	r.form(n)
	return r.c, nil
}

// form reports what is wrong with how the resource is written. What was left
// out in reading may be what matters.
func (r *reader) form(n fhir.Node) {
	start, end := n.Span()
	for _, i := range n.Tree().Issues() {
		within := i.Offset < 0 || int64(start) <= i.Offset && i.Offset < int64(end)
		if i.Code == fhir.CodeTooMany && i.Offset < int64(end) {
			r.c.unsafe.add(codeUnknownElement) // of what was found after that nothing is said
			continue
		}
		if i.Severity > fhir.Error || !within || i.Code == fhir.CodeMissing || i.Code == fhir.CodeNarrative {
			continue // elements that are missing are for consent and provision
		}
		if !slices.ContainsFunc(r.c.issues, func(o consent.Issue) bool { return o.Severity == consent.Error && o.Offset == i.Offset }) {
			r.c.unsafe.add(codeUnknownElement)
			r.c.issues = append(r.c.issues, consent.Issue{Severity: consent.Error, Code: codeNames[codeUnknownElement], Path: i.Path, Offset: i.Offset, Line: i.Line, Col: i.Col, Clause: i.Clause, Text: string(i.Code)})
		}
	}
	slices.SortStableFunc(r.c.issues, func(a, b consent.Issue) int { return cmp.Compare(a.Offset, b.Offset) })
}

// reader compiles one resource.
type reader struct{ c *Consent }

func (r *reader) report(s consent.Severity, n fhir.Node, path, code, text string) {
	line, col := n.Position()
	start, _ := n.Span()
	r.c.issues = append(r.c.issues, consent.Issue{Severity: s, Code: code, Path: path, Offset: int64(start), Line: line, Col: col, Clause: "http://hl7.org/fhir/R4/consent.html", Text: text})
}

func (r *reader) consent(n fhir.Node) {
	c := r.c
	var policyRule, provisionNode fhir.Node
	for k := range n.Children() {
		switch k.Name() {
		case "id":
			c.id = k.Value()
		case "status":
			c.status = k.Value()
		case "scope":
			c.scope = r.scope(k)
		case "patient":
			c.patient = whoOf(k)
			if ref := c.patient.literal; c.patient != (who{}) && (!c.patient.plausible() || strings.HasPrefix(ref, "#") || ref != "" && !strings.Contains(ref, ":") && !strings.HasPrefix(ref, "Patient/")) {
				r.unsafe(&c.unsafe, k, codePatientMissing, "a patient whose reference names none")
			}
		case "dateTime":
			// When the resource was made, not from when it holds: that is
			// the provision's period.
			if _, ok := parseTime(k.Value()); !ok {
				r.unsafe(&c.unsafe, k, codeDate, "a date that cannot be read")
			}
		case "policyRule":
			policyRule = k
		case "verification":
			if v, ok := k.Child("verified"); ok && v.Value() != "true" {
				r.unsafe(&c.unsafe, k, codeNotVerified, "the verification says that the patient did not confirm")
			}
		case "provision":
			if !provisionNode.IsZero() {
				r.unsafe(&c.unsafe, k, codeUnknownElement, "a second root provision")
			}
			provisionNode = k
		case "modifierExtension":
			r.unsafe(&c.unsafe, k, codeModifier, "a modifier extension whose meaning is not known")
		case "implicitRules":
			r.unsafe(&c.unsafe, k, codeModifier, "implicit rules whose meaning is not known")
		case "meta", "language", "text", "contained", "extension", "identifier", "category", "performer", "organization", "source", "policy":
		default:
			r.unsafe(&c.unsafe, k, codeUnknownElement, "an element that R4's Consent does not have")
		}
	}
	if c.status == "" {
		r.unsafe(&c.unsafe, n, codeStatusMissing, "the status is missing")
	}
	if c.patient == (who{}) {
		r.unsafe(&c.unsafe, n, codePatientMissing, "the patient is missing")
	}
	if c.scope == "" {
		r.unsafe(&c.unsafe, n, codeScopeMissing, "the scope is missing or not known")
	}
	emergencies := r.policyRule(policyRule)
	if provisionNode.IsZero() {
		if c.rule == "" {
			r.unsafe(&c.unsafe, n, codeProvisionMissing, "neither a provision nor a policy rule that says opt-in or opt-out")
		}
		return
	}
	c.root = r.provision(provisionNode, "Consent.provision")
	if c.root.typed && (c.rule == "OPTIN" && c.root.effect == consent.Denies || c.rule == "OPTOUT" && c.root.effect == consent.Permits) {
		r.report(consent.Warning, policyRule, "Consent.policyRule", codeNames[codeRuleConflict], "the policy rule and the root provision say opposite things")
		if c.rule == "OPTOUT" {
			c.unsafe.add(codeRuleConflict)
		}
	}
	if emergencies && c.root.permitsBeyondEmergencies() {
		r.unsafe(&c.unsafe, policyRule, codeRuleConflict, "the policy rule is for emergencies only, and a provision permits more")
	}
}

// policyRule reads the base policy, to which a provision is an exception, and
// reports whether it is one for emergencies only. Opting in counts by HL7's own
// code only.
func (r *reader) policyRule(n fhir.Node) (emergencies bool) {
	if n.IsZero() {
		return false
	}
	in := false
	for _, cd := range codings(n) {
		own := cd.system == actCodeSystem || nearMiss(cd.system, actCodeSystem)
		switch cd.code {
		case "OPTIN":
			in = in || own
		case "OPTINR":
		case "OPTOUT":
			r.c.rule, r.c.out = "OPTOUT", true
		case "OPTOUTE":
			r.c.out = true
		case "EMRGONLY":
			emergencies = true
		}
	}
	switch {
	case in && r.c.out:
		r.unsafe(&r.c.unsafe, n, codeRuleConflict, "the policy rule opts in and out")
	case in:
		r.c.rule = "OPTIN"
	}
	return emergencies
}

// permitsBeyondEmergencies reports whether a provision, or one below, permits
// anything but emergency treatment.
func (p *provision) permitsBeyondEmergencies() bool {
	if p.effect == consent.Permits && (len(p.purposes) == 0 || slices.ContainsFunc(p.purposes, func(s string) bool { return s != "ETREAT" && s != "ERTREAT" && s != "BTG" })) {
		return true
	}
	return slices.ContainsFunc(p.children, (*provision).permitsBeyondEmergencies)
}

// unsafe reports what makes a resource or provision unsafe to evaluate.
func (r *reader) unsafe(set *codes, n fhir.Node, c code, text string) {
	set.add(c)
	r.report(consent.Error, n, lintPath(n), codeNames[c], text)
}

// lintPath is the path of a node without the index of elements that are
// single.
func lintPath(n fhir.Node) string {
	path := n.Path()
	if i := strings.Index(path, "Consent"); i > 0 {
		path = path[i:]
	}
	return path
}

// scope returns the kind of consent, "" where it is not known or there are two.
func (r *reader) scope(n fhir.Node) string {
	scope := ""
	for _, c := range codings(n) {
		if c.system != "" && c.system != scopeSystem && !nearMiss(c.system, scopeSystem) {
			continue
		}
		if c.system != scopeSystem {
			r.report(consent.Warning, n, "Consent.scope", codeNames[codeNearMiss], "the system is not "+scopeSystem)
		}
		switch c.code {
		case "patient-privacy", "research", "treatment", "adr":
			if scope != "" && scope != c.code {
				return ""
			}
			scope = c.code
		}
	}
	return scope
}

const (
	scopeSystem     = "http://terminology.hl7.org/CodeSystem/consentscope"
	actReasonSystem = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	actCodeSystem   = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	classSystem     = "http://hl7.org/fhir/resource-types"
)

// nearMiss reports whether two systems differ only by the scheme's s or a
// slash at the end.
func nearMiss(a, b string) bool {
	norm := func(s string) string {
		s = strings.TrimSuffix(s, "/")
		if rest, ok := strings.CutPrefix(s, "https://"); ok {
			s = "http://" + rest
		}
		return strings.TrimPrefix(s, "http://www.")
	}
	return a != b && strings.EqualFold(norm(a), norm(b))
}

func (r *reader) provision(n fhir.Node, path string) *provision {
	p := &provision{period: interval{ever, never}, data: interval{ever, never}}
	var nested []fhir.Node
	for k := range n.Children() {
		switch k.Name() {
		case "type":
			switch k.Value() {
			case "permit":
				p.effect, p.typed = consent.Permits, true
			case "deny":
				p.typed = true
			default:
				r.unsafe(&p.unsafe, k, codeUnknownElement, "the type is neither permit nor deny")
			}
		case "period":
			p.hasPeriod, p.period = true, r.period(p, k)
		case "dataPeriod":
			p.hasData, p.data = true, r.period(p, k)
		case "actor":
			var w who
			if ref, ok := k.Child("reference"); ok {
				w = whoOf(ref)
			}
			switch {
			case w == (who{}):
				r.unsafe(&p.unsafe, k, codeActorUnresolved, "an actor without reference or identifier")
			case !w.plausible():
				r.unsafe(&p.unsafe, k, codeActorUnresolved, "an actor whose reference names nothing")
			}
			if role, ok := k.Child("role"); ok {
				w.source = slices.ContainsFunc(codings(role), func(c coding) bool { return contains(sourceRoles[:], c.code) })
			}
			p.actors = append(p.actors, w)
			r.modifiers(p, k)
		case "action":
			p.actions = append(p.actions, r.plainCodes(p, k)...)
		case "securityLabel":
			p.labels = append(p.labels, child(k, "code"))
		case "purpose":
			code := child(k, "code")
			if s := child(k, "system"); s != "" && s != actReasonSystem && !nearMiss(s, actReasonSystem) {
				code = s + "|" + code
			}
			p.purposes = append(p.purposes, code)
		case "class":
			code, system := child(k, "code"), child(k, "system")
			t, ok := fhir.R4().Type(code)
			if system != "" && system != classSystem && !nearMiss(system, classSystem) || code != "" && (!ok || t.Name() != code) {
				p.kinds = true
				code = system + "|" + code
			}
			p.classes = append(p.classes, code)
		case "code":
			list := codings(k)
			if len(list) == 0 || slices.ContainsFunc(list, func(c coding) bool { return c.code == "" }) {
				r.unsafe(&p.unsafe, k, codeUnknownElement, "a concept without a code")
			}
			p.codings = append(p.codings, list...)
		case "data":
			d := dataRef{meaning: child(k, "meaning")}
			if ref, ok := k.Child("reference"); ok {
				d.who = whoOf(ref)
			}
			switch d.meaning {
			case "instance", "related", "dependents", "authoredby":
			default:
				r.unsafe(&p.unsafe, k, codeUnknownElement, "data whose meaning is missing or not known")
			}
			switch {
			case d.who == (who{}):
				r.unsafe(&p.unsafe, k, codeUnknownElement, "data without a reference")
			case !d.who.plausible():
				r.unsafe(&p.unsafe, k, codeUnknownElement, "data whose reference names nothing")
			}
			p.refs = append(p.refs, d)
			r.modifiers(p, k)
		case "provision":
			nested = append(nested, k)
		case "modifierExtension":
			r.unsafe(&p.unsafe, k, codeModifier, "a modifier extension whose meaning is not known")
		case "id", "extension":
		default:
			r.unsafe(&p.unsafe, k, codeUnknownElement, "an element that R4's Consent does not have")
		}
	}
	if !p.typed && p.unsafe == 0 {
		p.unsafe.add(codeTypeMissing)
		r.report(consent.Error, n, path, codeNames[codeTypeMissing], "without a type R4 does not say whether this permits or denies")
	}
	for _, list := range [...][]string{p.labels, p.purposes, p.classes, p.actions} {
		for _, s := range list {
			if s == "" {
				r.unsafe(&p.unsafe, n, codeUnknownElement, "a coding without a code")
			}
		}
	}
	for i, k := range nested {
		p.children = append(p.children, r.provision(k, path+".provision["+itoa(i)+"]"))
	}
	p.mixed = p.reverses(p.effect)
	if p.ranked() && p.mixed {
		r.c.rises = true
		r.report(consent.Warning, n, path, codeNames[codeLabelException], "a rule by confidentiality with exceptions, which hold at some levels and not at others: what is permitted at a level and not at a lower one is indeterminate")
	}
	return p
}

// ranked reports whether a provision is about a level of confidentiality.
func (p *provision) ranked() bool {
	for _, l := range p.labels {
		if consent.ConfidentialityRank(l) > 0 {
			return true
		}
	}
	return false
}

// reverses reports whether a provision below has another effect.
func (p *provision) reverses(e consent.Effect) bool {
	for _, c := range p.children {
		if c.effect != e || c.reverses(e) {
			return true
		}
	}
	return false
}

// modifiers looks for modifier extensions in a backbone element.
func (r *reader) modifiers(p *provision, n fhir.Node) {
	for k := range n.Named("modifierExtension") {
		r.unsafe(&p.unsafe, k, codeModifier, "a modifier extension whose meaning is not known")
	}
}

func (r *reader) period(p *provision, n fhir.Node) interval {
	out := interval{ever, never}
	for k := range n.Children() {
		v, ok := interval{}, false
		if name := k.Name(); name == "start" || name == "end" {
			if v, ok = parseTime(k.Value()); ok && name == "start" {
				out.from = v.from
			} else if ok {
				out.until = v.until // the end counts, to its precision
			}
		}
		if !ok {
			r.unsafe(&p.unsafe, k, codeDate, "a period that cannot be read")
		}
	}
	if out.until <= out.from {
		r.unsafe(&p.unsafe, n, codeDate, "a period that ends before it begins")
	}
	return out
}

// plainCodes returns the codes of a CodeableConcept whose system matters
// little, as there is only one.
func (r *reader) plainCodes(p *provision, n fhir.Node) []string {
	var out []string
	for _, c := range codings(n) {
		out = append(out, c.code)
	}
	if len(out) == 0 {
		r.unsafe(&p.unsafe, n, codeUnknownElement, "a concept without a coding")
	}
	return out
}

func child(n fhir.Node, name string) string {
	if k, ok := n.Child(name); ok {
		return k.Value()
	}
	return ""
}

// codings returns the codings of a CodeableConcept.
func codings(n fhir.Node) []coding {
	var out []coding
	for k := range n.Named("coding") {
		out = append(out, coding{child(k, "system"), child(k, "code")})
	}
	return out
}
