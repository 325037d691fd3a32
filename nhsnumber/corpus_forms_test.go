package nhsnumber

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCorpusCHI(t *testing.T) {
	var file struct {
		Cases []struct {
			Number     string
			DateValid  bool     `json:"date_valid"`
			BirthDates []string `json:"birth_dates_1900_2099"`
			Sex        Sex
			InRange    bool `json:"in_chi_range"`
		}
		Ages []struct {
			Birth, On string
			BirthDate string `json:"birth_date"`
			Age       int
			Ambiguous []string
		}
	}
	corpusJSON(t, "chi.json", &file)
	suite(t, "chi", len(file.Cases), func(t *testing.T, i int) {
		c := file.Cases[i]
		n, err := ParseStrict(c.Number)
		if err != nil {
			t.Fatal(err)
		}
		chi, ok := n.CHI()
		if ok != c.InRange {
			t.Fatalf("%s: in the CHI range: %v", c.Number, ok)
		}
		if got := dates(chi.BirthDates()); !slices.Equal(got, c.BirthDates) || (len(got) > 0) != c.DateValid {
			t.Errorf("%s: birth dates %v, want %v", c.Number, got, c.BirthDates)
		}
		if c.Sex != "" && chi.Sex() != c.Sex {
			t.Errorf("%s: %s, want %s", c.Number, chi.Sex(), c.Sex)
		}
	})
	suite(t, "chi-ages", len(file.Ages), func(t *testing.T, i int) {
		c := file.Ages[i]
		chi := chiBornOn(t, c.Birth)
		on := day(t, c.On)
		got, err := chi.BirthDate(on, AgeBounds{})
		if c.Ambiguous != nil {
			if class(err) != "ambiguous" || !slices.Equal(dates(chi.BirthDates()), c.Ambiguous) {
				t.Errorf("%s on %s: %v, %v; want %v", c.Birth, c.On, got, err, c.Ambiguous)
			}
			return
		}
		if err != nil || got != day(t, c.BirthDate) || Age(got, on) != c.Age {
			t.Errorf("%s on %s: %v, age %d, %v; want %s, age %d", c.Birth, c.On, got, Age(got, on), err, c.BirthDate, c.Age)
		}
	})
}

// chiBornOn makes a CHI number that begins with a date.
func chiBornOn(t *testing.T, ddmmyy string) CHI {
	t.Helper()
	for serial := range uint32(1000) {
		nine, err := parseNine(ddmmyy + "000")
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := fromNine(nine + serial); ok {
			if chi, ok := n.CHI(); ok {
				return chi
			}
		}
	}
	t.Fatalf("no CHI number for %s", ddmmyy)
	return CHI{}
}

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func dates(list []time.Time) []string {
	var out []string
	for _, d := range list {
		out = append(out, d.Format(time.DateOnly))
	}
	return out
}

// found is a match as the corpus writes it.
type found struct {
	Number     string
	Start, End int64
}

func foundOf(m Match) found { return found{m.Number.Digits(), m.Start, m.End} }

func TestCorpusExtract(t *testing.T) {
	var cases []struct {
		Text  string
		Found []found
	}
	corpusJSON(t, "extract.json", &cases)
	suite(t, "extract", len(cases), func(t *testing.T, i int) {
		c := cases[i]
		var inMemory, streamed []found
		for m := range Find(c.Text) {
			inMemory = append(inMemory, foundOf(m))
		}
		for m, err := range Extract(strings.NewReader(c.Text)) {
			if err != nil {
				t.Fatal(err)
			}
			streamed = append(streamed, foundOf(m))
		}
		if !slices.Equal(inMemory, c.Found) || !slices.Equal(streamed, c.Found) {
			t.Errorf("%q: found %v, streamed %v, want %v", c.Text, inMemory, streamed, c.Found)
		}
	})
}

func TestCorpusGS1(t *testing.T) {
	var file struct {
		GSRN []struct {
			Prefix        string `json:"company_prefix"`
			Number, GSRN  string
			ElementString string `json:"element_string"`
		}
		Errors []struct {
			ElementString string `json:"element_string"`
			Error         string
		}
		Scans []struct {
			Scan, Number, SRIN string
			Internal           map[string]string
		}
	}
	corpusJSON(t, "gs1.json", &file)
	suite(t, "gs1-gsrn", len(file.GSRN), func(t *testing.T, i int) {
		c := file.GSRN[i]
		n, err := ParseStrict(c.Number)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := AppendGSRN(nil, c.Prefix, n); err != nil || string(b) != c.GSRN {
			t.Errorf("AppendGSRN = %s, %v; want %s", b, err, c.GSRN)
		}
		if b, err := (Wristband{Prefix: c.Prefix, Number: n}).AppendTo(nil); err != nil || string(b) != c.ElementString {
			t.Errorf("AppendTo = %s, %v; want %s", b, err, c.ElementString)
		}
		if p, m, err := ParseGSRN(c.GSRN); err != nil || p != c.Prefix || m != n {
			t.Errorf("ParseGSRN = %s, %v", p, err)
		}
		if w, err := ParseWristband(c.ElementString); err != nil || w.Prefix != c.Prefix || w.Number != n {
			t.Errorf("ParseWristband = %s, %v", w.Prefix, err)
		}
	})
	suite(t, "gs1-errors", len(file.Errors), func(t *testing.T, i int) {
		c := file.Errors[i]
		if _, err := ParseWristband(c.ElementString); class(err) != c.Error {
			t.Errorf("%s: %v, want %s", c.ElementString, err, c.Error)
		}
	})
	suite(t, "gs1-scans", len(file.Scans), func(t *testing.T, i int) {
		c := file.Scans[i]
		w, err := ParseWristband(c.Scan)
		if err != nil || w.Number.Digits() != c.Number || w.SRIN != c.SRIN {
			t.Fatalf("%q: %s, SRIN %q, %v", c.Scan, w.Number.Digits(), w.SRIN, err)
		}
		internal := 0
		for _, e := range w.Elements {
			if e.AI >= "91" && e.AI <= "99" && len(e.AI) == 2 {
				internal++
				if c.Internal[e.AI] != e.Value {
					t.Errorf("AI %s: %q, want %q", e.AI, e.Value, c.Internal[e.AI])
				}
			}
		}
		if internal != len(c.Internal) {
			t.Errorf("%d internal elements, want %d", internal, len(c.Internal))
		}
	})
}

