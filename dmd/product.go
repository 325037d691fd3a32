package dmd

import (
	"cmp"
	"encoding/json"
	"iter"
	"slices"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Kind is what an identifier of the dictionary names.
type Kind uint8

// The kinds: the five levels of product and what they are made of.
const (
	NoKind     Kind = iota
	VTM             // virtual therapeutic moiety: the substance, without form or strength
	VMP             // virtual medicinal product: substance, form and strength
	AMP             // actual medicinal product: what a supplier sells
	VMPP            // virtual medicinal product pack
	AMPP            // actual medicinal product pack
	Ingredient      // ingredient substance
)

// String returns the dictionary's short name of the kind, "ING" for an
// ingredient, "" for NoKind.
func (k Kind) String() string {
	if k == NoKind || k > Ingredient {
		return ""
	}
	return k.table().String()
}

func (k Kind) table() Table {
	switch k {
	case VTM:
		return TableVTM
	case VMP:
		return TableVMP
	case AMP:
		return TableAMP
	case VMPP:
		return TableVMPP
	case AMPP:
		return TableAMPP
	}
	return TableING
}

func kindOf(t Table) Kind {
	switch t {
	case TableVTM:
		return VTM
	case TableVMP:
		return VMP
	case TableAMP:
		return AMP
	case TableVMPP:
		return VMPP
	case TableAMPP:
		return AMPP
	case TableING:
		return Ingredient
	}
	return NoKind
}

// Product is one entry of the dictionary: a moiety, product, pack or ingredient.
// It is a small value that points into its store. The zero value is no product;
// all its methods give zero values.
type Product struct {
	s  *Store
	at place
}

// Product finds a product or ingredient by its identifier. It does not allocate.
func (s *Store) Product(id sctid.ID) (Product, bool) {
	p, after, ok := s.ids.next(uint64(id), 0)
	for ok && p.table() == TableLOOKUP {
		p, after, ok = s.ids.next(uint64(id), after)
	}
	if !ok {
		return Product{}, false
	}
	return Product{s, p}, true
}

// Products yields all of a kind, in the order of their identifiers.
func (s *Store) Products(k Kind) iter.Seq[Product] {
	return func(yield func(Product) bool) {
		if k == NoKind || k > Ingredient {
			return
		}
		t := k.table()
		for i := range s.byID[t].len() {
			if !yield(Product{s, placeOf(t, int(s.byID[t].at(i)))}) {
				return
			}
		}
	}
}

// Kind returns what the product is.
func (p Product) Kind() Kind {
	if p.s == nil {
		return NoKind
	}
	return kindOf(p.at.table())
}

func (p Product) row() row {
	if p.s == nil {
		return nil
	}
	return p.s.row(p.at.table(), p.at.row())
}

// ID returns the identifier.
func (p Product) ID() sctid.ID {
	if p.s == nil {
		return 0
	}
	n, _ := p.row().number(idField(p.at.table()))
	return sctid.ID(n)
}

// Name returns the name a prescription shows: the description with the supplier
// for an actual product, NM for all else.
func (p Product) Name() string {
	if p.s == nil {
		return ""
	}
	name, _ := p.row().text(nameField(p.at.table()))
	return name
}

// Invalid reports whether the entry is no longer in use.
func (p Product) Invalid() bool {
	return p.s != nil && p.row().flag(invalidField(p.at.table()))
}

// Field returns the text of a field of the product's own record by its tag.
func (p Product) Field(tag string) (string, bool) {
	if p.s == nil {
		return "", false
	}
	if i := p.at.table().spec().fieldIndex(tag); i >= 0 {
		return p.row().text(i)
	}
	r := p.s.record(p.at)
	return r.Get(tag)
}

// record decodes a whole record.
func (s *Store) record(at place) *Record {
	r := new(Record)
	r.decode(at.table(), s.row(at.table(), at.row()), nil)
	return r
}

// Records yields the product's own record and those of the other tables that
// belong to it: ingredients, forms, prices, bar codes. Each is newly allocated.
func (p Product) Records() iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		if p.s == nil || !yield(p.s.record(p.at)) {
			return
		}
		for _, t := range satellites(p.at.table()) {
			for i := range p.satelliteRows(t) {
				if !yield(p.s.record(placeOf(t, i))) {
					return
				}
			}
		}
	}
}

