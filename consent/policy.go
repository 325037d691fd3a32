package consent

import (
	"embed"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed policy/*.json
var policyFiles embed.FS

// Rule is one rule of a policy as it stands in the policy's file.
type Rule struct {
	ID       string
	Policy   string // the policy's name and version: "ndo 4.0"
	Effect   string // permit, deny, indeterminate, derive or note
	Reasons  []string
	Cite     []string
	When     []string // each "fact=value|value" or "fact!=value|value"
	From     time.Time
	Until    time.Time
	Obliges  []Obligation
	Position int // byte offset in the file
}

// Policy is a set of rule packs, compiled. It is immutable and safe for
// concurrent use.
type Policy struct {
	hash  string
	packs []pack
	rules []rule
	// byAction lists, for each action, the rules that may apply to it:
	// first those that derive facts.
	byAction [numActions][]uint16
	// below has, for each derived fact, those from which it follows.
	below [numFacts]factSet
}

// factSet is a set of facts, a bit for each.
type factSet uint64

const _ = uint(64 - numFacts) // they fit

// facts returns what a rule rests on, below derived facts too.
func (p *Policy) facts(r *rule) factSet {
	set := factSet(0)
	for _, c := range r.conds {
		set |= 1<<c.fact | p.below[c.fact]
	}
	return set
}

// pack is one version of one named policy.
type pack struct {
	name, version, title string
	from, until          int64 // Unix nanoseconds, until exclusive
}

type ruleEffect uint8

const (
	effectNote ruleEffect = iota
	effectPermit
	effectDeny
	effectIndeterminate
	effectDerive
)

var ruleEffects = [...]string{"note", "permit", "deny", "indeterminate", "derive"}

// rule is a rule, compiled.
type rule struct {
	effect      ruleEffect
	derives     fact
	pack        uint16
	from, until int64
	conds       []condition // the narrowest first
	actions     values
	id          string
	reasons     []string
	obligations []Obligation
	cite        []string
	offset      int
}

type condition struct {
	fact fact
	set  values
}

const (
	beginningOfTime = math.MinInt64
	endOfTime       = math.MaxInt64
	maxRules        = 256
)

// nhsPolicy is compiled at first use.
var nhsPolicy struct {
	once   sync.Once
	policy *Policy
	err    error
}

func compileNHSPolicy() {
	var files [][]byte
	for _, name := range PolicyFiles() {
		files = append(files, PolicyFile(name))
	}
	nhsPolicy.policy, nhsPolicy.err = ParsePolicy(files...)
}

// NHSPolicy returns the rules of England that come with this package: the
// duty of confidence, the national data opt-out, Type 1, the Summary Care
// Record, GP Connect, breaking the glass and proxies. PolicyFile shows the
// data it is made of.
func NHSPolicy() *Policy {
	nhsPolicy.once.Do(compileNHSPolicy)
	if nhsPolicy.err != nil {
		panic("consent: the embedded policy: " + nhsPolicy.err.Error()) // a test parses it
	}
	return nhsPolicy.policy
}

// PolicyFiles returns the names of the embedded policies.
func PolicyFiles() []string {
	var names []string
	entries, _ := policyFiles.ReadDir("policy")
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".json"))
	}
	return names
}

// PolicyFile returns the JSON of an embedded policy, to be read, reviewed,
// changed and given to ParsePolicy; nil if there is none of that name.
func PolicyFile(name string) []byte {
	data, _ := policyFiles.ReadFile("policy/" + name + ".json")
	return data
}

// Hash returns the SHA-256 of the files that the policy was made of, in
// hexadecimal. Two policies with the same hash decide alike.
func (p *Policy) Hash() string { return p.hash }

// Rules returns the rules, in the order in which they are tried.
func (p *Policy) Rules() []Rule {
	out := make([]Rule, len(p.rules))
	for i := range p.rules {
		out[i] = p.rule(i)
	}
	return out
}

func (p *Policy) rule(i int) Rule {
	r := &p.rules[i]
	out := Rule{
		ID: r.id, Policy: p.packs[r.pack].label(), Effect: ruleEffects[r.effect], Reasons: slices.Clone(r.reasons),
		Cite: slices.Clone(r.cite), Obliges: slices.Clone(r.obligations), Position: r.offset,
	}
	if r.from != beginningOfTime {
		out.From = time.Unix(0, r.from).UTC()
	}
	if r.until != endOfTime {
		out.Until = time.Unix(0, r.until).UTC()
	}
	for _, c := range r.conds {
		out.When = append(out.When, c.String())
	}
	if r.actions != fAction.anyValue() {
		out.When = append(out.When, condition{fAction, r.actions}.String())
	}
	slices.Sort(out.When)
	return out
}

func (k *pack) label() string { return k.name + " " + k.version }

// String returns the condition as "fact=value|value", in the shorter of the
// positive and the negative form.
func (c condition) String() string {
	set, op := c.set, "="
	if n := c.fact.anyValue() &^ c.set; countBits(n) < countBits(set) && countBits(set) > 2 {
		set, op = n, "!="
	}
	var b strings.Builder
	b.WriteString(factTable[c.fact].name + op)
	sep := ""
	for i, name := range factTable[c.fact].values {
		if set&(1<<i) != 0 {
			b.WriteString(sep + name)
			sep = "|"
		}
	}
	return b.String()
}

func countBits(v values) int {
	n := 0
	for ; v != 0; v &= v - 1 {
		n++
	}
	return n
}
