package dmd

import (
	"cmp"
	"slices"
)

// PackQuantity returns how much is in a pack: QTYVAL of the virtual pack.
func (p Product) PackQuantity() (Quantity, bool) {
	pack, ok := p.VMPP()
	if !ok {
		return Quantity{}, false
	}
	q := p.s.quantity(pack.row(), vmppQTYVAL, vmppQTYUOMCD)
	return q, q.Unit.Code != ""
}

// Packs says how a quantity is made up of packs.
type Packs struct {
	Pack  Product
	Count int
}

// SplitPacks makes up a quantity, in the unit of the product's packs, of whole
// packs: of the virtual packs of a virtual product or the actual packs of an
// actual one. Of the ways to do so it gives the cheapest where all packs have a
// price, and else the one of the fewest packs. Of packs of one size the cheapest is
// taken, or else the first. ok is false if whole packs cannot make it up, or it is
// above 100,000 of the packs' finest step.
func (p Product) SplitPacks(quantity Decimal) (packs []Packs, pence int64, ok bool) {
	options := p.AppendVMPPs(nil)
	if p.Kind() == AMP {
		options = p.AppendAMPPs(nil)
	}
	type option struct {
		pack  Product
		size  Decimal
		price int64
	}
	var choose []option
	scale, priced := quantity.Reduced().scale, true
	for _, pack := range options {
		q, ok := pack.PackQuantity()
		if gone, _ := pack.Discontinued(); !ok || pack.Invalid() || gone || q.Value.Sign() <= 0 || len(pack.Contents()) > 0 {
			continue
		}
		price, has := pack.Price()
		priced = priced && has && price.HasPrice
		choose = append(choose, option{pack, q.Value.Reduced(), price.Pence})
		scale = max(scale, q.Value.Reduced().scale)
	}
	slices.SortStableFunc(choose, func(a, b option) int {
		if c := a.size.Cmp(b.size); c != 0 || !priced {
			return c
		}
		return cmp.Compare(a.price, b.price)
	})
	choose = slices.CompactFunc(choose, func(a, b option) bool { return a.size == b.size })
	steps := func(d Decimal) int64 {
		d = d.Reduced()
		for ; d.scale < scale && d.coef < 1e12; d.scale++ {
			d.coef *= 10
		}
		return d.coef
	}
	n := steps(quantity)
	if n <= 0 || n > 100_000 || len(choose) == 0 || len(choose) > 1000 {
		return nil, 0, false
	}
	cost := make([]int64, n+1)
	last := make([]int16, n+1)
	for i := range last {
		last[i] = -1
	}
	for i := int64(1); i <= n; i++ {
		for k, o := range choose {
			size := steps(o.size)
			if size > i || i > size && last[i-size] < 0 {
				continue
			}
			c := cost[i-size] + 1
			if priced {
				c = cost[i-size] + o.price
			}
			if last[i] < 0 || c < cost[i] {
				cost[i], last[i] = c, int16(k)
			}
		}
	}
	if last[n] < 0 {
		return nil, 0, false
	}
	for i := n; i > 0; {
		o := choose[last[i]]
		if k := slices.IndexFunc(packs, func(x Packs) bool { return x.Pack == o.pack }); k >= 0 {
			packs[k].Count++
		} else {
			packs = append(packs, Packs{o.pack, 1})
		}
		pence += o.price
		i -= steps(o.size)
	}
	if !priced {
		pence = 0
	}
	return packs, pence, true
}

// IsBrand reports whether an actual product, or that of a pack, has a name of its
// own and not that of its virtual product.
func (p Product) IsBrand() bool {
	amp, ok := p.AMP()
	if !ok {
		return false
	}
	vmp, ok := amp.VMP()
	nm, _ := amp.Field("NM")
	return ok && nm != vmp.Name()
}

// Brands returns the branded actual products below a product.
func (p Product) Brands() []Product {
	return slices.DeleteFunc(p.AppendAMPs(nil), func(q Product) bool { return !q.IsBrand() })
}
