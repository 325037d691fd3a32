package schema

import (
	"errors"
	"fmt"

	"github.com/nhskit/nhskit/hl7v2"
)

// Header is what New writes into MSH. What is empty stays empty.
type Header struct {
	// Type is MSH-9. Its structure may be left empty: New writes the one of
	// the type and event, in the versions whose MSH-9 has a third component.
	Type hl7v2.MSG

	SendingApplication, SendingFacility     hl7v2.HD // MSH-3, MSH-4
	ReceivingApplication, ReceivingFacility hl7v2.HD // MSH-5, MSH-6

	Time       hl7v2.DateTime // MSH-7
	ControlID  string         // MSH-10, required
	Processing string         // MSH-11, required: P for production, T for training, D for debugging

	// CharacterSet is MSH-18, such as "UNICODE UTF-8", and decides what text
	// the message can hold. Empty is ASCII.
	CharacterSet string

	// Delimiters are MSH-1 and MSH-2. The zero value is the usual ones.
	Delimiters hl7v2.Delimiters
}

var (
	errNoControlID  = errors.New("a message needs a control id")
	errNoProcessing = errors.New("a message needs a processing id: P, T or D")
)

// New makes a message of the version: the header, and behind it an empty
// segment for each one that the structure requires, in its order. Values are
// the caller's to set; until then the message is not valid. Of alternatives
// (a choice) none is taken, and what is optional is left out: Add puts it in its
// place.
//
// A structure that the version does not have is an issue with CodeStructure.
func (v Version) New(h Header) (*hl7v2.Message, error) {
	fail := func(code hl7v2.Code, path string, err error) (*hl7v2.Message, error) {
		return nil, hl7v2.Issue{Severity: hl7v2.Error, Code: code, Path: path, Offset: -1, Err: err}
	}
	id := h.Type.Structure.Value()
	if id == "" {
		id, _ = v.StructureOf(h.Type.Code.Value(), h.Type.Event.Value())
	}
	root, ok := v.Structure(id)
	switch {
	case !ok:
		return fail(CodeStructure, "MSH-9", fmt.Errorf("version %s has no structure for this message", v))
	case h.ControlID == "":
		return fail(hl7v2.CodeRequired, "MSH-10", errNoControlID)
	case h.Processing == "":
		return fail(hl7v2.CodeRequired, "MSH-11", errNoProcessing)
	}
	h.Type.Structure = hl7v2.Text{}
	if v.namesStructures() {
		h.Type.Structure = hl7v2.T(id)
	}
	if h.Delimiters == (hl7v2.Delimiters{}) {
		h.Delimiters = hl7v2.Standard()
	}
	m, err := hl7v2.New(h.Delimiters, h.Type, "", v.name)
	if err != nil {
		return nil, err
	}
	var errs []error
	set := func(path, text string) {
		if text != "" {
			errs = append(errs, m.Set(path, text))
		}
	}
	set("MSH-18", h.CharacterSet) // first: the others are written in it
	set("MSH-10", h.ControlID)
	set("MSH-11", h.Processing)
	set("MSH-7", h.Time.String())
	for path, hd := range [...]*hl7v2.HD{3: &h.SendingApplication, 4: &h.SendingFacility, 5: &h.ReceivingApplication, 6: &h.ReceivingFacility} {
		if hd != nil && *hd != (hl7v2.HD{}) {
			errs = append(errs, m.Write(fmt.Sprintf("MSH-%d", path), hd))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := addRequired(m, root); err != nil {
		return nil, err
	}
	return m, nil
}

// namesStructures reports whether MSH-9 has a component for the structure.
func (v Version) namesStructures() bool {
	msh, _ := v.Segment("MSH")
	field, ok := msh.Field(9)
	if !ok {
		return false
	}
	typ, ok := v.DataType(field.Type())
	return ok && typ.NumComponents() >= 3
}

// addRequired appends the segments that a group requires.
func addRequired(m *hl7v2.Message, group Node) error {
	for n := range group.Children() {
		switch {
		case n.Min() == 0 || n.Name() == "MSH" || n.Name() == anySegment:
		case n.Kind() == SegmentNode:
			if _, err := m.InsertSegment(m.Len(), n.Name()); err != nil {
				return err
			}
		case n.Kind() == GroupNode:
			if err := addRequired(m, n); err != nil {
				return err
			}
		}
	}
	return nil
}
