package schema

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestPlan holds each version's plan to the look-ups by name.
func TestPlan(t *testing.T) {
	for _, name := range Versions() {
		v := lookup(t, name)
		p := v.plan()
		elements := func(what string, first, count uint16, required fieldSet, def func(int) (Element, bool)) {
			delimiters := what == "MSH" || what == "FHS" || what == "BHS"
			for n := 1; n <= int(count); n++ {
				e, ok := def(n)
				row := p.elements[int(first)+n-1]
				if ok != (row.usage != undefined) {
					t.Fatalf("%s: %s-%d is there: %t", name, what, n, ok)
				}
				if !ok {
					continue
				}
				if n > 62 && e.Usage() == Required {
					t.Errorf("%s: %s-%d does not fit a set", name, what, n)
				}
				length := e.Length()
				if name >= "2.7" {
					length = 0
				}
				if p.types[row.typ].name != e.Type() || row.usage != e.Usage() || int(row.max) != e.Max() || int(row.number) != e.Table() || int(row.length) != length ||
					(required>>n&1 == 1) != (e.Usage() == Required && !(delimiters && n <= 2)) {
					t.Errorf("%s: %s-%d is %+v", name, what, n, row)
				}
				table, ok := v.Table(e.Table())
				if ok = ok && table.Len() > 0 && !table.Open(); ok != (row.table != 0) || ok && int(p.tables[row.table].row) != table.i {
					t.Errorf("%s: %s-%d has row %d of tables for table %d", name, what, n, row.table, e.Table())
				}
			}
		}
		for s := range v.Segments() {
			if len(s.ID()) != 3 {
				t.Fatalf("%s: segment %q", name, s.ID())
			}
			row := p.segment(segmentKey(s.ID()))
			if row == nil || int(row.fields) != s.NumFields() {
				t.Fatalf("%s: %s is %+v", name, s.ID(), row)
			}
			elements(s.ID(), row.first, row.fields, row.required, s.Field)
		}
		for _, id := range []string{"ZZZ", "AAA", "\x00\x00\x00", "pid", "P|D"} {
			if p.segment(segmentKey(id)) != nil {
				t.Errorf("%s has segment %q", name, id)
			}
		}
		for d := range v.DataTypes() {
			row := p.types[p.typeNamed([]byte(d.ID()))]
			if row.name != d.ID() || int(row.components) != d.NumComponents() {
				t.Errorf("%s: type %s is %+v", name, d.ID(), row)
			}
			elements(d.ID(), row.first, row.components, row.required, d.Component)
		}
		for _, id := range primitives {
			if p.types[p.typeNamed([]byte(id))].name != id {
				t.Errorf("%s: no type %s", name, id)
			}
		}
		for _, id := range []string{"", "QQ", "Varies", "varies", "NM\x00", "NMX", "CM_ABS_RANGES", "CQ_SIMPLY"} {
			if p.typeNamed([]byte(id)) != noType {
				t.Errorf("%s: there is a type %q", name, id)
			}
		}
		testPlanCodes(t, v, p)
	}
}

func testPlanCodes(t *testing.T, v Version, p *plan) {
	for i := range p.tables[1:] {
		row := &p.tables[i+1]
		table := Table{p.f, int(row.row)}
		try := []string{"", "\x00", "zzzzzzzzzzzzzzzz", "…"}
		for code := range table.Codes() {
			try = append(try, code, code+"\x00", code+"x", code[:len(code)-1], strings.ToLower(code), (code + "\x00\x00\x00\x00\x00\x00\x00\x00")[:8])
		}
		for _, code := range try {
			_, want := table.Display(code)
			at, ok := p.code(row, packed(code), []byte(code))
			if ok != want || ok && p.f.codes.str(at, 0) != code {
				t.Errorf("%s: code %q of table %d: %t", v, code, table.Number(), ok)
			}
		}
	}
}

// TestPlanIsMadeOnce validates by every version from many goroutines at once.
func TestPlanIsMadeOnce(t *testing.T) {
	var wg sync.WaitGroup
	all := make([][]string, 8)
	for i := range all {
		wg.Go(func() {
			m := message(t, "2.4", "ADT^A01^ADT_A01", admit...)
			for _, name := range Versions() {
				all[i] = append(all[i], strings.Join(found((&Validator{Version: name}).Validate(m)), ", "))
			}
		})
	}
	wg.Wait()
	for _, f := range all[1:] {
		if !slices.Equal(f, all[0]) {
			t.Errorf("got %q and %q", f, all[0])
		}
	}
}
