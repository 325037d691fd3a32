package dmd

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// buildDir builds a store from a folder and fails on findings above allowed.
func buildDir(t testing.TB, dir string) (*Store, *Report) {
	t.Helper()
	rel, err := OpenRelease(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer rel.Close()
	s, report, err := Build(context.Background(), rel)
	if err != nil {
		t.Fatal(err)
	}
	return s, report
}

// number makes an identifier of digits. Some of the release's were made up for
// it and have no right check digit.
func number(s string) sctid.ID {
	n, _ := strconv.ParseUint(s, 10, 64)
	return sctid.ID(n)
}

// idsOf returns the identifiers in the order of text, as the answers have them.
func idsOf(ps []Product) []string {
	out := []string{}
	for _, p := range ps {
		out = append(out, p.ID().String())
	}
	slices.Sort(out)
	return out
}

// TestMiniRelease compares every answer of the small real release with the
// answers written for it.
func TestMiniRelease(t *testing.T) {
	dir := corpus(t, "release-mini-2021-08-26")
	s, report := buildDir(t, dir)
	for _, i := range report.Issues {
		if i.Code != CodeID { // of the made-up identifiers
			t.Errorf("%v", i)
		}
	}
	var want map[string]json.RawMessage
	readJSON(t, filepath.Join(dir, "expected.json"), &want)
	passed, total := 0, 0
	check := func(name string, got, want any) {
		total++
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		if string(g) == string(w) {
			passed++
			return
		}
		t.Errorf("%s: got %s, want %s", name, g, w)
	}
	product := func(id string) Product {
		p, _ := s.Product(number(id))
		return p
	}
	into := func(key string, v any) {
		if err := json.Unmarshal(want[key], v); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
	}
	for key := range want {
		switch key {
		case "release_date":
			var d string
			into(key, &d)
			check(key, s.Date().String(), d)
		case "counts":
			var counts map[string]int
			into(key, &counts)
			for name, n := range counts {
				if name == "LOOKUP_LISTS" {
					check(name, len(s.Lists()), n)
					continue
				}
				table, ok := TableNamed(name)
				if !ok {
					t.Errorf("counts: unknown table %s", name)
				}
				check(name, s.Count(table), n)
			}
		case "kind":
			var kinds map[string]*string
			into(key, &kinds)
			for id, k := range kinds {
				if k == nil {
					k = new(string)
				}
				check("kind "+id, product(id).Kind().String(), *k)
			}
		case "vmps", "amps", "vmpps", "ampps":
			var lists map[string][]string
			into(key, &lists)
			for id, list := range lists {
				p := product(id)
				got := map[string]func() []Product{"vmps": p.VMPs, "amps": p.AMPs, "vmpps": p.VMPPs, "ampps": p.AMPPs}[key]()
				check(key+" "+id, idsOf(got), list)
			}
		case "vtm":
			var vtms map[string]string
			into(key, &vtms)
			for id, want := range vtms {
				v, _ := product(id).VTM()
				check("vtm "+id, v.ID(), want)
			}
		case "combination":
			var c struct {
				V map[string][]string `json:"vmpp_parent_to_child"`
				A map[string][]string `json:"ampp_parent_to_child"`
			}
			into(key, &c)
			for _, m := range []map[string][]string{c.V, c.A} {
				for parent, kids := range m {
					check("contents "+parent, idsOf(product(parent).Contents()), kids)
					for _, kid := range kids {
						check("combinations "+kid, idsOf(product(kid).Combinations()), []string{parent})
					}
				}
			}
		case "gtin":
			var cases []struct {
				GTIN, On string
				AMPP     []string
			}
			into(key, &cases)
			for _, c := range cases {
				day, err := ParseDate(c.On)
				if err != nil {
					t.Fatal(err)
				}
				check("gtin "+c.GTIN+" "+c.On, idsOf(s.GTIN(c.GTIN, day)), c.AMPP)
			}
		case "current_for_previous":
			var m map[string][]string
			into(key, &m)
			for id, now := range m {
				got := []string{}
				for _, c := range s.Replaced(number(id)) {
					if !slices.Contains(got, c.Current.String()) {
						got = append(got, c.Current.String())
					}
				}
				check("replaced "+id, got, now)
			}
		case "strengths":
			type strength struct {
				ISID      string `json:"isid"`
				Name      string `json:"name"`
				Numerator string `json:"numerator"`
				UOM       string `json:"numerator_uom"`
			}
			var m map[string][]strength
			into(key, &m)
			for id, want := range m {
				var got []strength
				for _, st := range product(id).Strengths() {
					got = append(got, strength{st.ID.String(), st.Ingredient.Name(), st.Numerator.Value.String(), st.Numerator.Unit.Code})
				}
				check("strengths "+id, got, want)
			}
		case "ddd":
			type ddd struct {
				ATC string `json:"atc"`
				BNF string `json:"bnf"`
				DDD string `json:"ddd"`
				UOM string `json:"ddd_uom"`
			}
			var m map[string]ddd
			into(key, &m)
			for id, want := range m {
				c, _ := product(id).Class()
				check("ddd "+id, ddd{c.ATC, c.BNF, c.DDD.Value.String(), c.DDD.Unit.Code}, want)
			}
		case "price":
			var m map[string]json.RawMessage
			into(key, &m)
			type price struct {
				Pence    int64  `json:"price_pence"`
				Previous int64  `json:"previous_pence"`
				From     string `json:"from"`
				Basis    string `json:"basis,omitempty"`
				Category string `json:"category,omitempty"`
			}
			for id, raw := range m {
				prices := map[string]price{}
				if id == "drug_tariff" {
					json.Unmarshal(raw, &prices)
				} else {
					var p price
					json.Unmarshal(raw, &p)
					prices[id] = p
				}
				for id, want := range prices {
					p, _ := product(id).Price()
					check("price "+id, price{p.Pence, p.Former, p.From.String(), p.Basis.Text, p.Category.Text}, want)
				}
			}
		case "flags":
			var m map[string]map[string]any
			into(key, &m)
			for id, flags := range m {
				p := product(id)
				gone, since := p.Discontinued()
				for name, want := range flags {
					var got any
					switch name {
					case "sugar_free":
						got = p.Flag("SUG_F")
					case "acbs":
						got = p.Flag("ACBS")
					case "hospital":
						got = p.Flag("HOSP")
					case "discontinued":
						got = gone
					case "discontinued_on":
						got = since.String()
					case "broken_bulk":
						got = p.Flag("BB")
					case "parallel_import":
						got = p.Flag("PARALLEL_IMPORT")
					default:
						t.Errorf("unknown flag %s", name)
					}
					check(id+" "+name, got, want)
				}
			}
		case "search":
			var m map[string]map[string][]string
			into(key, &m)
			for query, kinds := range m {
				for kind, want := range kinds {
					k := map[string]Kind{"VMP": VMP}[kind]
					if k == NoKind {
						t.Fatalf("unknown kind %s", kind)
					}
					got := []string{}
					for _, h := range s.Search(query, OfKind(k)) {
						got = append(got, h.Product.ID().String())
					}
					check("search "+query, got, want)
				}
			}
		default:
			t.Errorf("the answers have a part %q that this test does not know", key)
		}
	}
	floor(t, "release-mini", passed, total)
}

// contentOf lists the records of a table, each as text.
func contentOf(s *Store, table Table) []string {
	var out []string
	for r := range s.Records(table) {
		var b strings.Builder
		for tag, v := range r.Fields() {
			fmt.Fprintf(&b, "%s=%q ", tag, v)
		}
		out = append(out, b.String())
	}
	return out
}

// TestWriteBack parses, writes and parses again the real files.
func TestWriteBack(t *testing.T) {
	for _, name := range []string{"release-mini-2021-08-26", "reference-lists-2019-04-01"} {
		t.Run(name, func(t *testing.T) {
			s, _ := buildDir(t, corpus(t, name))
			writeBack(t, s)
		})
	}
}

func writeBack(t *testing.T, s *Store) {
	t.Helper()
	dir := t.TempDir()
	if err := s.WriteRelease(dir); err != nil {
		t.Fatal(err)
	}
	again, _ := buildDir(t, dir)
	if again.Date() != s.Date() {
		t.Errorf("the day is %s, was %s", again.Date(), s.Date())
	}
	for _, table := range Tables() {
		want, got := contentOf(s, table), contentOf(again, table)
		if !slices.Equal(want, got) {
			t.Errorf("%s: %d records came back as %d, or different", table, len(want), len(got))
		}
	}
}
