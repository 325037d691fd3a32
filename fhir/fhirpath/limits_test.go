package fhirpath

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/fhir/internal/growth"
)

// codeOf returns the code of an error of this package.
func codeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Issues[0].Code
	}
	return ""
}

func TestHostileExpressions(t *testing.T) {
	limits := Limits{Items: 100_000, Steps: 2_000_000}
	if os.Getenv("NHSKIT_LONG") != "" {
		limits = Limits{} // the defaults
	}
	patient := readInput(t, "testdata/patient.json")
	for _, c := range []struct {
		name, expr string
		want       Code // "" for no error
	}{
		{"1 MB of or", strings.Repeat("true or ", 131_000) + "true", CodeLimit},
		{"1 MB of path", "name" + strings.Repeat(".given", 170_000), CodeLimit},
		{"over 1 MB", strings.Repeat(" ", 1<<20) + "1", CodeLimit},
		{"1 MB string", "'" + strings.Repeat("x", 1<<20-10) + "'", ""},
		{"10,000 parentheses", strings.Repeat("(", 10_000) + "1" + strings.Repeat(")", 10_000), CodeLimit},
		{"199 parentheses", strings.Repeat("(", 199) + "1" + strings.Repeat(")", 199), ""},
		{"10,000 minus signs", strings.Repeat("-", 10_000) + "1", CodeLimit},
		{"10,000 calls", strings.Repeat("iif(true,", 10_000) + "1" + strings.Repeat(")", 10_000), CodeLimit},
		{"open parentheses", strings.Repeat("(", 150), CodeSyntax},
		{"nested traces", "name" + strings.Repeat(".trace('x')", 500), ""},
		{"nested unions", "name" + strings.Repeat(" | name", 500), ""},
		{"exponential string", "'xxxxxxxxxxxxxxxx'" + strings.Repeat(".replace('x', 'xxxxxxxxxxxxxxxx')", 30), CodeLimit},
		{"exponential list", "(1 | 2)" + strings.Repeat(".select($this.combine($this))", 40), CodeLimit},
		{"endless repeatAll", "1.repeatAll($this)", CodeLimit},
		{"endless repeat", "1.repeat($this + 1)", CodeLimit},
		{"descendants of descendants", "descendants()" + strings.Repeat(".select(%context.descendants())", 5), CodeLimit},
		{"regular expression", "'" + strings.Repeat("a", 5000) + "!'.matches('^(a+)+$')", ""},
		{"nested repetition", "'a'.matches('(((a{100}){100}){100})')", CodeOperand},
		{"look-ahead", "'a'.matches('(?=a)')", CodeOperand},
		{"division by zero", "1 / 0 | 1.5 div 0 | 1 mod 0 | 1 'mg' / 0 'mg'", ""},
		{"huge power", "10.power(2000000000)", ""},
		{"huge exponent", "(2.0).exp().exp().exp().exp().exp()", ""},
		{"long decimal", strings.Repeat("9", 999) + ".5", ""},
		{"too long a decimal", strings.Repeat("9", 2000) + ".5", CodeLiteral},
		{"multiplied decimals", "(" + strings.Repeat("9.9999999999999999", 1) + ")" + strings.Repeat(" * 9.9999999999999999", 100), ""},
		{"no such month", "@2015-13-01", CodeLiteral},
		{"no such day", "@2015-02-29", CodeLiteral},
		{"no such hour", "@T24:00", CodeLiteral},
		{"no such zone", "@2015-02-04T14:34:28+15:00", CodeLiteral},
		{"before the calendar", "@0001-01-01 - 1 day", ""},
		{"after the calendar", "@9999-12-31 + 9999 years", ""},
		{"long unit", "1 '" + strings.Repeat("mol.", 500) + "m' = 1 'm'", ""},
		{"nil-pointer panic of another engine", "'a' ~ 'a'", ""},
		{"beyond 32 bits", "2147483648", CodeLiteral},
		{"least integer", "-2147483648", ""},
		{"overflow", "2147483647 + 1", ""},
		{"long overflow", "9223372036854775807L + 1L", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			x, err := Compile(c.expr, WithLimits(limits))
			if err == nil {
				_, err = x.Eval(context.Background(), patient, nil)
			}
			if codeOf(err) != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
			if e, ok := errors.AsType[*Error](err); ok && (e.Issues[0].Offset < 0 || e.Issues[0].Line < 1 || len(e.Error()) > 500) {
				t.Errorf("the error has no place or is too long: %+v", e)
			}
			// Without its limit each would run for ever.
			if d := time.Since(start); d > 5*time.Minute {
				t.Errorf("took %v", d)
			}
		})
	}
}

