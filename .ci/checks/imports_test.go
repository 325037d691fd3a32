package checks

import (
	"slices"
	"sort"
	"strings"
	"testing"
)

// six are the independent packages; each may also use its own sub-packages.
var six = []string{"nhsnumber", "hl7v2", "fhir", "snomed", "dmd", "consent"}

// mayUse lists, for a folder and all below it, which of the other five it may
// import. The longest matching folder decides. What is not listed may use
// only its own family.
var mayUse = map[string][]string{
	"consent":             {"nhsnumber"},
	"consent/audit":       {"nhsnumber", "fhir"}, // FHIR AuditEvent per decision
	"consent/fhirconsent": {"nhsnumber", "fhir"},
	"dmd":                 {"snomed/sctid"},
	"dmd/tofhir":          {"snomed/sctid", "fhir"},
	"fhir/ukcore":         {"nhsnumber", "snomed/sctid"},
	"hl7v2/tofhir":        {"nhsnumber", "fhir"},
	"hl7v2/uk":            {"nhsnumber"},
	"hl7v2/hl7v2test":     {"nhsnumber"},
	"snomed/tofhir":       {"fhir"},
}

// thirdParty lists the modules that each package family may use outside its
// tests and test helpers.
var thirdParty = map[string][]string{
	"nhsnumber": {},
	"hl7v2":     {"golang.org/x/text", "github.com/beevik/etree"},
	"fhir":      {"golang.org/x/text"},
	"snomed":    {"golang.org/x/text", "golang.org/x/sys"},
	"dmd":       {"golang.org/x/text", "golang.org/x/sys", "github.com/beevik/etree"},
	"consent":   {"golang.org/x/sys", "golang.org/x/mod", "github.com/santhosh-tekuri/jsonschema/v5"},
}

// forTests are admitted in the *test packages only.
var forTests = []string{"github.com/google/go-cmp", "pgregory.net/rapid"}

func family(rel string) string { return strings.SplitN(rel, "/", 2)[0] }

// within reports whether rel is folder or lies below it.
func within(rel, folder string) bool { return rel == folder || strings.HasPrefix(rel, folder+"/") }

// allowed returns what the longest matching entry of mayUse allows.
func allowed(rel string) []string {
	best := ""
	for folder := range mayUse {
		if within(rel, folder) && len(folder) > len(best) {
			best = folder
		}
	}
	return mayUse[best]
}

func TestImports(t *testing.T) {
	all := allPackages(t)
	for _, p := range ownPackages(t) {
		rel := p.rel()
		fam := family(rel)
		if !slices.Contains(six, fam) {
			continue
		}
		for _, dep := range p.Deps {
			d := all[dep]
			depRel := d.rel()
			switch {
			case d.Standard || d.Module == nil:
			case d.Module.Path == modulePath:
				ok := family(depRel) == fam || slices.ContainsFunc(allowed(rel), func(a string) bool { return within(depRel, a) })
				if !ok {
					t.Errorf("%s must not depend on %s", rel, depRel)
				}
				if d.isTestHelper() && !p.isTestHelper() {
					t.Errorf("%s depends on the test helpers %s", rel, depRel)
				}
			default:
				ok := slices.Contains(thirdParty[fam], d.Module.Path) || p.isTestHelper() && slices.Contains(forTests, d.Module.Path)
				if !ok {
					t.Errorf("%s must not depend on module %s", rel, d.Module.Path)
				}
			}
		}
	}
}

// TestStandardLibraryOnly holds nhsnumber and snomed/sctid to the standard
// library, whatever the tables above say.
func TestStandardLibraryOnly(t *testing.T) {
	all := allPackages(t)
	for _, rel := range []string{"nhsnumber", "snomed/sctid"} {
		p, ok := all[modulePath+"/"+rel]
		if !ok {
			t.Errorf("there is no package %s", rel)
			continue
		}
		for _, dep := range p.Deps {
			if d := all[dep]; !d.Standard {
				t.Errorf("%s depends on %s", rel, dep)
			}
		}
	}
}

// TestForbiddenImports keeps processes, plugins, the network and the old
// random source out of what users import.
func TestForbiddenImports(t *testing.T) {
	network := []string{"hl7v2/mllp", "hl7v2/hl7v2test"}
	for _, p := range ownPackages(t) {
		if !p.isCore() {
			continue
		}
		_, files := parsed(t, p)
		for _, f := range files {
			for _, spec := range f.Imports {
				path := strings.Trim(spec.Path.Value, `"`)
				bad := path == "os/exec" || path == "plugin" || path == "math/rand"
				if path == "net" || strings.HasPrefix(path, "net/http") || path == "crypto/tls" {
					bad = !slices.Contains(network, p.rel())
				}
				if bad {
					t.Errorf("%s imports %s", p.rel(), path)
				}
			}
		}
	}
}

// TestClosedTopLevel keeps the list of top-level names as it is.
func TestClosedTopLevel(t *testing.T) {
	known := append(slices.Clone(six), "examples", "go.mod", "go.sum", "README.md", "LICENSE", "NOTICE")
	sort.Strings(known)
	for _, file := range tracked(t) {
		name := family(file)
		if _, ok := slices.BinarySearch(known, name); !ok && !strings.HasPrefix(name, ".") {
			t.Errorf("%s: the top level is closed", file)
		}
	}
}