// satellites returns the tables whose first field names a record of t.
func satellites(t Table) []Table {
	switch t {
	case TableVTM:
		return []Table{TableVTMING}
	case TableVMP:
		return []Table{TableVPI, TableONT, TableDFORM, TableDROUTE, TableCONTROLINFO, TableBNFVMP}
	case TableAMP:
		return []Table{TableAPING, TableLICROUTE, TableAPINFO, TableBNFAMP}
	case TableVMPP:
		return []Table{TableDTINFO, TableVMPPCCONTENT}
	case TableAMPP:
		return []Table{TablePACKINFO, TablePRESCRIBINFO, TablePRICEINFO, TableREIMBINFO, TableAMPPCCONTENT, TableGTIN}
	}
	return nil
}

// satelliteRows yields the records of a table whose first field names the
// product.
func (p Product) satelliteRows(t Table) iter.Seq[int] {
	return func(yield func(int) bool) {
		if p.s == nil {
			return
		}
		rows := p.s.refs[t][0].of(p.at.row())
		for i := range rows.len() {
			if !yield(int(rows.at(i))) {
				return
			}
		}
	}
}

// satellite returns the first such record, or nil.
func (p Product) satellite(t Table) row {
	for i := range p.satelliteRows(t) {
		return p.s.row(t, i)
	}
	return nil
}

// up follows a field to the record it names.
func (p Product) up(field int, to Table) Product {
	id, ok := p.row().number(field)
	if !ok {
		return Product{}
	}
	if i, ok := p.s.find(to, sctid.ID(id)); ok {
		return Product{p.s, placeOf(to, i)}
	}
	return Product{}
}

// down appends the records of a table that name the product in a field.
func (p Product) down(dst []Product, t Table, field int) []Product {
	rows := p.s.refs[t][field].of(p.at.row())
	for i := range rows.len() {
		dst = append(dst, Product{p.s, placeOf(t, int(rows.at(i)))})
	}
	return dst
}

// VTM returns the moiety of a product or pack, or of itself. Some virtual
// products have none.
func (p Product) VTM() (Product, bool) {
	if p.s == nil {
		return Product{}, false
	}
	if p.at.table() == TableVTM {
		return p, true
	}
	vmp, ok := p.VMP()
	if !ok {
		return Product{}, false
	}
	vtm := vmp.up(vmpVTMID, TableVTM)
	return vtm, vtm.s != nil
}

// VMP returns the virtual product of an actual product or a pack, or of itself.
func (p Product) VMP() (Product, bool) {
	var vmp Product
	switch p.Kind() {
	case VMP:
		vmp = p
	case AMP:
		vmp = p.up(ampVPID, TableVMP)
	case VMPP:
		vmp = p.up(vmppVPID, TableVMP)
	case AMPP:
		if v := p.up(amppVPPID, TableVMPP); v.s != nil {
			vmp = v.up(vmppVPID, TableVMP)
		}
		if vmp.s == nil {
			if a := p.up(amppAPID, TableAMP); a.s != nil {
				vmp = a.up(ampVPID, TableVMP)
			}
		}
	}
	return vmp, vmp.s != nil
}

// AMP returns the actual product of a pack, or of itself.
func (p Product) AMP() (Product, bool) {
	var amp Product
	switch p.Kind() {
	case AMP:
		amp = p
	case AMPP:
		amp = p.up(amppAPID, TableAMP)
	}
	return amp, amp.s != nil
}

// VMPP returns the virtual pack of an actual one, or of itself.
func (p Product) VMPP() (Product, bool) {
	var pack Product
	switch p.Kind() {
	case VMPP:
		pack = p
	case AMPP:
		pack = p.up(amppVPPID, TableVMPP)
	}
	return pack, pack.s != nil
}

