package snomedtest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ids is a set of identifiers, as text.
type ids map[string]bool

// attributeRow is an active inferred attribute as it stands in the files.
type attributeRow struct{ kind, value, group string }

// relations is what the files of a release say about how concepts relate.
type relations struct {
	active            ids
	parents, children map[string][]string
	attributes        map[string][]attributeRow // concrete values included
	members           map[string]ids            // of simple reference sets
}

func relationsOf(t testing.TB, w written) *relations {
	t.Helper()
	x := &relations{ids{}, map[string][]string{}, map[string][]string{}, map[string][]attributeRow{}, map[string]ids{}}
	for _, r := range w.active(t, "Concept ", nil) {
		x.active[r[0]] = true
	}
	for _, key := range []string{"Relationship ", "RelationshipConcreteValues "} {
		for _, r := range w.active(t, key, map[string]string{"characteristicTypeId": charInferred.String()}) {
			if source, target := r[4], r[5]; r[7] == isA.String() {
				x.parents[source] = append(x.parents[source], target)
				x.children[target] = append(x.children[target], source)
			} else {
				x.attributes[source] = append(x.attributes[source], attributeRow{r[7], target, r[6]})
			}
		}
	}
	for _, r := range w.active(t, "Refset Simple", nil) {
		if x.members[r[4]] == nil {
			x.members[r[4]] = ids{}
		}
		x.members[r[4]][r[5]] = true
	}
	return x
}

// reach is what is at the end of one or more steps.
func reach(from string, steps map[string][]string) ids {
	seen := ids{}
	for next := []string{from}; len(next) > 0; next = next[1:] {
		for _, x := range steps[next[0]] {
			if !seen[x] {
				seen[x] = true
				next = append(next, x)
			}
		}
	}
	return seen
}

// answer selects what an expression of expect.json says, reading it word by
// word.
func (x *relations) answer(t testing.TB, expr string) ids {
	t.Helper()
	focus, refinement, refined := strings.Cut(expr, " : ")
	words := strings.Fields(focus)
	simple := func(op, id string) ids {
		out := ids{}
		switch op {
		case "<", "<<":
			out = reach(id, x.children)
		case ">", ">>":
			out = reach(id, x.parents)
		case "<!", ">!":
			for _, c := range map[string]map[string][]string{"<!": x.children, ">!": x.parents}[op][id] {
				out[c] = true
			}
		case "^":
			maps.Copy(out, x.members[id])
		default:
			t.Fatalf("%q: unknown operator", expr)
		}
		if len(op) == 2 && op[1] == op[0] {
			out[id] = true
		}
		return out
	}
	out := simple(words[0], words[1])
	if len(words) == 5 {
		other := simple(words[3], words[4])
		switch words[2] {
		case "OR":
			maps.Copy(out, other)
		case "AND", "MINUS":
			maps.DeleteFunc(out, func(id string, _ bool) bool { return other[id] == (words[2] == "MINUS") })
		default:
			t.Fatalf("%q: unknown operator", expr)
		}
	} else if len(words) != 2 {
		t.Fatalf("%q: %d words", expr, len(words))
	}
	if !refined {
		return out
	}
	inGroup := strings.HasPrefix(refinement, "{")
	refinement, none := strings.CutPrefix(strings.Trim(refinement, "{} "), "[0..0] ")
	var tests []func(attributeRow) bool
	for one := range strings.SplitSeq(refinement, ", ") {
		f := strings.Fields(one)
		switch {
		case f[1] == ">=":
			limit, ok := new(big.Rat).SetString(strings.TrimPrefix(f[2], "#"))
			if !ok {
				t.Fatalf("%q: no number", expr)
			}
			tests = append(tests, func(a attributeRow) bool {
				number, isNumber := strings.CutPrefix(a.value, "#")
				v, ok := new(big.Rat).SetString(number)
				return a.kind == f[0] && isNumber && ok && v.Cmp(limit) >= 0
			})
		case (f[1] == "=" || f[1] == "!=") && f[2] == "<<":
			values := simple(f[2], f[3])
			tests = append(tests, func(a attributeRow) bool {
				return a.kind == f[0] && values[a.value] == (f[1] == "=") && a.value[0] != '#'
			})
		default:
			t.Fatalf("%q: cannot read %q", expr, one)
		}
	}
	maps.DeleteFunc(out, func(id string, _ bool) bool {
		groups := map[string][]attributeRow{}
		for i, a := range x.attributes[id] {
			switch {
			case !inGroup:
				groups[""] = append(groups[""], a)
			case a.group == "0": // a group of its own
				groups[fmt.Sprint("0/", i)] = []attributeRow{a}
			default:
				groups[a.group] = append(groups[a.group], a)
			}
		}
		for _, g := range groups {
			all := true
			for _, test := range tests {
				all = all && slices.ContainsFunc(g, test)
			}
			if all {
				return none
			}
		}
		return !none
	})
	return out
}

