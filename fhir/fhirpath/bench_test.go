package fhirpath

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhskit/nhskit/fhir"
)

// benchBundle is a Bundle of about 1 MB: 150 patients and 200 observations.
var benchBundle = sync.OnceValue(func() fhir.Node {
	patient, err := os.ReadFile("testdata/patient.json")
	if err != nil {
		panic(err)
	}
	observation, err := os.ReadFile("testdata/observation.json")
	if err != nil {
		panic(err)
	}
	var b strings.Builder
	b.WriteString(`{"resourceType":"Bundle","type":"collection","entry":[`)
	for i := range 350 {
		if i > 0 {
			b.WriteByte(',')
		}
		body := patient
		if i >= 150 {
			body = observation
		}
		fmt.Fprintf(&b, `{"fullUrl":"urn:uuid:00000000-0000-4000-8000-%012d","resource":%s}`, i, body)
	}
	b.WriteString(`]}`)
	tree, err := fhir.Parse([]byte(b.String()))
	if err != nil {
		panic(err)
	}
	return tree.Root()
})

func benchPatient(b testing.TB, name string) fhir.Node {
	return readInput(b, "testdata/"+name)
}

// BenchmarkEval measures expressions on a parsed resource, compiled before.
func BenchmarkEval(b *testing.B) {
	patient := benchPatient(b, "patient.json")
	contained := benchPatient(b, "patient-contained.json")
	for _, c := range []struct {
		name, expr string
		in         fhir.Node
	}{
		{"P1", "name.given.first()", patient},
		{"P2", "telecom.where(system='phone').value", patient},
		{"P3 ele-1", "hasValue() or (children().count() > id.count())", patient},
		{"P4 dom-3", "contained.where((('#'+id in (%resource.descendants().reference | %resource.descendants().ofType(canonical) | %resource.descendants().ofType(uri) | %resource.descendants().ofType(url))) or descendants().where(reference = '#').exists() or descendants().where(ofType(canonical) = '#').exists()).not()).trace('unmatched', id).empty()", contained},
		{"P4 dom-3 native", dom3, contained},
		{"P5", "birthDate + 18 years <= today()", patient},
		{"P6 pat-1", "contact.all(name.exists() or telecom.exists() or address.exists() or organization.exists())", patient},
		{"P7 folded", "1 'g' = 1000 'mg'", patient},
		{"P7 dynamic", "%a = %b", patient},
		{"P8", "descendants().count()", patient},
		{"P9 folded", "1.1 * 2.2 + 3.3 = 5.72", patient},
		{"P9 dynamic", "%c * %d + %e = 5.72", patient},
		{"B1", "Bundle.entry.resource.ofType(Patient).name.family.count()", benchBundle()},
		{"B2 bdl-7", "(entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId).isDistinct())", benchBundle()},
		{"B3", "Bundle.entry.resource.ofType(Observation).value.ofType(Quantity).where(value > 100).count()", benchBundle()},
		{"B4", "Bundle.descendants().count()", benchBundle()},
		{"B5", "Bundle.entry.resource.where($this is Patient).name.given.first()", benchBundle()},
	} {
		b.Run(c.name, func(b *testing.B) {
			quantity := func(s string) []Value { return []Value{parseQuantity(s)} }
			env := &Env{Variables: map[string][]Value{
				"a": quantity("1 'g'"), "b": quantity("1000 'mg'"),
				"c": {parseDecimal("1.1")}, "d": {parseDecimal("2.2")}, "e": {parseDecimal("3.3")},
			}}
			var opts []Option
			for name := range env.Variables {
				opts = append(opts, Variable(name, ""))
			}
			x := MustCompile(c.expr, append(opts, Input(c.in.Type().Name()))...)
			ctx := context.Background()
			var out []Value
			b.ReportAllocs()
			start := cpuTime()
			defer func() { b.ReportMetric(float64(cpuTime()-start)/float64(b.N), "cpu-ns/op") }()
			for b.Loop() {
				var err error
				if out, err = x.Append(ctx, out[:0], c.in, env); err != nil {
					b.Fatal(err)
				}
			}
			if len(out) == 0 && c.name != "P5" {
				b.Fatal("empty result")
			}
		})
	}
}

// invariant is one of R4 with the types it holds for.
type invariant struct {
	key, text string
	input     Option
}

// everyInvariant gathers the distinct expressions of R4.
func everyInvariant() []invariant {
	var all []invariant
	seen := map[string]bool{}
	for s := range fhir.R4().Structures() {
		if s.IsProfile() || s.Kind() == fhir.KindLogical {
			continue
		}
		for e := range s.Elements() {
			for c := range e.Constraints() {
				if !seen[c.Expression] {
					seen[c.Expression] = true
					all = append(all, invariant{c.Key, c.Expression, Input(contextOf(s, e)...)})
				}
			}
		}
	}
	return all
}

// BenchmarkCompileInvariants compiles every invariant of R4 in its context; the
// time is for one: the mean, and the median of the means of each. The regular
// expressions are compiled when they are first used and measured apart.
func BenchmarkCompileInvariants(b *testing.B) {
	all := everyInvariant()
	cost := make([]time.Duration, len(all))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		for i, v := range all {
			start := cpuTime()
			for range 20 {
				if _, err := Invariant(v.key, v.text, v.input); err != nil {
					b.Fatal(err)
				}
			}
			cost[i] += cpuTime() - start
		}
	}
	var sum time.Duration
	for _, c := range cost {
		sum += c
	}
	slices.Sort(cost)
	b.ReportMetric(float64(sum)/float64(20*n*len(all)), "mean-cpu-ns/invariant")
	b.ReportMetric(float64(cost[len(all)/2])/float64(20*n), "median-cpu-ns/invariant")
}

// BenchmarkCompilePattern measures the longest regular expression of R4's
// invariants.
func BenchmarkCompilePattern(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		p := pattern{text: "^[A-Z]([A-Za-z0-9_]){0,254}$"}
		if _, err := p.compiled(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompile measures parse, check and compilation.
func BenchmarkCompile(b *testing.B) {
	for _, c := range []struct{ name, typ, expr string }{
		{"pat-1", "Patient.contact", "name.exists() or telecom.exists() or address.exists() or organization.exists()"},
		{"search", "Patient", "Patient.name.given"},
		{"obs-7", "Observation", "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			start := cpuTime()
			defer func() { b.ReportMetric(float64(cpuTime()-start)/float64(b.N), "cpu-ns/op") }()
			for b.Loop() {
				if _, err := Compile(c.expr, Input(c.typ)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
