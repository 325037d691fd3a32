package consent

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// ParsePolicy reads policies in their JSON form, one per file, and compiles
// them together. Several files may hold versions of one policy, if their times
// do not overlap. The error is an *InputError with positions.
//
// A policy has a name ("policy"), a "version", a "title", optionally "from"
// and "until" (instants, until exclusive), a "note", "applies" (the conditions
// under which not having a version in force makes a decision indeterminate),
// and "rules". A rule has an "id", an "effect" (permit, deny, indeterminate,
// note, or derive with the "fact" that it establishes), "when" (conditions
// that must all hold: a fact and its values, "a|b", "!a|b" for all others,
// "@beyond-care" for the purposes beyond individual care), "reasons",
// "obligations" ("kind" or "kind:detail"), "cite", "from" and "until".
func ParsePolicy(files ...[]byte) (*Policy, error) {
	c := policyCompiler{p: new(Policy)}
	for _, data := range files {
		c.file(data)
	}
	c.gaps()
	if len(c.p.rules) > maxRules {
		c.issues.add(Issue{Code: "consent.policy.limit", Offset: -1, Text: "more than " + strconv.Itoa(maxRules) + " rules"})
	}
	if err := c.issues.err(); err != nil {
		return nil, err
	}
	c.index()
	c.p.hash = hashFiles(files)
	return c.p, nil
}

// hashFiles hashes files, each with its length so that no two lists of files
// hash alike.
func hashFiles(files [][]byte) string {
	h := sha256.New()
	var length [8]byte
	for _, f := range files {
		binary.BigEndian.PutUint64(length[:], uint64(len(f)))
		h.Write(length[:])
		h.Write(f)
	}
	return hex.EncodeToString(h.Sum(nil))
}

type policyCompiler struct {
	p       *Policy
	data    []byte
	issues  issueList
	applies []appliesClause
}

// appliesClause is when a policy matters.
type appliesClause struct {
	name    string
	actions values
	conds   []condition
	cite    []string
}

func (c *policyCompiler) bad(v *jsonValue, path, code, text string) {
	line, col := lineCol(c.data, v.off)
	c.issues.add(Issue{Code: "consent.policy." + code, Path: path, Offset: int64(v.off), Line: line, Col: col, Text: text})
}

func (c *policyCompiler) members(v *jsonValue, path string, allowed ...string) bool {
	if v.kind != jsonObject {
		c.bad(v, path, "type", "an object is due")
		return false
	}
	for _, m := range v.names {
		if !slices.Contains(allowed, m.name) {
			c.bad(&m.value, path, "unknown-member", "no such member")
		}
	}
	return true
}

func (c *policyCompiler) text(v *jsonValue, path, name string, required bool) string {
	m := v.get(name)
	switch {
	case m == nil && required:
		c.bad(v, path, "missing", "the member "+name+" is required")
	case m == nil:
	case m.kind != jsonString || m.text == "":
		c.bad(m, path+"/"+name, "type", "a string is due")
	default:
		return m.text
	}
	return ""
}

func (c *policyCompiler) list(v *jsonValue, path, name string) []string {
	m := v.get(name)
	if m == nil {
		return nil
	}
	var out []string
	for i := range m.items {
		if m.items[i].kind != jsonString || m.items[i].text == "" {
			c.bad(&m.items[i], path+"/"+name+"/"+strconv.Itoa(i), "type", "a string is due")
		}
		out = append(out, m.items[i].text)
	}
	if m.kind != jsonArray {
		c.bad(m, path+"/"+name, "type", "an array is due")
	}
	return out
}

func (c *policyCompiler) window(v *jsonValue, path string) (from, until int64) {
	from, until = beginningOfTime, endOfTime
	if s := c.text(v, path, "from", false); s != "" {
		t, ok := parseInstant(s)
		if !ok {
			c.bad(v.get("from"), path+"/from", "time", "an instant is due")
		}
		from = t.UnixNano()
	}
	if s := c.text(v, path, "until", false); s != "" {
		t, ok := parseInstant(s)
		if !ok {
			c.bad(v.get("until"), path+"/until", "time", "an instant is due")
		}
		until = t.UnixNano()
	}
	if until <= from {
		c.bad(v, path, "time", "the time in force is empty")
	}
	return from, until
}

func (c *policyCompiler) file(data []byte) {
	c.data = data
	v, fault := parseJSON(data)
	if fault != nil {
		c.issues.add(*fault)
		return
	}
	if !c.members(&v, "", "policy", "version", "title", "from", "until", "note", "applies", "rules") {
		return
	}
	k := pack{name: c.text(&v, "", "policy", true), version: c.text(&v, "", "version", true), title: c.text(&v, "", "title", true)}
	k.from, k.until = c.window(&v, "")
	for _, o := range c.p.packs {
		if o.name == k.name && k.from < o.until && o.from < k.until {
			c.bad(&v, "", "overlap", "another version of the policy is in force at the same time")
		}
	}
	c.p.packs = append(c.p.packs, k)
	n := len(c.p.packs) - 1
	if m := v.get("applies"); m != nil {
		var r rule
		c.when(m, "/applies", &r)
		c.applies = append(c.applies, appliesClause{k.name, r.actions, r.conds, nil})
	}
	rules := v.get("rules")
	if rules == nil || rules.kind != jsonArray {
		c.bad(&v, "/rules", "type", "an array of rules is due")
		return
	}
	for i := range rules.items {
		c.rule(&rules.items[i], "/rules/"+strconv.Itoa(i), uint16(n))
	}
}

