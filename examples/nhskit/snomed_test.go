package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// snomedStore generates a release and builds a store, by the commands.
func snomedStore(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	release, store := filepath.Join(dir, "release"), filepath.Join(dir, "uk.store")
	if got := nhskit("", "snomed", "generate", "-scale", "0.001", "-seed", "7", release); got.code != exitOK {
		t.Fatal(got)
	}
	got := nhskit("", "snomed", "build", release, store)
	if got.code != exitOK || !strings.Contains(got.out, `"errors":0,"issues":[],"suppressed":0}`) {
		t.Fatal(got)
	}
	if !strings.Contains(got.errOut, "reference sets") || !strings.Contains(got.errOut, "search index") {
		t.Errorf("progress: %q", got.errOut)
	}
	return store
}

func TestSnomedID(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"international", []string{"22298006"}, exitOK,
			`{"id":"22298006","valid":true,"type":"concept","partition":"00","namespace":"","item":"22298","code":"","offset":-1}` + "\n"},
		{"extension", []string{"999000011000000103"}, exitOK,
			`{"id":"999000011000000103","valid":true,"type":"concept","partition":"10","namespace":"1000000","item":"99900001","code":"","offset":-1}` + "\n"},
		{"wrong check digit", []string{"22298007"}, exitFindings,
			`{"id":"22298007","valid":false,"type":"","partition":"","namespace":"","item":"","code":"sctid.check-digit","offset":7}` + "\n"},
		{"for people", []string{"-text", "22298006"}, exitOK, "22298006: concept, item 22298\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := nhskit("", append([]string{"snomed", "id"}, c.args...)...); got.code != c.code || got.out != c.want {
				t.Errorf("exit %d, %s%s, want %d, %s", got.code, got.out, got.errOut, c.code, c.want)
			}
		})
	}
}

func TestSnomedStore(t *testing.T) {
	store := snomedStore(t)
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"subsumes", []string{"subsumes", store, "404684003", "73211009"}, exitOK, `{"a":"404684003","b":"73211009","outcome":"subsumes"}` + "\n"},
		{"subsumed by", []string{"subsumes", store, "73211009", "404684003"}, exitOK, `{"a":"73211009","b":"404684003","outcome":"subsumed-by"}` + "\n"},
		{"equivalent", []string{"subsumes", store, "73211009", "73211009"}, exitOK, `{"a":"73211009","b":"73211009","outcome":"equivalent"}` + "\n"},
		{"not subsumed", []string{"subsumes", store, "73211009", "71388002"}, exitOK, `{"a":"73211009","b":"71388002","outcome":"not-subsumed"}` + "\n"},
		{"subsumes an unknown one", []string{"subsumes", store, "73211009", "22298006"}, exitFindings, `{"id":"22298006","error":"snomed: not in the store"}` + "\n"},
		{"lookup of no identifier", []string{"lookup", store, "5"}, exitFindings,
			`{"id":"5","error":"SNOMED CT identifier, byte 1: must have 6 to 18 digits, 11 or more with a namespace"}` + "\n"},
		{"search", []string{"search", "-limit", "1", store, "cond swe"}, exitOK,
			`{"id":"73211009","term":"Sweet condition","description":"` + descriptionOf(t, store, "73211009") + `","type":"900000000000013009","preferred":true,"distance":0,"highlights":[[0,3],[6,10]]}` + "\n"},
		{"search below", []string{"search", "-text", "-below", "64572001", store, "sweet"}, exitOK, "73211009  Sweet condition\n"},
		{"search elsewhere", []string{"search", "-text", "-below", "71388002", store, "sweet cond"}, exitOK, ""},
		{"misspelt", []string{"search", "-text", "-fuzzy", "-limit", "1", store, "sweat condition"}, exitOK, "73211009  Sweet condition\n"},
		{"no store", []string{"lookup", store + "x", "73211009"}, exitIO, ""},
		{"too few", []string{"lookup", store}, exitUsage, ""},
		{"no map", []string{"map", store, "900000000000508004", "73211009"}, exitIO, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := nhskit("", append([]string{"snomed"}, c.args...)...); got.code != c.code || got.out != c.want {
				t.Errorf("exit %d, %s%s, want %d, %s", got.code, got.out, got.errOut, c.code, c.want)
			}
		})
	}
}

func descriptionOf(t *testing.T, store, id string) string {
	for _, d := range lookup(t, store, id).Descriptions {
		if d.Term == "Sweet condition" {
			return d.ID
		}
	}
	t.Fatal("no such term")
	return ""
}

type lookedUp struct {
	ID                     string
	Active                 bool
	Term                   string
	FullySpecifiedName     string
	Parents                []struct{ ID, Term string }
	Children, Descendants  int
	Refsets                []string
	Descriptions           []struct{ ID, Term string }
	Groups                 []struct{ Group int }
	Associations           []struct{ Meaning, ID string }
	Substitutions          []struct{ ID, Meaning string }
	Selected               []struct{ Target string }
	Rows                   []struct{ Rule, Target string }
	EffectiveTime          string
	Module                 string
	DefinitionStatus, Code string
}

func lookup(t *testing.T, store, id string) lookedUp {
	t.Helper()
	return decode(t, "lookup", store, id)
}

func decode(t *testing.T, args ...string) (v lookedUp) {
	t.Helper()
	got := nhskit("", append([]string{"snomed"}, args...)...)
	if got.code != exitOK {
		t.Fatal(got)
	}
	if err := json.Unmarshal([]byte(got.out), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSnomedLookup(t *testing.T) {
	store := snomedStore(t)
	v := lookup(t, store, "404684003")
	if v.Term != "Clinical finding" || v.FullySpecifiedName != "Clinical finding (finding)" || len(v.Parents) != 1 || v.Parents[0].ID != "138875005" ||
		v.Descendants < 130 || v.Children == 0 || !v.Active || len(v.Descriptions) < 2 || v.EffectiveTime == "" || v.DefinitionStatus == "" {
		t.Errorf("%+v", v)
	}
	got := nhskit("", "snomed", "lookup", "-text", store, "404684003")
	if want := "404684003  Clinical finding\n    Clinical finding (finding)\n    is a  138875005  Invented CT Concept\n"; !strings.HasPrefix(got.out, want) {
		t.Errorf("%s", got.out)
	}
}

func TestSnomedBuildRefuses(t *testing.T) {
	dir := t.TempDir()
	if got := nhskit("", "snomed", "build", filepath.Join(dir, "none.zip"), filepath.Join(dir, "store")); got.code != exitIO {
		t.Errorf("missing release: %+v", got)
	}
	if got := nhskit("", "snomed", "build", dir, filepath.Join(dir, "store")); got.code != exitIO || !strings.Contains(got.errOut, "no concept file") {
		t.Errorf("empty folder: %+v", got)
	}
	if got := nhskit("", "snomed", "generate", "-scale", "3", dir); got.code != exitUsage {
		t.Errorf("scale: %+v", got)
	}
	if got := nhskit("", "snomed", "generate", "-release", "full", dir); got.code != exitUsage {
		t.Errorf("release: %+v", got)
	}
}
