package snomedtest

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// table is the rows of all files of one kind in a generated release, as text.
type table struct {
	name    string // the content and summary elements of the file name
	columns []string
	rows    [][]string
}

// written is a release as it was written: nothing of it comes from the model.
type written map[string]*table

// load generates a release and splits its files.
func load(t testing.TB, opt Options) written {
	t.Helper()
	dir := t.TempDir()
	if err := Generate(dir, opt); err != nil {
		t.Fatal(err)
	}
	w := written{}
	files := readAll(t, dir)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, ".txt") {
			continue
		}
		part := strings.Split(path.Base(name), "_")
		kind, _, _ := strings.Cut(part[2], "-")
		for _, s := range []string{"Snapshot", "Full", "Delta", "MONO", "UKCL", "UKDG"} {
			kind = strings.TrimSuffix(kind, s)
		}
		key := part[1] + " " + kind
		lines := strings.Split(strings.TrimSuffix(string(files[name]), "\r\n"), "\r\n")
		if w[key] == nil {
			w[key] = &table{name: key, columns: strings.Split(lines[0], "\t")}
		}
		for _, line := range lines[1:] {
			w[key].rows = append(w[key].rows, strings.Split(line, "\t"))
		}
	}
	return w
}

// latest returns the last version of every row, by its identifier.
func (x *table) latest() map[string][]string {
	last := map[string][]string{}
	for _, r := range x.rows {
		id := r[0]
		if x.columns[0] == "alternateIdentifier" {
			id += " " + r[4]
		}
		if old := last[id]; old == nil || old[1] < r[1] {
			last[id] = r
		}
	}
	return last
}

// active returns the latest version of the rows of a file that are active and
// have the given values in the named columns.
func (w written) active(t testing.TB, key string, where map[string]string) (out [][]string) {
	t.Helper()
	x := w[key]
	if x == nil {
		t.Fatalf("no file %q", key)
	}
	last := x.latest()
next:
	for _, id := range slices.Sorted(maps.Keys(last)) {
		r := last[id]
		for column, value := range where {
			if r[x.column(t, column)] != value {
				continue next
			}
		}
		if r[2] == "1" {
			out = append(out, r)
		}
	}
	return out
}

func (x *table) column(t testing.TB, name string) int {
	t.Helper()
	i := slices.Index(x.columns, name)
	if i < 0 {
		t.Fatalf("%s has no column %s", x.name, name)
	}
	return i
}

var layouts = map[string]Layout{"monolith": Monolith, "clinical and drug": ClinicalPlusDrug, "international": International}

var releases = map[string]Release{"snapshot": Snapshot, "full": Full, "delta": Delta}

// TestReleaseTypes: the latest versions of a Full release are the Snapshot,
// and those of the last date are the Delta.
func TestReleaseTypes(t *testing.T) {
	for name, layout := range layouts {
		full := load(t, Options{Seed: 11, Layout: layout, Release: Full, Releases: 4})
		snapshot := load(t, Options{Seed: 11, Layout: layout, Releases: 4})
		delta := load(t, Options{Seed: 11, Layout: layout, Release: Delta, Releases: 4})
		versions, rows, changes := 0, 0, 0
		edited := map[string]bool{} // files where more than the time and the active flag changes
		for key, x := range snapshot {
			want, got, changed := x.latest(), full[key].latest(), delta[key].latest()
			if len(got) != len(want) || len(want) != len(x.rows) || len(delta[key].rows) != len(changed) {
				t.Fatalf("%s, %s: %d rows in full, %d in the snapshot", name, key, len(got), len(want))
			}
			last := 0
			for id, r := range want {
				if !slices.Equal(r, got[id]) {
					t.Fatalf("%s, %s: full ends in %q, the snapshot has %q", name, key, got[id], r)
				}
				if r[1] == "20260826" && !strings.Contains(key, "RefsetDescriptor") {
					last++
					if !slices.Equal(r, changed[id]) {
						t.Fatalf("%s, %s: the delta has %q, the snapshot %q", name, key, changed[id], r)
					}
				}
			}
			if len(changed) != last {
				t.Fatalf("%s, %s: %d rows in the delta, %d with the last date", name, key, len(changed), last)
			}
			for _, r := range full[key].rows {
				if x := want[r[0]]; x != nil && r[1] != x[1] && !slices.Equal(r[3:], x[3:]) {
					edited[key] = true
				}
			}
			versions, rows, changes = versions+len(full[key].rows), rows+len(want), changes+last
		}
		for _, key := range []string{"Concept ", "Description ", "sRefset SimpleMap"} {
			if !edited[key] {
				t.Errorf("%s, %s: versions differ in the active flag only", name, key)
			}
		}
		if len(snapshot) != len(full) || versions < rows*21/20 || changes < rows/50 {
			t.Errorf("%s: %d versions of %d rows, %d changed last", name, versions, rows, changes)
		}
	}
}

