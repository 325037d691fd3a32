package snomed

import (
	"github.com/nhskit/nhskit/snomed/sctid"
)

// Relationship is one relationship of a concept, of any view, active or not.
type Relationship struct {
	ID             sctid.ID // 0 in a store built without KeepRowIDs
	Active         bool
	Time           uint32 // YYYYMMDD
	Module         sctid.ID
	Source         sctid.ID
	Target         sctid.ID // 0 for a concrete value
	Value          Value    // for a concrete value, else its Text is ""
	Concrete       bool
	Group          int
	Type           sctid.ID
	Characteristic sctid.ID // 900000000000011006 inferred, 900000000000010007 stated, ...
	Modifier       sctid.ID
}

// Relationships returns all relationships of a concept: the active ones
// first, by characteristic type, group, type and target.
func (s *Store) Relationships(o Ordinal) (all []Relationship, err error) {
	defer s.im.guard(&err)
	if !s.has(o) {
		return nil, ErrNotFound
	}
	at := s.column(secRelAt)
	from, to := int(at.get(int(o))), int(at.get(int(o)+1))
	ids := s.column(secRelID)
	for i := from; i < to; i++ {
		r := Relationship{
			Time:           s.time(s.column(secRelTime), i),
			Module:         s.modules[s.column(secRelModule).get(i)],
			Source:         s.id(o),
			Group:          int(s.column(secRelGroup).get(i)),
			Type:           sctid.ID(s.codes.get(int(s.column(secRelKind).get(i)))),
			Characteristic: sctid.ID(s.codes.get(int(s.column(secRelChar).get(i)))),
			Modifier:       sctid.ID(s.codes.get(int(s.column(secRelModifier).get(i)))),
		}
		if ids.len() > 0 {
			r.ID = s.spaces.unpack(ids.get(i))
		}
		flags, target := s.column(secRelFlags).get(i), s.column(secRelTarget).get(i)
		r.Active, r.Concrete = flags&relActive != 0, flags&relConcrete != 0
		if r.Concrete {
			r.Value = s.value(int(target))
		} else {
			r.Target = s.id(Ordinal(target))
		}
		all = append(all, r)
	}
	return all, nil
}

// value reads a concrete value by its code. Codes ascend with values.
func (s *Store) value(i int) Value {
	return ParseValue(s.textAt2(s.im.dir[secValueAt], s.im.dir[secValues], i))
}

// textAt2 reads text i of a list.
func (s *Store) textAt2(at, of ref, i int) string {
	c := column{s.im, at}
	from, to := c.get(i), c.get(i+1)
	if from > to || to > of.base {
		panic(&fault{ErrCorrupt})
	}
	return string(s.im.at(of.off+from, to-from))
}

// Attribute is one property of a concept.
type Attribute struct {
	Type     sctid.ID
	Target   sctid.ID // 0 for a concrete value
	Value    Value
	Concrete bool
}

// Group is a relationship group: attributes that belong together. Each
// attribute of group 0 stands for itself.
type Group struct {
	Number     int
	Attributes []Attribute
}

// Properties returns the active inferred attributes of a concept by group, in
// ascending order of group numbers. Is-a relationships are not among them.
func (s *Store) Properties(o Ordinal) (groups []Group, err error) {
	all, err := s.Relationships(o)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if !r.Active || r.Characteristic != idInferred || r.Type == idIsA {
			continue
		}
		if k := len(groups); k == 0 || groups[k-1].Number != r.Group {
			groups = append(groups, Group{Number: r.Group})
		}
		g := &groups[len(groups)-1]
		g.Attributes = append(g.Attributes, Attribute{r.Type, r.Target, r.Value, r.Concrete})
	}
	return groups, nil
}

// Sources returns the concepts that have an active inferred attribute of a
// type with one of the given targets: what refers to them.
func (s *Store) Sources(kind sctid.ID, targets Set) (set Set, err error) {
	defer s.im.guard(&err)
	code := s.codes.search(0, s.codes.len(), uint64(kind))
	if code >= s.codes.len() || s.codes.get(code) != uint64(kind) {
		return Set{}, nil
	}
	at := s.column(secReverseAt)
	rows, target, flags := s.column(secReverse), s.column(secRelTarget), s.column(secRelFlags)
	from, to := int(at.get(code)), int(at.get(code+1))
	var out []Ordinal
	relAt := s.column(secRelAt)
	for _, r := range targets.runs {
		i, j := from, to
		for i < j {
			m := int(uint(i+j) / 2)
			if target.get(int(rows.get(m))) < uint64(r.from) {
				i = m + 1
			} else {
				j = m
			}
		}
		for ; i < to; i++ {
			row := int(rows.get(i))
			if t := target.get(row); t >= uint64(r.to) {
				break
			}
			if flags.get(row)&relConcrete == 0 {
				out = append(out, Ordinal(relAt.search(0, relAt.len(), uint64(row)+1)-1))
			}
		}
	}
	return SetOf(out), nil
}

// AlternateIdentifier is an identifier of another scheme for a component.
type AlternateIdentifier struct {
	Scheme    sctid.ID
	Text      string
	Component sctid.ID
	Active    bool
	Time      uint32 // YYYYMMDD
	Module    sctid.ID
}

// Alternate looks an alternate identifier up.
func (s *Store) Alternate(scheme sctid.ID, text string) (a AlternateIdentifier, err error) {
	defer s.im.guard(&err)
	schemes, at, of := s.column(secIdentScheme), s.im.dir[secIdentAt], s.im.dir[secIdents]
	i, j := 0, schemes.len()
	for i < j {
		m := int(uint(i+j) / 2)
		if v := schemes.get(m); v < uint64(scheme) || v == uint64(scheme) && s.textAt2(at, of, m) < text {
			i = m + 1
		} else {
			j = m
		}
	}
	if i >= schemes.len() || schemes.get(i) != uint64(scheme) || s.textAt2(at, of, i) != text {
		return a, ErrNotFound
	}
	return AlternateIdentifier{scheme, text, sctid.ID(s.column(secIdentComponent).get(i)), s.column(secIdentActive).get(i) == 1,
		s.time(s.column(secIdentTime), i), s.modules[s.column(secIdentModule).get(i)]}, nil
}
