package snomed

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Meaning is what a historical association says about an inactive concept and
// its target.
type Meaning uint8

// The meanings, those that preserve most first.
const (
	SameAs Meaning = iota
	ReplacedBy
	MovedFrom
	PartiallyEquivalentTo
	PossiblyEquivalentTo
	PossiblyReplacedBy
	Alternative
	WasA
	MovedTo
	OtherAssociation // of a reference set that the specification does not name
)

// associations are the historical association reference sets of the RF2
// specification, 5.2.5.1, in the order of meanings.
var associations = [...]struct {
	refset sctid.ID
	name   string
}{
	SameAs:                {900000000000527005, "SAME AS"},
	ReplacedBy:            {900000000000526001, "REPLACED BY"},
	MovedFrom:             {900000000000525002, "MOVED FROM"},
	PartiallyEquivalentTo: {1186924009, "PARTIALLY EQUIVALENT TO"},
	PossiblyEquivalentTo:  {900000000000523009, "POSSIBLY EQUIVALENT TO"},
	PossiblyReplacedBy:    {1186921001, "POSSIBLY REPLACED BY"},
	Alternative:           {900000000000530003, "ALTERNATIVE"},
	WasA:                  {900000000000528000, "WAS A"},
	MovedTo:               {900000000000524003, "MOVED TO"},
}

// String returns the name of the association in capitals.
func (m Meaning) String() string {
	if int(m) < len(associations) {
		return associations[m].name
	}
	return "OTHER"
}

// meaningOf finds what a reference set means.
func meaningOf(refset sctid.ID) Meaning {
	for m := range associations {
		if associations[m].refset == refset {
			return Meaning(m)
		}
	}
	return OtherAssociation
}

// Association says what became of a concept. What the reference sets say of
// descriptions is not among them; [Store.Members] has it.
type Association struct {
	Meaning Meaning
	Refset  sctid.ID
	From    sctid.ID // the concept that was retired, or renamed
	To      sctid.ID // what stands for it; may not be in the store, or be inactive itself
	Time    uint32   // YYYYMMDD
	Active  bool
}

// History returns the historical associations that say what stands for a
// concept now, inactive ones included, in ascending order of reference sets. A
// MOVED FROM association is recorded on the concept that moved; it is turned
// round here.
func (s *Store) History(o Ordinal) (all []Association, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return nil, ErrNotFound
	}
	at, of := s.column(secMembershipAt), s.column(secMembership)
	from, to := int(at.get(int(o))), int(at.get(int(o)+1))
	for i := from; i < to; i++ {
		r := s.refset(int(of.get(i)))
		if m := meaningOf(r.id); r.IsHistory() && m != MovedFrom {
			a, b := r.rowsOf(uint64(o))
			for ; a < b; a++ {
				all = append(all, s.association(r, m, a))
			}
		}
	}
	all = append(all, s.associationsTo(o, func(m Meaning) bool { return m == MovedFrom })...)
	sortAssociations(all)
	return all, nil
}

// Predecessors returns the associations of which a concept is the target: what
// it stands for now, inactive associations included, in the order of
// [Store.History].
func (s *Store) Predecessors(o Ordinal) (all []Association, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return nil, ErrNotFound
	}
	all = s.associationsTo(o, func(m Meaning) bool { return m != MovedFrom })
	if r, err := s.Refset(associations[MovedFrom].refset); err == nil && r.IsHistory() {
		a, b := r.rowsOf(uint64(o))
		for ; a < b; a++ {
			all = append(all, s.association(r, MovedFrom, a))
		}
	}
	sortAssociations(all)
	return all, nil
}

func sortAssociations(all []Association) {
	slices.SortStableFunc(all, func(a, b Association) int { return cmp.Compare(a.Refset, b.Refset) })
}

// association reads one row, the right way round.
func (s *Store) association(r *Refset, m Meaning, row int) Association {
	component := s.componentID(r.col(refComponent).get(row))
	target := r.field(0, row, component, nil).ID
	if m == MovedFrom {
		component, target = target, component
	}
	return Association{m, r.id, component, target, uint32(s.column(secMemberTimes).get(int(r.col(refTime).get(row)))), r.col(refActive).get(row) == 1}
}

