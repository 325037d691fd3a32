package snomed

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// RuleKind is the form of a map rule.
type RuleKind uint8

// The forms of map rules, RF2 5.2.3.3.
const (
	RuleNone      RuleKind = iota // an empty rule: the row always applies
	RuleAlways                    // TRUE
	RuleOtherwise                 // OTHERWISE TRUE
	RuleIf                        // IFA concept: the record has the concept or a subtype
	RuleAge                       // IFA concept, with a comparison: an age
	RuleAnd                       // several of the last two
)

// String returns the form in lower case.
func (k RuleKind) String() string {
	return [...]string{"none", "always", "otherwise", "if", "age", "and"}[min(k, RuleAnd)]
}

// MapRule is a parsed map rule.
type MapRule struct {
	Kind    RuleKind
	Concept sctid.ID  // of RuleIf and RuleAge
	Op      string    // of RuleAge: <, <=, >, >=, =
	Value   string    // of RuleAge: digits, exactly as written
	Unit    string    // of RuleAge: "days", "months", "years", ...
	And     []MapRule // of RuleAnd
}

// RuleError says where a map rule is not understood.
type RuleError struct {
	Offset int // byte offset in the rule
	Err    error
}

// Error words the offset and the cause.
func (e *RuleError) Error() string { return fmt.Sprintf("map rule, byte %d: %v", e.Offset, e.Err) }

// Unwrap returns the cause.
func (e *RuleError) Unwrap() error { return e.Err }

var (
	errNoRule  = errors.New("neither TRUE, OTHERWISE TRUE nor IFA with a concept")
	errPipe    = errors.New("the term is not closed by |")
	errCompare = errors.New("a comparison needs a number and a unit of time")
	errBehind  = errors.New("only AND IFA may follow")
)

// maxRuleParts is how many conditions a rule may join.
const maxRuleParts = 100

