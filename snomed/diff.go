package snomed

import (
	"cmp"
	"iter"
	"slices"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// ChangeKind is what happened to a concept between two stores.
type ChangeKind uint8

// The changes. One concept may have several.
const (
	ConceptAdded ChangeKind = iota
	ConceptRemoved
	ConceptInactivated
	ConceptReactivated
	StatusChanged
	ModuleChanged
	NameChanged // another fully specified name
	TermChanged // another preferred term
	DescriptionsChanged
	ParentsChanged
	PropertiesChanged
	MembersChanged // of reference sets other than language ones
)

// String returns the change in words.
func (k ChangeKind) String() string {
	return [...]string{"added", "removed", "inactivated", "reactivated", "definition status changed", "module changed", "name changed",
		"preferred term changed", "descriptions changed", "parents changed", "properties changed", "members changed"}[min(k, MembersChanged)]
}

// Change is one difference between an old and a new store.
type Change struct {
	Kind     ChangeKind
	Concept  sctid.ID
	Old, New string // for the changes of a status, a module, a name or a term
}

// Diff yields the differences from an old store to a new one, in ascending
// order of identifiers. The details of a change are found by looking the
// concept up in both.
func Diff(old, new *Store) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		a, err := old.sortedIDs()
		if err == nil {
			var b []sctid.ID
			if b, err = new.sortedIDs(); err == nil {
				err = diffAll(old, new, a, b, func(c Change) bool { return yield(c, nil) })
			}
		}
		if err != nil {
			yield(Change{}, err)
		}
	}
}

func (s *Store) sortedIDs() ([]sctid.ID, error) {
	ids, err := s.IDs(make([]sctid.ID, 0, s.info.Concepts), s.All())
	slices.Sort(ids)
	return ids, err
}

func diffAll(old, new *Store, a, b []sctid.ID, yield func(Change) bool) error {
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			if !yield(Change{Kind: ConceptRemoved, Concept: a[0]}) {
				return nil
			}
			a = a[1:]
		case len(a) == 0 || b[0] < a[0]:
			if !yield(Change{Kind: ConceptAdded, Concept: b[0]}) {
				return nil
			}
			b = b[1:]
		default:
			changes, err := diffConcept(old, new, a[0])
			if err != nil {
				return err
			}
			for _, c := range changes {
				if !yield(c) {
					return nil
				}
			}
			a, b = a[1:], b[1:]
		}
	}
	return nil
}

// diffConcept compares a concept that both stores have.
func diffConcept(old, new *Store, id sctid.ID) (changes []Change, err error) {
	defer new.im.guard(&err)
	defer old.im.guard(&err)
	x, ok1 := old.find(uint64(id))
	y, ok2 := new.find(uint64(id))
	if !ok1 || !ok2 {
		return nil, ErrCorrupt
	}
	add := func(k ChangeKind, was, is string) { changes = append(changes, Change{k, id, was, is}) }
	c, d := old.concept(x, id), new.concept(y, id)
	switch {
	case c.Active && !d.Active:
		add(ConceptInactivated, "", "")
	case !c.Active && d.Active:
		add(ConceptReactivated, "", "")
	}
	if c.Status != d.Status {
		add(StatusChanged, c.Status.String(), d.Status.String())
	}
	if c.Module != d.Module {
		add(ModuleChanged, c.Module.String(), d.Module.String())
	}
	name := func(s *Store, o Ordinal, kind uint64) string {
		if row, ok := s.choose(o, kind, nil); ok {
			return string(s.appendTerm(nil, o, row))
		}
		return ""
	}
	if was, is := name(old, x, old.fsn), name(new, y, new.fsn); was != is {
		add(NameChanged, was, is)
	}
	if was, is := name(old, x, old.synonym), name(new, y, new.synonym); was != is {
		add(TermChanged, was, is)
	}
	if !sameDescriptions(old, new, x, y) {
		add(DescriptionsChanged, "", "")
	}
	if !sameConcepts(old, new, list(old.parentAt, old.parent, x), list(new.parentAt, new.parent, y)) {
		add(ParentsChanged, "", "")
	}
	p, err := old.Properties(x)
	if err != nil {
		return nil, err
	}
	q, err := new.Properties(y)
	if err != nil {
		return nil, err
	}
	if !sameProperties(p, q) {
		add(PropertiesChanged, "", "")
	}
	m, err := old.Members(id)
	if err != nil {
		return nil, err
	}
	n, err := new.Members(id)
	if err != nil {
		return nil, err
	}
	if !sameMembers(m, n) {
		add(MembersChanged, "", "")
	}
	return changes, nil
}

// sameDescriptions compares identifiers, times and flags, not the terms: a
// changed term has a new time.
func sameDescriptions(old, new *Store, x, y Ordinal) bool {
	type key struct {
		id     sctid.ID
		time   uint32
		active bool
	}
	keys := func(s *Store, o Ordinal) []key {
		var out []key
		ids, times := s.column(secDescID), s.column(secDescTime)
		for i, j := int(s.descAt.get(int(o))), int(s.descAt.get(int(o)+1)); i < j; i++ {
			out = append(out, key{s.spaces.unpack(ids.get(i)), s.time(times, i), s.descActive.get(i) == 1})
		}
		slices.SortFunc(out, func(a, b key) int { return cmp.Compare(a.id, b.id) })
		return out
	}
	return slices.Equal(keys(old, x), keys(new, y))
}

func sameConcepts(old, new *Store, a, b []Ordinal) bool {
	if len(a) != len(b) {
		return false
	}
	ids := func(s *Store, os []Ordinal) []sctid.ID {
		out := make([]sctid.ID, len(os))
		for i, o := range os {
			out[i] = s.id(o)
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(ids(old, a), ids(new, b))
}

// sameProperties compares groups of attributes, whatever their numbers and
// order.
func sameProperties(a, b []Group) bool {
	if len(a) != len(b) {
		return false
	}
	flat := func(groups []Group) []string {
		var out []string
		for _, g := range groups {
			var parts []string
			for _, x := range g.Attributes {
				text := x.Type.String() + "=" + x.Target.String()
				if x.Concrete {
					text = x.Type.String() + "=" + x.Value.String()
				}
				parts = append(parts, text)
			}
			slices.Sort(parts)
			text := ""
			if g.Number == 0 {
				text = "0"
			}
			for _, p := range parts {
				text += "," + p
			}
			out = append(out, text)
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(flat(a), flat(b))
}

// sameMembers compares the active members.
func sameMembers(a, b []Member) bool {
	flat := func(members []Member) []string {
		var out []string
		for _, m := range members {
			if m.Active {
				text := m.Refset.String()
				for _, f := range m.Fields {
					text += "\t" + f.String()
				}
				out = append(out, text)
			}
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(flat(a), flat(b))
}
