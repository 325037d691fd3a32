package fhirpath

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/nhskit/nhskit/fhir"
)

func evalText(t *testing.T, expr string) string {
	t.Helper()
	out, err := MustCompile(expr).EvalStrings(context.Background(), fhir.Node{}, nil)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	s := ""
	for _, v := range out {
		s += v + " "
	}
	return s
}

// Flags that are computed are part of what a pattern is kept by, not only their
// number.
func TestComputedFlags(t *testing.T) {
	if got := evalText(t, `'i,m'.split(',').select('A\nb'.matches('^b', $this))`); got != "false true " {
		t.Errorf("got %s", got)
	}
	if got := evalText(t, `'i,m,i'.split(',').select('A\nb'.replaceMatches('^a', 'x', $this))`); got != "x\nb A\nb x\nb " {
		t.Errorf("got %q", got)
	}
}

// TestReplacedText replaces in texts that are near the limit of a text, with a
// result on either side of it.
func TestReplacedText(t *testing.T) {
	for _, c := range []struct {
		expr, want string
	}{
		{`'aaaaaaab'.replaceMatches('b', '123')`, "aaaaaaa123"}, {`'abababab'.replaceMatches('b', '123')`, "limit"}, {`'abaabaab'.replaceMatches('(a+)b', '$1')`, "aaaaa"},
		{`'aaaaaaaa'.replaceMatches('b*', '')`, "aaaaaaaa"}, {`'aaaa'.replaceMatches('b*', '-')`, "-a-a-a-a-"}, {`'aaaaa'.replaceMatches('b*', '-')`, "limit"},
		{`'aaaaaaab'.replace('b', '123')`, "aaaaaaa123"}, {`'aaaaaabb'.replace('b', '123')`, "limit"}, {`'aaaaaaaaaa'.replace('a', 'b')`, "bbbbbbbbbb"}, {`'aaaaaaaaaa'.replace('a', '')`, ""},
	} {
		out, err := MustCompile(c.expr, WithLimits(Limits{Bytes: 10})).EvalStrings(context.Background(), fhir.Node{}, nil)
		switch {
		case c.want == "limit" && codeOf(err) != CodeLimit, c.want != "limit" && (err != nil || len(out) != 1 || out[0] != c.want):
			t.Errorf("%s: %q, %v; want %s", c.expr, out, err, c.want)
		}
	}
}

// A constant pattern is compiled once, by whichever goroutine comes first; one
// that is wrong fails each evaluation and names itself.
func TestConstantPattern(t *testing.T) {
	x := MustCompile(`'abc'.matches('b+')`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if v, ok, err := x.EvalBool(context.Background(), fhir.Node{}, nil); !v || !ok || err != nil {
				t.Error(v, ok, err)
			}
		})
	}
	wg.Wait()
	bad := MustCompile(`%a.matches('(?=b)')`, Variable("a", "System.String"))
	for range 2 {
		_, err := bad.Eval(context.Background(), fhir.Node{}, &Env{Variables: map[string][]Value{"a": {StringValue("b")}}})
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Issues[0].Code != CodeOperand || e.Issues[0].Offset != 3 {
			t.Errorf("got %v", err)
		}
	}
}