func (c *policyCompiler) rule(v *jsonValue, path string, n uint16) {
	if !c.members(v, path, "id", "effect", "fact", "when", "reasons", "obligations", "cite", "from", "until") {
		return
	}
	r := rule{pack: n, id: c.text(v, path, "id", true), reasons: c.list(v, path, "reasons"), cite: c.list(v, path, "cite"), offset: v.off}
	for i := range c.p.rules {
		o := &c.p.rules[i]
		if o.id == r.id && c.p.packs[o.pack].name == c.p.packs[n].name && o.pack == n {
			c.bad(v, path, "duplicate", "another rule has this id")
		}
	}
	e := slices.Index(ruleEffects[:], c.text(v, path, "effect", true))
	if e < 0 {
		c.bad(v, path+"/effect", "effect", "one of "+strings.Join(ruleEffects[:], ", ")+" is due")
		return
	}
	r.effect = ruleEffect(e)
	name := c.text(v, path, "fact", r.effect == effectDerive)
	if r.effect == effectDerive {
		f, ok := factNamed(name)
		if !ok || f < fPersonal {
			c.bad(v, path+"/fact", "fact", "not a fact that rules establish")
		}
		r.derives = f
	}
	if len(r.cite) == 0 {
		c.bad(v, path, "citation", "a rule cites what it rests on")
	}
	r.from, r.until = c.window(v, path)
	k := &c.p.packs[n]
	r.from, r.until = max(r.from, k.from), min(r.until, k.until)
	for _, s := range c.list(v, path, "obligations") {
		r.obligations = append(r.obligations, ParseObligation(s))
	}
	if m := v.get("when"); m != nil {
		c.when(m, path+"/when", &r)
	} else {
		c.bad(v, path, "missing", "the member when is required")
	}
	for _, cond := range r.conds {
		if r.effect == effectDerive && cond.fact >= r.derives {
			c.bad(v, path+"/when", "order", "a rule that derives a fact may only ask for facts before it")
		}
	}
	if len(c.p.rules) <= maxRules {
		c.p.rules = append(c.p.rules, r)
	}
}

// when reads the conditions of a rule.
func (c *policyCompiler) when(v *jsonValue, path string, r *rule) {
	r.actions = fAction.anyValue()
	if v.kind != jsonObject {
		c.bad(v, path, "type", "an object is due")
		return
	}
	for _, m := range v.names {
		at := path + "/" + m.name
		f, ok := factNamed(m.name)
		if !ok {
			c.bad(&m.value, at, "fact", "no such fact")
			continue
		}
		if m.value.kind != jsonString {
			c.bad(&m.value, at, "type", "a string is due")
			continue
		}
		text, negated := strings.CutPrefix(m.value.text, "!")
		var set values
		for name := range strings.SplitSeq(text, "|") {
			i := slices.Index(factTable[f].values, name)
			switch {
			case f == fPurpose && name == "@beyond-care":
				for p := range numPurposes {
					if p.BeyondCare() {
						set |= 1 << p
					}
				}
			case i < 0:
				c.bad(&m.value, at, "value", "the fact has no such value")
			default:
				set |= 1 << i
			}
		}
		if negated {
			set = f.anyValue() &^ set
		}
		if set == 0 || set == f.anyValue() {
			c.bad(&m.value, at, "value", "a condition that never fails or never holds")
		}
		if f == fAction {
			r.actions = set
			continue
		}
		r.conds = append(r.conds, condition{f, set})
	}
	// The condition that the fewest values meet fails first most often.
	slices.SortStableFunc(r.conds, func(a, b condition) int {
		return cmp.Compare(countBits(a.set)*64/len(factTable[a.fact].values), countBits(b.set)*64/len(factTable[b.fact].values))
	})
}

func factNamed(name string) (fact, bool) {
	for f := range numFacts {
		if factTable[f].name == name {
			return f, true
		}
	}
	return 0, false
}

// gaps adds, for each policy that says when it matters, rules that make a
// decision indeterminate before its first version, between versions and after
// the last.
func (c *policyCompiler) gaps() {
	for _, a := range c.applies {
		var versions []pack
		n := 0
		for i, k := range c.p.packs {
			if k.name == a.name {
				versions = append(versions, k)
				n = i
			}
		}
		slices.SortFunc(versions, func(a, b pack) int { return cmp.Compare(a.from, b.from) })
		at, code := int64(beginningOfTime), "NO_POLICY_IN_FORCE"
		gap := func(until int64, code string) {
			id := a.name + ".gap." + strconv.Itoa(len(c.p.rules))
			c.p.rules = append(c.p.rules, rule{effect: effectIndeterminate, pack: uint16(n), from: at, until: until, conds: a.conds, actions: a.actions, id: id, reasons: []string{code}, cite: []string{a.name}})
		}
		for _, k := range versions {
			if at < k.from {
				gap(k.from, code)
			}
			at, code = k.until, "POLICY_VERSION_GAP"
		}
		if at < endOfTime {
			gap(endOfTime, "NO_POLICY_IN_FORCE")
		}
	}
}

// index sorts the rules that derive facts to the front, lists rules by action,
// and finds what the derived facts follow from.
func (c *policyCompiler) index() {
	slices.SortStableFunc(c.p.rules, func(a, b rule) int {
		order := func(r rule) int {
			if r.effect == effectDerive {
				return int(r.derives)
			}
			return int(numFacts)
		}
		return order(a) - order(b)
	})
	for i := range c.p.rules {
		for a := range numActions {
			if c.p.rules[i].actions&(1<<a) != 0 {
				c.p.byAction[a] = append(c.p.byAction[a], uint16(i))
			}
		}
	}
	for again := true; again; {
		again = false
		for i := range c.p.rules {
			r := &c.p.rules[i]
			if r.effect != effectDerive {
				continue
			}
			if set := c.p.below[r.derives] | c.p.facts(r); set != c.p.below[r.derives] {
				c.p.below[r.derives], again = set, true
			}
		}
	}
}
