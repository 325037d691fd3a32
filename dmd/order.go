package dmd

import (
	"strconv"
	"strings"
)

// The code systems under which dm+d codes appear.
const (
	SystemDMD    = "https://dmd.nhs.uk"
	SystemSNOMED = "http://snomed.info/sct"
	SystemUCUM   = "http://unitsofmeasure.org"
)

// SystemSchedule is the system of controlled drug schedules in prescriptions: CD2
// to CD5.
const SystemSchedule = "https://fhir.nhs.uk/CodeSystem/medicationrequest-controlled-drug"

// extensionControlled carries the schedule and the quantity in words.
const extensionControlled = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug"

// IsSystem reports whether a code system is dm+d under one of its spellings, with
// or without a slash at the end, or SNOMED CT, of which its codes are a part and
// which the Electronic Prescription Service uses for them.
func IsSystem(system string) bool {
	switch strings.TrimSuffix(system, "/") {
	case SystemDMD, "http://dmd.nhs.uk", SystemSNOMED:
		return true
	}
	return false
}

// Order is the part of a line of medication that dm+d has something to say about:
// a FHIR MedicationRequest or MedicationDispense in R4, of which quantity and
// instructions matter; a MedicationStatement with its instructions; or a
// MedicationAdministration or Medication, of which only the codes do.
type Order struct {
	ResourceType string
	Medication   Concept // its own, or that of a contained Medication
	Reference    string  // to a Medication that is elsewhere; "" if Medication has the codes
	Quantity     *Amount
	Dosages      []Dosage
	Words        string // quantity in words of the controlled drug extension
	Schedule     Coding // of the same; the zero value if there is none

	at orderPlaces
}

// orderPlaces are where an order was read from, within the resource; "" for the
// usual place.
type orderPlaces struct{ medication, quantity, controlled, words, schedule string }

// ParseOrder reads one of the resources of an Order in JSON, as far as an Order
// goes. Like ParseDosages it refuses modifiers, and unknown elements in
// instructions, codes and quantities. The error is an Issue with the place.
func ParseOrder(data []byte) (*Order, error) {
	n, err := parseJSON(data)
	if err != nil {
		return nil, syntaxIssue(err)
	}
	return orderOf(n)
}