// ParseMapRule reads a map rule. The error is a *[RuleError].
func ParseMapRule(rule string) (MapRule, error) {
	text := strings.TrimSpace(rule)
	switch {
	case text == "":
		return MapRule{}, nil
	case text == "TRUE":
		return MapRule{Kind: RuleAlways}, nil
	case text == "OTHERWISE TRUE":
		return MapRule{Kind: RuleOtherwise}, nil
	}
	p := ruleParser{s: rule}
	p.space()
	var parts []MapRule
	for {
		if !p.word("IFA") {
			return MapRule{}, p.fail(errNoRule)
		}
		part, err := p.condition()
		if err != nil {
			return MapRule{}, err
		}
		parts = append(parts, part)
		if p.space(); p.at == len(p.s) {
			break
		}
		if !p.word("AND") || len(parts) >= maxRuleParts {
			return MapRule{}, p.fail(errBehind)
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return MapRule{Kind: RuleAnd, And: parts}, nil
}

type ruleParser struct {
	s  string
	at int
}

func (p *ruleParser) fail(err error) error { return &RuleError{p.at, err} }

func (p *ruleParser) space() {
	for p.at < len(p.s) && (p.s[p.at] == ' ' || p.s[p.at] == '\t') {
		p.at++
	}
}

// word takes a key word that white space follows.
func (p *ruleParser) word(w string) bool {
	rest, ok := strings.CutPrefix(p.s[p.at:], w)
	if !ok || rest == "" || rest[0] != ' ' && rest[0] != '\t' {
		return false
	}
	p.at += len(w)
	p.space()
	return true
}

// condition reads a concept, an optional term, an optional comparison.
func (p *ruleParser) condition() (MapRule, error) {
	start := p.at
	for p.at < len(p.s) && p.s[p.at] >= '0' && p.s[p.at] <= '9' {
		p.at++
	}
	id, err := sctid.Parse(p.s[start:p.at])
	if err != nil || id.Kind() != sctid.Concept {
		p.at = start
		return MapRule{}, p.fail(cmpError(err))
	}
	rule := MapRule{Kind: RuleIf, Concept: id}
	p.space()
	if p.at < len(p.s) && p.s[p.at] == '|' {
		end := strings.IndexByte(p.s[p.at+1:], '|')
		if end < 0 {
			return MapRule{}, p.fail(errPipe)
		}
		p.at += end + 2
		p.space()
	}
	for _, op := range []string{"<=", ">=", "<", ">", "="} {
		if !strings.HasPrefix(p.s[p.at:], op) {
			continue
		}
		p.at += len(op)
		rule.Kind, rule.Op = RuleAge, op
		p.space()
		value, rest, ok := strings.Cut(p.s[p.at:], " ")
		if !ok || !isDecimal(value) {
			return MapRule{}, p.fail(errCompare)
		}
		unit, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		if unitOf(unit) == "" {
			return MapRule{}, p.fail(errCompare)
		}
		p.at += len(value) + 1
		p.space()
		p.at += len(unit)
		rule.Value, rule.Unit = value, unit
		break
	}
	return rule, nil
}

func cmpError(err error) error {
	if err == nil {
		return errNoRule
	}
	return err
}

// unitOf returns the singular of a unit of time, "" for one that is not known.
func unitOf(unit string) string {
	switch unit = strings.TrimSuffix(unit, "s"); unit {
	case "day", "week", "month", "year":
		return unit
	}
	return ""
}

// What rules on age compare.
const (
	idAgeAtOnset = 445518008
	idCurrentAge = 424144002
)

// MapContext is what is known of the patient and the record when a map is
// evaluated. The zero value knows nothing.
type MapContext struct {
	// Concepts are what else the record says. A rule on a concept holds if
	// one of them is it or a subtype of it; sex is one of them, as 248152002
	// or 248153007.
	Concepts []sctid.ID
	// AgeAtOnset is the age when the condition began, which rules on 445518008
	// are about.
	AgeAtOnset Age
	// CurrentAge is the age now, which rules on 424144002 are about. A rule that
	// compares anything else, such as a length of gestation, does not hold.
	CurrentAge Age
}

// Holds evaluates a rule. The subsumes function says whether the first
// concept is or subsumes the second; with nil only the same concept counts.
// RuleOtherwise holds here: it is for the caller to try it last.
func (r MapRule) Holds(ctx MapContext, subsumes func(a, b sctid.ID) bool) bool {
	switch r.Kind {
	case RuleIf:
		return slices.ContainsFunc(ctx.Concepts, func(c sctid.ID) bool {
			return c == r.Concept || subsumes != nil && subsumes(r.Concept, c)
		})
	case RuleAge:
		var known Age
		switch r.Concept {
		case idAgeAtOnset:
			known = ctx.AgeAtOnset
		case idCurrentAge:
			known = ctx.CurrentAge
		}
		limit, err := strconv.ParseFloat(r.Value, 64)
		if err != nil || !known.known {
			return false
		}
		switch age := known.in(unitOf(r.Unit)); r.Op {
		case "<":
			return age < limit
		case "<=":
			return age <= limit
		case ">":
			return age > limit
		case ">=":
			return age >= limit
		case "=":
			return age == limit
		}
		return false
	case RuleAnd:
		for _, part := range r.And {
			if !part.Holds(ctx, subsumes) {
				return false
			}
		}
	}
	return true
}

// MapRow is one row of a map.
type MapRow struct {
	Group, Priority int
	Rule, Advice    string
	Target          string // "" for no target
	Correlation     sctid.ID
	Category        sctid.ID // of an extended map
	Block           int      // of a UK map, -1 if there is none
	Active          bool
	Time            uint32 // YYYYMMDD
}

// MapRows returns the rows of a map about a concept: by block, group and
// priority, the inactive ones last. A simple map has one group and no rules. The
// target of a map from another scheme is what it maps from, its mapSource.
func (s *Store) MapRows(refset, concept sctid.ID) (rows []MapRow, err error) {
	r, err := s.Refset(refset)
	if err != nil {
		return nil, err
	}
	target, err := r.mapColumn()
	if err != nil {
		return nil, err
	}
	members, err := r.Of(concept)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		row := MapRow{Group: 1, Priority: 1, Block: -1, Active: m.Active, Time: m.Time}
		for i, c := range r.columns {
			f := m.Fields[i]
			switch c.Name {
			case "mapGroup":
				row.Group = int(f.Int)
			case "mapPriority":
				row.Priority = int(f.Int)
			case "mapRule":
				row.Rule = f.Text
			case "mapAdvice":
				row.Advice = f.Text
			case "correlationId":
				row.Correlation = f.ID
			case "mapCategoryId":
				row.Category = f.ID
			case "mapBlock":
				row.Block = int(f.Int)
			}
		}
		row.Target = m.Fields[target].String()
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b MapRow) int {
		switch {
		case a.Active != b.Active:
			if a.Active {
				return -1
			}
			return 1
		case a.Block != b.Block:
			return a.Block - b.Block
		case a.Group != b.Group:
			return a.Group - b.Group
		}
		return a.Priority - b.Priority
	})
	return rows, nil
}

