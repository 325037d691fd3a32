package schema_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
)

func ExampleVersion_New() {
	v, _ := schema.Lookup("2.4")
	m, err := v.New(schema.Header{
		Type:               hl7v2.MSG{Code: hl7v2.T("ADT"), Event: hl7v2.T("A28")},
		SendingApplication: hl7v2.HD{Namespace: hl7v2.T("PAS")}, SendingFacility: hl7v2.HD{Namespace: hl7v2.T("RXQ")},
		Time:      hl7v2.DateTimeOf(time.Date(2026, 7, 14, 9, 31, 5, 0, time.UTC), hl7v2.Second),
		ControlID: "42", Processing: "P",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m.Set("PID-3.1", "9990042101")
	m.Set("PID-3.4", "NHS")
	fmt.Println(strings.ReplaceAll(string(m.Bytes()), "\r", "\n"))
	// Output:
	// MSH|^~\&|PAS|RXQ|||20260714093105+0000||ADT^A28^ADT_A05|42|P|2.4
	// EVN
	// PID|||9990042101^^^NHS
	// PV1
}

// A new message of any structure has all of the segments that are required,
// in places that Group finds.
func TestNewHasWhatIsRequired(t *testing.T) {
	for _, name := range schema.Versions() {
		v, _ := schema.Lookup(name)
		count := 0
		for root := range v.Structures() {
			first := ""
			for n := range root.Children() {
				first = n.Name()
				break
			}
			if first != "MSH" {
				continue // a batch or a fragment
			}
			switch {
			case requiresChoice(root):
				continue // New takes none of the alternatives
			case root.Name() == "SUR_P09":
				// FAC { { PSH PDC } PSH { FAC PDC NTE } } is ambiguous: the
				// second PSH may begin another product as well.
				continue
			case name == "2.6" && root.Name() == "QBP_Qnn":
				continue // the source has query and response in one
			}
			code, event, _ := strings.Cut(root.Name(), "_")
			m, err := v.New(schema.Header{Type: hl7v2.MSG{Code: hl7v2.T(code), Event: hl7v2.T(event), Structure: hl7v2.T(root.Name())}, ControlID: "1", Processing: "T"})
			if err != nil {
				t.Errorf("%s %s: %v", name, root.Name(), err)
				continue
			}
			count++
			if got := m.Segment("MSH", 1).Field(11).Text(); got != "T" {
				t.Errorf("%s %s: MSH-11 is %q", name, root.Name(), got)
			}
			g, issues := v.Group(m, schema.Refuse)
			if g.Structure() != root.Name() {
				continue // a version whose MSH-9 cannot name this structure
			}
			for _, i := range issues {
				t.Errorf("%s %s: %v", name, root.Name(), i)
			}
		}
		if count < 50 && name > "2.2" {
			t.Errorf("%s: only %d structures", name, count)
		}
	}
}

// requiresChoice reports whether alternatives are among what is required.
func requiresChoice(n schema.Node) bool {
	for c := range n.Children() {
		if c.Min() > 0 && (c.Kind() == schema.ChoiceNode || requiresChoice(c)) {
			return true
		}
	}
	return false
}

// A structure with a place for any segment takes any there, and what follows
// it behind.
func TestAnySegment(t *testing.T) {
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|||||||MFN^M03^MFN_M03|1|P|2.4\rMFI|1\rMFE|1\rOM1|1\rOM3|1\rMFE|2\rOM1|2\rPID|2\r"))
	if err != nil {
		t.Fatal(err)
	}
	v, _ := schema.Lookup("2.4")
	g, issues := v.Group(m, schema.Refuse)
	for _, i := range issues {
		t.Error(i)
	}
	second, ok := g.Root().Group("MF_TEST", 2)
	if !ok || !second.Segment("PID", 1).Exists() {
		t.Error("no second test with its PID")
	}
}

// An order without results is whole in 2.4, whose required group OBSERVATION
// has only optional segments.
func TestGroupsOfOptionalSegmentsMayBeEmpty(t *testing.T) {
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|||||||ORU^R01^ORU_R01|1|P|2.4\rPID|1\rOBR|1\r"))
	if err != nil {
		t.Fatal(err)
	}
	v, _ := schema.Lookup("2.4")
	_, issues := v.Group(m, schema.Refuse)
	for _, i := range issues {
		t.Error(i)
	}
}

func TestNewRefuses(t *testing.T) {
	v, _ := schema.Lookup("2.4")
	adt := hl7v2.MSG{Code: hl7v2.T("ADT"), Event: hl7v2.T("A08")}
	for _, c := range []struct {
		name string
		v    schema.Version
		h    schema.Header
		code hl7v2.Code
	}{
		{"no structure", v, schema.Header{Type: hl7v2.MSG{Code: hl7v2.T("ADT"), Event: hl7v2.T("Q99")}, ControlID: "1", Processing: "P"}, schema.CodeStructure},
		{"no version", schema.Version{}, schema.Header{Type: adt, ControlID: "1", Processing: "P"}, schema.CodeStructure},
		{"no control id", v, schema.Header{Type: adt, Processing: "P"}, hl7v2.CodeRequired},
		{"no processing id", v, schema.Header{Type: adt, ControlID: "1"}, hl7v2.CodeRequired},
		{"text outside the set", v, schema.Header{Type: adt, ControlID: "é", Processing: "P"}, hl7v2.CodeCharset},
	} {
		_, err := c.v.New(c.h)
		if i, ok := errors.AsType[hl7v2.Issue](err); !ok || i.Code != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	m, err := v.New(schema.Header{Type: adt, ControlID: "é", Processing: "P", CharacterSet: "UNICODE UTF-8"})
	if err != nil || m.Segment("MSH", 1).Field(10).Text() != "é" {
		t.Error(err)
	}
}

// What is not there holds nothing, rather than the facts of its neighbour.
func TestAbsentFactsAreEmpty(t *testing.T) {
	for _, name := range append(schema.Versions(), "") {
		v, _ := schema.Lookup(name)
		if name == "" {
			v = schema.Version{}
		}
		segment, ok := v.Segment("AAA")
		if ok || segment.ID() != "" || segment.Name() != "" || segment.NumFields() != 0 {
			t.Errorf("%q: segment %q", name, segment.ID())
		}
		field, ok := segment.Field(1)
		if ok || field.Name() != "" || field.Type() != "" || field.Max() != 0 || field.Table() != 0 || field.Length() != 0 {
			t.Errorf("%q: field %q", name, field.Name())
		}
		typ, ok := v.DataType("AAA")
		if ok || typ.ID() != "" || typ.NumComponents() != 0 {
			t.Errorf("%q: type %q", name, typ.ID())
		}
		table, ok := v.Table(2)
		if !ok && (table.Number() != 0 || table.Len() != 0 || table.Name() != "") {
			t.Errorf("%q: table %d", name, table.Number())
		}
		node, ok := v.Structure("AAA_A01")
		if ok || node.Name() != "" || node.Min() != 0 {
			t.Errorf("%q: structure %q", name, node.Name())
		}
		for range node.Children() {
			t.Errorf("%q: an absent structure has children", name)
		}
	}
}

// TestZeroFactsAreEmpty calls every method of the zero values.
func TestZeroFactsAreEmpty(t *testing.T) {
	for _, v := range []any{schema.Version{}, schema.Segment{}, schema.Element{}, schema.DataType{}, schema.Table{}, schema.Node{}, schema.Group{}} {
		value := reflect.ValueOf(v)
		for i := range value.NumMethod() {
			method, name := value.Method(i), value.Type().Method(i).Name
			if name == "Group" && value.Type() == reflect.TypeFor[schema.Version]() || name == "StructureID" {
				continue // their argument is a message
			}
			var args []reflect.Value
			for k := range method.Type().NumIn() {
				args = append(args, reflect.Zero(method.Type().In(k)))
			}
			for _, out := range method.Call(args) {
				switch {
				case out.Kind() == reflect.Func: // an iterator
					yield := out.Type().In(0)
					out.Call([]reflect.Value{reflect.MakeFunc(yield, func([]reflect.Value) []reflect.Value {
						t.Errorf("%T.%s yields something", v, name)
						return []reflect.Value{reflect.ValueOf(false)}
					})})
				case out.Kind() == reflect.String && name != "String" && out.Len() > 0, out.Kind() == reflect.Bool && out.Bool(), out.Kind() == reflect.Int && out.Int() != 0:
					t.Errorf("%T.%s is %v", v, name, out)
				}
			}
		}
	}
}
