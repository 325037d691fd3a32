package snomed

import (
	"cmp"
	"hash/maphash"
	"iter"
	"slices"
	"sync"

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
	NameChanged         // another fully specified name
	TermChanged         // another preferred term
	DescriptionsChanged // or what language reference sets say of them
	ParentsChanged
	PropertiesChanged // see [Store.Properties]
	MembersChanged    // the active members about the concept, with all their columns
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
// concept up in both. Axioms count as members. Not compared are members about
// other components than concepts, but for those of language reference sets, and
// alternate identifiers.
//
// It reads both stores from end to end before it yields anything, at the same
// time, and keeps hashes of 64 bits. It needs some 100 bytes for each concept of
// both, and 40 for each member of the largest reference set.
func Diff(old, new *Store) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		seed := maphash.MakeSeed()
		var a, b []fingerprinted
		var err, err2 error
		var wg sync.WaitGroup
		wg.Go(func() { a, err = old.fingerprinted(seed) })
		b, err2 = new.fingerprinted(seed)
		wg.Wait()
		if err = cmp.Or(err, err2); err == nil {
			err = diffAll(old, new, a, b, func(c Change) bool { return yield(c, nil) })
		}
		if err != nil {
			yield(Change{}, err)
		}
	}
}

// fingerprinted is a concept of one store.
type fingerprinted struct {
	id sctid.ID
	o  Ordinal
	fingerprint
}

// fingerprinted returns all concepts in ascending order of identifiers.
func (s *Store) fingerprinted(seed maphash.Seed) ([]fingerprinted, error) {
	prints, err := s.fingerprints(seed)
	if err != nil {
		return nil, err
	}
	ids, err := s.IDs(make([]sctid.ID, 0, s.info.Concepts), s.All())
	if err != nil {
		return nil, err
	}
	// By the high half of identifiers, then by the low.
	low := radixOrder(len(ids), func(i int) uint32 { return uint32(ids[i]) })
	high := radixOrder(len(ids), func(i int) uint32 { return uint32(ids[low[i]] >> 32) })
	all := make([]fingerprinted, len(ids))
	for i := range all {
		o := low[high[i]]
		all[i] = fingerprinted{ids[o], Ordinal(o), prints[o]}
	}
	return all, nil
}

func diffAll(old, new *Store, a, b []fingerprinted, yield func(Change) bool) error {
	// The same descriptions give the same terms where the order of preference is
	// the same.
	sameOrder := slices.Equal(old.dialects[:old.preferred], new.dialects[:new.preferred])
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].id < b[0].id:
			if !yield(Change{Kind: ConceptRemoved, Concept: a[0].id}) {
				return nil
			}
			a = a[1:]
		case len(a) == 0 || b[0].id < a[0].id:
			if !yield(Change{Kind: ConceptAdded, Concept: b[0].id}) {
				return nil
			}
			b = b[1:]
		default:
			changes, err := diffConcept(old, new, &a[0], &b[0], sameOrder)
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
func diffConcept(old, new *Store, x, y *fingerprinted, sameOrder bool) (changes []Change, err error) {
	defer new.im.guard(&err)
	add := func(k ChangeKind, was, is string) { changes = append(changes, Change{k, x.id, was, is}) }
	c, d := old.concept(x.o, x.id), new.concept(y.o, y.id)
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
	if x.descriptions != y.descriptions || !sameOrder {
		for _, n := range []struct {
			kind ChangeKind
			of   func(*Store, Ordinal, ...sctid.ID) (string, error)
		}{{NameChanged, (*Store).FullySpecifiedName}, {TermChanged, (*Store).PreferredTerm}} {
			was, err := n.of(old, x.o)
			is, err2 := n.of(new, y.o)
			if err = cmp.Or(err, err2); err != nil {
				return nil, err
			}
			if was != is {
				add(n.kind, was, is)
			}
		}
	}
	for _, p := range []struct {
		kind    ChangeKind
		changed bool
	}{
		{DescriptionsChanged, x.descriptions != y.descriptions},
		{ParentsChanged, x.parents != y.parents},
		{PropertiesChanged, x.properties != y.properties},
		{MembersChanged, x.members != y.members},
	} {
		if p.changed {
			add(p.kind, "", "")
		}
	}
	return changes, nil
}
