package ucum

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir/internal/corpus"
)

// readXML decodes a file of the corpora.
func readXML(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		d := xml.NewDecoder(bytes.NewReader(data))
		d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // ASCII
		err = d.Decode(into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

type suite struct {
	Validation struct {
		Cases []struct {
			ID    string `xml:"id,attr"`
			Unit  string `xml:"unit,attr"`
			Valid string `xml:"valid,attr"`
		} `xml:"case"`
	} `xml:"validation"`
	Names struct {
		Cases []struct {
			ID      string `xml:"id,attr"`
			Unit    string `xml:"unit,attr"`
			Display string `xml:"display,attr"`
		} `xml:"case"`
	} `xml:"displayNameGeneration"`
	Conversion struct {
		Cases []struct {
			ID      string `xml:"id,attr"`
			Value   string `xml:"value,attr"`
			From    string `xml:"srcUnit,attr"`
			To      string `xml:"dstUnit,attr"`
			Outcome string `xml:"outcome,attr"`
		} `xml:"case"`
	} `xml:"conversion"`
	Multiplication struct {
		Cases []arithmeticCase `xml:"case"`
	} `xml:"multiplication"`
	Division struct {
		Cases []arithmeticCase `xml:"case"`
	} `xml:"division"`
}

type arithmeticCase struct {
	ID string `xml:"id,attr"`
	V1 string `xml:"v1,attr"`
	U1 string `xml:"u1,attr"`
	V2 string `xml:"v2,attr"`
	U2 string `xml:"u2,attr"`
	V  string `xml:"vRes,attr"`
	U  string `xml:"uRes,attr"`
}

// check compares a computed quantity with the expected one.
func (c arithmeticCase) check(v *big.Rat, u Unit, err error) error {
	want := c.U
	if want == "" {
		want = "1"
	}
	if err != nil || !roundsTo(v, c.V) || u.String() != want {
		return fmt.Errorf("%v %v, %v; want %s %s", v, u, err, c.V, c.U)
	}
	return nil
}

// roundsTo reports whether v, rounded half up to as many significant digits as
// the decimal want has, is want. Zeros at the end of a whole number are not
// significant, so the shortest form of want counts.
func roundsTo(v *big.Rat, want string) bool {
	w, _ := new(big.Rat).SetString(want)
	digits := strings.TrimLeft(strings.Replace(want, ".", "", 1), "0")
	n := max(len(digits), 1)
	scale := new(big.Rat).SetInt64(1)
	ten := big.NewRat(10, 1)
	limit := new(big.Rat).SetInt(tenTo(n))
	x := new(big.Rat).Set(v)
	for x.Sign() != 0 && x.Cmp(limit) >= 0 {
		x.Quo(x, ten)
		scale.Mul(scale, ten)
	}
	for lower := new(big.Rat).SetInt(tenTo(n - 1)); x.Sign() != 0 && x.Cmp(lower) < 0; {
		x.Mul(x, ten)
		scale.Quo(scale, ten)
	}
	rounded, _ := new(big.Rat).SetString(x.FloatString(0))
	return rounded.Mul(rounded, scale).Cmp(w) == 0
}

// TestFunctionalSuite runs the functional tests of UCUM; the floor file says
// how many must pass.
func TestFunctionalSuite(t *testing.T) {
	var s suite
	readXML(t, corpus.Path(t, "fhirpath", "ucum", "UcumFunctionalTests.dev.xml"), &s)
	passed, total := 0, 0
	run := func(name string, test func() error) {
		total++
		t.Run(name, func(t *testing.T) {
			if err := test(); err != nil {
				t.Error(err)
			} else {
				passed++
			}
		})
	}
	for _, c := range s.Validation.Cases {
		run(c.ID+" "+c.Unit, func() error {
			if _, err := Parse(c.Unit); (err == nil) != (c.Valid == "true") {
				return fmt.Errorf("%s: valid=%s, got %v", c.Unit, c.Valid, err)
			}
			return nil
		})
	}
	for _, c := range s.Names.Cases {
		run(c.ID, func() error {
			if u, err := Parse(c.Unit); err != nil || u.Name() != c.Display {
				return fmt.Errorf("%s: %s, %v; want %s", c.Unit, u.Name(), err, c.Display)
			}
			return nil
		})
	}
	for _, c := range s.Conversion.Cases {
		run(c.ID, func() error {
			v, err := Convert(rat(t, c.Value), MustParse(c.From), MustParse(c.To))
			if err != nil || !roundsTo(v, c.Outcome) {
				return fmt.Errorf("%s %s = %v %s, %v; want %s", c.Value, c.From, v, c.To, err, c.Outcome)
			}
			return nil
		})
	}
	for _, c := range s.Multiplication.Cases {
		run("multiply "+c.ID, func() error {
			return c.check(Multiply(rat(t, c.V1), MustParse(c.U1), rat(t, c.V2), MustParse(c.U2)))
		})
	}
	for _, c := range s.Division.Cases {
		run("divide "+c.ID, func() error {
			return c.check(Divide(rat(t, c.V1), MustParse(c.U1), rat(t, c.V2), MustParse(c.U2)))
		})
	}
	corpus.Floor(t, "functional", passed, total)
}

type essence struct {
	Prefixes []essenceRow `xml:"prefix"`
	Bases    []essenceRow `xml:"base-unit"`
	Units    []essenceRow `xml:"unit"`
}

type essenceRow struct {
	Code      string   `xml:"Code,attr"`
	CI        string   `xml:"CODE,attr"`
	Metric    string   `xml:"isMetric,attr"`
	Special   string   `xml:"isSpecial,attr"`
	Arbitrary string   `xml:"isArbitrary,attr"`
	Names     []string `xml:"name"`
	Value     struct {
		Unit     string `xml:"Unit,attr"`
		UnitCI   string `xml:"UNIT,attr"`
		Value    string `xml:"value,attr"`
		Function struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
			Unit  string `xml:"Unit,attr"`
		} `xml:"function"`
	} `xml:"value"`
}

func (r essenceRow) name() string { return strings.ReplaceAll(r.Names[0], "\u00a0", " ") }

// TestTableAgreesWithEssence checks the table entry for entry against the
// published definitions: every row, and no other, and each factor as the
// product of the factors of the units it is defined by.
func TestTableAgreesWithEssence(t *testing.T) {
	var e essence
	readXML(t, corpus.Path(t, "fhirpath", "ucum", "ucum-essence.xml"), &e)
	tab := table()
	if len(e.Prefixes) != len(tab.prefixes) || len(e.Bases)+len(e.Units) != len(tab.atoms) {
		t.Errorf("%d prefixes and %d units, want %d and %d", len(tab.prefixes), len(tab.atoms), len(e.Prefixes), len(e.Bases)+len(e.Units))
	}
	for _, r := range e.Prefixes {
		found := false
		for _, p := range tab.prefixes {
			found = found || p.code == r.Code && p.ci == r.CI && p.name == r.name() && p.factor.Rat().Cmp(rat(t, r.Value.Value)) == 0
		}
		if !found {
			t.Errorf("prefix %s", r.Code)
		}
	}
	for _, r := range append(e.Bases, e.Units...) {
		a := tab.atom(r.Code)
		if a == nil || a.ci != r.CI || a.name != r.name() || a.metric != (r.Metric == "yes" || r.Metric == "") || (a.fn != ratio) != (r.Special == "yes") || (a.arb != "") != (r.Arbitrary == "yes") {
			t.Errorf("%s: %+v", r.Code, a)
			continue
		}
		if r.Value.Unit == "" {
			if a.dim.String() != r.Code || !a.factor.IsOne() {
				t.Errorf("base unit %s: %+v", r.Code, a)
			}
			continue
		}
		value, unit := r.Value.Value, r.Value.Unit
		if f := r.Value.Function; f.Name != "" {
			value, unit = f.Value, f.Unit
			if a.fn != functionNamed(f.Name) {
				t.Errorf("%s: function %v", r.Code, a.fn)
			}
		}
		want := MustParse(unit)
		if a.arb != "" && unit == "1" {
			want = MustParse(r.Code)
		}
		if r.Code == "[pi]" {
			value = "1"
			want.factor.pi = 1
		}
		if product := new(big.Rat).Mul(rat(t, value), want.factor.Rat()); a.factor.Rat().Cmp(product) != 0 || a.dim != want.dim || a.arb != want.arb {
			t.Errorf("%s is %v %v, want %v %v", r.Code, a.factor, a.dim, product, want.dim)
		}
		// The published case-insensitive definitions of these three are slips: H is
		// henry (hour is HR), and S is second (siemens is SIE).
		slip := r.Code == "[kn_i]" || r.Code == "[kn_br]" || r.Code == "mho"
		if ci, err := Parse(r.Value.UnitCI, CaseInsensitive()); !slip && r.Value.Function.Name == "" && (err != nil || !ci.Equal(MustParse(unit))) {
			t.Errorf("%s: %s in place of %s: %v", r.Code, r.Value.UnitCI, unit, err)
		}
		if u, err := Parse(r.CI, CaseInsensitive()); err != nil || !u.Equal(MustParse(r.Code)) {
			t.Errorf("%s is not %s: %v", r.CI, r.Code, err)
		}
	}
}
