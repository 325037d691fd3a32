package tofhir_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

type factFile struct {
	Message string
	Expect  []fact
}

type fact struct {
	Path     string
	Equals   []any
	Includes []any
	Tier     string
}

// check evaluates a fact; the error says that the test does not understand it.
func (f fact) check(bundle any) (bool, []any, error) {
	got, err := evaluate(f.Path, []any{bundle})
	if err != nil {
		return false, nil, err
	}
	switch {
	case f.Equals != nil:
		if len(got) != len(f.Equals) {
			return false, got, nil
		}
		for i := range got {
			if !same(got[i], f.Equals[i]) {
				return false, got, nil
			}
		}
		return true, got, nil
	case f.Includes != nil:
		for _, want := range f.Includes {
			if !slices.ContainsFunc(got, func(g any) bool { return same(g, want) }) {
				return false, got, nil
			}
		}
		return true, got, nil
	}
	return false, nil, fmt.Errorf("a fact without equals and includes")
}

func same(a, b any) bool {
	x, ok1 := a.(json.Number)
	y, ok2 := b.(json.Number)
	if ok1 && ok2 {
		p, _ := x.Float64()
		q, _ := y.Float64()
		return p == q
	}
	return reflect.DeepEqual(a, b)
}

// evaluate reads the subset of FHIRPath that the facts use, over decoded
// JSON.
func evaluate(path string, in []any) ([]any, error) {
	path = strings.TrimSpace(path)
	if strings.HasPrefix(path, "(") && strings.HasSuffix(path, ")") && strings.Contains(path, " | ") {
		var out []any
		for _, part := range strings.Split(path[1:len(path)-1], " | ") {
			r, err := evaluate(part, in)
			if err != nil {
				return nil, err
			}
			out = append(out, r...)
		}
		return out, nil
	}
	for path != "" {
		step, rest := cutStep(path)
		path = rest
		name, arg, isCall := strings.Cut(step, "(")
		arg = strings.TrimSuffix(arg, ")")
		var out []any
		switch {
		case !isCall && name == "Bundle":
			out = in
		case !isCall && name == "$this":
			out = in
		case !isCall:
			for _, v := range in {
				out = append(out, child(v, name)...)
			}
		case name == "ofType":
			for _, v := range in {
				if m, ok := v.(map[string]any); ok && m["resourceType"] == arg {
					out = append(out, v)
				}
			}
		case name == "count":
			out = []any{json.Number(strconv.Itoa(len(in)))}
		case name == "exists":
			out = []any{len(in) > 0}
		case name == "empty":
			out = []any{len(in) == 0}
		case name == "extension":
			for _, v := range in {
				for _, e := range child(v, "extension") {
					if m, ok := e.(map[string]any); ok && m["url"] == strings.Trim(arg, "'") {
						out = append(out, e)
					}
				}
			}
		case name == "where":
			left, right, ok := strings.Cut(arg, "=")
			if !ok {
				return nil, fmt.Errorf("where(%s) is not understood", arg)
			}
			var want any = strings.Trim(right, "'")
			if right == "false" || right == "true" {
				want = right == "true"
			}
			for _, v := range in {
				vals, err := evaluate(left, []any{v})
				if err != nil {
					return nil, err
				}
				if slices.ContainsFunc(vals, func(x any) bool { return same(plainValue(x), want) }) {
					out = append(out, v)
				}
			}
		default:
			return nil, fmt.Errorf("function %s is not understood", name)
		}
		in = out
	}
	for i := range in {
		in[i] = plainValue(in[i])
	}
	return in, nil
}

func cutStep(path string) (step, rest string) {
	depth, quoted := 0, false
	for i, r := range path {
		switch {
		case r == '\'':
			quoted = !quoted
		case quoted:
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == '.' && depth == 0:
			return path[:i], path[i+1:]
		}
	}
	return path, ""
}

// primitive is a value with its companion object.
type primitive struct{ value, companion any }

func plainValue(v any) any {
	if p, ok := v.(primitive); ok {
		return p.value
	}
	return v
}

