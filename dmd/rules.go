package dmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Effect is what a rule does when it holds.
type Effect uint8

// The effects, mildest first.
const (
	Inform Effect = iota // say it
	Warn                 // may be prescribed with care
	Hide                 // may be prescribed, but is not offered in a list to choose from
	Deny                 // may not be prescribed
)

// String returns "inform", "warn", "hide" or "deny".
func (e Effect) String() string {
	return [...]string{"inform", "warn", "hide", "deny"}[min(e, Deny)]
}

// Rule is one condition on a product and what follows from it. The tests of a field
// are
//
//	is         it has one of the values, which are codes with all their digits
//	not        it has a value, but none of these
//	set        it is there and not zero
//	all        it is set on every valid pack below the product, of which there are some
//	any, some  it is set on at least one of them; on some but not on all
//	appliance  the product is a device and it is set on none of the packs that have it
type Rule struct {
	Code   string // stable: "vmp.never-prescribe"
	Kinds  []Kind // of product that it is asked for
	Field  string // "VMP.PRES_STATCD"; "" holds for every product of the kinds
	Test   string // of the field, as listed above; "" without a field
	Values []string
	Effect Effect
	Reason string
	Source string
}

// Rules is a set of rules with its version. It is immutable; With makes another.
type Rules struct {
	version string
	rules   []Rule
}

