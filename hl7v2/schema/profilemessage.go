package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
)

// message returns the definition that is for a message: of its type and event,
// and of the order control in ORC-1 if one is given.
func (p *Profile) message(m *hl7v2.Message) *profileMessage {
	typ := m.SegmentAt(0).Field(9)
	code, event := typ.Component(1), typ.Component(2)
	var general *profileMessage
	for i := range p.messages {
		d := &p.messages[i]
		if !code.Equal(d.typ) || d.event != "" && !event.Equal(d.event) {
			continue
		}
		if d.orderControl != "" && !m.Segment("ORC", 1).Field(1).Equal(d.orderControl) {
			continue
		}
		if d.event != "" && d.orderControl != "" {
			return d
		}
		if general == nil || general.event == "" || d.orderControl != "" && general.orderControl == "" {
			general = d
		}
	}
	return general
}

// define finds the definition of the message, and reports what the profile
// does not define it by. It is false if there is none to go by.
func (x *profileCheck) define() bool {
	msh := x.m.SegmentAt(0)
	if x.def = x.p.message(x.m); x.def == nil {
		x.undefined(msh.Field(9))
		return false
	}
	if version := msh.Field(12); x.p.hl7Version != "" && !version.Equal(x.p.hl7Version) {
		x.report(CodeProfileMessage, "MSH-12", max(version.Offset(), 0), x.p.clause(""), errNotVersion)
	}
	if want, other := x.otherStructure(msh.Field(9)); other {
		id := msh.Field(9).Component(3)
		x.report(CodeProfileMessage, id.Path(), id.Offset(), x.p.clause(""), fmt.Errorf("the profile is for messages of the structure %s", want))
	}
	return true
}

// otherStructure returns the structure that the profile is for, if MSH-9.3 names
// another one. Where the profile has none for an event, that is the version's,
// which a Validator has checked already.
func (x *profileCheck) otherStructure(typ hl7v2.Value) (want string, other bool) {
	switch {
	case x.def.structure != "":
		id := typ.Component(3)
		return x.def.structure, id.State() == hl7v2.Present && !id.Equal(x.def.structure)
	case x.def.event != "" && !x.by:
		return x.p.base.otherStructure(typ)
	}
	return "", false
}

var (
	errNotMessage = errors.New("the profile defines no message")
	errNotVersion = errors.New("the profile is for another version of HL7")
)

// undefined reports a message without a definition at the first part of its
// header that no definition has.
func (x *profileCheck) undefined(typ hl7v2.Value) {
	var types, events, controls []string
	code, event := typ.Component(1), typ.Component(2)
	for i := range x.p.messages {
		switch d := &x.p.messages[i]; {
		case !code.Equal(d.typ):
			types = append(types, d.typ)
		case d.event != "" && !event.Equal(d.event):
			events = append(events, d.event)
		default:
			controls = append(controls, d.orderControl)
		}
	}
	report := func(v hl7v2.Value, path string, at int, format string, of []string) {
		err := errNotMessage
		if len(of) > 0 {
			err = fmt.Errorf(format, listed(of))
		}
		if v.Exists() {
			path, at = v.Path(), v.Offset()
		}
		x.report(CodeProfileMessage, path, at, x.p.clause(""), err)
	}
	header := max(typ.Offset(), 0)
	switch {
	case controls != nil:
		orc := x.m.Segment("ORC", 1)
		at := len(x.m.Bytes())
		if orc.Exists() {
			at = orc.Offset() + len(orc.Raw())
		}
		report(orc.Field(1), "ORC-1", at, "of this type and event the profile defines the order control %s", controls)
	case events != nil:
		report(event, "MSH-9", header, "of this type the profile defines %s", events)
	default:
		report(code, "MSH-9", header, "the profile defines messages of the type %s", types)
	}
}

// listed is a list of names for people: each once, and not more than they read.
func listed(names []string) string {
	const most = 8
	var out []string
	for _, name := range names {
		if slices.Contains(out, name) {
			continue
		}
		if len(out) == most {
			return strings.Join(out, ", ") + " and others"
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}
