package consent

// Lint returns what is odd in a policy: rules that another one makes
// superfluous (shadowed), that can never hold (unreachable), or that say
// nothing. Offsets are those in the rule's file; the path names the rule.
func (p *Policy) Lint() []Issue {
	var out issueList
	report := func(i int, code, text string) {
		r := &p.rules[i]
		out.add(Issue{Severity: Warning, Code: "consent.policy." + code, Path: r.id, Offset: int64(r.offset), Clause: p.packs[r.pack].label(), Text: text})
	}
	derived := map[fact]bool{}
	for i := range p.rules {
		if r := &p.rules[i]; r.effect == effectDerive {
			derived[r.derives] = true
		}
	}
	for i := range p.rules {
		r := &p.rules[i]
		if len(r.reasons) == 0 && len(r.obligations) == 0 && r.effect == effectNote {
			report(i, "empty", "a note without reasons and obligations")
		}
		for _, c := range r.conds {
			if c.fact >= fPersonal && c.set == bitYes && !derived[c.fact] {
				report(i, "unreachable", "it asks for a fact that no rule establishes")
			}
		}
		for a := range r.conds {
			for b := a + 1; b < len(r.conds); b++ {
				if r.conds[a].fact == r.conds[b].fact && r.conds[a].set&r.conds[b].set == 0 {
					report(i, "unreachable", "its conditions exclude each other")
				}
			}
		}
		for j := range p.rules {
			if o := &p.rules[j]; j != i && o.covers(r) && (!r.covers(o) || j < i) {
				report(i, "shadowed", "rule "+o.id+" holds whenever this one does and says the same")
			}
		}
	}
	return out
}

// covers reports whether r holds whenever o does, and gives everything o
// gives.
func (r *rule) covers(o *rule) bool {
	if r.effect != o.effect || r.effect == effectDerive && r.derives != o.derives || r.from > o.from || r.until < o.until || o.actions&^r.actions != 0 {
		return false
	}
	for _, c := range r.conds {
		implied := false
		for _, d := range o.conds {
			implied = implied || d.fact == c.fact && d.set&^c.set == 0
		}
		if !implied {
			return false
		}
	}
	for _, reason := range o.reasons {
		if !contains(r.reasons, reason) {
			return false
		}
	}
	for _, ob := range o.obligations {
		found := false
		for _, mine := range r.obligations {
			found = found || mine == ob
		}
		if !found {
			return false
		}
	}
	return true
}

// Change is a difference between two policies.
type Change struct {
	Rule   string // the rule's id
	Before *Rule  // nil for a rule that is new
	After  *Rule  // nil for a rule that is gone
}

// Diff returns the rules that differ between two policies, in the order of
// the first and then of the second. Where a rule stands in its file does not
// matter.
func Diff(before, after *Policy) []Change {
	var out []Change
	find := func(p *Policy, id string) *Rule {
		for i := range p.rules {
			if p.rules[i].id == id {
				r := p.rule(i)
				r.Position = 0
				return &r
			}
		}
		return nil
	}
	for i := range before.rules {
		id := before.rules[i].id
		b, a := find(before, id), find(after, id)
		if a == nil || !sameRule(a, b) {
			out = append(out, Change{id, b, a})
		}
	}
	for i := range after.rules {
		if id := after.rules[i].id; find(before, id) == nil {
			out = append(out, Change{id, nil, find(after, id)})
		}
	}
	return out
}

func sameRule(a, b *Rule) bool {
	same := func(x, y []string) bool {
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if x[i] != y[i] {
				return false
			}
		}
		return true
	}
	if len(a.Obliges) != len(b.Obliges) {
		return false
	}
	for i := range a.Obliges {
		if a.Obliges[i] != b.Obliges[i] {
			return false
		}
	}
	return a.Policy == b.Policy && a.Effect == b.Effect && same(a.Reasons, b.Reasons) && same(a.Cite, b.Cite) && same(a.When, b.When) && a.From.Equal(b.From) && a.Until.Equal(b.Until)
}