// ParseOrders is ParseOrder for one resource or an array of them.
func ParseOrders(data []byte) ([]*Order, error) {
	n, err := parseJSON(data)
	if err != nil {
		return nil, syntaxIssue(err)
	}
	var out []*Order
	for _, k := range n.items() {
		o, err := orderOf(k)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// isSupply reports whether a resource asks for or records a supply.
func isSupply(resource string) bool {
	return resource == "MedicationRequest" || resource == "MedicationDispense"
}

func orderOf(n *jsonNode) (*Order, error) {
	r := &dosageReader{}
	o := &Order{ResourceType: n.get("resourceType").str()}
	switch o.ResourceType {
	case "MedicationRequest", "MedicationDispense", "MedicationStatement", "MedicationAdministration", "Medication":
	default:
		r.refuse(Fatal, CodeOrderSyntax, "resourceType", n, "not a resource about a medication")
		return nil, r.err
	}
	r.resource(o.ResourceType, n)
	e := element{r, o.ResourceType, n}
	o.readMedication(e)
	if isSupply(o.ResourceType) {
		o.readQuantity(e)
	}
	o.readControlled(e)
	if member := instructionsOf(o.ResourceType); member != "" {
		o.Dosages = r.dosages(e.place(member), n.get(member))
	}
	if r.err != nil {
		return nil, r.err
	}
	return o, nil
}

// readMedication reads the codes, or follows a reference to a contained
// Medication.
func (o *Order) readMedication(e element) {
	const member, reference = "medicationCodeableConcept", "medicationReference"
	name := member
	if o.ResourceType == "Medication" {
		name, o.at.medication = "code", "code"
	}
	if c := e.concept(name); c != nil {
		o.Medication = *c
	}
	ref, ok := e.r.element(e.place(reference), e.n.get(reference), "reference type identifier display")
	if !ok {
		return
	}
	if e.n.get(member) != nil {
		e.r.fail(ref.path, ref.n, "medication[x] is there twice")
		return
	}
	o.Reference = ref.text("reference")
	id, contained := strings.CutPrefix(o.Reference, "#")
	for i, k := range e.n.get("contained").items() {
		if !contained || k.get("id").str() != id || k.get("resourceType").str() != "Medication" {
			continue
		}
		o.at.medication = "contained[" + strconv.Itoa(i) + "].code"
		inner := element{e.r, e.place("contained[" + strconv.Itoa(i) + "]"), k}
		e.r.resource(inner.path, k)
		if c := inner.concept("code"); c != nil {
			o.Medication, o.Reference = *c, ""
		}
		return
	}
}

// readQuantity reads the quantity to be supplied. Extracts of prescriptions carry
// it on the request itself.
func (o *Order) readQuantity(e element) {
	o.at.quantity = "quantity"
	if o.ResourceType == "MedicationRequest" {
		request := element{e.r, e.place("dispenseRequest"), e.n.get("dispenseRequest")}
		o.Quantity = request.amount("quantity")
		if o.Quantity != nil || e.n.get("quantity") == nil {
			o.at.quantity = "dispenseRequest.quantity"
			return
		}
	}
	o.Quantity = e.amount("quantity")
}

// readControlled reads the controlled drug extension.
func (o *Order) readControlled(e element) {
	for i, x := range e.n.get("extension").items() {
		if !strings.HasSuffix(x.get("url").str(), "Extension-DM-ControlledDrug") {
			continue
		}
		at := "extension[" + strconv.Itoa(i) + "]"
		if o.at.controlled != "" {
			e.r.fail(e.place(at), x, "the controlled drug extension is there twice")
			return
		}
		o.at.controlled = at
		for j, part := range x.get("extension").items() {
			inner := at + ".extension[" + strconv.Itoa(j) + "]"
			p := element{e.r, e.place(inner), part}
			switch part.get("url").str() {
			case "quantityWords":
				o.Words, o.at.words = p.text("valueString"), inner+".valueString"
			case "schedule":
				if k, ok := e.r.element(p.place("valueCoding"), part.get("valueCoding"), codingMembers); ok {
					o.Schedule, o.at.schedule = k.asCoding(), inner+".valueCoding"
				}
			}
		}
	}
}

// AppendJSON appends the order as the resource of its type, in the parts that an
// Order has. Numbers keep their digits.
func (o *Order) AppendJSON(b []byte) []byte {
	w := objectWriter{b: b}
	w.open()
	w.str("resourceType", o.ResourceType)
	if o.Words != "" || o.Schedule != (Coding{}) {
		w.name("extension")
		w.b = append(w.b, `[{"url":"`+extensionControlled+`","extension":[`...)
		if o.Words != "" {
			w.b = append(w.b, `{"url":"quantityWords","valueString":`...)
			w.b = append(appendJSONString(w.b, o.Words), '}')
		}
		if o.Schedule != (Coding{}) {
			if o.Words != "" {
				w.b = append(w.b, ',')
			}
			w.b = append(w.b, `{"url":"schedule","valueCoding":`...)
			w.b = append(o.Schedule.appendJSON(w.b), '}')
		}
		w.b = append(w.b, "]}]"...)
	}
	switch {
	case o.Reference != "":
		w.name("medicationReference")
		w.open()
		w.str("reference", o.Reference)
		w.close()
	case o.ResourceType == "Medication":
		w.concept("code", &o.Medication)
	default:
		w.concept("medicationCodeableConcept", &o.Medication)
	}
	if o.Quantity != nil && o.ResourceType == "MedicationRequest" {
		w.name("dispenseRequest")
		w.open()
		w.amount("quantity", o.Quantity)
		w.close()
	} else {
		w.amount("quantity", o.Quantity)
	}
	if len(o.Dosages) > 0 {
		w.name(instructionsOf(o.ResourceType))
		w.b = append(w.b, '[')
		for i := range o.Dosages {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.b = o.Dosages[i].AppendJSON(w.b)
		}
		w.b = append(w.b, ']')
	}
	w.close()
	return w.b
}