// defaultRules is the table behind DefaultRules: code; kinds; field; test;
// values; effect; reason; source. "Guide" is the dm+d implementation guide for
// primary care; "ETP" the Electronic Prescription Service's guidance for
// medicinal products.
const defaultRules = `version 2026-11
moiety;VTM;;;;deny;a moiety has neither form nor strength;ETP
ingredient;ING;;;;deny;an ingredient is not a product;ETP
pack;VMPP AMPP;;;;deny;prescriptions name products with a quantity in units, not packs;ETP
invalid;VMP AMP;VMP.INVALID;set;;deny;the virtual product is no longer valid;TS VMP.INVALID
amp.invalid;AMP;AMP.INVALID;set;;deny;the actual product is no longer valid;TS AMP.INVALID
status.primary-care;VMP AMP;VMP.PRES_STATCD;is;0002;deny;invalid to prescribe in NHS primary care;list VIRTUAL_PRODUCT_PRES_STATUS
status.brand-only;VMP;VMP.PRES_STATCD;is;0003;deny;not prescribable as a virtual product, but its actual products are;list VIRTUAL_PRODUCT_PRES_STATUS
status.never-vmp;VMP;VMP.PRES_STATCD;is;0004;deny;never valid to prescribe as a virtual product;Guide 6
status.not-recommended;VMP;VMP.PRES_STATCD;is;0005 0006 0007 0008;hide;not recommended to prescribe as a virtual product;list VIRTUAL_PRODUCT_PRES_STATUS
status.caution;VMP;VMP.PRES_STATCD;is;0009;warn;actual product prescribing is advised;list VIRTUAL_PRODUCT_PRES_STATUS
status.unknown;VMP AMP;VMP.PRES_STATCD;not;0001 0002 0003 0004 0005 0006 0007 0008 0009;warn;a prescribing status that these rules do not know;TS VMP.PRES_STATCD
unavailable;VMP;VMP.NON_AVAILCD;is;0001;deny;no actual product is available;list VIRTUAL_PRODUCT_NON_AVAIL
restricted;AMP;AMP.AVAIL_RESTRICTCD;is;0002 0003 0004 0006 0007;warn;restricted in availability, or made or imported to order;list AVAILABILITY_RESTRICTION
trial;AMP;AMP.AVAIL_RESTRICTCD;is;0005;deny;a product of a clinical trial;list AVAILABILITY_RESTRICTION
hospital;AMP;AMP.AVAIL_RESTRICTCD;is;0008;deny;available to hospitals only;list AVAILABILITY_RESTRICTION
not-available;AMP;AMP.AVAIL_RESTRICTCD;is;0009;deny;not available;list AVAILABILITY_RESTRICTION
restriction.unknown;AMP;AMP.AVAIL_RESTRICTCD;not;0001 0002 0003 0004 0005 0006 0007 0008 0009;warn;an availability restriction that these rules do not know;TS AMP.AVAIL_RESTRICTCD
unlicensed;AMP;AMP.LIC_AUTHCD;is;0000;warn;the product has no licence;list LICENSING_AUTHORITY
licence.unknown;AMP;AMP.LIC_AUTHCD;is;0003;warn;it is not known whether the product has a licence;list LICENSING_AUTHORITY
parallel-import;AMP;AMP.PARALLEL_IMPORT;set;;hide;parallel imports are left out of lists to choose from;Guide change log 2008-01-31
monitored;AMP;AMP.EMA;set;;inform;under additional monitoring (black triangle);TS AMP.EMA
schedule1;VMP AMP;PRESCRIB_INFO.SCHED_1;all;;deny;every pack is on the list of products not to be prescribed (Schedule 1);TS PRESCRIB_INFO.SCHED_1
schedule1.some;VMP AMP;PRESCRIB_INFO.SCHED_1;some;;warn;some packs are on the list of products not to be prescribed (Schedule 1);TS PRESCRIB_INFO.SCHED_1
schedule2;VMP AMP;PRESCRIB_INFO.SCHED_2;any;;warn;to be prescribed in certain circumstances only, and endorsed SLS;TS PRESCRIB_INFO.SCHED_2
acbs;VMP AMP;PRESCRIB_INFO.ACBS;any;;warn;to be prescribed under the advice of the borderline substances committee only;TS PRESCRIB_INFO.ACBS
hospital-packs;VMP AMP;PRESCRIB_INFO.HOSP;all;;deny;every pack is for hospitals only;TS PRESCRIB_INFO.HOSP
discontinued;VMP AMP;AMPP.DISCCD;all;;deny;every pack has been discontinued;TS AMPP.DISCCD
appliance;AMP;PACK_INFO.REIMB_STATCD;appliance;;deny;an appliance of which no pack is in the Drug Tariff;TS PACK_INFO.REIMB_STATCD
cd.schedule1;VMP AMP;CONTROL_INFO.CATCD;is;0001;deny;a controlled drug of Schedule 1 needs a licence;Misuse of Drugs Regulations 2001
cd.words;VMP AMP;CONTROL_INFO.CATCD;is;0002 0003 0004 0005 0006 0007;inform;a controlled drug of Schedule 2 or 3: the quantity in words and figures;Misuse of Drugs Regulations 2001, regulation 15
cd.other;VMP AMP;CONTROL_INFO.CATCD;is;0008 0009 0010;inform;a controlled drug of Schedule 4 or 5;Misuse of Drugs Regulations 2001
cd.unknown;VMP AMP;CONTROL_INFO.CATCD;not;0000 0001 0002 0003 0004 0005 0006 0007 0008 0009 0010;warn;a controlled drug category that these rules do not know;TS CONTROL_INFO.CATCD
`

// defaults are the rules of the table, parsed when they are first asked for.
var defaults struct {
	once  sync.Once
	rules *Rules
}

// DefaultRules returns rules for prescribing in NHS primary care in England. They
// follow the dm+d technical specification, the meanings that the release's lists
// give, and published discussion of the implementation guide for primary care; the
// guide's own pseudo code has not been compared. Whoever deploys them reviews them:
// String shows the whole table, With and Without change it.
func DefaultRules() *Rules {
	defaults.once.Do(func() {
		r, err := ParseRules(defaultRules)
		if err != nil {
			panic(err) // the table is a constant, and a test parses it
		}
		defaults.rules = r
	})
	return defaults.rules
}

