package ucum

import (
	"errors"
	"math/big"
	"strings"
	"testing"
)

func rat(t testing.TB, s string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is not a number", s)
	}
	return r
}

func TestParseCanonical(t *testing.T) {
	for _, c := range []struct{ code, factor, base string }{
		{"m", "1", "m"},
		{"1", "1", "1"},
		{"kg", "1000", "g"},
		{"mg/dL", "10", "g.m-3"},
		{"/m", "1", "m-1"},
		{"m/s/s", "1", "m.s-2"},
		{"m/(s.s)", "1", "m.s-2"},
		{"(m.s-1)/s", "1", "m.s-2"},
		{"m/s.s", "1", "m"},
		{"10*-3/ul", "1000000", "m-3"},
		{"10^3", "1000", "1"},
		{"10*+2", "100", "1"},
		{"10.g", "10", "g"},
		{"g{creat}.m2{a}", "1", "g.m2"},
		{"{cells}/uL", "1000000000", "m-3"},
		{"mm[Hg]", "133322", "g.m-1.s-2"},
		{"N", "1000", "g.m.s-2"},
		{"dag", "10", "g"},
		{"dar", "10", "m2"},
		{"cd", "1", "cd"},
		{"Pa", "1000", "g.m-1.s-2"},
		{"pH", "1/1000000000", "C-2.g.m2"}, // picohenry
		{"KiBy", "8192", "1"},
		{"[IU]/L", "1000", "[iU].m-3"},
		{"[IU]2.[CFU]-1/[iU]", "1", "[CFU]-1.[iU]"},
		{"[IU]/[iU]", "1", "1"},
		{"m0", "1", "1"},
		{"[in_i]", "254/10000", "m"},
		{"[lb_av]", "45359237/100000", "g"},
	} {
		u, err := Parse(c.code)
		if err != nil {
			t.Errorf("%s: %v", c.code, err)
			continue
		}
		f, base, err := u.Canonical()
		if err != nil || f.Rat().Cmp(rat(t, c.factor)) != 0 || base.String() != c.base {
			t.Errorf("%s = %v %s, %v; want %s %s", c.code, f.Rat(), base, err, c.factor, c.base)
		}
	}
}

func TestParseIssues(t *testing.T) {
	for _, c := range []struct {
		code   string
		want   Code
		offset int64
	}{
		{"", CodeEmpty, 0},
		{"m/", CodeSyntax, 2},
		{"m//s", CodeSyntax, 2},
		{".m", CodeSyntax, 0},
		{"m s", CodeCharacter, 1},
		{" m", CodeCharacter, 0},
		{"µg", CodeCharacter, 0},
		{"g{größe}", CodeCharacter, 4},
		{"g{a b}", CodeCharacter, 3},
		{"12h", CodeSyntax, 2},
		{"g/12h", CodeSyntax, 4},
		{"{|}1", CodeSyntax, 3},
		{"{a}m", CodeSyntax, 3},
		{"m{a}{b}", CodeAnnotation, 4},
		{"m{a", CodeAnnotation, 1},
		{"m{a{b}}", CodeAnnotation, 3},
		{"m}", CodeAnnotation, 1},
		{"(m", CodeSyntax, 0},
		{"m)", CodeSyntax, 1},
		{"(m)2", CodeSyntax, 3},
		{"s.(/m)", CodeSyntax, 3},
		{"m[", CodeSyntax, 1},
		{"[m", CodeSyntax, 0},
		{"m]", CodeSyntax, 1},
		{"xyzzy", CodeUnknown, 0},
		{"mg/mmHg", CodeUnknown, 3},
		{"kmin", CodeNotMetric, 0},
		{"k[in_i]", CodeNotMetric, 0},
		{"kkg", CodeUnknown, 0},
		{"m-", CodeSyntax, 1},
		{"-1", CodeSyntax, 0},
		{"0", CodeNumber, 0},
		{"m/0", CodeNumber, 2},
		{"1.5", "", 0}, // 1 times 5
		{"m128", CodeMagnitude, 1},
		{"m100.m100", CodeMagnitude, 5},
		{"10*99999", CodeMagnitude, 3},
		{"10*4096.10*4096", CodeMagnitude, 8},
		{"12345678901234567890", CodeMagnitude, 0},
		{strings.Repeat("(", 65) + "m" + strings.Repeat(")", 65), CodeLimit, 64},
		{strings.Repeat("(", 64) + "m" + strings.Repeat(")", 64), "", 0},
		{strings.Repeat("m/m.", 3000) + "m", CodeLimit, 8192},
		{strings.Repeat("mol.s/s.", 400) + "m", "", 0},
		{strings.Repeat("[hp_X].", 126) + "[hp_X]", "", 0},
		{strings.Repeat("[hp_X].", 127) + "[hp_X]", CodeMagnitude, 889},
	} {
		_, err := Parse(c.code)
		if c.want == "" {
			if err != nil {
				t.Errorf("%.40s: %v", c.code, err)
			}
			continue
		}
		issue, ok := errors.AsType[*Issue](err)
		if !ok || issue.Code != c.want || issue.Offset != c.offset || issue.Col != int(c.offset)+1 {
			t.Errorf("%.40s: %v (%+v), want %s at %d", c.code, err, issue, c.want, c.offset)
		}
	}
}

