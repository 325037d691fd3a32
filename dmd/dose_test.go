package dmd

import (
	"encoding/json"
	"errors"
	"math/big"
	"path/filepath"
	"testing"
)

func TestDoseTextCorpus(t *testing.T) {
	var cases []struct {
		ID, Name string
		Dosages  json.RawMessage
		Text     string
		Error    bool
	}
	readJSON(t, filepath.Join(corpus(t, "dosage-to-text"), "cases.json"), &cases)
	passed := 0
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			ds, err := ParseDosages(c.Dosages)
			if err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			got, err := DoseText(StyleEPS, ds)
			if (err != nil) != c.Error || got != c.Text {
				t.Errorf("%s:\n got %q, %v\nwant %q, refused %v", c.Name, got, err, c.Text, c.Error)
				return
			}
			passed++
		})
	}
	floor(t, "dosage-to-text", passed, len(cases))
}

// TestDoseProductCorpus computes every conversion and every quantity of the
// published method.
func TestDoseProductCorpus(t *testing.T) {
	var suite struct {
		Conversions []struct {
			Value, From, To string
			Expect          *string // null where the units do not convert
		}
		Quantities []struct {
			Name     string
			Dose     string
			DoseUOM  string `json:"dose_uom"`
			Num      string `json:"strnt_nmrtr_val"`
			NumUOM   string `json:"strnt_nmrtr_uomcd"`
			Den      string `json:"strnt_dnmtr_val"`
			DenUOM   string `json:"strnt_dnmtr_uomcd"`
			UDFS     *string
			Form     string
			Fraction string `json:"quantity_fraction"`
			Quantity string
			Rank     Rank
		}
		NotDivisible map[string]string `json:"not_divisible_forms"`
	}
	readJSON(t, filepath.Join(corpus(t, "dose-to-product"), "cases.json"), &suite)
	dec := func(s string) Decimal {
		d, err := ParseDecimal(s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		return d
	}
	passed := 0
	for _, c := range suite.Conversions {
		got, err := ConvertUnits(dec(c.Value).Rat(), c.From, c.To)
		if c.Expect == nil || err != nil {
			if !errors.Is(err, ErrUnits) || c.Expect != nil {
				t.Errorf("%s %s to %s: %v", c.Value, c.From, c.To, err)
				continue
			}
		} else if text, ok := formatRat(got); !ok || text != *c.Expect {
			t.Errorf("%s %s to %s: got %s, want %s", c.Value, c.From, c.To, text, *c.Expect)
			continue
		}
		passed++
	}
	for _, c := range suite.Quantities {
		st := Strength{Numerator: Quantity{dec(c.Num), Term{Code: c.NumUOM}}, HasValue: true}
		if c.Den != "" {
			st.Denominator = Quantity{dec(c.Den), Term{Code: c.DenUOM}}
		}
		var size *Decimal
		if c.UDFS != nil {
			d := dec(*c.UDFS)
			size = &d
		}
		q, err := DoseOf(dec(c.Dose), c.DoseUOM, st, size)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		want, _ := new(big.Rat).SetString(c.Fraction)
		text, finite := formatRat(q)
		if q.Cmp(want) != 0 || rankOf(q, c.Form) != c.Rank || finite != (c.Quantity != "") || finite && text != c.Quantity {
			t.Errorf("%s: got %s (%s) rank %d, want %s (%s) rank %d", c.Name, q, text, rankOf(q, c.Form), c.Fraction, c.Quantity, c.Rank)
			continue
		}
		passed++
	}
	for form, name := range suite.NotDivisible {
		if !notDivisible(form) {
			t.Errorf("%s (%s) is divisible", form, name)
		}
	}
	floor(t, "dose-to-product", passed, len(suite.Conversions)+len(suite.Quantities))
}