// ParseRules reads rules in the form that String writes: a line "version V", which
// must be there, and a line of eight parts divided by semicolons for each rule.
func ParseRules(text string) (*Rules, error) {
	out := &Rules{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "version "); ok {
			out.version = v
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		c := strings.Split(line, ";")
		if len(c) != 8 {
			return nil, fmt.Errorf("dmd: rules, line %d: not eight parts", n)
		}
		r := Rule{Code: c[0], Field: c[2], Test: c[3], Values: strings.Fields(c[4]), Reason: c[6], Source: c[7]}
		for name := range strings.FieldsSeq(c[1]) {
			t, ok := TableNamed(name)
			if !ok || kindOf(t) == NoKind {
				return nil, fmt.Errorf("dmd: rules, line %d: %q is no kind of product", n, name)
			}
			r.Kinds = append(r.Kinds, kindOf(t))
		}
		i := slices.Index([]string{"inform", "warn", "hide", "deny"}, c[5])
		if i < 0 {
			return nil, fmt.Errorf("dmd: rules, line %d: %q is no effect", n, c[5])
		}
		r.Effect = Effect(i)
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("dmd: rules, line %d: %w", n, err)
		}
		if slices.ContainsFunc(out.rules, func(x Rule) bool { return x.Code == r.Code }) {
			return nil, fmt.Errorf("dmd: rules, line %d: a second rule %q", n, r.Code)
		}
		out.rules = append(out.rules, r)
	}
	if err := checkVersion(out.version); err != nil {
		return nil, err
	}
	return out, nil
}

func checkVersion(version string) error {
	if strings.TrimSpace(version) != version || version == "" || strings.ContainsAny(version, "\r\n") {
		return errors.New("dmd: rules need a version of one line")
	}
	return nil
}

func (r *Rule) check() error {
	for _, part := range append([]string{r.Code, r.Reason, r.Source}, r.Values...) {
		if strings.TrimSpace(part) != part || strings.ContainsAny(part, ";\r\n") {
			return errors.New("a part with a semicolon, a line break or blanks around it")
		}
	}
	isWord := func(s string) bool { return s != "" && !strings.ContainsAny(s, " \t") }
	switch {
	case !isWord(r.Code) || r.Code[0] == '#':
		return errors.New("the code is not one word")
	case len(r.Kinds) == 0 || slices.ContainsFunc(r.Kinds, func(k Kind) bool { return k == NoKind || k > Ingredient }):
		return errors.New("no kinds of product")
	case r.Effect > Deny:
		return errors.New("no effect")
	case slices.ContainsFunc(r.Values, func(v string) bool { return !isWord(v) }):
		return errors.New("a value that is not one word")
	}
	switch r.Test {
	case "is", "not":
		if len(r.Values) == 0 {
			return fmt.Errorf("test %q without values", r.Test)
		}
	case "set", "all", "any", "some", "appliance":
	case "":
		if r.Field != "" {
			return errors.New("a field without a test")
		}
	default:
		return fmt.Errorf("%q is no test", r.Test)
	}
	if r.Field == "" {
		if r.Test != "" {
			return errors.New("a test without a field")
		}
		return nil
	}
	t, _, ok := r.place()
	if !ok {
		return fmt.Errorf("there is no field %q", r.Field)
	}
	onPacks := t == TableAMPP || slices.Contains(satellites(TableAMPP), t)
	if r.asksPacks() != onPacks {
		return fmt.Errorf("test %q does not go with field %q", r.Test, r.Field)
	}
	return nil
}

// asksPacks reports whether the test is one of the packs below a product.
func (r *Rule) asksPacks() bool { return hasWord("all any some appliance", r.Test) }

// place finds the table and field of a rule.
func (r *Rule) place() (Table, int, bool) {
	name, tag, _ := strings.Cut(r.Field, ".")
	t, ok := TableNamed(name)
	if !ok {
		return 0, 0, false
	}
	i := t.spec().fieldIndex(tag)
	return t, i, i >= 0
}

