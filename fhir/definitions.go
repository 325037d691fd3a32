package fhir

import (
	_ "embed"
	"iter"
	"sync"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

//go:generate go run ./internal/gen -core ../../shared/corpora/fhir/packages/hl7.fhir.r4.core-4.0.1.tgz -out r4.facts

//go:embed r4.facts
var r4Facts string

var r4 struct {
	once sync.Once
	defs Definitions
}

// Definitions is what one FHIR version, or one package, defines: its types
// with their elements, its profiles and extensions, search parameters, and
// the codes that bindings need. It is immutable and safe for concurrent use.
type Definitions struct{ t facts.Table }

// R4 returns the definitions of FHIR R4 (4.0.1). They are embedded, add about
// 1 MB to a program and are read where they lie: the first call costs less
// than a microsecond.
func R4() *Definitions {
	r4.once.Do(func() {
		t, err := facts.Open(r4Facts)
		if err != nil {
			panic(err) // the embedded table does not fit this program
		}
		r4.defs.t = t
	})
	return &r4.defs
}

// Version returns the version of FHIR, such as "4.0.1".
func (d *Definitions) Version() string { return d.t.Version() }

// Type returns the type with a name: a resource or data type ("Patient",
// "HumanName", "code"), or the anonymous type of an element with children by
// its path ("Patient.contact").
func (d *Definitions) Type(name string) (Type, bool) {
	id := d.t.FindType(name)
	return Type{d, id}, id != 0
}

// Types iterates over all types by name, the anonymous ones included.
func (d *Definitions) Types() iter.Seq[Type] {
	return func(yield func(Type) bool) {
		for i := range d.t.NumTypes() {
			if !yield(Type{d, uint16(i + 1)}) {
				return
			}
		}
	}
}

// Structure returns the structure definition with a canonical URL (without a
// version): of a type, a profile or an extension.
func (d *Definitions) Structure(url string) (Structure, bool) {
	i, ok := d.t.FindStruct(url)
	if !ok {
		return Structure{}, false
	}
	return Structure{d, i}, true
}

// Structures iterates over all structure definitions by URL.
func (d *Definitions) Structures() iter.Seq[Structure] {
	return func(yield func(Structure) bool) {
		for i := range d.t.NumStructs() {
			if !yield(Structure{d, uint32(i)}) {
				return
			}
		}
	}
}

// NameID is the number of an element's or type's name. Ids of the names that
// a Definitions knows are the same in all its trees; a Tree numbers further
// names itself. 0 is no name.
type NameID uint16

// NameID returns the id of a name, 0 if no element or type is called so.
func (d *Definitions) NameID(name string) NameID { return NameID(d.t.NameID(name)) }

// Name returns the name with an id, "" for none.
func (d *Definitions) Name(id NameID) string { return d.t.Name(uint16(id)) }