// AppendVMPs appends the virtual products of a moiety, of a product or pack, or
// with an ingredient, in the order of their identifiers, and returns the longer
// slice.
func (p Product) AppendVMPs(dst []Product) []Product {
	switch p.Kind() {
	case NoKind:
	case VTM:
		return p.down(dst, TableVMP, vmpVTMID)
	case Ingredient:
		from := len(dst)
		rows := p.s.refs[TableVPI][vpiISID].of(p.at.row())
		for i := range rows.len() {
			id, _ := p.s.row(TableVPI, int(rows.at(i))).number(vpiVPID)
			if vmp, ok := p.s.find(TableVMP, sctid.ID(id)); ok {
				dst = append(dst, Product{p.s, placeOf(TableVMP, vmp)})
			}
		}
		return sortProducts(dst, from)
	default:
		if vmp, ok := p.VMP(); ok {
			return append(dst, vmp)
		}
	}
	return dst
}

// AppendAMPs appends the actual products below a moiety, virtual product or
// virtual pack, or the one of an actual product or pack.
func (p Product) AppendAMPs(dst []Product) []Product {
	switch p.Kind() {
	case NoKind:
	case VMP:
		return p.down(dst, TableAMP, ampVPID)
	case AMP, AMPP:
		if amp, ok := p.AMP(); ok {
			return append(dst, amp)
		}
	case VMPP:
		from := len(dst)
		for _, pack := range p.down(nil, TableAMPP, amppVPPID) {
			if amp, ok := pack.AMP(); ok {
				dst = append(dst, amp)
			}
		}
		return sortProducts(dst, from)
	default:
		from := len(dst)
		for _, vmp := range p.AppendVMPs(nil) {
			dst = vmp.down(dst, TableAMP, ampVPID)
		}
		return sortProducts(dst, from)
	}
	return dst
}

// AppendVMPPs appends the virtual packs of a moiety or product, or the one of a
// pack.
func (p Product) AppendVMPPs(dst []Product) []Product {
	switch p.Kind() {
	case NoKind:
	case VMP:
		return p.down(dst, TableVMPP, vmppVPID)
	case VMPP, AMPP:
		if pack, ok := p.VMPP(); ok {
			return append(dst, pack)
		}
	case AMP:
		from := len(dst)
		for _, pack := range p.down(nil, TableAMPP, amppAPID) {
			if v, ok := pack.VMPP(); ok {
				dst = append(dst, v)
			}
		}
		return sortProducts(dst, from)
	default:
		from := len(dst)
		for _, vmp := range p.AppendVMPs(nil) {
			dst = vmp.down(dst, TableVMPP, vmppVPID)
		}
		return sortProducts(dst, from)
	}
	return dst
}

// AppendAMPPs appends the actual packs of a moiety, product or virtual pack, or
// the pack itself.
func (p Product) AppendAMPPs(dst []Product) []Product {
	switch p.Kind() {
	case NoKind:
	case AMPP:
		return append(dst, p)
	case AMP:
		return p.down(dst, TableAMPP, amppAPID)
	case VMPP:
		return p.down(dst, TableAMPP, amppVPPID)
	default:
		from := len(dst)
		for _, amp := range p.AppendAMPs(nil) {
			dst = amp.down(dst, TableAMPP, amppAPID)
		}
		return sortProducts(dst, from)
	}
	return dst
}

// VMPs is AppendVMPs on an empty slice.
func (p Product) VMPs() []Product { return p.AppendVMPs(nil) }

// AMPs is AppendAMPs on an empty slice.
func (p Product) AMPs() []Product { return p.AppendAMPs(nil) }

// VMPPs is AppendVMPPs on an empty slice.
func (p Product) VMPPs() []Product { return p.AppendVMPPs(nil) }

// AMPPs is AppendAMPPs on an empty slice.
func (p Product) AMPPs() []Product { return p.AppendAMPPs(nil) }

// sortProducts sorts what lies behind from by identifier, each once.
func sortProducts(ps []Product, from int) []Product {
	part := ps[from:]
	if len(part) < 2 {
		return ps
	}
	keys := make([]idEntry, len(part))
	for i, p := range part {
		keys[i] = idEntry{uint64(p.ID()), p.at}
	}
	slices.SortFunc(keys, func(a, b idEntry) int { return cmp.Compare(a.id, b.id) })
	for i, k := range slices.Compact(keys) {
		part[i] = Product{part[0].s, k.at}
		from++
	}
	return ps[:from]
}