// Version returns the version of the table.
func (r *Rules) Version() string { return r.version }

// All returns the rules.
func (r *Rules) All() []Rule { return slices.Clone(r.rules) }

// String writes the rules in the form that ParseRules reads.
func (r *Rules) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version %s\n", r.version)
	for _, x := range r.rules {
		kinds := make([]string, len(x.Kinds))
		for i, k := range x.Kinds {
			kinds[i] = k.String()
		}
		b.WriteString(strings.Join([]string{x.Code, strings.Join(kinds, " "), x.Field, x.Test, strings.Join(x.Values, " "), x.Effect.String(), x.Reason, x.Source}, ";") + "\n")
	}
	return b.String()
}

// With returns rules in which those of the same code are replaced and others are
// added, under a version of their own.
func (r *Rules) With(version string, changes ...Rule) (*Rules, error) {
	if err := checkVersion(version); err != nil {
		return nil, err
	}
	out := &Rules{version, slices.Clone(r.rules)}
	for _, c := range changes {
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("dmd: rule %s: %w", c.Code, err)
		}
		if i := slices.IndexFunc(out.rules, func(x Rule) bool { return x.Code == c.Code }); i >= 0 {
			out.rules[i] = c
		} else {
			out.rules = append(out.rules, c)
		}
	}
	return out, nil
}

// Without returns rules without those of the given codes, under a version of their
// own. It fails for a code that no rule has.
func (r *Rules) Without(version string, codes ...string) (*Rules, error) {
	if err := checkVersion(version); err != nil {
		return nil, err
	}
	out := &Rules{version, slices.Clone(r.rules)}
	for _, code := range codes {
		n := len(out.rules)
		if out.rules = slices.DeleteFunc(out.rules, func(x Rule) bool { return x.Code == code }); len(out.rules) == n {
			return nil, fmt.Errorf("dmd: there is no rule %q", code)
		}
	}
	return out, nil
}

// Reason is a rule that holds for a product, with what it rests on.
type Reason struct {
	Rule   Rule
	Value  string // of the field
	Text   string // what the value means in the release's list
	Record string // the identifier of the record that has the field
}

// Verdict says whether a product may be prescribed.
type Verdict struct {
	Product      Product
	Prescribable bool
	Listed       bool // offered in a list to choose from
	Reasons      []Reason
	Version      string // of the rules
}

// Check asks every rule about a product, on a day: packs discontinued later than
// that still count. A day of 0 means the release's own.
func (r *Rules) Check(p Product, day Date) Verdict {
	v := Verdict{Product: p, Prescribable: p.s != nil, Listed: p.s != nil, Version: r.version}
	if p.s == nil {
		return v
	}
	if day == 0 {
		day = p.s.date
	}
	for i := range r.rules {
		rule := &r.rules[i]
		if !slices.Contains(rule.Kinds, p.Kind()) {
			continue
		}
		reason, holds := rule.holds(p, day)
		if !holds {
			continue
		}
		reason.Rule = *rule
		v.Reasons = append(v.Reasons, reason)
		v.Prescribable = v.Prescribable && rule.Effect != Deny
		v.Listed = v.Listed && rule.Effect < Hide
	}
	slices.SortStableFunc(v.Reasons, func(a, b Reason) int { return int(b.Rule.Effect) - int(a.Rule.Effect) })
	return v
}

// holds evaluates a rule.
func (r *Rule) holds(p Product, day Date) (Reason, bool) {
	if r.Field == "" {
		return Reason{Record: p.ID().String()}, true
	}
	t, field, ok := r.place()
	if !ok {
		return Reason{}, false
	}
	if r.asksPacks() {
		return r.packs(p, t, field, day)
	}
	owner, row := recordFor(p, t)
	value, there := row.text(field)
	reason := Reason{Value: value, Record: owner.ID().String()}
	if list, ok := cutList(t.Fields()[field].Refers); ok && there {
		reason.Text = p.s.term(row, field, list).Text
	}
	switch r.Test {
	case "set":
		return reason, row.flag(field)
	case "not":
		return reason, there && !slices.Contains(r.Values, padCode(value))
	}
	return reason, there && slices.Contains(r.Values, padCode(value))
}

