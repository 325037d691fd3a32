package dmd

import (
	"slices"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Term is an entry of a look-up list: a unit, form, route, supplier or the
// meaning of a short code. The zero value is "none".
type Term struct {
	List    string // as the release names it: "UNIT_OF_MEASURE"
	Code    string // with its leading zeros
	Text    string
	From    Date   // since when the code is used
	Former  string // the code before that
	Invalid bool
}

// ID returns the code as an identifier, where it is one.
func (t Term) ID() sctid.ID {
	id, err := sctid.Parse(t.Code)
	if err != nil {
		return 0
	}
	return id
}

// Term finds an entry of a look-up list by its code.
func (s *Store) Term(list, code string) (Term, bool) {
	r, ok := s.lookupRow(list, code)
	if !ok {
		return Term{}, false
	}
	return term0(r), true
}

func term0(r row) Term {
	var t Term
	t.List, _ = r.text(lookupLIST)
	t.Code, _ = r.text(lookupCD)
	t.Text, _ = r.text(lookupDESC)
	t.Former, _ = r.text(lookupCDPREV)
	t.From = r.date(lookupCDDT)
	t.Invalid = r.flag(lookupINVALID)
	return t
}

// Terms returns the entries of a look-up list, by code.
func (s *Store) Terms(list string) []Term {
	var out []Term
	for i := range s.lookups.len() {
		if r := s.row(TableLOOKUP, int(s.lookups.at(i))); string(r.rawText(lookupLIST)) == list {
			out = append(out, term0(r))
		}
	}
	return out
}

// TermsOf finds entries of any list by an identifier: what a form, route, unit
// or supplier code means.
func (s *Store) TermsOf(id sctid.ID) []Term {
	var out []Term
	for i := 0; ; {
		p, after, ok := s.ids.next(uint64(id), i)
		if !ok {
			return out
		}
		if p.table() == TableLOOKUP {
			out = append(out, term0(s.row(TableLOOKUP, p.row())))
		}
		i = after
	}
}

// Lists returns the names of the release's look-up lists.
func (s *Store) Lists() []string {
	var out []string
	for i := range s.lookups.len() {
		name := s.row(TableLOOKUP, int(s.lookups.at(i))).rawText(lookupLIST)
		if n := len(out); n == 0 || out[n-1] != string(name) {
			out = append(out, string(name))
		}
	}
	return out
}

// term resolves a field of a row in a list. A code that the list does not have
// is returned without text.
func (s *Store) term(r row, field int, list string) Term {
	code, ok := r.text(field)
	if !ok {
		return Term{}
	}
	if t, ok := s.Term(list, code); ok {
		return t
	}
	return Term{List: list, Code: code}
}

// Term resolves a coded field of the product's own record, such as
// "PRES_STATCD", in its look-up list.
func (p Product) Term(tag string) (Term, bool) {
	if p.s == nil {
		return Term{}, false
	}
	spec := p.at.table().spec()
	i := spec.fieldIndex(tag)
	if i < 0 {
		return Term{}, false
	}
	list, ok := cutList(spec.fields[i].Refers)
	if !ok {
		return Term{}, false
	}
	t := p.s.term(p.row(), i, list)
	return t, t.Code != ""
}

// Quantity is a number of a unit of measure.
type Quantity struct {
	Value Decimal
	Unit  Term // of the list UNIT_OF_MEASURE
}

// Strength is how much of an ingredient a virtual product has. Of a ratio both
// parts are given: 250mg in 5ml is stored as 50 mg in 1 ml.
type Strength struct {
	Ingredient  Product
	ID          sctid.ID // of the ingredient, also if the release does not have it
	Basis       Term     // what the strength is of: the ingredient or its base
	Base        Product  // the base substance, if the strength is of it
	Numerator   Quantity
	Denominator Quantity // no unit for a strength per product
	HasValue    bool     // false where dm+d gives no strength
}

// Strengths returns the ingredients of a virtual product, of that of an actual
// product or of that of a pack.
func (p Product) Strengths() []Strength {
	vmp, ok := p.VMP()
	if !ok {
		return nil
	}
	s := vmp.s
	var out []Strength
	for i := range vmp.satelliteRows(TableVPI) {
		r := s.row(TableVPI, i)
		id, _ := r.number(vpiISID)
		st := Strength{
			Ingredient:  Product{},
			ID:          sctid.ID(id),
			Basis:       s.term(r, vpiBASISSTRNTCD, "BASIS_OF_STRNTH"),
			Numerator:   s.quantity(r, vpiSTRNTNMRTRVAL, vpiSTRNTNMRTRUOMCD),
			Denominator: s.quantity(r, vpiSTRNTDNMTRVAL, vpiSTRNTDNMTRUOMCD),
		}
		if j, ok := s.find(TableING, st.ID); ok {
			st.Ingredient = Product{s, placeOf(TableING, j)}
		}
		if base, ok := r.number(vpiBSSUBID); ok {
			if j, ok := s.find(TableING, sctid.ID(base)); ok {
				st.Base = Product{s, placeOf(TableING, j)}
			}
		}
		_, st.HasValue = r.decimal(vpiSTRNTNMRTRVAL)
		out = append(out, st)
	}
	return out
}

func (s *Store) quantity(r row, value, unit int) Quantity {
	var q Quantity
	q.Value, _ = r.decimal(value)
	q.Unit = s.term(r, unit, "UNIT_OF_MEASURE")
	return q
}

// Excipient is an ingredient that an actual product lists besides its active
// ones, as AP_INGREDIENT has it.
type Excipient struct {
	Ingredient Product
	ID         sctid.ID
	Strength   Quantity // no unit where none is given
}

// Excipients returns the further ingredients of an actual product or pack.
func (p Product) Excipients() []Excipient {
	amp, ok := p.AMP()
	if !ok {
		return nil
	}
	var out []Excipient
	for i := range amp.satelliteRows(TableAPING) {
		r := p.s.row(TableAPING, i)
		id, _ := r.number(apingISID)
		e := Excipient{ID: sctid.ID(id), Strength: p.s.quantity(r, apingSTRNTH, apingUOMCD)}
		if j, ok := p.s.find(TableING, e.ID); ok {
			e.Ingredient = Product{p.s, placeOf(TableING, j)}
		}
		out = append(out, e)
	}
	return out
}

// DoseForm says how a virtual product is counted: its unit dose form size, such
// as 1 tablet or 5 ml, and the unit in which doses are given.
type DoseForm struct {
	Indicator Term     // discrete, continuous or not applicable
	Size      Quantity // UDFS; the zero value if there is none
	UnitDose  Term     // what one dose is: tablet, spoonful, vial
}

// DoseForm returns how the virtual product is counted.
func (p Product) DoseForm() DoseForm {
	vmp, ok := p.VMP()
	if !ok {
		return DoseForm{}
	}
	r := vmp.row()
	return DoseForm{
		Indicator: p.s.term(r, vmpDFINDCD, "DF_INDICATOR"),
		Size:      p.s.quantity(r, vmpUDFS, vmpUDFSUOMCD),
		UnitDose:  p.s.term(r, vmpUNITDOSEUOMCD, "UNIT_OF_MEASURE"),
	}
}

// Forms returns the dose forms of the virtual product.
func (p Product) Forms() []Term { return p.vmpTerms(TableDFORM, dformFORMCD, "FORM") }

// Routes returns the routes of administration of the virtual product.
func (p Product) Routes() []Term { return p.vmpTerms(TableDROUTE, drouteROUTECD, "ROUTE") }

// FormRoutes returns the combinations of form and route of the virtual product,
// such as "tablet.oral".
func (p Product) FormRoutes() []Term { return p.vmpTerms(TableONT, ontFORMCD, "ONT_FORM_ROUTE") }

func (p Product) vmpTerms(t Table, field int, list string) []Term {
	vmp, ok := p.VMP()
	if !ok {
		return nil
	}
	var out []Term
	for i := range vmp.satelliteRows(t) {
		out = append(out, p.s.term(p.s.row(t, i), field, list))
	}
	return out
}

// LicensedRoutes returns the routes that an actual product is licensed for.
func (p Product) LicensedRoutes() []Term {
	amp, ok := p.AMP()
	if !ok {
		return nil
	}
	var out []Term
	for i := range amp.satelliteRows(TableLICROUTE) {
		out = append(out, p.s.term(p.s.row(TableLICROUTE, i), licrouteROUTECD, "ROUTE"))
	}
	return out
}

// Supplier returns who supplies an actual product or pack.
func (p Product) Supplier() (Term, bool) {
	amp, ok := p.AMP()
	if !ok {
		return Term{}, false
	}
	return amp.Term("SUPPCD")
}

// OfTerm returns the products that have a form, route or supplier, given by its
// identifier: virtual products by form and route, actual products by supplier
// and licensed route.
func (s *Store) OfTerm(id sctid.ID) []Product {
	var out []Product
	collect := func(t Table, field, owner int, to Table, lookup int) {
		rows := s.refs[t][field].of(lookup)
		for i := range rows.len() {
			at := int(rows.at(i))
			if t == to {
				out = append(out, Product{s, placeOf(t, at)})
			} else if n, ok := s.row(t, at).number(owner); ok {
				if j, ok := s.find(to, sctid.ID(n)); ok {
					out = append(out, Product{s, placeOf(to, j)})
				}
			}
		}
	}
	for i := 0; ; {
		p, after, ok := s.ids.next(uint64(id), i)
		if !ok {
			return sortProducts(out, 0)
		}
		if i = after; p.table() == TableLOOKUP {
			collect(TableDFORM, dformFORMCD, dformVPID, TableVMP, p.row())
			collect(TableDROUTE, drouteROUTECD, drouteVPID, TableVMP, p.row())
			collect(TableLICROUTE, licrouteROUTECD, licrouteAPID, TableAMP, p.row())
			collect(TableAMP, ampSUPPCD, ampAPID, TableAMP, p.row())
		}
	}
}

// Price is what a pack costs, in pence.
type Price struct {
	Pence    int64
	HasPrice bool // false where the basis says that there is none
	From     Date
	Former   int64 // 0 if there was none
	Basis    Term  // of an actual pack: indicative, none, …
	Category Term  // of a virtual pack: the part of the Drug Tariff
}

// Price returns the indicative price of an actual pack, or the Drug Tariff price
// of a virtual one.
func (p Product) Price() (Price, bool) {
	var out Price
	var r row
	price, former, from := 0, 0, 0
	switch p.Kind() {
	case AMPP:
		if r = p.satellite(TablePRICEINFO); r == nil {
			return out, false
		}
		price, former, from = priceinfoPRICE, priceinfoPRICEPREV, priceinfoPRICEDT
		out.Basis = p.s.term(r, priceinfoPRICEBASISCD, "PRICE_BASIS")
	case VMPP:
		if r = p.satellite(TableDTINFO); r == nil {
			return out, false
		}
		price, former, from = dtinfoPRICE, dtinfoPREVPRICE, dtinfoDT
		out.Category = p.s.term(r, dtinfoPAYCATCD, "DT_PAYMENT_CATEGORY")
	default:
		return out, false
	}
	var n uint64
	n, out.HasPrice = r.number(price)
	out.Pence = int64(n)
	n, _ = r.number(former)
	out.Former = int64(n)
	out.From = r.date(from)
	return out, true
}

// Class is where the BNF and ATC classifications put a product, with the defined
// daily dose.
type Class struct {
	BNF string
	ATC string
	DDD Quantity // no unit where none is given
}

// Class returns the classification of a virtual product, or the BNF code of an
// actual one together with the rest of its virtual product.
func (p Product) Class() (Class, bool) {
	var c Class
	vmp, ok := p.VMP()
	if !ok {
		return c, false
	}
	r := vmp.satellite(TableBNFVMP)
	if r != nil {
		c.BNF, _ = r.text(bnfvmpBNF)
		c.ATC, _ = r.text(bnfvmpATC)
		c.DDD = p.s.quantity(r, bnfvmpDDD, bnfvmpDDDUOMCD)
	}
	if amp, isAMP := p.AMP(); isAMP {
		if ar := amp.satellite(TableBNFAMP); ar != nil {
			r = ar
			c.BNF, _ = ar.text(bnfampBNF)
		}
	}
	return c, r != nil
}

// Flag reports whether a flag of the product is set, by its tag: those of its own
// record, and for an actual pack those of prescribing and reimbursement as well
// ("ACBS", "HOSP", "BB"). "0000" is not set.
func (p Product) Flag(tag string) bool {
	if p.s == nil {
		return false
	}
	if i := p.at.table().spec().fieldIndex(tag); i >= 0 {
		return p.row().flag(i)
	}
	for _, t := range satellites(p.at.table()) {
		if i := t.spec().fieldIndex(tag); i > 0 {
			if r := p.satellite(t); r != nil && r.flag(i) {
				return true
			}
		}
	}
	return false
}

// Discontinued reports whether an actual pack is no longer made, and since when;
// an actual product is if all its packs are. "Reinstated" is not discontinued.
func (p Product) Discontinued() (bool, Date) {
	switch p.Kind() {
	case AMPP:
		if r := p.row(); r.flag(amppDISCCD) {
			return true, r.date(amppDISCDT)
		}
	case AMP:
		last := Date(0)
		packs := p.AMPPs()
		for _, pack := range packs {
			gone, since := pack.Discontinued()
			if !gone && !pack.Invalid() {
				return false, 0
			}
			last = max(last, since)
		}
		return len(packs) > 0, last
	}
	return false, 0
}

// Barcode is a bar code of a pack and the days on which it is valid.
type Barcode struct {
	Pack  Product
	GTIN  GTIN
	Start Date
	End   Date // the last day; 0 for none
}

// On reports whether the code is valid on a day.
func (b Barcode) On(day Date) bool { return b.Start <= day && (b.End == 0 || day <= b.End) }

func (s *Store) barcode(i int) Barcode {
	r := s.row(TableGTIN, i)
	n, _ := r.number(gtinGTIN)
	b := Barcode{GTIN: GTIN(n), Start: r.date(gtinSTARTDT), End: r.date(gtinENDDT)}
	id, _ := r.number(gtinAMPPID)
	if j, ok := s.find(TableAMPP, sctid.ID(id)); ok {
		b.Pack = Product{s, placeOf(TableAMPP, j)}
	}
	return b
}

// AppendGTIN appends the uses of a bar code, in the order of their start: codes
// are used again over time, and a pack has several. It does not allocate if dst
// has room.
func (s *Store) AppendGTIN(dst []Barcode, g GTIN) []Barcode {
	from := len(dst)
	dst = s.gtins.appendUses(dst, s, uint64(g))
	if part := dst[from:]; len(part) > 1 {
		slices.SortStableFunc(part, func(a, b Barcode) int { return int(a.Start) - int(b.Start) })
	}
	return dst
}

// GTIN returns the packs that have a bar code on a day; with day 0 at any time.
// The code may have 8, 12, 13 or 14 digits, or be the whole string of a GS1
// DataMatrix; what cannot be read gives nothing.
func (s *Store) GTIN(code string, day Date) []Product {
	scan, err := ParseScan(code)
	if err != nil {
		return nil
	}
	var buf [8]Barcode
	var out []Product
	for _, b := range s.AppendGTIN(buf[:0], scan.GTIN) {
		if b.Pack.s != nil && (day == 0 || b.On(day)) && !slices.Contains(out, b.Pack) {
			out = append(out, b.Pack)
		}
	}
	return out
}

// Barcodes returns the bar codes of an actual pack. Packs may have an empty one,
// which is left out.
func (p Product) Barcodes() []Barcode {
	if p.Kind() != AMPP {
		return nil
	}
	var out []Barcode
	for i := range p.satelliteRows(TableGTIN) {
		if b := p.s.barcode(i); b.GTIN != 0 {
			out = append(out, b)
		}
	}
	slices.SortStableFunc(out, func(a, b Barcode) int { return int(a.Start) - int(b.Start) })
	return out
}

// Change is one step in the history of an identifier.
type Change struct {
	Current  sctid.ID
	Previous sctid.ID
	Kind     Kind // of a product or ingredient; NoKind for entries of look-up lists
	List     string
	Start    Date // from when Previous was used, 0 if not known
	End      Date // the last day of Previous
	Source   string
}

// Replaced returns what an identifier that is no longer used has been replaced
// by, with dates and the field that says so. An identifier that is current gives
// nothing. Rows of the history file come first.
func (s *Store) Replaced(id sctid.ID) []Change {
	var out []Change
	for i := 0; ; {
		p, after, ok := s.former.next(uint64(id), i)
		if !ok {
			break
		}
		i = after
		if c := s.change(p, id); !slices.ContainsFunc(out, func(d Change) bool { return d.Current == c.Current && d.Source == c.Source && d.Start == c.Start }) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		switch x, y := a.Source == TableHISTORY.String(), b.Source == TableHISTORY.String(); {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return 0
	})
	return out
}

func (s *Store) change(p place, previous sctid.ID) Change {
	r := s.row(p.table(), p.row())
	if p.table() == TableHISTORY {
		now, _ := r.number(historyIDCURRENT)
		list, _ := r.text(historyLIST)
		return Change{
			Current: sctid.ID(now), Previous: previous, Kind: kindOfHistory(list), List: list,
			Start: r.date(historySTARTDT), End: r.date(historyENDDT), Source: TableHISTORY.String(),
		}
	}
	now, _ := r.number(idField(p.table()))
	since := 0
	switch p.table() {
	case TableVTM:
		since = vtmVTMIDDT
	case TableVMP:
		since = vmpVPIDDT
	case TableING:
		since = ingISIDDT
	case TableLOOKUP:
		since = lookupCDDT
	}
	c := Change{Current: sctid.ID(now), Previous: previous, Kind: kindOf(p.table())}
	if d := r.date(since); d != 0 {
		c.End = d.dayBefore()
	}
	if p.table() == TableLOOKUP {
		c.List, _ = r.text(lookupLIST)
	}
	c.Source = p.table().String() + "." + p.table().Fields()[formerField(p.table())].Tag
	return c
}

func kindOfHistory(list string) Kind {
	switch list {
	case "VTMS":
		return VTM
	case "VMPS":
		return VMP
	case "INGS":
		return Ingredient
	}
	return NoKind
}

// History returns the periods of the history file for a current identifier,
// including the one in which it stands for itself.
func (s *Store) History(id sctid.ID) []Change {
	var out []Change
	for i := 0; ; {
		p, after, ok := s.current.next(uint64(id), i)
		if !ok {
			break
		}
		previous, _ := s.row(TableHISTORY, p.row()).number(historyIDPREVIOUS)
		out = append(out, s.change(p, sctid.ID(previous)))
		i = after
	}
	slices.SortStableFunc(out, func(a, b Change) int { return int(a.Start) - int(b.Start) })
	return out
}

// Current returns the identifiers that stand today for one that may be old, in
// ascending order: those that replaced it, followed to the end, or itself if it
// names something.
func (s *Store) Current(id sctid.ID) []sctid.ID {
	seen := []sctid.ID{}
	var out []sctid.ID
	var follow func(sctid.ID)
	follow = func(id sctid.ID) {
		if slices.Contains(seen, id) || len(seen) > 64 {
			return
		}
		seen = append(seen, id)
		if _, ok := s.Product(id); ok || len(s.TermsOf(id)) > 0 {
			out = append(out, id)
			return
		}
		changes := s.Replaced(id)
		if len(changes) == 0 && len(seen) > 1 {
			out = append(out, id) // replaced by something the release does not have
		}
		for _, c := range changes {
			follow(c.Current)
		}
	}
	follow(id)
	slices.Sort(out)
	return slices.Compact(out)
}

// dayBefore returns the day before.
func (d Date) dayBefore() Date {
	y, m, day := d.parts()
	if day > 1 {
		return NewDate(y, m, day-1)
	}
	if m > 1 {
		return NewDate(y, m-1, daysIn(y, m-1))
	}
	return NewDate(y-1, 12, 31)
}