func TestCorpusIdentifiers(t *testing.T) {
	type want struct {
		Number   string
		Scheme   Scheme
		Verified *bool
		Error    string
	}
	var file struct {
		FHIR []struct {
			Identifier struct {
				System, Value string
				Extension     []struct {
					URL   string
					Value struct {
						Coding []struct{ System, Code string }
					} `json:"valueCodeableConcept"`
				}
			}
			want
			Status *string
		}
		CX []struct {
			CX string
			want
		} `json:"hl7v2_cx"`
		Status []struct{ Code, FHIR, Display string } `json:"status_codes"`
	}
	corpusJSON(t, "identifiers.json", &file)
	check := func(t *testing.T, w want, id Identifier, err error) {
		t.Helper()
		if w.Error != "" {
			if class(err) != w.Error {
				t.Errorf("%v, want %s", err, w.Error)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if w.Number != "" && id.Number.Digits() != w.Number {
			t.Errorf("number %s, want %s", id.Number.Digits(), w.Number)
		}
		if scheme := w.Scheme; scheme != "" && id.Scheme != scheme || scheme == "" && id.Scheme != SchemeNHS {
			t.Errorf("scheme %s, want %s", id.Scheme, scheme)
		}
		if unverified := w.Verified != nil && !*w.Verified; id.Unverified != unverified {
			t.Errorf("unverified %v", id.Unverified)
		}
	}
	suite(t, "identifiers-fhir", len(file.FHIR), func(t *testing.T, i int) {
		c := file.FHIR[i]
		id, err := FromFHIR(c.Identifier.System, c.Identifier.Value)
		check(t, c.want, id, err)
		if err != nil {
			return
		}
		for _, e := range c.Identifier.Extension {
			if e.URL != StatusExtension {
				t.Fatalf("unknown extension %s", e.URL)
			}
			coding := e.Value.Coding[0]
			if id.Status, err = ParseStatus(StatusSystem(coding.System), coding.Code); err != nil {
				t.Fatal(err)
			}
		}
		if c.Status != nil && id.Status.String() != *c.Status || c.Status == nil && id.Status != 0 {
			t.Errorf("status %q", id.Status)
		}
		system, value, err := id.FHIR()
		if err != nil {
			t.Fatal(err)
		}
		back, err := FromFHIR(system, value)
		back.Status = id.Status
		if err != nil || back != id || strings.ContainsAny(value, " ") {
			t.Errorf("written as %s, read back as %+v, %v", system, back, err)
		}
	})
	suite(t, "identifiers-cx", len(file.CX), func(t *testing.T, i int) {
		c := file.CX[i]
		id, err := ParseCX(c.CX)
		check(t, c.want, id, err)
		if err != nil {
			return
		}
		cx, err := id.CX()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseCX(cx); err != nil || back != id {
			t.Errorf("written as %s, read back as %+v, %v", cx, back, err)
		}
	})
	suite(t, "identifiers-status", len(file.Status), func(t *testing.T, i int) {
		c := file.Status[i]
		s, err := ParseStatus(StatusUKCore, c.FHIR)
		if err != nil || s.String() != c.Code || s.Display() != c.Display {
			t.Errorf("%s: %s, %q, %v", c.FHIR, s, s.Display(), err)
		}
		if back, err := ParseStatus(StatusWales, c.Code); err != nil || back != s {
			t.Errorf("%s: %s, %v", c.Code, back, err)
		}
		if code, _ := s.Code(StatusUKCore); code != c.FHIR {
			t.Errorf("%s: %s", c.FHIR, code)
		}
	})
}

func TestCorpusSuggestions(t *testing.T) {
	var cases []struct {
		Input          string
		Adjacent       []string `json:"adjacent_transpositions"`
		Substitutions  []string
		Transpositions []string
	}
	corpusJSON(t, "suggestions.json", &cases)
	suite(t, "suggestions", len(cases), func(t *testing.T, i int) {
		c := cases[i]
		var adjacent, substitutions, swaps []string
		list := Suggest(c.Input, -1)
		for k, s := range list {
			if k > 0 && s.Edit < list[k-1].Edit {
				t.Errorf("%s before %s", list[k-1].Edit, s.Edit)
			}
			switch d := s.Number.Digits(); s.Edit {
			case AdjacentSwap:
				adjacent = append(adjacent, d)
				swaps = append(swaps, d)
			case Swap:
				swaps = append(swaps, d)
			default:
				substitutions = append(substitutions, d)
			}
		}
		for _, w := range []struct {
			name      string
			got, want []string
		}{{"adjacent", adjacent, c.Adjacent}, {"substitutions", substitutions, c.Substitutions}, {"swaps", swaps, c.Transpositions}} {
			slices.Sort(w.got)
			slices.Sort(w.want)
			if !slices.Equal(w.got, w.want) {
				t.Errorf("%s: %s %v, want %v", c.Input, w.name, w.got, w.want)
			}
		}
	})
}