func TestLimitsOption(t *testing.T) {
	if _, err := Parse("((m))", WithLimits(Limits{Depth: 1})); err == nil {
		t.Error("depth 2 passed a limit of 1")
	}
	if _, err := Parse("kg.m", WithLimits(Limits{Length: 3})); err == nil {
		t.Error("four bytes passed a limit of 3")
	}
	deep := strings.Repeat("(", 5000) + "m" + strings.Repeat(")", 5000)
	if _, err := Parse(deep, WithLimits(Limits{Length: -1, Depth: -1})); err != nil {
		t.Errorf("no limits: %v", err)
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct{ code, want string }{
		{"mmHg", `"mm[Hg]"`},
		{"IU", `"[IU]"`},
		{"u[iIU]", `"u[IU]"`},
		{"celsius", ""},
		{"CEL", `"Cel"`},
		{"mll", `"ml"`},
	} {
		_, err := Parse(c.code)
		if err == nil {
			t.Errorf("%s is a unit", c.code)
			continue
		}
		_, hint, _ := strings.Cut(err.Error(), "did you mean ")
		if c.want != "" && hint != c.want+"?" {
			t.Errorf("%s: %v", c.code, err)
		}
	}
}

func TestCaseInsensitive(t *testing.T) {
	for _, c := range []struct{ ci, cs string }{
		{"MG/DL", "mg/dL"}, {"mg/dl", "mg/dL"}, {"CEL", "Cel"}, {"MAM", "Mm"}, {"M", "m"}, {"MM", "mm"},
		{"[IN_I]", "[in_i]"}, {"[iu]/ML", "[IU]/mL"}, {"MM[HG]", "mm[Hg]"}, {"PAL", "Pa"}, {"KPAL", "kPa"},
		{"[DEGR]", "[degR]"}, {"SIE", "S"}, {"[gc]", "[G]"}, {"KIBBY", "KiBy"}, {"HR", "h"}, {"b[10.nv]", "B[10.nV]"},
	} {
		u, err := Parse(c.ci, CaseInsensitive())
		if err != nil {
			t.Errorf("%s: %v", c.ci, err)
			continue
		}
		if v := MustParse(c.cs); !u.Equal(v) {
			t.Errorf("%s is not %s", c.ci, c.cs)
		}
		if u.Name() != MustParse(c.cs).Name() && c.cs != "mg/dL" {
			t.Errorf("%s is called %s", c.ci, u.Name())
		}
	}
	if _, err := Parse("MG/DL"); err == nil {
		t.Error("MG/DL is a case-sensitive code")
	}
}

func TestConvert(t *testing.T) {
	for _, c := range []struct{ v, from, to, want string }{
		{"37", "Cel", "[degF]", "493/5"},
		{"98.6", "[degF]", "Cel", "37"},
		{"0", "Cel", "K", "5463/20"},
		{"0", "K", "Cel", "-5463/20"},
		{"80", "[degRe]", "Cel", "100"},
		{"100", "Cel", "[degRe]", "80"},
		{"37000", "mCel", "K", "6203/20"},
		{"1", "10.Cel", "K", "5663/20"},
		{"491.67", "[degR]", "Cel", "0"},
		{"7", "[pH]", "mol/L", "1/10000000"},
		{"0.0000001", "mol/L", "[pH]", "7"},
		{"20", "dB", "1", "100"},
		{"1000", "1", "B", "3"},
		{"120", "dB[SPL]", "Pa", "20"},
		{"20", "Pa", "dB[SPL]", "120"},
		{"2", "B[W]", "W", "100"},
		{"8", "bit_s", "1", "256"},
		{"3", "[hp'_X]", "1", "1/1000"},
		{"3", "[hp'_C]", "1", "1/1000000"},
		{"2", "[hp'_M]", "1", "1/1000000"},
		{"1", "[hp'_Q]", "1", "1/50000"},
		{"4", "m2/s4/Hz", "m2.s-3", "4"},
		{"9", "m2.s-3", "[m/s2/Hz^(1/2)]", "3"},
		{"3", "[m/s2/Hz^(1/2)]", "m2/s4/Hz", "9"},
		{"1", "[in_i]", "cm", "127/50"},
		{"180", "deg", "[pi].rad", "1"},
		{"1", "circ", "deg", "360"},
		{"1", "[IU]/mL", "[iU]/L", "1000"},
		{"1", "mol", "1", "602214076000000000000000"},
		{"0", "%[slope]", "deg", "0"},
	} {
		got, err := Convert(rat(t, c.v), MustParse(c.from), MustParse(c.to))
		if err != nil {
			t.Errorf("%s %s in %s: %v", c.v, c.from, c.to, err)
			continue
		}
		if got.Cmp(rat(t, c.want)) != 0 {
			t.Errorf("%s %s = %v %s, want %s", c.v, c.from, got, c.to, c.want)
		}
	}
}

// The irrational scales against values of a table of functions.
func TestConvertIrrational(t *testing.T) {
	for _, c := range []struct{ v, from, to, want string }{
		{"1", "Np", "1", "2.71828182845904523536028747135266249775724709369995957496696"},
		{"2", "1", "Np", "0.693147180559945309417232121458176568075500134360255254120680"},
		{"0.5", "1", "Np", "-0.693147180559945309417232121458176568075500134360255254120680"},
		{"1e300", "1", "Np", "690.775527898213705205397436405309262280330446588631892809998"},
		{"-1", "Np", "1", "0.367879441171442321595523770161460867445811131031767834507836"},
		{"2", "1", "B", "0.301029995663981195213738894724493026768189881462108541310427"},
		{"3", "1", "bit_s", "1.58496250072115618145373894394781650875981440769248106045575"},
		{"1", "rad", "[p'diop]", "155.740772465490223050697480745836017308725077238152003838394"},
		{"100", "[p'diop]", "rad", "0.785398163397448309615660845819875721049292349843776455243736"},
		{"-1", "rad", "[p'diop]", "-155.740772465490223050697480745836017308725077238152003838394"},
		{"100", "%[slope]", "deg", "45"},
		{"45", "deg", "%[slope]", "100"},
		{"135", "deg", "%[slope]", "-100"},
		{"1", "B[V]", "V", "3.16227766016837933199889354443271853371955513932521682685750"},
		{"2", "m2.s-3", "[m/s2/Hz^(1/2)]", "1.41421356237309504880168872420969807856967187537694807317668"},
	} {
		got, err := Convert(rat(t, c.v), MustParse(c.from), MustParse(c.to))
		if err != nil {
			t.Errorf("%s %s in %s: %v", c.v, c.from, c.to, err)
			continue
		}
		want := rat(t, c.want)
		diff := new(big.Rat).Sub(got, want)
		if diff.Quo(diff.Abs(diff), new(big.Rat).Abs(want)).Cmp(rat(t, "1e-48")) > 0 {
			s, _ := FormatDecimal(got, 60)
			t.Errorf("%s %s = %s %s, want %s", c.v, c.from, s, c.to, c.want)
		}
	}
}

func TestConvertRefuses(t *testing.T) {
	for _, c := range []struct {
		v, from, to string
		want        error
	}{
		{"1", "m", "s", ErrIncommensurable},
		{"1", "[IU]", "[CFU]", ErrIncommensurable},
		{"1", "[IU]", "1", ErrIncommensurable},
		{"1", "[hp_X]", "[hp_C]", ErrIncommensurable},
		{"1", "Cel/min", "K/min", ErrSpecial},
		{"1", "Cel2", "K2", ErrSpecial},
		{"1", "/Cel", "/K", ErrSpecial},
		{"0", "mol/L", "[pH]", ErrDomain},
		{"-1", "1", "Np", ErrDomain},
		{"-1", "m2.s-3", "[m/s2/Hz^(1/2)]", ErrDomain},
		{"-1", "[m/s2/Hz^(1/2)]", "m2.s-3", ErrDomain},
		{"90", "deg", "%[slope]", ErrDomain},
		{"1e9", "B", "1", ErrMagnitude},
	} {
		if got, err := Convert(rat(t, c.v), MustParse(c.from), MustParse(c.to)); !errors.Is(err, c.want) {
			t.Errorf("%s %s in %s: %v, %v, want %v", c.v, c.from, c.to, got, err, c.want)
		}
	}
	if _, err := Convert(big.NewRat(1, 1), Unit{}, Unit{}); err == nil {
		t.Error("the zero Unit converts")
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		a, u, b, v string
		want       int
	}{
		{"1", "g", "1000", "mg", 0},
		{"1", "g", "1001", "mg", -1},
		{"1", "kg", "1", "[lb_av]", 1},
		{"37", "Cel", "98.6", "[degF]", 0},
		{"37", "Cel", "310", "K", 1},
		{"7", "[pH]", "8", "[pH]", -1},
		{"8", "[pH]", "1e-7", "mol/L", -1},
		{"1", "circ", "360", "deg", 0},
	} {
		got, err := Compare(rat(t, c.a), MustParse(c.u), rat(t, c.b), MustParse(c.v))
		if err != nil || got != c.want {
			t.Errorf("%s %s against %s %s: %d, %v, want %d", c.a, c.u, c.b, c.v, got, err, c.want)
		}
	}
	if _, err := Compare(big.NewRat(1, 1), MustParse("m"), big.NewRat(1, 1), MustParse("s")); err != ErrIncommensurable {
		t.Errorf("m against s: %v", err)
	}
}

func TestMultiplyDivide(t *testing.T) {
	one, two := big.NewRat(1, 1), big.NewRat(2, 1)
	v, u, err := Multiply(two, MustParse("cm"), two, MustParse("m"))
	if err != nil || v.Cmp(big.NewRat(1, 25)) != 0 || u.String() != "m2" {
		t.Errorf("2 cm by 2 m = %v %s, %v", v, u, err)
	}
	v, u, err = Divide(one, MustParse("kg"), two, MustParse("g"))
	if err != nil || v.Cmp(big.NewRat(500, 1)) != 0 || u.String() != "1" {
		t.Errorf("1 kg by 2 g = %v %s, %v", v, u, err)
	}
	if _, _, err = Divide(one, MustParse("kg"), new(big.Rat), MustParse("g")); err != ErrDivision {
		t.Errorf("by zero: %v", err)
	}
	if _, _, err = Multiply(one, MustParse("Cel"), two, MustParse("1")); err != ErrSpecial {
		t.Errorf("Cel: %v", err)
	}
	if _, _, err = Multiply(one, MustParse("m100"), one, MustParse("m100")); err != ErrMagnitude {
		t.Errorf("m200: %v", err)
	}
}

func TestName(t *testing.T) {
	for _, c := range []struct{ code, want string }{
		{"mg/dL", "(milligram) / (deciliter)"},
		{"/m3", "1 / (meter ^ 3)"},
		{"mmol/(8.h.kg)", "(millimole) / (8 * (hour) * (kilogram))"},
		{"{cfu}/mL", "1 / (milliliter)"},
		{"kg{body_wt}", "(kilogram)"},
	} {
		if got := MustParse(c.code).Name(); got != c.want {
			t.Errorf("%s: %s, want %s", c.code, got, c.want)
		}
	}
}

func TestDecimals(t *testing.T) {
	for _, c := range []struct {
		in    string
		want  string
		exact bool
	}{
		{"1/3", "0.3333333333", false},
		{"1/8", "0.125", true},
		{"6300000", "6300000", true},
		{"-200000/3", "-66666.66667", false},
		{"1e-20", "0.00000000000000000001", true},
	} {
		if got, exact := FormatDecimal(rat(t, c.in), 10); got != c.want || exact != c.exact {
			t.Errorf("%s: %s %v, want %s %v", c.in, got, exact, c.want, c.exact)
		}
	}
	for _, bad := range []string{"", "1/2", "0x10", "1_000", "1e99999999", "Inf", "nan", "1e", strings.Repeat("1", 1001)} {
		if r, ok := ParseDecimal(bad); ok {
			t.Errorf("%.20q is the decimal %v", bad, r)
		}
	}
	for _, good := range []string{"1", "-1.50", "+2", "1e-24", "1E+3", ".5"} {
		if r, ok := ParseDecimal(good); !ok || r.Cmp(rat(t, good)) != 0 {
			t.Errorf("%q: %v %v", good, r, ok)
		}
	}
}

func TestParseAllocates(t *testing.T) {
	MustParse("m")
	for _, code := range []string{"mg", "mmol/L", "kg.m/s2", "10*9/L", "mm[Hg]", "Cel", "[lb_av]/[in_i]2"} {
		if n := testing.AllocsPerRun(100, func() { MustParse(code) }); n != 0 {
			t.Errorf("%s: %v allocations", code, n)
		}
	}
	a, b := MustParse("g"), MustParse("mg")
	if n := testing.AllocsPerRun(100, func() { Ratio(a, b) }); n != 0 {
		t.Errorf("Ratio: %v allocations", n)
	}
}

func TestTableIsSorted(t *testing.T) {
	tab := table()
	for i := 1; i < len(tab.atoms); i++ {
		if tab.atoms[i-1].code >= tab.atoms[i].code {
			t.Errorf("%s stands before %s", tab.atoms[i-1].code, tab.atoms[i].code)
		}
	}
}

// No symbol may be read in two ways.
func TestPrefixesAreUnambiguous(t *testing.T) {
	tab := table()
	for _, ci := range []bool{false, true} {
		seen := map[string]string{}
		for _, a := range tab.atoms {
			for _, p := range append([]prefix{{}}, tab.prefixes...) {
				if p.code != "" && !a.metric {
					continue
				}
				code, means := p.code+a.code, p.code+"+"+a.code
				if ci {
					code = strings.ToUpper(p.ci + a.ci)
				}
				if before, dup := seen[code]; dup && !(ci && strings.EqualFold(before, means)) {
					x, y := MustParse(strings.Replace(before, "+", "", 1)), MustParse(p.code+a.code)
					if !x.Equal(y) {
						t.Logf("ci=%v: %s is %s and %s", ci, code, before, means)
						if before[0] != '+' {
							t.Errorf("ambiguous, and no whole unit of that name")
						}
					}
				}
				if _, dup := seen[code]; !dup || p.code == "" {
					seen[code] = means
				}
			}
		}
	}
}