// TestEveryDate: a Full release is one at each of its dates. No version of a
// description or relationship is older than the concepts it is about.
func TestEveryDate(t *testing.T) {
	for name, layout := range layouts {
		w := load(t, Options{Seed: 15, Layout: layout, Release: Full, Releases: 6})
		first := map[string]string{}
		for _, r := range w["Concept "].rows {
			if old, ok := first[r[0]]; !ok || r[1] < old {
				first[r[0]] = r[1]
			}
		}
		older := 0
		for key, columns := range map[string][]int{"Description ": {4}, "TextDefinition ": {4}, "Relationship ": {4, 5}, "RelationshipConcreteValues ": {4}} {
			for _, r := range w[key].rows {
				for _, column := range columns {
					if r[1] < first[r[column]] {
						t.Fatalf("%s: %q, but the concept is of %s", name, r, first[r[column]])
					}
				}
				if r[1] < "20260826" && r[1] > "20260201" {
					older++
				}
			}
		}
		if older < 100 {
			t.Errorf("%s: only %d rows of the dates before the last", name, older)
		}
	}
}

// TestReferences: no row refers to a component that its package and those it
// depends on lack, but for the one association that is a trap.
func TestReferences(t *testing.T) {
	for name, layout := range layouts {
		for _, release := range []Release{Snapshot, Full} {
			w := load(t, Options{Seed: 12, Layout: layout, Release: release})
			have := map[string]bool{}
			for key, x := range w {
				if !strings.Contains(key, "Refset") && !strings.HasPrefix(key, "Identifier") {
					for _, r := range x.rows {
						have[r[0]] = true
					}
				}
			}
			missing := []string{}
			for key, x := range w {
				for _, r := range x.rows {
					for i, column := range x.columns {
						if i == 0 || column == "effectiveTime" || column == "mapTarget" {
							continue
						}
						if id, err := sctid.Parse(r[i]); err == nil && !have[r[i]] {
							missing = append(missing, fmt.Sprintf("%s#%s %d", key, column, id))
						}
					}
				}
			}
			if len(missing) != 1 || !strings.HasPrefix(missing[0], "cRefset Association#targetComponentId") {
				t.Errorf("%s: not there: %q", name, missing)
			}
		}
	}
}