// associationsTo reads the rows about concepts whose target is o.
func (s *Store) associationsTo(o Ordinal, want func(Meaning) bool) (all []Association) {
	targets, refsets, rows := s.column(secHistoryTarget), s.column(secHistoryRefset), s.column(secHistoryRow)
	for i := targets.search(0, targets.len(), uint64(o)); i < targets.len() && targets.get(i) == uint64(o); i++ {
		r, row := s.refset(int(refsets.get(i))), int(rows.get(i))
		if m := meaningOf(r.id); want(m) && s.componentID(r.col(refComponent).get(row)).Kind() == sctid.Concept {
			all = append(all, s.association(r, m, row))
		}
	}
	return all
}

// Substitution is an active concept that can stand for an inactive one.
type Substitution struct {
	From, To sctid.ID
	Meaning  Meaning // the weakest on the way
	Steps    int     // associations followed
}

// maxSteps bounds how many associations are followed one after the other.
const maxSteps = 20

// Substitutions follows the active historical associations of an inactive
// concept until active concepts are reached: by the shortest way, and of
// equally short ones by the strongest. It is a table derived from the
// association reference sets, not the history substitution table that is
// distributed in the UK. MOVED TO names an organisation, not a concept, and is
// not followed.
func (s *Store) Substitutions(o Ordinal) (all []Substitution, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return nil, ErrNotFound
	}
	if int(o) < s.info.Active {
		return nil, nil
	}
	id := s.id(o)
	type step struct {
		at      Ordinal
		meaning Meaning
	}
	seen := map[Ordinal]bool{o: true}
	level := []step{{o, 0}}
	for steps := 1; len(level) > 0 && steps <= maxSteps; steps++ {
		best := map[Ordinal]Meaning{}
		var order []Ordinal
		for _, x := range level {
			ways, err := s.History(x.at)
			if err != nil {
				return nil, err
			}
			for _, a := range ways {
				t, ok := s.find(uint64(a.To))
				if !a.Active || a.Meaning == MovedTo || !ok || seen[t] {
					continue
				}
				m := max(x.meaning, a.Meaning)
				if old, ok := best[t]; !ok {
					best[t] = m
					order = append(order, t)
				} else if m < old {
					best[t] = m
				}
			}
		}
		level = level[:0]
		for _, t := range order {
			seen[t] = true
			if int(t) < s.info.Active {
				all = append(all, Substitution{id, s.id(t), best[t], steps})
			} else {
				level = append(level, step{t, best[t]})
			}
		}
	}
	return all, nil
}

// SubstitutionTable yields the substitutions of every inactive concept.
func (s *Store) SubstitutionTable() iter.Seq2[Substitution, error] {
	return func(yield func(Substitution, error) bool) {
		for o := s.info.Active; o < s.info.Concepts; o++ {
			all, err := s.Substitutions(Ordinal(o))
			if err != nil {
				yield(Substitution{}, err)
				return
			}
			for _, x := range all {
				if !yield(x, nil) {
					return
				}
			}
		}
	}
}

// Refset returns the reference set of an association, 0 for
// [OtherAssociation].
func (m Meaning) Refset() sctid.ID {
	if int(m) < len(associations) {
		return associations[m].refset
	}
	return 0
}

// HistoryProfile returns the meanings that one of the profiles of the
// expression constraint language follows: "MIN" for the same concept, "MOD"
// for nearly the same, "MAX" for all. MOVED FROM, turned round, counts with
// SAME AS; MOVED TO names an organisation and is in none.
func HistoryProfile(name string) ([]Meaning, error) {
	switch name {
	case "MIN":
		return []Meaning{SameAs, MovedFrom}, nil
	case "MOD":
		return []Meaning{SameAs, MovedFrom, ReplacedBy, WasA, PartiallyEquivalentTo}, nil
	case "MAX":
		return []Meaning{SameAs, ReplacedBy, MovedFrom, PartiallyEquivalentTo, PossiblyEquivalentTo, PossiblyReplacedBy, Alternative, WasA, OtherAssociation}, nil
	}
	return nil, fmt.Errorf("snomed: no history profile %q, only MIN, MOD and MAX", name)
}