// ErrNotMap says that a reference set is no map.
var ErrNotMap = errors.New("snomed: not a map")

// mapColumn finds the column of the codes that the concepts map to, or from.
func (r *Refset) mapColumn() (column int, err error) {
	for _, name := range []string{"mapTarget", "mapSource"} {
		if c := r.columnIndex(name); c >= 0 {
			return c, nil
		}
	}
	return 0, fmt.Errorf("%w: reference set %d has no map target column", ErrNotMap, r.id)
}

// SelectTargets evaluates the rows of a map, as [Store.MapRows] returns them:
// of each group the first active row whose rule holds. A selected row with an
// empty target means that the group has none. A rule that is not understood
// does not hold, and its error is returned with the rows selected otherwise.
func SelectTargets(rows []MapRow, ctx MapContext, subsumes func(a, b sctid.ID) bool) (selected []MapRow, err error) {
	var errs []error
	type group struct{ block, number int }
	done := map[group]bool{}
	for _, row := range rows {
		g := group{row.Block, row.Group}
		if !row.Active || done[g] {
			continue
		}
		rule, err := ParseMapRule(row.Rule)
		if err != nil {
			errs = append(errs, fmt.Errorf("group %d, priority %d: %w", row.Group, row.Priority, err))
			continue
		}
		if rule.Holds(ctx, subsumes) {
			selected = append(selected, row)
			done[g] = true
		}
	}
	return selected, errors.Join(errs...)
}

// MapTargets evaluates a map for a concept in a context, with the hierarchy
// of the store: see [SelectTargets]. Concepts that are not in the store are
// subtypes of none.
func (s *Store) MapTargets(refset, concept sctid.ID, ctx MapContext) ([]MapRow, error) {
	rows, err := s.MapRows(refset, concept)
	if err != nil {
		return nil, err
	}
	var damage error
	selected, err := SelectTargets(rows, ctx, func(a, b sctid.ID) bool {
		yes, err := s.Subsumes(a, b)
		if err != nil && err != ErrNotFound {
			damage = err
		}
		return yes
	})
	if damage != nil {
		return nil, damage
	}
	return selected, err
}

// ReverseMap returns the concepts with an active row for a target, whatever its
// rule: the reverse of [Store.MapRows]. It reads the whole map.
func (s *Store) ReverseMap(refset sctid.ID, target string) (set Set, err error) {
	r, err := s.Refset(refset)
	if err != nil {
		return Set{}, err
	}
	defer s.im.guard(&err)
	c, err := r.mapColumn()
	if err != nil {
		return Set{}, err
	}
	if !utf8.ValidString(target) {
		return Set{}, nil
	}
	rows, concepts := r.about()
	var out []Ordinal
	if base := r.base(c); r.columns[c].Type == 's' && len(target) <= plainText && r.refs[base+colC].off == 0 {
		// Short texts are as they are, and all are in order.
		code, ok := r.codeOf(base, target)
		codes := r.col(base + colCodes)
		for k := 0; ok && k < len(rows); k++ {
			if codes.get(int(rows[k])) == code {
				out = append(out, concepts[k])
			}
		}
		return SetOf(out), nil
	}
	texts := r.texts()
	for _, k := range r.byCode(c, rows) {
		if r.field(c, int(rows[k]), s.id(concepts[k]), texts).String() == target {
			out = append(out, concepts[k])
		}
	}
	return SetOf(out), nil
}

// codeOf finds the code of a text of a column whose texts are in order.
func (r *Refset) codeOf(base int, text string) (code uint64, ok bool) {
	n := r.col(base+colA).len() - 1
	i, j := 0, n
	for i < j {
		m := int(uint(i+j) / 2)
		if string(r.text(base, m)) < text {
			i = m + 1
		} else {
			j = m
		}
	}
	return uint64(i), i < n && string(r.text(base, i)) == text
}