// TestExpectedIsInTheFiles works the answers of expect.json out again, from
// the files alone.
func TestExpectedIsInTheFiles(t *testing.T) {
	for _, opt := range []Options{{Seed: 31}, {Seed: 32, Scale: 0.004}} {
		if testing.Short() && opt.Scale > 0 {
			continue
		}
		dir := t.TempDir()
		if err := Generate(dir, opt); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "expect.json"))
		if err != nil {
			t.Fatal(err)
		}
		var want Expected
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		w := load(t, opt)
		x := relationsOf(t, w)
		for _, c := range want.Hierarchy {
			id := c.ID.String()
			var parents []string
			for _, p := range c.Parents {
				parents = append(parents, p.String())
			}
			got := slices.Clone(x.parents[id])
			slices.Sort(got)
			slices.Sort(parents)
			if !slices.Equal(got, parents) || len(x.children[id]) != c.Children || len(reach(id, x.parents)) != c.Ancestors || len(reach(id, x.children)) != c.Descendants {
				t.Errorf("%s is not %+v", id, c)
			}
		}
		for _, a := range want.History {
			if len(w.active(t, "cRefset Association", map[string]string{"refsetId": a.Refset.String(), "referencedComponentId": a.Source.String(), "targetComponentId": a.Target.String()})) == 0 {
				t.Errorf("no association %+v", a)
			}
		}
		for _, m := range want.Maps {
			if len(w.active(t, "sRefset SimpleMap", map[string]string{"refsetId": m.Refset.String(), "referencedComponentId": m.ID.String(), "mapTarget": m.Target})) == 0 {
				t.Errorf("no map row %+v", m)
			}
		}
		kinds := map[string]int{}
		for _, e := range want.ECL {
			got := slices.SortedFunc(maps.Keys(x.answer(t, e.Expr)), func(a, b string) int { // by number
				if len(a) != len(b) {
					return len(a) - len(b)
				}
				return strings.Compare(a, b)
			})
			h := fnv.New64a()
			listed := len(e.IDs) == len(got)
			for i, id := range got {
				fmt.Fprintln(h, id)
				listed = listed && e.IDs[i].String() == id
			}
			if e.Count != len(got) || e.Hash != strconv.FormatUint(h.Sum64(), 16) || !listed && (len(got) <= 200 || e.IDs != nil) {
				t.Errorf("%s: %d concepts, the files have %d", e.Expr, e.Count, len(got))
			}
			for _, sign := range []string{"AND", "OR", "MINUS", "^", "{", ", ", "[0..0]", "!=", ">= #", "<! ", ">! ", ">> "} {
				if strings.Contains(e.Expr, sign) && len(got) > 0 {
					kinds[sign]++
				}
			}
		}
		if len(want.ECL) != 500 || len(want.Hierarchy) < 200 || len(want.History) < 20 || len(want.Maps) < 20 || len(kinds) != 12 {
			t.Errorf("%d expressions of kinds %v, %d concepts, %d associations, %d map rows", len(want.ECL), kinds, len(want.Hierarchy), len(want.History), len(want.Maps))
		}
	}
}

// node is a part of an axiom: a name with its arguments, or an identifier or
// literal without.
type node struct {
	name string
	args []node
}

