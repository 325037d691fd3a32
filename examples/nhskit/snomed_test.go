package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/snomedtest"
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
		{"no map", []string{"map", store, "900000000000508004", "73211009"}, exitUsage, ""},
		{"no reference set", []string{"map", store, "22298006", "73211009"}, exitUsage, ""},
		{"no age", []string{"map", "-age", "NaN", store, "999002271000000101", "73211009"}, exitUsage, ""},
		{"no limit", []string{"search", "-limit", "0", store, "sweet"}, exitUsage, ""},
		{"below what is not there", []string{"search", "-below", "22298006", store, "sweet"}, exitUsage, ""},
		{"for people, unknown", []string{"lookup", "-text", store, "22298006"}, exitFindings, "22298006: error snomed.not-found: snomed: not in the store\n"},
		{"for people, no identifier", []string{"lookup", "-text", store, "22298x06"}, exitFindings,
			"22298x06: error sctid.character: SNOMED CT identifier, byte 5: is not a digit\n    22298x06\n         ^\n"},
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
	ID                    string
	Active                bool
	Term                  string
	FullySpecifiedName    string
	Parents               []struct{ ID, Term string }
	Children, Descendants int
	Refsets               []string
	Descriptions          []struct{ ID, Term string }
	Groups                []struct {
		Group      int
		Attributes []struct {
			Type     struct{ ID string }
			Value    *struct{ ID, Term string }
			Concrete string
		}
	}
	EffectiveTime          string
	Module                 string
	DefinitionStatus, Code string
}

func lookup(t *testing.T, store, id string) (v lookedUp) {
	t.Helper()
	got := nhskit("", "snomed", "lookup", store, id)
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
	traps := snomedTraps(t)
	sites, numbers := map[int]string{}, map[int]string{} // by group
	for _, g := range append(lookup(t, store, traps["group-0-and-n"]).Groups, lookup(t, store, traps["two-values"]).Groups...) {
		for _, a := range g.Attributes {
			if a.Type.ID == "363698007" && a.Value != nil && a.Value.ID == "39057004" {
				sites[g.Group] = a.Value.Term
			}
			if a.Type.ID == "1142135004" && (g.Group == 11 || g.Group == 12) {
				numbers[g.Group] = a.Concrete
			}
		}
	}
	if sites[0] != "Valve part" || sites[21] != "Valve part" || numbers[11] != "#10" || numbers[12] != "#20" {
		t.Errorf("sites %v, numbers %v", sites, numbers)
	}
	if v := lookup(t, store, traps["inactive-member"]); v.Active || !slices.Contains(v.Refsets, "991411000000109") {
		t.Errorf("%+v", v)
	}
	got := nhskit("", "snomed", "lookup", "-text", store, "404684003")
	if want := "404684003  Clinical finding\n    Clinical finding (finding)\n    is a  138875005  Invented CT Concept\n"; !strings.HasPrefix(got.out, want) {
		t.Errorf("%s", got.out)
	}
}