// Each limit holds where it is set, and not one before it.
func TestLimitOptions(t *testing.T) {
	patient := readInput(t, "testdata/patient.json")
	for _, c := range []struct {
		name     string
		limits   Limits
		ok, over string
	}{
		{"length", Limits{Length: 5}, "1 + 1", "1 + 12"},
		{"depth", Limits{Depth: 3}, "((1))", "(((1)))"},
		{"nodes", Limits{Nodes: 3}, "1 + 1", "1 + 1 + 1"},
		{"items", Limits{Items: 4}, "telecom.combine({})", "telecom.combine(1)"},
		{"items in between", Limits{Items: 5}, "name.given.sort().count()", "name.given.combine(1).sort().count()"},
		{"bytes", Limits{Bytes: 4}, "gender.first().substring(0, 2) & 'xx'", "gender.first().substring(0, 2) & 'xxx'"},
		{"steps", Limits{Steps: 10_000}, "name.count()", "(1|2|3|4|5|6|7|8|9|10).select(%context.descendants()).select(%context.descendants()).count()"},
	} {
		for text, want := range map[string]Code{c.ok: "", c.over: CodeLimit} {
			x, err := Compile(text, WithLimits(c.limits))
			if err == nil {
				_, err = x.Eval(context.Background(), patient, nil)
			}
			if codeOf(err) != want {
				t.Errorf("%s: %s: %v, want %q", c.name, text, err, want)
			}
		}
	}
	if _, err := Compile(strings.Repeat("(", 1000)+"1"+strings.Repeat(")", 1000), WithLimits(Limits{Depth: -1})); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}

// A cancelled context ends an evaluation within a millisecond.
func TestCancel(t *testing.T) {
	patient := readInput(t, "testdata/patient.json")
	x := MustCompile("(1|2|3|4|5|6|7|8|9|10).select(%context.descendants()).select(%context.descendants()).select(%context.descendants()).where(id = 'x').exists()", WithLimits(Limits{Steps: -1}))
	best := time.Hour
	// A busy machine delays some of the attempts, but not all.
	for range 1000 {
		if best <= time.Millisecond {
			break
		}
		ctx, cancel := context.WithCancel(context.Background())
		var at time.Time
		time.AfterFunc(5*time.Millisecond, func() { at = time.Now(); cancel() })
		_, err := x.Eval(ctx, patient, nil)
		late := time.Since(at)
		if codeOf(err) != CodeCancelled || !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		best = min(best, late)
	}
	if best > time.Millisecond {
		t.Errorf("stopped %v after the cancellation", best)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := MustCompile("1").Eval(ctx, patient, nil); codeOf(err) != CodeCancelled {
		t.Errorf("a context that has ended: %v", err)
	}
}

// listResource makes a Patient with n given names, half of them different.
func listResource(t testing.TB, n int) fhir.Node {
	var b strings.Builder
	b.WriteString(`{"resourceType":"Patient","name":[{"given":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"n%d"`, i/2)
	}
	b.WriteString(`]}]}`)
	tree, err := fhir.Parse([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return tree.Root()
}

// Set operations take time in proportion to the number of items.
func TestSetOperationsAreLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("timing")
	}
	for _, text := range []string{
		"name.given.distinct().count()", "(name.given | name.given).count()",
		"name.given.intersect(name.given).count()", "name.given.exclude(name.given).empty()",
		"name.given.subsetOf(name.given)", "name.given.supersetOf(name.given)", "(name.given | name.given).isDistinct()",
		"name.given.repeat($this).count()", "name.given.toString().exists() or name.given.select($this + 'x').distinct().count() > 0",
		"name.given.sort().count()", "name.given = name.given", "name.given ~ name.given", "descendants().distinct().count()",
	} {
		x, err := Compile(text, Unchecked())
		if err != nil {
			t.Fatal(err)
		}
		growth.Check(t, text, 1024, func(n int) func() {
			in := listResource(t, n)
			return func() { x.Eval(context.Background(), in, nil) }
		})
	}
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector drops what a sync.Pool holds")
	}
	patient := readInput(t, "testdata/patient.json")
	for _, text := range []string{
		"name.given.first()", "telecom.where(system='phone').value", "hasValue() or (children().count() > id.count())",
		"birthDate + 18 years <= today()", "contact.all(name.exists() or telecom.exists())", "descendants().count()",
		"name.given.distinct().count()", "telecom.select(rank + 1).sum() > 2", "name.exists(use = 'official' and given.count() = 2)",
		"1 'g' = 1000 'mg'", "name.given.skip(1).take(2)", "(name.family | name.given).count()", "identifier.where(system = 'https://fhir.nhs.uk/Id/nhs-number').value.matches('^[0-9]{10}$')",
	} {
		x := MustCompile(text, Input("Patient"))
		dst := make([]Value, 0, 64)
		ctx := context.Background()
		eval := func() {
			if _, err := x.Append(ctx, dst[:0], patient, nil); err != nil {
				t.Fatal(err)
			}
		}
		eval()
		if n := testing.AllocsPerRun(200, eval); n > 0.5 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}
