package fhirpath

// Correction replaces the text of an invariant that cannot mean what it says.
type Correction struct {
	Key       string // of the invariant; several share a text
	Published string // expression as published in FHIR R4
	Corrected string // expression to evaluate in its place
	Reason    string
}

// Corrections returns the R4 invariants, and one search parameter, whose
// published text is wrong or cannot be evaluated, with what to evaluate
// instead. The caller may change the copy.
func Corrections() []Correction { return append([]Correction(nil), corrections[:]...) }

const (
	machineName  = "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')"
	machineName2 = "name.exists() implies name.matches('^[A-Z]([A-Za-z0-9_]){0,254}$')"
	machineNameR = "matches() is a search, so without anchors any text with one capital passes; and without a name the result is empty, which is no success"

	// dom3 is the corrected text of dom-3, for which there is a native program.
	dom3 = `contained.where((('#'+id in (%resource.descendants().reference | %resource.descendants().ofType(canonical) | %resource.descendants().ofType(uri) | %resource.descendants().ofType(url))) or descendants().where(reference = '#').exists() or descendants().where(ofType(canonical) = '#').exists() or descendants().where(ofType(uri) = '#').exists()).not()).trace('unmatched', id).empty()`
	// dom6 is the corrected text of dom-6.
	dom6 = "(%rootResource != $this) or text.`div`.exists()"
)

var corrections = [...]Correction{
	{"adf-0", machineName, machineName2, machineNameR},
	{"bdl-8", `fullUrl.contains('/_history/').not()`, `fullUrl.exists() implies fullUrl.contains('/_history/').not()`,
		"an entry without fullUrl gives empty, which is no success"},
	{"cid-0", machineName, `true`, "ChargeItemDefinition has no element name, so there is nothing to check"},
	{"con-3", `clinicalStatus.exists() or verificationStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-ver-status' and code = 'entered-in-error').exists() or category.select($this='problem-list-item').empty()`,
		`clinicalStatus.exists() or verificationStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-ver-status' and code = 'entered-in-error').exists() or category.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-category' and code='problem-list-item').empty()`,
		"a CodeableConcept is compared with a string, and select() keeps the false results, so that any category fails"},
	{"dom-3", `contained.where((('#'+id in (%resource.descendants().reference | %resource.descendants().as(canonical) | %resource.descendants().as(uri) | %resource.descendants().as(url))) or descendants().where(reference = '#').exists() or descendants().where(as(canonical) = '#').exists() or descendants().where(as(canonical) = '#').exists()).not()).trace('unmatched', id).empty()`,
		dom3, "as() is for one item and is applied to all descendants; and the last part repeats canonical where uri is meant"},
	{"dom-6", "text.`div`.exists()", dom6, "a contained resource must not have a narrative of its own, so its lack cannot be a fault"},
	{"eld-19", `path.matches('[^\\s\\.,:;\\\'"\\/|?!@#$%&*()\\[\\]{}]{1,64}(\\.[^\\s\\.,:;\\\'"\\/|?!@#$%&*()\\[\\]{}]{1,64}(\\[x\\])?(\\:[^\\s\\.]+)?)*')`,
		`path.matches('^[^\\s\\.,:;\\\'"\\/|?!@#$%&*()\\[\\]{}]{1,64}(\\.[^\\s\\.,:;\\\'"\\/|?!@#$%&*()\\[\\]{}]{1,64}(\\[x\\])?(\\:[^\\s\\.]+)?)*$')`,
		"matches() is a search, so without anchors any path with one allowed character passes"},
	{"eld-20", `path.matches('[A-Za-z][A-Za-z0-9]*(\\.[a-z][A-Za-z0-9]*(\\[x])?)*')`,
		`path.matches('^[A-Za-z][A-Za-z0-9]*(\\.[a-z][A-Za-z0-9]*(\\[x])?)*$')`,
		"matches() is a search, so without anchors any path with one letter passes"},
	{"que-7", `operator = 'exists' implies (answer is Boolean)`, `operator = 'exists' implies (answer is boolean)`,
		"a FHIR boolean is not a System.Boolean, so the text can never be true"},
	{"que-12", `enableWhen.count() > 2 implies enableBehavior.exists()`, `enableWhen.count() > 1 implies enableBehavior.exists()`,
		"the rule is for more than one enableWhen, the text for more than two"},
	{"ras-2", `probability is decimal implies (probability as decimal) <= 100`,
		`probability.ofType(decimal).exists() implies probability.ofType(decimal) <= 100`,
		"without a probability the result is empty, which is no success"},
	{"ref-1", `reference.startsWith('#').not() or (reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))`,
		`reference.exists() implies (reference = '#' or reference.startsWith('#').not() or (reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids')))`,
		"a Reference without reference gives empty, which is no success; and # alone means the container"},
	{"DeviceDefinition-type", `DeviceDefinition.classification.type`, `DeviceDefinition.type`,
		"a search parameter for an element that DeviceDefinition does not have; what it means is type"},
}

// Correct returns the expression to evaluate for an invariant or search
// parameter of FHIR R4 and whether that differs from the one published. Texts
// that occur under several keys are corrected under each, but cid-0.
func Correct(key, expression string) (corrected string, changed bool) {
	for i := range corrections {
		if c := &corrections[i]; c.Published == expression && (c.Key == key || c.Key != "cid-0" && key != "cid-0") {
			return c.Corrected, true
		}
	}
	return expression, false
}

// Invariant compiles the expression of an invariant by its key, with the
// correction that there is for it. The option Published leaves the text as it
// is.
func Invariant(key, expression string, opts ...Option) (*Expr, error) {
	o := newOptions(opts)
	if !o.published {
		expression, _ = Correct(key, expression)
	}
	return compile(expression, o)
}

// Published makes Invariant compile the published text, however wrong.
func Published() Option { return func(o *options) { o.published = true } }