func child(v any, name string) []any {
	if p, ok := v.(primitive); ok {
		v = p.companion
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	val, found := m[name]
	key := name
	if !found {
		// A choice: value stands for valueQuantity and the like.
		keys := make([]string, 0, len(m))
		for k := range m {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			if rest, ok := strings.CutPrefix(k, name); ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' && choices[name] {
				val, found, key = m[k], true, k
				break
			}
		}
	}
	comp := m["_"+key]
	if list, ok := val.([]any); ok {
		comps, _ := comp.([]any)
		var out []any
		for i, x := range list {
			if i < len(comps) && comps[i] != nil {
				x = primitive{x, comps[i]}
			}
			if x != nil {
				out = append(out, x)
			}
		}
		return out
	}
	if comp != nil {
		return []any{primitive{val, comp}}
	}
	if !found || val == nil {
		return nil
	}
	return []any{val}
}

var choices = map[string]bool{"value": true, "event": true, "effective": true, "onset": true, "deceased": true, "multipleBirth": true, "occurrence": true, "performed": true, "occurred": true, "medication": true, "collected": true, "serviced": true, "reported": true, "product": true, "dose": true, "rate": true, "author": true, "additive": true, "fastingStatus": true, "quantity": true, "asNeeded": true, "allowed": true, "abatement": true, "substance": true, "location": true, "content": true, "minimumVolume": true, "age": true, "bounds": true, "source": true, "subject": true, "statusReason": true, "definition": true, "target": true, "item": true, "time": true}

func decode(data []byte) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

func suiteOptions(suite string) []tofhir.Option {
	switch suite {
	case "uk":
		return []tofhir.Option{tofhir.UK()}
	case "linuxforhealth":
		return []tofhir.Option{tofhir.WithLocation(time.FixedZone("", 8*3600))}
	}
	return nil
}

type tally struct{ passed, total int }

