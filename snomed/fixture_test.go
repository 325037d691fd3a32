package snomed_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// fixture is a release written row by row, for what the generator does not
// make. Every row is of one version and one module unless it says otherwise.
type fixture struct {
	name  string
	kind  string // release type of the files
	files map[string][]string
	next  uint64
}

const fixtureModule = "900000000000207008"

// newFixture returns a release with a root and the metadata that rows use.
func newFixture(name string) *fixture {
	f := &fixture{name: name, kind: "Snapshot", files: map[string][]string{}, next: 1000}
	for _, id := range []string{"138875005", "116680003", fixtureModule} {
		f.concept(id, "20260101", "1")
		if id != "138875005" {
			f.isA(id, "138875005")
		}
	}
	return f
}

// id makes a new identifier.
func (f *fixture) id(k sctid.Kind) string {
	f.next++
	id, err := sctid.New(k, "", f.next)
	if err != nil {
		panic(err)
	}
	return id.String()
}

// uuid makes a new identifier of a member.
func (f *fixture) uuid() string {
	f.next++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", f.next)
}

// row adds a row to a file of which the name lacks the release type.
func (f *fixture) row(file, header string, fields ...string) {
	if f.files[file] == nil {
		f.files[file] = []string{strings.ReplaceAll(header, " ", "\t")}
	}
	f.files[file] = append(f.files[file], strings.Join(fields, "\t"))
}

func (f *fixture) concept(id, time, active string) {
	f.row("sct2_Concept_*_INT_20260101.txt", "id effectiveTime active moduleId definitionStatusId", id, time, active, fixtureModule, "900000000000074008")
}

// newConcept adds an active concept below the root.
func (f *fixture) newConcept() string {
	id := f.id(sctid.Concept)
	f.concept(id, "20260101", "1")
	f.isA(id, "138875005")
	return id
}

func (f *fixture) relationship(id, time, active, from, to, group, kind string) {
	f.row("sct2_Relationship_*_INT_20260101.txt", "id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId",
		id, time, active, fixtureModule, from, to, group, kind, "900000000000011006", "900000000000451002")
}

func (f *fixture) isA(from, to string) {
	f.relationship(f.id(sctid.Relationship), "20260101", "1", from, to, "0", "116680003")
}

func (f *fixture) description(id, time, active, concept, kind, term string) {
	f.row("sct2_Description_*-en_INT_20260101.txt", "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId",
		id, time, active, fixtureModule, concept, "en", kind, term, "900000000000448009")
}

// term adds a synonym.
func (f *fixture) term(concept, term string) string {
	id := f.id(sctid.Description)
	f.description(id, "20260101", "1", concept, "900000000000013009", term)
	return id
}

// language adds a member of a language reference set.
func (f *fixture) language(refset, description, acceptability string) {
	f.row("der2_cRefset_Language*-en_INT_20260101.txt", memberHeader+" acceptabilityId", f.uuid(), "20260101", "1", fixtureModule, refset, description, acceptability)
}

const memberHeader = "id effectiveTime active moduleId refsetId referencedComponentId"

// association adds a member of an association reference set.
func (f *fixture) association(refset, from, to, active string) {
	f.row("der2_cRefset_Association*_INT_20260101.txt", memberHeader+" targetComponentId", f.uuid(), "20260101", active, fixtureModule, refset, from, to)
}

// open returns the release.
func (f *fixture) open(t testing.TB) *rf2.Release {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, rows := range f.files {
		fsys["Release/"+strings.Replace(name, "*", f.kind, 1)] = &fstest.MapFile{Data: []byte(strings.Join(rows, "\r\n") + "\r\n")}
	}
	r, err := rf2.OpenFS(fsys, f.name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// store builds a store of releases.
func store(t testing.TB, opt snomed.BuildOptions, releases ...*rf2.Release) (*snomed.Store, *snomed.BuildReport) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "store")
	report, err := snomed.Build(context.Background(), releases, file, opt)
	if err != nil {
		t.Fatal(err)
	}
	st, err := snomed.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st, report
}

// at is the ordinal of a concept.
func at(t testing.TB, st *snomed.Store, id string) snomed.Ordinal {
	t.Helper()
	o, err := st.Ordinal(must(sctid.Parse(id)))
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return o
}