// TestTrapsArePlanted finds every trap in the files of every layout and type
// of release.
func TestTrapsArePlanted(t *testing.T) {
	const site, shape = "363698007", "116676008"
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for layoutName, layout := range layouts {
		for releaseName, release := range releases {
			for seed := range seeds {
				opt := Options{Seed: 20 + seed, Layout: layout, Release: release}
				w := load(t, opt)
				whole := w // what the delta is about
				if release == Delta {
					whole = load(t, Options{Seed: 20 + seed, Layout: layout})
				}
				traps, err := Traps(opt)
				if err != nil {
					t.Fatal(err)
				}
				concepts := map[string]bool{} // and whether they are active
				for id, r := range whole["Concept "].latest() {
					concepts[id] = r[2] == "1"
				}
				seen := map[string]bool{}
				for _, trap := range traps {
					id := trap.Concept.String()
					attributes := func(kind string) map[string][]string { // values by group
						out := map[string][]string{}
						for _, r := range w.active(t, "Relationship ", map[string]string{"sourceId": id, "typeId": kind}) {
							out[r[6]] = append(out[r[6]], r[5])
						}
						return out
					}
					mapRows := func() [][]string {
						if layout == International {
							return w.active(t, "iisssccRefset ExtendedMap", map[string]string{"referencedComponentId": id})
						}
						return w.active(t, "iisssciRefset ExtendedMap", map[string]string{"referencedComponentId": id})
					}
					planted := false
					switch trap.Name {
					case "inactive-member":
						rows := w.active(t, "Refset Simple", map[string]string{"referencedComponentId": id})
						planted = len(rows) > 0 && !concepts[id]
					case "inactive-is-a":
						for _, r := range w["Relationship "].latest() {
							planted = planted || r[4] == id && r[2] == "0" && r[7] == "116680003"
						}
					case "group-0-and-n":
						groups := attributes(site)
						for g, values := range groups {
							for _, v := range values {
								planted = planted || g != "0" && slices.Contains(groups["0"], v)
							}
						}
					case "across-groups":
						sites, shapes := attributes(site), attributes(shape)
						inSites, inShapes, together := false, false, false
						for g, values := range sites {
							if slices.Contains(values, pulmonaryValve.String()) {
								inSites = true
								together = together || slices.Contains(shapes[g], edema.String())
							}
						}
						for _, values := range shapes {
							inShapes = inShapes || slices.Contains(values, edema.String())
						}
						planted = inSites && inShapes && !together
					case "two-values":
						found := map[string]bool{}
						for _, r := range w.active(t, "RelationshipConcreteValues ", map[string]string{"sourceId": id, "typeId": "1142135004"}) {
							found[r[5]] = true
						}
						planted = found["#10"] && found["#20"]
					case "two-dialects":
						us, gb := map[string]string{}, map[string]string{}
						for _, d := range whole.active(t, "Description ", map[string]string{"conceptId": id, "typeId": typeSynonym.String()}) {
							for _, r := range w.active(t, "cRefset Language", map[string]string{"referencedComponentId": d[0]}) {
								switch r[4] {
								case langUS.String():
									us[d[0]] = r[6]
								case langGB.String():
									gb[d[0]] = r[6]
								}
							}
						}
						one, other := false, false
						for d := range us {
							one = one || us[d] == preferred.String() && gb[d] == acceptable.String()
							other = other || us[d] == acceptable.String() && gb[d] == preferred.String()
						}
						planted = one && other
					case "moved-from":
						planted = concepts[id] && len(w.active(t, "cRefset Association", map[string]string{"referencedComponentId": id, "refsetId": assocMovedFrom.String()})) > 0
					case "missing-target":
						for _, r := range w.active(t, "cRefset Association", map[string]string{"referencedComponentId": id}) {
							_, there := concepts[r[6]]
							planted = planted || !there
						}
					case "failing-first-rule":
						for _, r := range mapRows() {
							planted = planted || strings.HasSuffix(r[8], "< 0.0 days") && r[7] == "1" && slices.ContainsFunc(mapRows(), func(x []string) bool {
								return x[6] == r[6] && x[7] == "2" && x[8] == "OTHERWISE TRUE"
							})
						}
					case "no-target":
						for _, r := range mapRows() {
							planted = planted || r[8] == "TRUE" && r[10] == ""
						}
					case "unknown-shape":
						planted = len(w.active(t, "ccissRefset InventedShape", map[string]string{"refsetId": id})) > 0
					case "description-member":
						rows := w.active(t, "Refset Simple", map[string]string{"refsetId": id})
						for _, r := range rows {
							member, err := sctid.Parse(r[5])
							planted = err == nil && member.Kind() == sctid.Description
						}
					default:
						t.Fatalf("the test does not know the trap %s", trap.Name)
					}
					if _, there := concepts[id]; !planted || !there {
						t.Errorf("%s %s, seed %d: no %s at %s", layoutName, releaseName, opt.Seed, trap.Name, id)
					}
					seen[id] = true
				}
				if len(traps) != 12 || len(seen) != 12 {
					t.Errorf("%s %s: %d traps, at %d concepts", layoutName, releaseName, len(traps), len(seen))
				}
			}
		}
	}
}