// TestFacts converts every message of the corpus and compares it with what is
// known of the result. See testdata/floor.txt.
func TestFacts(t *testing.T) {
	root := corpus.Path(t, "v2-to-fhir")
	floors := readFloors(t)
	disputed := readDisputed(t)
	used := map[string]bool{}
	show := os.Getenv("TOFHIR_MISSES")
	for _, suite := range []string{"uk", "reportstream", "fhir-converter", "linuxforhealth"} {
		t.Run(suite, func(t *testing.T) {
			conv, err := tofhir.New(suiteOptions(suite)...)
			if err != nil {
				t.Fatal(err)
			}
			tallies := map[string]*tally{}
			misses := map[string]int{}
			ukNeeded := tally{}
			files, unconverted := 0, 0
			err = filepath.WalkDir(filepath.Join(root, "facts", suite), func(path string, d fs.DirEntry, err error) error {
				if err != nil || filepath.Ext(path) != ".json" {
					return err
				}
				data, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				dec := json.NewDecoder(strings.NewReader(string(data)))
				dec.UseNumber()
				var f factFile
				if err := dec.Decode(&f); err != nil {
					return err
				}
				raw, err := os.ReadFile(filepath.Join(root, f.Message))
				if err != nil {
					return err
				}
				files++
				var bundle any = map[string]any{}
				if m, err := hl7v2.Parse(raw); err != nil {
					t.Errorf("%s: %v", f.Message, err)
				} else if res, err := conv.Convert(m); err != nil {
					unconverted++
					misses["(not converted) "+err.Error()]++
				} else {
					checkResult(t, f.Message, m, conv, res)
					if bundle, err = decode(res.Bundle); err != nil {
						t.Errorf("%s: %v\n%s", f.Message, err, res.Bundle)
						return nil
					}
				}
				needed := regexp.MustCompile(`adt-a(01|03|08|28|31|40)|oru-r01`).MatchString(f.Message)
				for _, ft := range f.Expect {
					ok, got, err := ft.check(bundle)
					if err != nil {
						t.Fatalf("%s: %s: %v", f.Message, ft.Path, err)
					}
					key := f.Message + " " + ft.Path
					if disputed[key] && !ok {
						used[key] = true
						continue
					}
					tl := tallies[ft.Tier]
					if tl == nil {
						tl = &tally{}
						tallies[ft.Tier] = tl
					}
					tl.total++
					if suite == "uk" && needed {
						ukNeeded.total++
					}
					if ok {
						tl.passed++
						if needed {
							ukNeeded.passed++
						}
						continue
					}
					misses[ft.Path]++
					if suite == "uk" && needed {
						t.Errorf("%s: %s: got %v, want %v%v", f.Message, ft.Path, got, ft.Equals, ft.Includes)
					} else if show != "" && strings.Contains(f.Message+" "+ft.Path, show) {
						t.Logf("%s: %s: got %.300v, want %v%v", f.Message, ft.Path, got, ft.Equals, ft.Includes)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d messages, %d not converted", files, unconverted)
			var tiers []string
			for tier := range tallies {
				tiers = append(tiers, tier)
			}
			sort.Strings(tiers)
			for _, tier := range tiers {
				tl, name := tallies[tier], suite+"/"+tier
				t.Logf("%-28s %5d of %5d  %.1f%%", name, tl.passed, tl.total, 100*float64(tl.passed)/float64(tl.total))
				if tl.passed < floors[name] {
					t.Errorf("%s: %d passed, the floor is %d", name, tl.passed, floors[name])
				}
			}
			if os.Getenv("TOFHIR_MISSES") != "" {
				var keys []string
				for k := range misses {
					keys = append(keys, k)
				}
				sort.Slice(keys, func(i, j int) bool { return misses[keys[i]] > misses[keys[j]] })
				for _, k := range keys[:min(len(keys), 80)] {
					t.Logf("%4d %s", misses[k], k)
				}
			}
		})
	}
	if !t.Failed() && len(used) != len(disputed) {
		for k := range disputed {
			if !used[k] {
				t.Errorf("disputed.csv: no such fact, or it holds: %s", k)
			}
		}
	}
}

// checkResult checks what must hold of every conversion.
func checkResult(t *testing.T, name string, m *hl7v2.Message, conv *tofhir.Converter, res tofhir.Result) {
	t.Helper()
	l := res.Loss
	if l.Leaves != l.Mapped+l.Kept+l.Lost || len(l.Items) != l.Kept+l.Lost {
		t.Errorf("%s: %d leaves, %d mapped, %d kept, %d lost, %d items", name, l.Leaves, l.Mapped, l.Kept, l.Lost, len(l.Items))
	}
	again, err := conv.Convert(m)
	if err != nil || string(again.Bundle) != string(res.Bundle) {
		t.Errorf("%s: a second conversion differs", name)
	}
	ids := map[string]bool{}
	for _, u := range regexp.MustCompile(`"fullUrl":"([^"]*)"`).FindAllStringSubmatch(string(res.Bundle), -1) {
		if ids[u[1]] {
			t.Errorf("%s: two entries have the id %s", name, u[1])
		}
		ids[u[1]] = true
	}
	for _, u := range regexp.MustCompile(`"reference":"([^"]*)"`).FindAllStringSubmatch(string(res.Bundle), -1) {
		if !ids[u[1]] {
			t.Errorf("%s: reference %s dangles", name, u[1])
		}
	}
}

func readFloors(t *testing.T) map[string]int {
	data, err := os.ReadFile("testdata/floor.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		f := strings.Fields(line)
		n, err := strconv.Atoi(f[1])
		if err != nil || len(f) != 3 {
			t.Fatalf("floor.txt: %q", line)
		}
		out[f[0]] = n
	}
	return out
}

func readDisputed(t *testing.T) map[string]bool {
	f, err := os.Open("testdata/disputed.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	recs, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, r := range recs[1:] {
		if len(r) != 4 || r[3] == "" {
			t.Fatalf("disputed.csv: no evidence: %q", r)
		}
		out[r[0]+" "+r[1]] = true
	}
	return out
}