// snomedTraps are the concepts with the situations planted in the release of
// snomedStore.
func snomedTraps(t *testing.T) map[string]string {
	t.Helper()
	traps, err := snomedtest.Traps(snomedtest.Options{Scale: 0.001, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, x := range traps {
		ids[x.Name] = x.Concept.String()
	}
	return ids
}

func TestSnomedHistory(t *testing.T) {
	store, traps := snomedStore(t), snomedTraps(t)
	type association struct {
		Meaning, Refset, ID, EffectiveTime string
		Active                             bool
	}
	var past struct {
		ID                         string
		Active                     bool
		Associations, Predecessors []association
		Substitutions              []struct{ ID, Term, Meaning string }
	}
	history := func(id string) {
		t.Helper()
		got := nhskit("", "snomed", "history", store, id)
		past.Associations, past.Predecessors, past.Substitutions = nil, nil, nil
		if err := json.Unmarshal([]byte(got.out), &past); err != nil || got.code != exitOK || past.ID != id ||
			past.Associations == nil || past.Predecessors == nil || past.Substitutions == nil {
			t.Fatalf("%v, %+v", err, got)
		}
	}
	// An association to a concept that is not there is shown, but substitutes
	// nothing.
	history(traps["missing-target"])
	i := slices.IndexFunc(past.Associations, func(a association) bool { return a.EffectiveTime == "20260826" })
	if i < 0 || past.Active {
		t.Fatalf("%+v", past)
	}
	if a := past.Associations[i]; a.Meaning != "SAME AS" || a.Refset != "900000000000527005" || !a.Active {
		t.Errorf("%+v", a)
	}
	for _, x := range past.Substitutions {
		if x.ID == past.Associations[i].ID {
			t.Errorf("substitutes %+v", x)
		}
	}
	// MOVED FROM stands at the active concept.
	history(traps["moved-from"])
	i = slices.IndexFunc(past.Predecessors, func(a association) bool { return a.Meaning == "MOVED FROM" })
	if i < 0 || !past.Active {
		t.Fatalf("%+v", past)
	}
	old := past.Predecessors[i].ID
	got := nhskit("", "snomed", "history", "-text", store, traps["moved-from"])
	if !strings.HasPrefix(got.out, traps["moved-from"]+", active: true\n") || !strings.Contains(got.out, "    stands for  "+old+"  ") {
		t.Errorf("%+v", got)
	}
	history(old)
	if past.Active {
		t.Errorf("%+v", past)
	}
}

func TestSnomedMap(t *testing.T) {
	store, traps := snomedStore(t), snomedTraps(t)
	type target struct {
		Group, Priority, Block int
		Rule, Target           string
	}
	var mapped struct {
		ID, Refset, Error string
		Selected, Rows    []target
	}
	for _, c := range []struct {
		trap  string
		group int
		rows  int
		want  target
	}{
		{"failing-first-rule", 7, 2, target{Group: 7, Priority: 2, Block: 1, Rule: "OTHERWISE TRUE", Target: "Q99.2"}},
		{"no-target", 8, 1, target{Group: 8, Priority: 1, Block: 1, Rule: "TRUE"}},
	} {
		got := nhskit("", "snomed", "map", "-age", "3000", "-with", "248152002", store, "999002271000000101", traps[c.trap])
		if err := json.Unmarshal([]byte(got.out), &mapped); err != nil || got.code != exitOK || mapped.ID != traps[c.trap] || mapped.Refset != "999002271000000101" || mapped.Error != "" {
			t.Fatalf("%v, %+v", err, got)
		}
		ofGroup := func(all []target) (out []target) {
			for _, x := range all {
				if x.Group == c.group {
					out = append(out, x)
				}
			}
			return out
		}
		if s := ofGroup(mapped.Selected); len(s) != 1 || s[0] != c.want {
			t.Errorf("%s: selected %+v", c.trap, s)
		}
		if r := ofGroup(mapped.Rows); len(r) != c.rows {
			t.Errorf("%s: rows %+v", c.trap, r)
		}
	}
	got := nhskit("", "snomed", "map", "-text", store, "999002271000000101", traps["failing-first-rule"])
	if !strings.Contains(got.out, traps["failing-first-rule"]+"  group 7  Q99.2\n") {
		t.Errorf("%+v", got)
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
	full := filepath.Join(dir, "full.zip")
	if got := nhskit("", "snomed", "generate", "-release", "Full", full); got.code != exitOK {
		t.Fatal(got)
	}
	if got := nhskit("", "snomed", "build", full, filepath.Join(dir, "store")); got.code != exitIO || !strings.Contains(got.errOut, "see -full") {
		t.Errorf("full files only: %+v", got)
	}
	if got := nhskit("", "snomed", "build", "-full", "-as-of", "20260801", full, filepath.Join(dir, "store")); got.code != exitOK || !strings.Contains(got.out, `"latest":"20260730"`) {
		t.Errorf("full files of a date: %+v", got)
	}
	if got := nhskit("", "snomed", "generate", "-scale", "3", dir); got.code != exitUsage {
		t.Errorf("scale: %+v", got)
	}
	if got := nhskit("", "snomed", "generate", "-release", "full", dir); got.code != exitUsage {
		t.Errorf("release: %+v", got)
	}
}

// TestSnomedBuildKeeps: what is no store is not overwritten, and what stands
// in the way is found before the long work.
func TestSnomedBuildKeeps(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.zip"), filepath.Join(dir, "b.zip")
	for _, name := range []string{a, b} {
		if got := nhskit("", "snomed", "generate", name); got.code != exitOK {
			t.Fatal(got)
		}
	}
	before, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"STORE forgotten", []string{a, b}, exitUsage, "is there and no store"},
		{"a folder", []string{a, dir}, exitUsage, "is a folder"},
		{"in no folder", []string{a, filepath.Join(dir, "none", "store")}, exitIO, "no such file"},
		{"no date", []string{"-as-of", "99999999999", a, filepath.Join(dir, "store")}, exitUsage, "not a date"},
	} {
		got := nhskit("", append([]string{"snomed", "build"}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.errOut, c.want) || strings.Contains(got.errOut, "%") || got.out != "" {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if after, err := os.ReadFile(b); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the second release has changed: %v", err)
	}
	// A store may be replaced, also a damaged one.
	store := filepath.Join(dir, "store")
	for range 2 {
		if got := nhskit("", "snomed", "build", a, store); got.code != exitOK {
			t.Fatal(got)
		}
		data, err := os.ReadFile(store)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(store, data[:len(data)/2], 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSnomedBuildInterrupted sends an interrupt to a program that builds: the
// old store stays, and nothing is left beside it.
func TestSnomedBuildInterrupted(t *testing.T) {
	if args := os.Getenv("NHSKIT_TEST_ARGS"); args != "" {
		os.Exit(run(strings.Split(args, "\n"), os.Stdin, os.Stdout, os.Stderr))
	}
	if runtime.GOOS == "windows" || testing.Short() {
		t.Skip("needs signals, and a second")
	}
	dir := t.TempDir()
	release, store := filepath.Join(dir, "release.zip"), filepath.Join(dir, "uk.store")
	if got := nhskit("", "snomed", "generate", "-scale", "0.02", release); got.code != exitOK {
		t.Fatal(got)
	}
	small := snomedStore(t)
	old, err := os.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range []string{"concepts", "reference sets", "writing"} {
		if err := os.WriteFile(store, old, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestSnomedBuildInterrupted$")
		cmd.Env = append(os.Environ(), "NHSKIT_TEST_ARGS="+strings.Join([]string{"snomed", "build", release, store}, "\n"))
		progress, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var rest string
		for lines := bufio.NewScanner(progress); lines.Scan(); {
			if rest = lines.Text(); strings.HasSuffix(rest, stage) {
				cmd.Process.Signal(os.Interrupt)
			}
		}
		cmd.Wait()
		code := cmd.ProcessState.ExitCode()
		if code == exitOK && stage != "concepts" {
			t.Logf("at %s: the build was quicker", stage)
			continue
		}
		if code != exitIO || !strings.Contains(rest, "interrupted") {
			t.Errorf("at %s: exit %d, %q", stage, code, rest)
		}
		if now, err := os.ReadFile(store); err != nil || !bytes.Equal(now, old) {
			t.Errorf("at %s: the old store has changed: %v", stage, err)
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
			t.Errorf("at %s: left behind: %v, %v", stage, files, err)
		}
	}
}

// TestSnomedBuildDamaged: where a file of an archive cannot be read to its end,
// the old store stays.
func TestSnomedBuildDamaged(t *testing.T) {
	dir := t.TempDir()
	archive, store := filepath.Join(dir, "release.zip"), filepath.Join(dir, "uk.store")
	for _, args := range [][]string{{"generate", archive}, {"build", archive, store}} {
		if got := nhskit("", append([]string{"snomed"}, args...)...); got.code != exitOK {
			t.Fatal(got)
		}
	}
	data, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(store)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/5] ^= 0x55
	if err := os.WriteFile(archive, data, 0o600); err != nil {
		t.Fatal(err)
	}
	got := nhskit("", "snomed", "build", archive, store)
	var built snomedBuilt
	if err := json.Unmarshal([]byte(got.out), &built); err != nil || got.code != exitIO ||
		!slices.ContainsFunc(built.Issues, func(is issue) bool { return is.Code == "rf2.read" && is.Line > 0 }) {
		t.Errorf("exit %d, %v, %s", got.code, err, got.errOut)
	}
	if now, err := os.ReadFile(store); err != nil || !bytes.Equal(now, old) {
		t.Errorf("the old store has changed: %v", err)
	}
}

// TestSnomedStrict: a build that stops at an error says which, as JSON or for
// people.
func TestSnomedStrict(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "short.zip")
	for _, p := range snomedtest.Invalid() {
		if p.Name == "short-row" {
			if err := os.WriteFile(file, p.Zip(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	store := filepath.Join(dir, "store")
	got := nhskit("", "snomed", "build", "-strict", file, store)
	var built snomedBuilt
	if err := json.Unmarshal([]byte(got.out), &built); err != nil || got.code != exitFindings || built.Errors != 1 || len(built.Issues) != 1 ||
		built.Issues[0].Code != "rf2.columns" || built.Issues[0].Line != 3 || len(built.Packages) != 1 {
		t.Errorf("%v, %+v", err, got)
	}
	got = nhskit("", "snomed", "build", "-strict", "-text", file, store)
	if want := "sct2_Description_Snapshot-en_INT_20260101.txt:3:8: error rf2.columns at term: the row has 8 columns, not 9 (4.2.2)\n"; got.code != exitFindings ||
		!strings.HasSuffix(got.out, want) || strings.Count(got.out, "sct2_") != 1 {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(store); err == nil {
		t.Error("a store was written")
	}
	// Without -strict the row is left out, and the store is there.
	got = nhskit("", "snomed", "build", file, store)
	if err := json.Unmarshal([]byte(got.out), &built); err != nil || got.code != exitFindings || built.Concepts != 6 {
		t.Errorf("%v, %+v", err, got)
	}
}

// TestSnomedProgress: on a terminal one line that is written over, five times
// a second at most, with the time left; elsewhere a line per stage.
func TestSnomedProgress(t *testing.T) {
	reports := []snomed.BuildProgress{
		{Stage: "concepts", Fraction: 0.01, Rows: 10},
		{Stage: "reference sets", Fraction: 0.25, Rows: 500},
		{Stage: "reference sets", Fraction: 0.26, Rows: 501}, // too soon
		{Stage: "writing", Fraction: 0.75, Rows: 2000},
	}
	at := []time.Duration{0, 10 * time.Second, 10*time.Second + 50*time.Millisecond, 30 * time.Second}
	for terminal, want := range map[bool]string{
		false: "  1 %  concepts\n 25 %  reference sets\n 75 %  writing\n",
		true: "\r\x1b[K  1 %  concepts, 10 rows" +
			"\r\x1b[K 25 %  reference sets, 500 rows, about 30 s left" +
			"\r\x1b[K 75 %  writing, 2000 rows, about 10 s left",
	} {
		var out strings.Builder
		start := time.Date(2026, 8, 26, 12, 0, 0, 0, time.UTC)
		now := start
		report := snomedProgress(&out, terminal, func() time.Time { return now })
		for i, p := range reports {
			now = start.Add(at[i])
			report(p)
		}
		if out.String() != want {
			t.Errorf("terminal %v: %q, want %q", terminal, out.String(), want)
		}
	}
}