// Contents returns the packs in a combination pack, Combinations the combination
// packs that a pack is in. Both work on virtual and on actual packs and give
// nothing for all else.
func (p Product) Contents() []Product {
	return p.linked(vmppccontentPRNTVPPID, vmppccontentCHLDVPPID)
}

// Combinations returns the combination packs that a pack is in.
func (p Product) Combinations() []Product {
	return p.linked(vmppccontentCHLDVPPID, vmppccontentPRNTVPPID)
}

// linked follows the table of contents from one side to the other. It has the
// same layout for both kinds of pack.
func (p Product) linked(from, to int) []Product {
	t := TableVMPPCCONTENT
	switch p.Kind() {
	case VMPP:
	case AMPP:
		t = TableAMPPCCONTENT
	default:
		return nil
	}
	var out []Product
	rows := p.s.refs[t][from].of(p.at.row())
	for i := range rows.len() {
		id, _ := p.s.row(t, int(rows.at(i))).number(to)
		if j, ok := p.s.find(p.at.table(), sctid.ID(id)); ok {
			out = append(out, Product{p.s, placeOf(p.at.table(), j)})
		}
	}
	return sortProducts(out, 0)
}

// Parents returns the entries directly above: the moiety of a virtual product,
// the virtual product of an actual product or virtual pack, the virtual pack and
// the actual product of an actual pack.
func (p Product) Parents() []Product {
	var out []Product
	add := func(q Product) {
		if q.s != nil {
			out = append(out, q)
		}
	}
	switch p.Kind() {
	case VMP:
		add(p.up(vmpVTMID, TableVTM))
	case AMP:
		add(p.up(ampVPID, TableVMP))
	case VMPP:
		add(p.up(vmppVPID, TableVMP))
	case AMPP:
		add(p.up(amppVPPID, TableVMPP))
		add(p.up(amppAPID, TableAMP))
	}
	return out
}

// Subsumes reports whether q is p or lies below it.
func (p Product) Subsumes(q Product) bool {
	if p == q {
		return p.s != nil
	}
	return slices.ContainsFunc(q.Parents(), p.Subsumes)
}

// MarshalJSON writes the product's own record as an object of strings by tag,
// preceded by its kind.
func (p Product) MarshalJSON() ([]byte, error) {
	if p.s == nil {
		return []byte("null"), nil
	}
	b := append([]byte(`{"kind":"`), p.Kind().String()...)
	b = append(b, '"')
	for tag, v := range p.s.record(p.at).Fields() {
		b = appendMember(b, tag, v)
	}
	return append(b, '}'), nil
}

var _ json.Marshaler = Product{}

// appendMember appends a member of an object with a string as its value.
func appendMember(b []byte, name string, v []byte) []byte {
	b = append(b, ',')
	b = appendJSONString(b, name)
	b = append(b, ':')
	return appendJSONString(b, v)
}

// appendJSONString appends a JSON string.
func appendJSONString[T string | []byte](b []byte, s T) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		start = i + 1
	}
	return append(append(b, s[start:]...), '"')
}

// Children returns the entries directly below: the virtual products of a moiety,
// the actual products and virtual packs of a virtual product, the actual packs of
// an actual product or virtual pack.
func (p Product) Children() []Product {
	switch p.Kind() {
	case VTM:
		return p.down(nil, TableVMP, vmpVTMID)
	case VMP:
		return p.down(p.down(nil, TableAMP, ampVPID), TableVMPP, vmppVPID)
	case AMP:
		return p.down(nil, TableAMPP, amppAPID)
	case VMPP:
		return p.down(nil, TableAMPP, amppVPPID)
	}
	return nil
}

// LookUp resolves a code in a look-up list of the product's release; a code that
// the list does not have is returned without text.
func (p Product) LookUp(list, code string) Term {
	if p.s != nil {
		if t, ok := p.s.Term(list, code); ok {
			return t
		}
	}
	return Term{List: list, Code: code}
}