// TestMetadataIsDescribed: every concept has a fully specified name and a
// preferred synonym, which importers look for also of types and modules.
func TestMetadataIsDescribed(t *testing.T) {
	for name, layout := range layouts {
		w := load(t, Options{Seed: 13, Layout: layout})
		names, terms := map[string]bool{}, map[string]bool{}
		preferredIn := map[string]bool{}
		for _, r := range w.active(t, "cRefset Language", map[string]string{"acceptabilityId": preferred.String()}) {
			preferredIn[r[5]] = true
		}
		for _, r := range w.active(t, "Description ", nil) {
			if preferredIn[r[0]] {
				if r[6] == typeFSN.String() {
					names[r[4]] = true
				} else {
					terms[r[4]] = true
				}
			}
		}
		for id := range w["Concept "].latest() {
			if !names[id] || !terms[id] {
				t.Fatalf("%s: %s has a name %v, a preferred synonym %v", name, id, names[id], terms[id])
			}
		}
	}
}

// TestUntidy: a release has what real ones have beside the traps, each in
// some number, so that tests on it meet more than tidy trees.
func TestUntidy(t *testing.T) {
	w := load(t, Options{Seed: 14, Scale: 0.01})
	x := relationsOf(t, w)
	count := map[string]int{}
	note := func(what string, yes bool) {
		if yes {
			count[what]++
		} else {
			count[what] += 0
		}
	}
	for id := range x.active {
		note("concept with three parents", len(x.parents[id]) > 2)
	}
	for _, r := range w["Concept "].rows {
		note("concept of the edition module", r[3] == moduleEdition.String())
		note("concept of a small module", r[3] == moduleExtra.String())
		note("inactive concept", r[2] == "0")
	}
	inLanguage := ids{}
	for _, r := range w["cRefset Language"].rows {
		inLanguage[r[5]] = true
	}
	for _, r := range w["Description "].rows {
		note("inactive description with dialects", r[2] == "0" && inLanguage[r[0]])
		note("inactive description without", r[2] == "0" && !inLanguage[r[0]])
		note("inactive name", r[2] == "0" && r[6] == typeFSN.String())
		note("active term of an inactive concept", r[2] == "1" && !x.active[r[4]])
	}
	for _, r := range w["Relationship "].rows {
		note("additional relationship", r[8] == charAdditional.String())
		note("inactive parent of an active concept", r[2] == "0" && r[7] == isA.String() && x.active[r[4]])
		note("inactive attribute", r[2] == "0" && r[7] != isA.String())
	}
	note("stated relationship", len(w["StatedRelationship "].rows) > 0)
	note("alternate identifier", len(w["Identifier "].rows) > 0)
	for _, r := range w["Refset Simple"].rows {
		member, _ := sctid.Parse(r[5])
		note("member that has left", r[2] == "0")
		note("inactive concept as a member", r[2] == "1" && member.Kind() == sctid.Concept && !x.active[r[5]])
	}
	possible := map[string]int{}
	for _, r := range w["cRefset Association"].rows {
		note("association to an inactive concept", r[4] != assocMovedFrom.String() && !x.active[r[6]] && r[6] != "")
		note("moved from", r[4] == assocMovedFrom.String())
		if r[4] == assocPossEquiv.String() {
			possible[r[5]]++
		}
	}
	for _, n := range possible {
		note("several possible equivalents", n > 1)
	}
	for _, r := range w["sRefset SimpleMap"].rows {
		note("inactive map row", r[2] == "0")
		note("map row without target", r[6] == "")
	}
	old := 0
	for _, r := range w["iisssciRefset ExtendedMap"].rows {
		for what, text := range map[string]string{"age below": "| < 28.0 days", "age range": ">= 12.0 years AND IFA", "female": "IFA 248152002 ", "male": "IFA 248153007 ", "otherwise": "OTHERWISE TRUE"} {
			note("rule "+what, strings.Contains(r[8], text))
		}
		note("later group", r[6] != "1" && r[7] == "1")
		note("later block", r[12] != "1")
		if r[4] == refsetOPCSOld.String() {
			if old++; r[2] == "1" {
				t.Fatal("the superseded map has an active row")
			}
		}
	}
	note("superseded map", old > 0)
	for what, n := range count {
		if n == 0 {
			t.Errorf("no %s", what)
		}
	}
}
