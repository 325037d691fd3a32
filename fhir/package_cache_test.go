package fhir

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestOpenCached(t *testing.T) {
	cache := fstest.MapFS{}
	add := func(label, depends string) {
		name, version, _ := strings.Cut(label, "#")
		cache[label+"/package/package.json"] = &fstest.MapFile{Data: []byte(`{"name":"` + name + `","version":"` + version + `","dependencies":{` + depends + `}}`)}
		cache[label+"/package/CodeSystem-a.json"] = &fstest.MapFile{Data: []byte(codeSystem("http://example.org/"+name, version))}
	}
	add("uk#2.0.0", `"hl7.fhir.r4.core":"4.0.1","base":"1.1.x"`)
	add("uk#10.0.0", `"base":"1.1.x","absent":"1"`)
	add("base#1.1.2", `"uk":"2.0.0"`) // a circle
	add("base#1.1.10", ``)
	add("base#1.2.0", ``)
	add("liar#1", ``)
	cache["liar#1/package/package.json"] = &fstest.MapFile{Data: []byte(`{"name":"other","version":"1"}`)}

	labels := func(packages []*Package) string {
		var out []string
		for _, p := range packages {
			out = append(out, p.Name()+"#"+p.Version())
		}
		return strings.Join(out, " ")
	}
	for label, want := range map[string]string{
		"uk#2.0.0": "base#1.1.10 uk#2.0.0", "uk": "base#1.1.10 uk#10.0.0", "uk#latest": "base#1.1.10 uk#10.0.0",
		"base#1.1.2": "base#1.1.10 uk#2.0.0 base#1.1.2", "base#1.x": "base#1.2.0",
	} {
		got, err := OpenCached(cache, PackageLimits{}, label)
		if err != nil || labels(got) != want {
			t.Errorf("%s: %s, %v; want %s", label, labels(got), err, want)
		}
	}
	packages, err := OpenCached(cache, PackageLimits{}, "uk#10.0.0")
	if err != nil {
		t.Fatal(err)
	}
	if missing := NewLibrary(packages...).MissingDependencies(); len(missing) != 1 || missing[0] != "absent#1" {
		t.Errorf("missing %v", missing)
	}
	if _, err := OpenCached(cache, PackageLimits{}, "none#1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a package that is not there: %v", err)
	}
	if _, err := OpenCached(cache, PackageLimits{}, "liar#1"); err == nil {
		t.Error("a package under another's name was opened")
	}
}

// TestCoreOfAnotherVersion opens a package of R4 that names the types of R5
// among its dependencies, as UK Core does.
func TestCoreOfAnotherVersion(t *testing.T) {
	cache := fstest.MapFS{}
	for label, manifest := range map[string]string{
		"uk#1":                   `{"name":"uk","version":"1","fhirVersions":["4.0.1"],"dependencies":{"hl7.fhir.r4.core":"4.0.1","hl7.fhir.r5.core":"5.0.0"}}`,
		"five#1":                 `{"name":"five","version":"1","fhirVersions":["5.0.0"],"dependencies":{"hl7.fhir.r5.core":"5.0.0"}}`,
		"hl7.fhir.r5.core#5.0.0": `{"name":"hl7.fhir.r5.core","version":"5.0.0","fhirVersions":["5.0.0"]}`,
	} {
		cache[label+"/package/package.json"] = &fstest.MapFile{Data: []byte(manifest)}
	}
	for label, want := range map[string]int{"uk": 1, "five": 2, "hl7.fhir.r5.core": 1} {
		packages, err := OpenCached(cache, PackageLimits{}, label)
		if err != nil || len(packages) != want {
			t.Errorf("%s: %d packages, %v; want %d", label, len(packages), err, want)
		}
		if missing := NewLibrary(packages...).MissingDependencies(); len(missing) > 0 {
			t.Errorf("%s: missing %v", label, missing)
		}
	}
}
