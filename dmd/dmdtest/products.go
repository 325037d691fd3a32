package dmdtest

import (
	"strconv"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// gen derives every product from its number, so that the files can be written in
// turn without holding any of them.
type gen struct {
	cfg   Config
	n     Counts
	date  dmd.Date
	forms []form
	nSupp int
	nIngr int
}

func newGen(c Config) *gen {
	g := &gen{cfg: c, n: c.Counts(), date: c.Date, forms: forms()}
	g.nSupp = max(g.n.AMPs/100, 5)
	g.nIngr = g.n.VTMs + g.n.VTMs/5 + 1
	if c.Revision > 0 {
		g.date = laterBy7(c.Date)
	}
	return g
}

// laterBy7 returns the day a week later.
func laterBy7(d dmd.Date) dmd.Date {
	y, m, day := int(d>>9), int(d>>5&15), int(d&31)
	if later := dmd.NewDate(y, m, day+7); later != 0 {
		return later
	}
	for n := 1; n <= 7; n++ {
		if dmd.NewDate(y, m, day+n) == 0 {
			if m == 12 {
				return dmd.NewDate(y+1, 1, 8-n)
			}
			return dmd.NewDate(y, m+1, 8-n)
		}
	}
	return d
}

// rnd is a number that depends on the seed, a purpose and two numbers.
func (g *gen) rnd(purpose, i, j int) uint64 {
	x := g.cfg.Seed*0x9E3779B97F4A7C15 + uint64(purpose)*0xBF58476D1CE4E5B9 + uint64(i)*0x94D049BB133111EB + uint64(j) + 1
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// chance reports whether an event of one in n happens.
func (g *gen) chance(purpose, i, n int) bool { return g.rnd(purpose, i, 0)%uint64(n) == 0 }

// The purposes of random numbers.
const (
	forVTM = iota
	forVMP
	forForm
	forStrength
	forAMP
	forBrand
	forSupplier
	forPack
	forPrice
	forFlag
	forGTIN
	forSecond
)

// replaced is the virtual product that gets another identifier in the second
// revision.
const replaced = 3

func (g *gen) vmpID(i int) sctid.ID {
	if i == replaced && g.cfg.Revision > 0 {
		return newID(14, i)
	}
	return newID(int(dmd.VMP), i)
}

func (g *gen) vtmID(i int) sctid.ID  { return newID(int(dmd.VTM), i) }
func (g *gen) ampID(i int) sctid.ID  { return newID(int(dmd.AMP), i) }
func (g *gen) vmppID(i int) sctid.ID { return newID(int(dmd.VMPP), i) }
func (g *gen) amppID(i int) sctid.ID { return newID(int(dmd.AMPP), i) }
func (g *gen) ingID(i int) sctid.ID  { return newID(int(dmd.Ingredient), i) }
func (g *gen) suppID(i int) sctid.ID { return newID(15, i) }

// skewed returns a number below n, small ones much more often: the moieties and
// products that everybody makes.
func skewed(r uint64, n int) int {
	u := r >> 40 // 24 bits
	return int(u * u >> 24 * uint64(n) >> 24)
}

func (g *gen) vtmName(i int) string {
	name := title(uint64(i)*7919+g.cfg.Seed, "")
	if i%23 == 5 {
		return "Co-" + string(name[0]|0x20) + name[1:]
	}
	return name
}

// vtmOf returns the moiety of a virtual product, or -1. The last tenth of the
// moieties has no products.
func (g *gen) vtmOf(vmp int) int {
	if vmp%19 == 11 {
		return -1
	}
	used := max(g.n.VTMs*9/10, 1)
	if vmp < used {
		return vmp
	}
	return skewed(g.rnd(forVTM, vmp, 0), used)
}

// strength is one of a virtual product's, as the dictionary stores it and as the
// name says it.
type strength struct {
	value, unit string // numerator
	per         string // denominator unit; "" for none
	label       string // "500mg", "250mg/5ml"
}

// strengthOf returns the n-th strength of a virtual product.
func (g *gen) strengthOf(vmp, n int) strength {
	f := g.formOf(vmp)
	r := g.rnd(forStrength, vmp, n)
	if f.per == "%" { // stored as mg in 1 g
		steps := []string{"0.05", "0.1", "0.5", "1", "2", "2.5", "10"}
		mg := []string{"0.5", "1", "5", "10", "20", "25", "100"}
		k := r % uint64(len(steps))
		per := unitGram
		if f.unit == unitML {
			per = unitML
		}
		return strength{mg[k], unitMG, per, steps[k] + "%"}
	}
	if f.name == "inhaler" || f.name == "transdermal patches" {
		v := []string{"25", "50", "100", "200", "250"}[r%5]
		suffix := "/dose"
		if f.name != "inhaler" {
			suffix = "/hour"
		}
		return strength{v, unitMicro, "", v + "micrograms" + suffix}
	}
	labels := []string{"1", "2.5", "5", "10", "12.5", "20", "25", "40", "50", "62.5", "75", "100", "125", "200", "250", "300", "400", "500"}
	k := r % uint64(len(labels))
	v := labels[k]
	if f.per == "" {
		switch {
		case r>>32%11 == 0:
			return strength{v, unitMicro, "", v + "microgram"}
		case v == "500" && r>>32%5 == 0:
			return strength{"1000", unitMG, "", "1g"}
		}
		return strength{v, unitMG, "", v + "mg"}
	}
	return strength{perML(v, f.per), unitMG, unitML, v + "mg/" + f.per + "ml"}
}

// perML divides a strength by a volume of 2 or 5 ml, in tenths and hundredths.
func perML(v, per string) string {
	d, err := dmd.ParseDecimal(v)
	if err != nil {
		return v
	}
	n, _ := strconv.Atoi(per)
	hundred := 1000 / n // thousandths of a millilitre's share
	return scaled(d, int64(hundred))
}

// scaled multiplies a decimal by a number of thousandths, exactly.
func scaled(d dmd.Decimal, thousandths int64) string {
	r := d.Rat()
	r.Mul(r, dmd.NewDecimal(thousandths, 3).Rat())
	n, _ := r.FloatPrec()
	return r.FloatString(n)
}

func (g *gen) formOf(vmp int) form {
	return g.forms[g.rnd(forForm, vmp, 0)%uint64(len(g.forms))]
}

// ingredients returns how many ingredients a virtual product has.
func (g *gen) ingredients(vmp int) int {
	switch vtm := g.vtmOf(vmp); {
	case vmp == 2:
		return 29 // as many as the real dictionary's most
	case vtm >= 0 && vtm%23 == 5:
		return 2
	}
	return 1
}

func (g *gen) vmpName(i int) string {
	f := g.formOf(i)
	base := ""
	if v := g.vtmOf(i); v >= 0 {
		base = g.vtmName(v)
	} else {
		base = title(g.rnd(forVMP, i, 1), " dressing")
	}
	n := min(g.ingredients(i), 2)
	label := g.strengthOf(i, 0).label
	if n == 2 {
		label += "/" + g.strengthOf(i, 1).label
	}
	name := base + " " + label + " " + f.name
	if i%40 == 7 {
		name += " sugar free"
	}
	if g.renamed(i) && g.cfg.Revision > 0 {
		name += " (new name)"
	}
	return name
}

func (g *gen) renamed(vmp int) bool { return vmp%500 == 4 }

// invalidVMP marks a virtual product that is out of use while its actual
// products are not.
func (g *gen) invalidVMP(i int) bool { return i%97 == 13 }

// vmpOf returns the virtual product of an actual one. One in ten virtual
// products has none.
func (g *gen) vmpOf(amp int) int {
	used := g.n.VMPs * 9 / 10
	if amp < used {
		return amp + amp/9
	}
	v := skewed(g.rnd(forAMP, amp, 0), used)
	return v + v/9
}

func (g *gen) noAMP(vmp int) bool { return vmp%10 == 9 }

func (g *gen) supplier(i int) string {
	return title(uint64(i)*104729+g.cfg.Seed, "") + []string{" Ltd", " Pharma Ltd", " & Company Ltd", " (Northern) Ltd", " UK plc"}[i%5]
}

func (g *gen) supplierOf(amp int) int {
	return skewed(g.rnd(forSupplier, amp, 0), g.nSupp)
}

func (g *gen) isBrand(amp int) bool { return g.chance(forBrand, amp, 4) }

// ampNames returns the name and the description of an actual product.
func (g *gen) ampNames(i int) (nm, desc string) {
	vmp := g.vmpOf(i)
	nm = g.vmpName(vmp)
	if g.isBrand(i) {
		nm = title(g.rnd(forBrand, i, 1), "ex") + " " + g.strengthOf(vmp, 0).label + " " + g.formOf(vmp).name
	}
	return nm, nm + " (" + g.supplier(g.supplierOf(i)) + ")"
}

// vmppVMP returns the virtual product of a virtual pack: each has one, the first
// ones have a second.
func (g *gen) vmppVMP(i int) int {
	if i < g.n.VMPs {
		return i
	}
	return (i - g.n.VMPs) % g.n.VMPs
}

func (g *gen) packSize(vmpp int) string {
	f := g.formOf(g.vmppVMP(vmpp))
	k := int(g.rnd(forPack, g.vmppVMP(vmpp), 0)) & 0xff
	return f.packs[(k+vmpp/g.n.VMPs)%len(f.packs)]
}

func (g *gen) unitName(f form) string {
	switch f.unit {
	case unitTablet:
		return "tablet"
	case unitCapsule:
		return "capsule"
	case unitML:
		return "ml"
	case unitGram:
		return "gram"
	case unitDose:
		return "dose"
	case unitPatch:
		return "patch"
	case unitAmpoule:
		return "ampoule"
	}
	return "suppository"
}

func (g *gen) vmppName(i int) string {
	v := g.vmppVMP(i)
	return g.vmpName(v) + " " + g.packSize(i) + " " + g.unitName(g.formOf(v))
}

// amppOf returns the actual product and the virtual pack of an actual pack.
func (g *gen) amppOf(i int) (amp, vmpp int) {
	amp = i
	if i >= g.n.AMPs {
		amp = skewed(g.rnd(forPack, i, 1), g.n.AMPs)
	}
	vmpp = g.vmpOf(amp)
	if second := vmpp + g.n.VMPs; second < g.n.VMPPs && g.chance(forSecond, i, 3) {
		vmpp = second
	}
	return amp, vmpp
}

// removed marks an actual pack that the second revision no longer has.
func (g *gen) removed(ampp int) bool { return ampp%1000 == 17 }

// repriced marks an actual pack whose price changes in the second revision.
func (g *gen) repriced(ampp int) bool {
	return ampp%50 == 8 && !g.removed(ampp) && !g.noPrice(ampp)
}

func (g *gen) noPrice(ampp int) bool { return g.chance(forPrice, ampp, 30) }

// combination marks an actual pack that contains others, which follow it.
func (g *gen) combination(ampp int) bool { return ampp%400 == 20 && ampp+2 < g.n.AMPPs }

// gtin makes a bar code of 13 digits, or of 14 for the box.
func gtin(n uint64, box bool) string {
	digits := "5099" + pad(n%100_000_000, 8)
	if box {
		digits = "1" + digits
	}
	sum := 0
	for i := range len(digits) {
		d := int(digits[i] - '0')
		if (len(digits)-i)%2 == 1 {
			d *= 3
		}
		sum += d
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}

func pad(n uint64, width int) string {
	s := strconv.FormatUint(n, 10)
	for len(s) < width {
		s = "0" + s
	}
	return s
}

// Changes returns what the release of Revision 1 has different.
func (c Config) Changes() Changes {
	g := newGen(c)
	ch := Changes{Replaced: newID(int(dmd.VMP), replaced).String(), By: newID(14, replaced).String()}
	for i := range g.n.VMPs {
		if g.renamed(i) {
			ch.Renamed++
		}
	}
	for i := range g.n.AMPPs {
		if g.removed(i) {
			ch.Removed++
		}
		if g.repriced(i) {
			ch.Prices++
		}
	}
	for i := range g.n.AMPs {
		if g.vmpOf(i) == replaced {
			ch.Referrer++
		}
	}
	for i := range g.n.VMPPs {
		if g.vmppVMP(i) == replaced {
			ch.Referrer++
		}
	}
	return ch
}