// readAxiom reads the functional syntax of OWL, as far as releases use it.
func readAxiom(t testing.TB, s string) node {
	t.Helper()
	at := 0
	var read func() node
	read = func() (n node) {
		from := at
		for at < len(s) && !strings.ContainsRune(" ()", rune(s[at])) {
			if s[at] == '"' {
				at += 1 + strings.IndexByte(s[at+1:], '"')
			}
			at++
		}
		n.name = s[from:at]
		if at < len(s) && s[at] == '(' {
			for at++; s[at] != ')'; {
				if s[at] == ' ' {
					at++
				}
				n.args = append(n.args, read())
			}
			at++
		}
		return n
	}
	n := read()
	if at != len(s) {
		t.Fatalf("%q: stopped at byte %d", s, at)
	}
	return n
}

// TestAxioms reads every axiom and finds the parents, attributes and groups of
// the relationship files in it, neither more nor less.
func TestAxioms(t *testing.T) {
	w := load(t, Options{Seed: 33, Scale: 0.004})
	x := relationsOf(t, w)
	status := map[string]string{}
	for _, r := range w.active(t, "Concept ", nil) {
		status[r[0]] = r[4]
	}
	seen := ids{}
	for _, r := range w.active(t, "sRefset OWLExpression", map[string]string{"refsetId": refsetOWLAxiom.String()}) {
		id := r[5]
		seen[id] = true
		n := readAxiom(t, r[6])
		if want := map[string]string{statusDefined.String(): "EquivalentClasses", statusPrimitive.String(): "SubClassOf"}[status[id]]; n.name != want || len(n.args) != 2 || n.args[0].name != ":"+id {
			t.Fatalf("%s of status %s: %s", id, status[id], r[6])
		}
		operands := n.args[1:]
		if n.args[1].name == "ObjectIntersectionOf" {
			if operands = n.args[1].args; len(operands) < 2 {
				t.Fatalf("an intersection of one: %s", r[6])
			}
		} else if n.name == "EquivalentClasses" {
			t.Fatalf("equivalent to its parent: %s", r[6])
		}
		attribute := func(n node) string {
			kind := strings.TrimPrefix(n.args[0].name, ":")
			value := n.args[1].name
			if n.name == "ObjectSomeValuesFrom" {
				return kind + "=" + strings.TrimPrefix(value, ":")
			}
			text, datatype, _ := strings.Cut(value, `"^^`)
			switch text = text[1:]; datatype {
			case "xsd:integer", "xsd:decimal":
				if strings.Contains(text, ".") != (datatype == "xsd:decimal") {
					t.Fatalf("%s as %s", text, datatype)
				}
				return kind + "=#" + text
			case "xsd:string":
				return kind + `="` + text + `"`
			case "xsd:boolean":
				return kind + "=" + text
			}
			t.Fatalf("%s: %s", id, value)
			return ""
		}
		var got, want []string
		for _, o := range operands {
			switch {
			case o.args == nil:
				got = append(got, "is a "+strings.TrimPrefix(o.name, ":"))
			case o.args[0].name == ":609096000":
				fillers := o.args[1:]
				if o.args[1].name == "ObjectIntersectionOf" {
					fillers = o.args[1].args
				}
				var g []string
				for _, f := range fillers {
					g = append(g, attribute(f))
				}
				slices.Sort(g)
				got = append(got, "group "+strings.Join(g, ", "))
			default:
				got = append(got, attribute(o))
			}
		}
		for _, p := range x.parents[id] {
			want = append(want, "is a "+p)
		}
		groups := map[string][]string{}
		for _, a := range x.attributes[id] {
			if a.group == "0" {
				want = append(want, a.kind+"="+a.value)
			} else {
				groups[a.group] = append(groups[a.group], a.kind+"="+a.value)
			}
		}
		for _, g := range groups {
			slices.Sort(g)
			want = append(want, "group "+strings.Join(g, ", "))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%s\nthe axiom says %q\nthe rows say    %q", id, got, want)
		}
	}
	for id := range x.parents {
		if !seen[id] && x.active[id] {
			t.Errorf("%s has no axiom", id)
		}
	}
}