// padCode gives a code its four digits: "1" is "0001" in some releases.
func padCode(s string) string {
	for len(s) < 4 {
		s = "0" + s
	}
	return s
}

// recordFor finds the record of a table that belongs to a product or to one
// above it.
func recordFor(p Product, t Table) (Product, row) {
	owner := p
	switch t {
	case TableVMP, TableCONTROLINFO, TableBNFVMP:
		owner, _ = p.VMP()
	case TableAMP, TableAPINFO, TableBNFAMP:
		owner, _ = p.AMP()
	}
	switch {
	case owner.s == nil:
		return owner, nil
	case owner.at.table() == t:
		return owner, owner.row()
	}
	return owner, owner.satellite(t)
}

// packs evaluates a rule on the valid packs below a product.
func (r *Rule) packs(p Product, t Table, field int, day Date) (Reason, bool) {
	if r.Test == "appliance" {
		if auth, _ := p.Field("LIC_AUTHCD"); padCode(auth) != "0002" {
			return Reason{}, false
		}
	}
	var reason Reason
	total, with := 0, 0
	for _, pack := range p.AMPPs() {
		if pack.Invalid() {
			continue
		}
		if amp, ok := pack.AMP(); ok && amp.Invalid() {
			continue
		}
		row := pack.row()
		if t != TableAMPP {
			row = pack.satellite(t)
		}
		value, there := row.text(field)
		hit := row.flag(field)
		switch {
		case r.Test == "appliance":
			if !there {
				continue
			}
			hit = !hit
		case t == TableAMPP && field == amppDISCCD && row.date(amppDISCDT) > day:
			hit = false
		}
		total++
		if hit {
			if with++; with == 1 {
				reason = Reason{Value: value, Record: pack.ID().String()}
				if list, ok := cutList(t.Fields()[field].Refers); ok {
					reason.Text = p.s.term(row, field, list).Text
				}
			}
		}
	}
	switch r.Test {
	case "any":
		return reason, with > 0
	case "some":
		return reason, with > 0 && with < total
	}
	return reason, total > 0 && with == total
}

// ControlledDrug is the schedule of the Misuse of Drugs Regulations that a
// product falls under.
type ControlledDrug struct {
	Schedule int    // 1 to 5, 0 for none
	Category Term   // as the release has it
	Since    Date   // of the category
	Words    bool   // a prescription needs the quantity in words and figures
	Custody  string // "safe custody" as the category says, or "exempt", or ""
}

// Controlled returns the controlled drug status of a product or pack.
func (p Product) Controlled() ControlledDrug {
	var out ControlledDrug
	_, r := recordFor(p, TableCONTROLINFO)
	if r == nil {
		return out
	}
	out.Category = p.s.term(r, controlinfoCATCD, "CONTROL_DRUG_CATEGORY")
	out.Since = r.date(controlinfoCATDT)
	switch padCode(out.Category.Code) {
	case "0001":
		out.Schedule, out.Words = 1, true
	case "0002":
		out.Schedule, out.Words, out.Custody = 2, true, "safe custody"
	case "0003":
		out.Schedule, out.Words, out.Custody = 2, true, "exempt"
	case "0004":
		out.Schedule, out.Words, out.Custody = 3, true, "safe custody"
	case "0005":
		out.Schedule, out.Words, out.Custody = 3, true, "exempt"
	case "0006", "0007":
		out.Schedule, out.Words = 3, true
	case "0008", "0009":
		out.Schedule = 4
	case "0010":
		out.Schedule = 5
	}
	return out
}
