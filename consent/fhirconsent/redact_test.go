package fhirconsent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/fhirconsent"
	"github.com/nhskit/nhskit/fhir"
)

func redactor(t testing.TB, details ...string) *fhirconsent.Redactor {
	t.Helper()
	var list []consent.Obligation
	for _, d := range details {
		list = append(list, consent.Obligation{Kind: "redact", Detail: d})
	}
	r, err := fhirconsent.NewRedactor(list, fhirconsent.RedactOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// maker writes random Bundles in which every value tells whether it may be
// seen: SECRET with a number, or OPEN with a number.
type maker struct {
	r      *rand.Rand
	b      strings.Builder
	n      int
	open   []string // what must stay
	ids    []string
	secret map[string]bool // ids of labelled resources
}

func (m *maker) value(secret bool) string {
	m.n++
	if secret {
		return fmt.Sprintf("SECRET%d.", m.n)
	}
	s := fmt.Sprintf("OPEN%d.", m.n)
	m.open = append(m.open, s)
	return s
}

const inline = `"extension":[{"url":"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label","valueCoding":{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}}]`

// observation writes one resource. Narratives of resources that lose something
// go, so they are neither open nor secret unless nothing is lost.
func (m *maker) observation(id string, secret, contained, inlined bool) {
	label := `{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}`
	if secret {
		label = `{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"` + []string{"R", "V"}[m.r.IntN(2)] + `"}`
	}
	fmt.Fprintf(&m.b, `{"resourceType":"Observation","id":%q,"meta":{"security":[%s]}`, id, label)
	nested, innerInlined := !contained && m.r.IntN(3) == 0, m.r.IntN(3) == 0
	target := ""
	if !contained && len(m.ids) > 0 && m.r.IntN(2) == 0 {
		target = m.ids[m.r.IntN(len(m.ids))]
	}
	nestedSecret := m.r.IntN(2) == 0
	loses := secret || inlined || nested && (nestedSecret || innerInlined) || m.secret[target]
	if !contained {
		text := "SECRET about what was lost"
		if !loses {
			text = m.value(false)
		}
		fmt.Fprintf(&m.b, `,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">%s</div>"}`, text)
	}
	if nested {
		m.b.WriteString(`,"contained":[`)
		m.observation("inner", secret || nestedSecret, true, innerInlined)
		m.b.WriteByte(']')
	}
	fmt.Fprintf(&m.b, `,"status":"final","code":{"coding":[{"display":%q}],"text":%q}`, m.value(secret), m.value(secret))
	if target != "" {
		fmt.Fprintf(&m.b, `,"derivedFrom":[{"reference":"Observation/%s"}]`, target)
	}
	if nested {
		m.b.WriteString(`,"hasMember":[{"reference":"#inner"}]`)
	}
	if inlined {
		fmt.Fprintf(&m.b, ` , "bodySite" : { %s , "text":%q}`, inline, m.value(true))
		fmt.Fprintf(&m.b, `,"valueString":%q,"_valueString":{%s}`, m.value(true), inline)
	} else {
		fmt.Fprintf(&m.b, `,"valueString":%q`, m.value(secret))
	}
	fmt.Fprintf(&m.b, `,"note":[{"text":%q},{%s"text":%q}]}`, m.value(secret), map[bool]string{true: inline + ",", false: ""}[inlined], m.value(secret || inlined))
}

func (m *maker) bundle() []byte {
	m.secret = map[string]bool{}
	n := 1 + m.r.IntN(5)
	for i := range n {
		id := fmt.Sprintf("open-%d", i)
		if m.r.IntN(3) == 0 {
			id = fmt.Sprintf("SECRET-%d", i)
			m.secret[id] = true
		}
		m.ids = append(m.ids, id)
	}
	fmt.Fprintf(&m.b, `{"resourceType":"Bundle","type":"searchset","total":%d,"entry":[`, n)
	for i, id := range m.ids {
		if i > 0 {
			m.b.WriteString(",\n")
		}
		fmt.Fprintf(&m.b, `{"fullUrl":"https://example.org/fhir/Observation/%s","resource":`, id)
		m.observation(id, m.secret[id], false, m.r.IntN(3) == 0)
		m.b.WriteString(`,"search":{"mode":"match"}}`)
	}
	for id := range m.secret {
		fmt.Fprintf(&m.b, `,{"resource":{"resourceType":"Provenance","target":[{"reference":"Observation/%s"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"SECRET agent"}}]},"search":{"mode":"include"}}`, id)
		break
	}
	m.b.WriteString("]}")
	return []byte(m.b.String())
}

// TestRedaction: no labelled value is left anywhere, nothing else is lost, and
// the result is valid FHIR.
func TestRedaction(t *testing.T) {
	r := redactor(t, "label:R")
	strict := fhir.NewParser(fhir.Strict())
	for seed := range rounds(3000) {
		m := &maker{r: rand.New(rand.NewPCG(uint64(seed), 1))}
		in := m.bundle()
		out, report, err := r.Apply(in)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, in)
		}
		if i := bytes.Index(out, []byte("SECRET")); i >= 0 {
			t.Fatalf("seed %d: %s is left\n%s\n%s", seed, out[i:min(len(out), i+30)], in, out)
		}
		for _, s := range m.open {
			if !bytes.Contains(out, []byte(s)) {
				t.Fatalf("seed %d: %s is lost\n%s\n%s", seed, s, in, out)
			}
		}
		if _, err := strict.Parse(out); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, out)
		}
		if want := fmt.Sprintf(`"total":%d`, len(m.ids)-len(m.secret)); !bytes.Contains(out, []byte(want)) {
			t.Fatalf("seed %d: not %s\n%s", seed, want, out)
		}
		if report.Resources+report.Elements+report.References+report.Narratives == 0 && !bytes.Equal(in, out) {
			t.Fatalf("seed %d: nothing was redacted, and bytes changed", seed)
		}
		again, _, err := r.Apply(out)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("seed %d: redacting again changes something: %v", seed, err)
		}
	}
}

// TestRedactionRefuses obligations and inputs that cannot be met.
func TestRedactionRefuses(t *testing.T) {
	for _, o := range []consent.Obligation{{Kind: "dance"}, {Kind: "redact", Detail: "mood:blue"}, {Kind: "redact"}, {Kind: "redact", Detail: "label:"}, {Kind: "redact", Detail: "class:34133-9"}, {Kind: "alert-privacy-officer"}} {
		if _, err := fhirconsent.NewRedactor([]consent.Obligation{o}, fhirconsent.RedactOptions{}); !errors.Is(err, fhirconsent.ErrObligation) {
			t.Errorf("%s: %v", o, err)
		}
	}
	if _, err := fhirconsent.NewRedactor([]consent.Obligation{{Kind: "alert-privacy-officer"}}, fhirconsent.RedactOptions{Handled: []string{"alert-privacy-officer"}}); err != nil {
		t.Error(err)
	}
	r := redactor(t, "label:R")
	for _, in := range []string{``, `{`, `[]`, `{"resourceType":"Nonsense"}`, `{"resourceType":"Patient","surprise":1}`, `<Patient xmlns="http://hl7.org/fhir"/>`} {
		if out, _, err := r.Apply([]byte(in)); err == nil {
			t.Errorf("%s came through as %s", in, out)
		}
	}
	if _, _, err := redactor(t, "except-label:N").Apply([]byte(`{"resourceType":"Basic","code":{"text":"x"}}`)); !errors.Is(err, fhirconsent.ErrWithheld) {
		t.Errorf("an unlabelled resource where only N may stay: %v", err)
	}
}

func TestRedactionByElementAndClass(t *testing.T) {
	in := `{"resourceType":"Patient","name":[{"family":"Example"}],"telecom":[{"value":"0"}],"address":[{"city":"Leeds"}],"generalPractitioner":[{"reference":"Organization/1"}],"birthDate":"1970-01-01"}`
	out, _, err := redactor(t, "address", "generalPractitioner", "telecom").Apply([]byte(in))
	if want := `{"resourceType":"Patient","name":[{"family":"Example"}],"birthDate":"1970-01-01"}`; err != nil || string(out) != want {
		t.Errorf("%v %s", err, out)
	}
	in = `{"resourceType":"Patient","contact":[{"name":{"text":"x"},"address":{"city":"Leeds"},"telecom":[{"value":"0"}]},{"address":{"city":"Leeds"}}]}`
	out, _, err = redactor(t, "address", "telecom").Apply([]byte(in))
	if want := `{"resourceType":"Patient","contact":[{"name":{"text":"x"}}]}`; err != nil || string(out) != want {
		t.Errorf("%v %s", err, out)
	}
	bundle := `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Basic","id":"1","code":{"text":"x"}}},{"resource":{"resourceType":"Observation","id":"2","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"42828-4"}]}}}]}`
	for _, detail := range []string{"class:Observation", "code:http://loinc.org|42828-4", "class:Observation;code:http://loinc.org|42828-4"} {
		out, report, err := redactor(t, detail).Apply([]byte(bundle))
		if err != nil || report.Resources != 1 || bytes.Contains(out, []byte("42828")) || !bytes.Contains(out, []byte("Basic")) {
			t.Errorf("%s: %v %s", detail, err, out)
		}
	}
}

// TestRedactionLeavesNoTrace tries places where a removed resource or a
// labelled element could still be read of. want is what must be left, all of
// it; it is also valid.
func TestRedactionLeavesNoTrace(t *testing.T) {
	const secret = `{"resource":{"resourceType":"Binary","id":"s","meta":{"security":[{"code":"R"}]},"contentType":"text/plain"},"fullUrl":"https://example.org/fhir/Binary/s"}`
	basic := func(members string) string { return `{"resourceType":"Basic","code":{"text":"x"}` + members + `}` }
	bundle := func(resource string) string {
		return `{"resourceType":"Bundle","type":"collection","entry":[` + secret + `,{"resource":` + resource + `}]}`
	}
	left := func(resource string) string {
		return `{"resourceType":"Bundle","type":"collection","entry":[{"resource":` + resource + `}]}`
	}
	const label = `{"url":"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label","valueCoding":{"code":"R"}}`
	const masked = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}`
	const signature = `{"type":[{"code":"1.2.840.10065.1.12.1.1"}],"when":"2026-01-01T00:00:00Z","who":{"display":"x"},"data":"c2VjcmV0"}`
	signed := func(entries, signature string) string {
		if signature != "" {
			signature = `,"signature":` + signature
		}
		return `{"resourceType":"Bundle","type":"collection","entry":[` + entries + `]` + signature + `}`
	}
	provenance := func(target, signature string) string {
		if signature != "" {
			signature = `,"signature":[` + signature + `]`
		}
		return `{"resourceType":"Provenance","target":[{"reference":"` + target + `"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]` + signature + `}`
	}
	for _, c := range []struct{ name, in, want string }{
		{"an extension of a primitive",
			`{"resourceType":"Patient","birthDate":"1970-01-01","_birthDate":{"extension":[{"url":"urn:x","extension":[` + label + `,{"url":"y","valueString":"secret"}]}]}}`,
			`{"resourceType":"Patient","birthDate":"1970-01-01"}`},
		{"one of two extensions of a primitive",
			`{"resourceType":"Patient","_birthDate":{"extension":[{"url":"urn:x","extension":[` + label + `,{"url":"y","valueString":"secret"}]} , {"url":"urn:z","valueCode":"open"}]},"birthDate":"1970-01-01"}`,
			`{"resourceType":"Patient","_birthDate":{"extension":[{"url":"urn:z","valueCode":"open"}]},"birthDate":"1970-01-01"}`},
		{"an extension of one of several primitives",
			`{"resourceType":"Patient","name":[{"given":["A","B"],"_given":[{"extension":[{"url":"urn:x","extension":[` + label + `,{"url":"y","valueString":"secret"}]}]},{"id":"i"}]}]}`,
			`{"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null,{"id":"i"}]}]}`},
		{"one of several primitives",
			`{"resourceType":"Patient","name":[{"given":["secret","B"],"_given":[{"extension":[` + label + `]},null]}]}`,
			`{"resourceType":"Patient","name":[{"given":[null,"B"],"_given":[` + masked + `,null]}]}`},
		{"a required primitive",
			`{"resourceType":"Observation","_status":{"extension":[` + label + `]} , "status" : "final","code":{"text":"x"}}`,
			`{"resourceType":"Observation","_status":` + masked + `,"code":{"text":"x"}}`},
		{"the only content of a required element",
			bundle(`{"resourceType":"DocumentReference","status":"current","content":[{"attachment":{"url":"Binary/s"}}]}`),
			left(`{"resourceType":"DocumentReference","status":"current","content":[{"attachment":` + masked + `}]}`)},
		{"an attachment's address among others",
			bundle(`{"resourceType":"DocumentReference","status":"current","content":[{"attachment":{"title":"t", "url":"https://example.org/fhir/Binary/s"}}]}`),
			left(`{"resourceType":"DocumentReference","status":"current","content":[{"attachment":{"title":"t"}}]}`)},
		{"a reference in an extension of a primitive",
			bundle(basic(`,"created":"2026-01-01","_created":{"extension":[{"url":"urn:x","valueReference":{"reference":"Binary/s"}},{"url":"urn:y","valueCode":"open"}]}`)),
			left(basic(`,"created":"2026-01-01","_created":{"extension":[{"url":"urn:y","valueCode":"open"}]}`))},
		{"a reference to a version", bundle(basic(`,"subject":{"reference":"Binary/s/_history/2"}`)), left(basic(""))},
		{"a reference by identifier",
			`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Condition","meta":{"security":[{"code":"R"}]},"identifier":[{"system":"urn:c","value":"secret"}],"subject":{"display":"x"}}},{"resource":` + basic(`,"subject":{"identifier":{"system":"urn:c","value":"secret"},"display":"secret"},"author":{"identifier":{"system":"urn:c","value":"open"}}`) + `}]}`,
			left(basic(`,"author":{"identifier":{"system":"urn:c","value":"open"}}`))},
		{"a contained resource by the number of another's",
			basic(`,"contained":[{"resourceType":"Basic","id":"a","meta":{"security":[{"code":"R"}]},"code":{"text":"secret"}},{"resourceType":"Basic","id":"b","code":{"text":"open"},"subject":{"reference":"#a"}}],"subject":{"reference":"#b"}`),
			basic(`,"contained":[{"resourceType":"Basic","id":"b","code":{"text":"open"}}],"subject":{"reference":"#b"}`)},
		{"a Bundle among parameters",
			`{"resourceType":"Parameters","parameter":[{"name":"a","resource":{"resourceType":"Bundle","type":"searchset","total":2,"entry":[` + secret + `,{"resource":` + basic("") + `}]}},{"name":"b","resource":{"resourceType":"Basic","meta":{"security":[{"code":"R"}]},"code":{"text":"secret"}}}]}`,
			`{"resourceType":"Parameters","parameter":[{"name":"a","resource":{"resourceType":"Bundle","type":"searchset","total":1,"entry":[{"resource":` + basic("") + `}]}}]}`},
		{"a document without its Composition",
			`{"resourceType":"Bundle","type":"document","entry":[{"resource":{"resourceType":"Composition","meta":{"security":[{"code":"R"}]},"status":"final","type":{"text":"x"},"date":"2026","author":[{"display":"x"}],"title":"secret"}},{"resource":` + basic("") + `}]}`, ``},
		{"names with escapes",
			`{"resourceType":"Observation","status":"final","code":{"text":"x"},"val\u0075eString":"secret","_v\u0061lueString":{"\u0065xtension":[` + label + `]},"n\u006fte":[{"t\u0065xt":"secret","extension":[` + label + `]}]}`,
			`{"resourceType":"Observation","status":"final","code":{"text":"x"}}`},
		{"a resource that is labelled inline", `{"resourceType":"Basic","extension":[` + label + `],"code":{"text":"secret"}}`, ``},
		{"an entry that is labelled inline", `{"resourceType":"Bundle","type":"collection","entry":[{"extension":[` + label + `],"resource":` + basic("") + `},{"resource":` + basic("") + `}]}`, left(basic(""))},
		{"elements of a Bundle and of its entries",
			`{"resourceType":"Bundle","identifier":{"extension":[` + label + `],"value":"secret"},"type":"searchset","timestamp":"2026-01-01T00:00:00Z","_timestamp":{"extension":[{"url":"urn:x","extension":[` + label + `,{"url":"y","valueString":"secret"}]}]},"link":[{"extension":[` + label + `],"relation":"self","url":"urn:secret"}],"entry":[{"link":[{"extension":[` + label + `],"relation":"a","url":"urn:secret"}],"resource":` + basic("") + `,"search":{"extension":[` + label + `],"mode":"match"}}]}`,
			`{"resourceType":"Bundle","type":"searchset","timestamp":"2026-01-01T00:00:00Z","entry":[{"resource":` + basic("") + `}]}`},
		{"a Bundle with a label for which nothing within accounts", `{"resourceType":"Bundle","meta":{"security":[{"code":"R"}]},"type":"collection","entry":[{"resource":` + basic("") + `}]}`, ``},
		{"such a Bundle within another", `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Bundle","meta":{"security":[{"code":"R"}]},"type":"collection","entry":[{"resource":` + basic("") + `}]}},{"resource":` + basic("") + `}]}`, left(basic(""))},
		{"a contained Bundle",
			basic(`,"contained":[{"resourceType":"Bundle","id":"b","type":"searchset","total":1,"entry":[` + secret + `]}],"subject":{"reference":"#b"}`),
			basic(`,"contained":[{"resourceType":"Bundle","id":"b","type":"searchset","total":0}],"subject":{"reference":"#b"}`)},
		{"entries about a removed resource",
			`{"resourceType":"Bundle","type":"history","total":3,"entry":[` + secret + `,{"fullUrl":"https://example.org/fhir/Binary/s","request":{"method":"DELETE","url":"Binary/s"},"response":{"status":"204"}},{"request":{"method":"PUT","url":"Binary/t"},"response":{"status":"200","location":"Binary/s/_history/2"}}]}`,
			`{"resourceType":"Bundle","type":"history","total":0}`},
		{"conditional references",
			`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Condition","meta":{"security":[{"code":"R"}]},"identifier":[{"system":"urn:c","value":"secret"}],"subject":{"display":"x"}}},{"resource":` + basic(`,"subject":{"reference":"Condition?identifier=urn%3Ac%7Csecret"}`) + `},{"resource":` + basic(`,"subject":{"reference":"Condition?identifier=secret"},"author":{"reference":"Practitioner?identifier=urn:c|open"}`) + `}]}`,
			`{"resourceType":"Bundle","type":"collection","entry":[{"resource":` + basic("") + `},{"resource":` + basic(`,"author":{"reference":"Practitioner?identifier=urn:c|open"}`) + `}]}`},
		{"addresses that are no References",
			bundle(basic(`,"extension":[{"url":"urn:x","valueUri":"Binary/s"},{"url":"urn:y","valueCanonical":"https://example.org/fhir/Binary/s|2"},{"url":"urn:z","valueUrl":"https://example.org/fhir/Binary/s#x"},{"url":"urn:u","valueUri":"Binary/t"}]`)),
			left(basic(`,"extension":[{"url":"urn:u","valueUri":"Binary/t"}]`))},
		{"a link in a narrative",
			bundle(basic(`,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href = 'Binary&#x2F;s'>secret</a></div>"}`)),
			left(basic(""))},
		{"no link in a narrative",
			bundle(basic(`,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">1 = 1, it's \"<a href=\"Binary/t\">open</a></div>"}`)),
			left(basic(`,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">1 = 1, it's \"<a href=\"Binary/t\">open</a></div>"}`))},
		{"a labelled reference to a contained resource",
			`{"resourceType":"MedicationRequest","contained":[{"resourceType":"Organization","id":"o","name":"secret"},{"resourceType":"Medication","id":"m","manufacturer":{"reference":"#o"}},{"resourceType":"Patient","id":"p"}],"status":"active","intent":"order","subject":{"reference":"#p"},"medicationReference":{"extension":[` + label + `],"reference":"#m"}}`,
			`{"resourceType":"MedicationRequest","contained":[{"resourceType":"Patient","id":"p"}],"status":"active","intent":"order","subject":{"reference":"#p"},"medicationReference":` + masked + `}`},
		{"one of two references to a contained resource",
			basic(`,"contained":[{"resourceType":"Patient","id":"p"}],"subject":{"reference":"#p"},"author":{"reference":"#p","extension":[` + label + `]}`),
			basic(`,"contained":[{"resourceType":"Patient","id":"p"}],"subject":{"reference":"#p"}`)},
		{"a label of another type than Coding", basic(`,"author":{"extension":[{"url":"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label","valueCode":"R"}],"display":"secret"}`), basic("")},
		{"a label without a value", basic(`,"author":{"extension":[{"url":"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"}],"display":"secret"}`), basic("")},
		{"a label without a code", basic(`,"meta":{"security":[{"display":"restricted"}]}`), ``},
		{"a label that modifies", basic(`,"modifierExtension":[` + label + `]`), ``},
		{"a Binary that is protected as another resource",
			bundle(`{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Binary/s"},"data":"c2VjcmV0"}`),
			`{"resourceType":"Bundle","type":"collection"}`},
		{"a Binary that holds a labelled document",
			`{"resourceType":"Bundle","type":"searchset","total":3,"entry":[{"resource":{"resourceType":"Binary","id":"b","contentType":"text/plain","data":"c2VjcmV0"}},{"resource":{"resourceType":"DocumentReference","meta":{"security":[{"code":"R"}]},"status":"current","content":[{"attachment":{"url":"https://example.org/fhir/Binary/b"}}]}},{"resource":{"resourceType":"Binary","id":"open","contentType":"text/plain"}}]}`,
			`{"resourceType":"Bundle","type":"searchset","total":1,"entry":[{"resource":{"resourceType":"Binary","id":"open","contentType":"text/plain"}}]}`},
		{"items of an audit trail and of a list",
			`{"resourceType":"Bundle","type":"collection","entry":[` + secret + `,{"resource":{"resourceType":"AuditEvent","type":{"code":"rest"},"recorded":"2026-01-01T00:00:00Z","agent":[{"requestor":false}],"source":{"observer":{"display":"x"}},"entity":[{"what":{"reference":"Binary/s"},"name":"secret"},{"what":{"reference":"Binary/t"},"name":"open"}]}},{"resource":{"resourceType":"List","status":"current","mode":"working","entry":[{"flag":{"text":"secret"},"item":{"reference":"Binary/s"}},{"item":{"reference":"Binary/t"}}]}}]}`,
			`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"AuditEvent","type":{"code":"rest"},"recorded":"2026-01-01T00:00:00Z","agent":[{"requestor":false}],"source":{"observer":{"display":"x"}},"entity":[{"what":{"reference":"Binary/t"},"name":"open"}]}},{"resource":{"resourceType":"List","status":"current","mode":"working","entry":[{"item":{"reference":"Binary/t"}}]}}]}`},
		{"an outcome beside a resource",
			`{"resourceType":"Bundle","type":"batch-response","entry":[{"resource":` + basic("") + `,"response":{"status":"200","outcome":{"resourceType":"OperationOutcome","meta":{"security":[{"code":"R"}]},"issue":[{"severity":"error","code":"x","diagnostics":"secret"}]}}}]}`,
			`{"resourceType":"Bundle","type":"batch-response","entry":[{"resource":` + basic("") + `,"response":{"status":"200"}}]}`},
		{"a reference by another identifier than the first",
			`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"DocumentReference","meta":{"security":[{"code":"R"}]},"masterIdentifier":{"system":"urn:c","value":"secret"},"status":"current","content":[{"attachment":{"title":"x"}}]}},{"resource":` + basic(`,"subject":{"identifier":{"system":"urn:c","value":"secret"}}`) + `}]}`,
			left(basic(""))},
		{"an identifier in place of a reference",
			`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Condition","meta":{"security":[{"code":"R"}]},"identifier":[{"system":"urn:c","value":"secret"}],"subject":{"display":"x"}}},{"resource":{"resourceType":"Composition","status":"final","type":{"text":"x"},"date":"2026","author":[{"display":"x"}],"title":"x","relatesTo":[{"code":"appends","targetIdentifier":{"system":"urn:c","value":"secret"}}]}}]}`,
			left(`{"resourceType":"Composition","status":"final","type":{"text":"x"},"date":"2026","author":[{"display":"x"}],"title":"x","relatesTo":[{"code":"appends","targetIdentifier":` + masked + `}]}`)},
		{"a Provenance that names its target by an identifier",
			`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Condition","meta":{"security":[{"code":"R"}]},"identifier":[{"system":"urn:c","value":"secret"}],"subject":{"display":"x"}}},{"resource":{"resourceType":"Provenance","target":[{"identifier":{"system":"urn:c","value":"secret"}}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"secret"}}]}},{"resource":` + basic("") + `}]}`,
			left(basic(""))},
		{"a UUID",
			`{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:0c3201bd-1cbf-4d64-b04d-cd9187a4c6e0","resource":{"resourceType":"Condition","meta":{"security":[{"code":"R"}]},"subject":{"display":"x"}}},{"resource":` + basic(`,"extension":[{"url":"urn:x","valueUuid":"urn:uuid:0c3201bd-1cbf-4d64-b04d-cd9187a4c6e0"}]`) + `}]}`,
			left(basic(""))},
		{"a reference to what is known by a version only",
			`{"resourceType":"Bundle","type":"history","entry":[{"fullUrl":"https://example.org/fhir/Condition/s/_history/1","resource":{"resourceType":"Condition","meta":{"security":[{"code":"R"}]},"subject":{"display":"x"}},"request":{"method":"PUT","url":"Condition/s"},"response":{"status":"200"}},{"resource":` + basic(`,"subject":{"reference":"Condition/s"}`) + `,"request":{"method":"PUT","url":"Basic/1"},"response":{"status":"200"}}]}`,
			`{"resourceType":"Bundle","type":"history","entry":[{"resource":` + basic("") + `,"request":{"method":"PUT","url":"Basic/1"},"response":{"status":"200"}}]}`},
		{"a label at an address that is written wrongly", basic(`,"author":{"extension":[` + strings.Replace(label, "http:", "https:", 1) + `],"display":"secret"}`), basic("")},
		{"the signature of a Bundle that lost a resource", signed(secret+`,{"resource":`+basic("")+`}`, signature), signed(`{"resource":`+basic("")+`}`, "")},
		{"the signature of a Bundle that lost an element", signed(`{"resource":`+basic(`,"author":{"extension":[`+label+`],"display":"secret"}`)+`}`, signature), signed(`{"resource":`+basic("")+`}`, "")},
		{"the signature of a Bundle that lost nothing", signed(`{"resource":`+basic("")+`}`, signature), signed(`{"resource":`+basic("")+`}`, signature)},
		{"the signature of a Bundle around one that lost something",
			signed(`{"resource":`+signed(secret, signature)+`},{"resource":`+signed(`{"resource":`+basic("")+`}`, signature)+`}`, signature),
			signed(`{"resource":{"resourceType":"Bundle","type":"collection"}},{"resource":`+signed(`{"resource":`+basic("")+`}`, signature)+`}`, "")},
		{"the signature of a Bundle whose narrative links to what another lost",
			`{"resourceType":"Bundle","type":"collection","entry":[` + secret + `,{"resource":` + signed(`{"resource":`+basic(`,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href='Binary/s'>secret</a></div>"}`)+`}`, signature) + `}]}`,
			left(signed(`{"resource":`+basic("")+`}`, ""))},
		{"a Provenance that signs what lost something",
			`{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"https://example.org/fhir/Basic/b","resource":` + basic(`,"id":"b","author":{"extension":[`+label+`],"display":"secret"}`) + `},{"resource":` + provenance("Basic/b", signature) + `},{"resource":` + provenance("Basic/c", signature) + `}]}`,
			`{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"https://example.org/fhir/Basic/b","resource":` + basic(`,"id":"b"`) + `},{"resource":` + provenance("Basic/b", "") + `},{"resource":` + provenance("Basic/c", signature) + `}]}`},
		{"spaces stay where they were",
			"{ \"resourceType\" : \"Patient\" ,\n \"active\" : true ,\n \"name\" : [ { \"family\" : \"secret\" , \"extension\" : [ " + label + " ] } , { \"family\" : \"open\" } ] ,\n \"gender\" : \"other\" }",
			"{ \"resourceType\" : \"Patient\" ,\n \"active\" : true ,\n \"name\" : [ { \"family\" : \"open\" } ] ,\n \"gender\" : \"other\" }"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, _, err := redactor(t, "label:R").Apply([]byte(c.in))
			if c.want == "" {
				if !errors.Is(err, fhirconsent.ErrWithheld) {
					t.Errorf("%v %s", err, out)
				}
				return
			}
			if err != nil || string(out) != c.want {
				t.Fatalf("%v\ngot  %s\nwant %s", err, out, c.want)
			}
			if _, err := fhir.NewParser(fhir.Strict()).Parse(out); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRedactionByCodeAnywhere: "if this code is found in an instance, then the
// rule applies", wherever it is found.
func TestRedactionByCodeAnywhere(t *testing.T) {
	const coded = `{"coding":[{"system":"urn:s","code":"1"}]}`
	for _, c := range []struct {
		in       string
		withheld bool
	}{
		{`{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"reasonCode":[` + coded + `]}`, true},
		{`{"resourceType":"Encounter","status":"finished","class":{"system":"urn:s","code":"1"}}`, true},
		{`{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueCodeableConcept":` + coded + `}`, true},
		{`{"resourceType":"Observation","status":"final","code":{"text":"x"},"component":[{"code":` + coded + `}]}`, true},
		{`{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"display":"x"},"medicationCodeableConcept":` + coded + `}`, true},
		{`{"resourceType":"Basic","code":{"text":"x"},"extension":[{"url":"urn:x","valueCodeableConcept":` + coded + `}]}`, true},
		{`{"resourceType":"Basic","meta":{"tag":[{"system":"urn:s","code":"1"}]},"code":{"text":"x"}}`, false},
		{`{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:s","code":"2"}]}}`, false},
	} {
		if _, _, err := redactor(t, "code:urn:s|1").Apply([]byte(c.in)); errors.Is(err, fhirconsent.ErrWithheld) != c.withheld {
			t.Errorf("%v: %s", err, c.in)
		}
	}
	// A contained one goes by itself.
	in := `{"resourceType":"MedicationRequest","contained":[{"resourceType":"Medication","id":"m","code":` + coded + `}],"status":"active","intent":"order","subject":{"display":"x"},"medicationReference":{"reference":"#m"}}`
	if out, _, err := redactor(t, "code:urn:s|1").Apply([]byte(in)); err != nil || bytes.Contains(out, []byte("Medication\"")) {
		t.Errorf("%v %s", err, out)
	}
}

// TestRedactionOfKinds: labels cover their kinds.
func TestRedactionOfKinds(t *testing.T) {
	for label, withheld := range map[string]bool{"SUD": true, "ETHUD": true, "SPI": true, "PSY": false} {
		_, _, err := redactor(t, "label:SUD").Apply([]byte(`{"resourceType":"Basic","meta":{"security":[{"code":"` + label + `"}]},"code":{"text":"x"}}`))
		if errors.Is(err, fhirconsent.ErrWithheld) != withheld {
			t.Errorf("%s: %v", label, err)
		}
	}
	for label, withheld := range map[string]bool{"SUD": false, "ETHUD": false, "SPI": true, "PSY": true} {
		_, _, err := redactor(t, "except-label:SUD").Apply([]byte(`{"resourceType":"Basic","meta":{"security":[{"code":"` + label + `"}]},"code":{"text":"x"}}`))
		if errors.Is(err, fhirconsent.ErrWithheld) != withheld {
			t.Errorf("except %s: %v", label, err)
		}
	}
}

// TestRedactionByDescendants needs to know which codes are kinds of others.
func TestRedactionByDescendants(t *testing.T) {
	list := []consent.Obligation{{Kind: "redact", Detail: "code:urn:s|<<1"}}
	if _, err := fhirconsent.NewRedactor(list, fhirconsent.RedactOptions{}); !errors.Is(err, fhirconsent.ErrObligation) {
		t.Errorf("without knowledge of the codes: %v", err)
	}
	r, err := fhirconsent.NewRedactor(list, fhirconsent.RedactOptions{Subsumes: func(system, ancestor, code string) consent.Tri {
		return map[string]consent.Tri{"2": consent.Yes, "3": consent.No}[code]
	}})
	if err != nil {
		t.Fatal(err)
	}
	for code, withheld := range map[string]bool{"urn:s|1": true, "urn:s|2": true, "urn:s|3": false, "urn:s|4": true, "urn:t|2": false} {
		system, value, _ := strings.Cut(code, "|")
		_, _, err := r.Apply(fmt.Appendf(nil, `{"resourceType":"Basic","code":{"coding":[{"system":%q,"code":%q}]}}`, system, value))
		if (err != nil) != withheld {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestRedactNDJSON(t *testing.T) {
	in := `{"resourceType":"Basic","id":"1","code":{"text":"kept"}}
{"resourceType":"Basic","id":"2","meta":{"security":[{"code":"R"}]},"code":{"text":"x"}}

{"broken
{"resourceType":"Basic","id":"3","code":{"text":"kept"},"subject":{"reference":"Basic/2"}}
{"resourceType":"Provenance","target":[{"reference":"Basic/2"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}
{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Basic/2"}}
`
	r, err := fhirconsent.NewRedactor([]consent.Obligation{{Kind: "redact", Detail: "label:R"}}, fhirconsent.RedactOptions{Withheld: func(ref string) bool { return ref == "Basic/2" }})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	report, err := r.ApplyNDJSON(context.Background(), strings.NewReader(in), &out)
	want := `{"resourceType":"Basic","id":"1","code":{"text":"kept"}}` + "\n" + `{"resourceType":"Basic","id":"3","code":{"text":"kept"}}` + "\n"
	if err != nil || out.String() != want || report.Passed != 2 || report.Withheld != 3 || report.Rejected != 1 {
		t.Errorf("%v %+v\n%s", err, report, out.String())
	}
}

// TestHostile corrupts Consents byte by byte and drops every field: what was
// not permitted never becomes permitted.
func TestHostile(t *testing.T) {
	seeds := []string{
		`{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/1"},"provision":{"type":"deny","provision":[{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HRESCH"}]}]}}`,
		`{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/1"},"provision":{"type":"permit","period":{"end":"2020-01-01"},"actor":[{"reference":{"reference":"Practitioner/9"}}],"action":[{"coding":[{"code":"correct"}]}]}}`,
		`{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/1"},"provision":{"type":"permit","provision":[{"type":"deny","actor":[{"reference":{"reference":"Practitioner/2"}}]}]}}`,
		// A refusal by a code that is no longer one of HL7's is not out of the way.
		`{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/1"},"provision":{"type":"permit","provision":[{"type":"deny","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}]}}`,
		`{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/1"},"provision":{"type":"permit","provision":[{"type":"deny","action":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentaction","code":"access"}]}]}]}}`,
		`{"resourceType":"Consent","status":"inactive","scope":{"coding":[{"code":"treatment"}]},"patient":{"reference":"Patient/2"},"policyRule":{"coding":[{"code":"OPTOUT"}]}}`,
	}
	// A Bundle of one that permits and one that refuses.
	seeds = append(seeds, `{"resourceType":"Bundle","type":"searchset","total":2,"entry":[{"resource":`+strings.Replace(seeds[2], `"Practitioner/2"`, `"Practitioner/7"`, 1)+`},{"resource":`+seeds[2]+`}]}`)
	q := fhirconsent.Question{Patient: []string{"Patient/1"}, Purposes: []string{"TREAT"}, Actors: []string{"Practitioner/2"}, Action: "access", AsAt: asAt}
	rounds := rounds(30_000)
	r := rand.New(rand.NewPCG(9, 9))
	tried, permits := 0, map[string]int{}
	ask := func(what string, data []byte) {
		tried++
		list, err := fhirconsent.ParseAll(data)
		if err != nil {
			return
		}
		if f := fhirconsent.Decide(list, q, fhirconsent.Options{}); f.Effect == consent.FindingPermit {
			permits[what]++
			t.Errorf("%s: a permit\n%s\n%v", what, data, f.Reasons)
		}
	}
	for _, s := range seeds {
		ask("unchanged", []byte(s))
		for i := range s {
			// Any other byte at any place; letters of codes included, which
			// make other codes: never one that permits.
			for range 1 + rounds/len(s)/len(seeds) {
				bad := []byte(s)
				bad[i] = byte(r.IntN(256))
				if n := bytes.Count(bad, []byte(`"deny"`)); n > 0 && strings.Contains(s, "Practitioner/2") && (len(somebodyElse.FindAll(bad, -1)) == n || anotherPatient.Match(bad)) {
					continue // a well-formed refusal of, or about, another person
				}
				ask("a byte", bad)
			}
			ask("cut off", []byte(s[:i]))
		}
		if strings.Contains(s, `"Bundle"`) {
			continue // with a refusal left out it is that of a patient who has none
		}
		var v map[string]any
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			t.Fatal(err)
		}
		dropped(v, func() {
			data, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if !harmless(string(data), s) {
				ask("a field dropped", data)
			}
		})
	}
	t.Logf("%d tried", tried)
}

// somebodyElse matches a refusal of somebody other than who asks.
var somebodyElse = regexp.MustCompile(`"deny","actor":\[\{"reference":\{"reference":"[A-Z][A-Za-z]+/[A-Za-z013-9.-]"\}\}\]`)

// anotherPatient matches a Consent of another patient than the one asked about.
var anotherPatient = regexp.MustCompile(`"patient":\{"reference":"Patient/[A-Za-z02-9.-]"\}`)

// harmless reports whether a dropped field makes a Consent wider by itself: a
// permit without its actor, action or end is another permit, as valid as the
// first, and a Consent whose deny is gone has none.
func harmless(now, before string) bool {
	for _, name := range []string{"period", "actor", "action", "purpose", "end", "reference"} {
		if strings.Contains(before, `"`+name+`"`) && strings.Count(now, `"`+name+`"`) < strings.Count(before, `"`+name+`"`) {
			return true
		}
	}
	return strings.Count(now, `"provision"`) < strings.Count(before, `"provision"`)
}

// dropped calls fn with every member of v, and of what is below, left out once.
func dropped(v map[string]any, fn func()) {
	var names []string
	for k := range v {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		old := v[k]
		delete(v, k)
		fn()
		v[k] = old
		below(old, fn)
	}
}

func below(v any, fn func()) {
	switch v := v.(type) {
	case map[string]any:
		dropped(v, fn)
	case []any:
		for _, x := range v {
			below(x, fn)
		}
	}
}

// BenchmarkRedact redacts searchsets in each of which about half of the
// resources lose something, and beside it parses them without doing more.
func BenchmarkRedact(b *testing.B) {
	m := &maker{r: rand.New(rand.NewPCG(4, 4))}
	var all bytes.Buffer
	for range 200 {
		m.b.Reset()
		m.ids, m.open = nil, nil
		all.Write(bytes.ReplaceAll(m.bundle(), []byte("\n"), nil))
		all.WriteByte('\n')
	}
	measure := func(name string, fn func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(all.Len()))
			b.ReportAllocs()
			from := cpuTime()
			for b.Loop() {
				if err := fn(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(all.Len())*float64(b.N)/(cpuTime()-from).Seconds()/1e6, "cpu-MB/s")
		})
	}
	r := redactor(b, "label:R")
	measure("ndjson", func() error {
		_, err := r.ApplyNDJSON(context.Background(), bytes.NewReader(all.Bytes()), io.Discard)
		return err
	})
	p := fhir.NewParser()
	lines := bytes.Split(bytes.TrimSpace(all.Bytes()), []byte("\n"))
	measure("parse-only", func() error {
		for _, l := range lines {
			tree, err := p.Parse(l)
			if err != nil {
				return err
			}
			tree.Release()
		}
		return nil
	})
}

// TestRedactNDJSONTooLong: a line that is too long is left out, said where, and
// what stands around it is written.
func TestRedactNDJSONTooLong(t *testing.T) {
	const line = `{"resourceType":"Basic","code":{"text":"a"}}` + "\n"
	long := `{"resourceType":"Basic","code":{"text":"` + strings.Repeat("secret", 11<<20) + `"}}`
	for _, end := range []string{"\n", "\r\n"} {
		var out bytes.Buffer
		in := io.MultiReader(strings.NewReader(line+"\n"), strings.NewReader(long+end), strings.NewReader(line+"{\n"+strings.TrimSuffix(line, "\n")))
		report, err := redactor(t, "label:R").ApplyNDJSON(context.Background(), in, &out)
		if err != nil || out.String() != line+line+line || report.Passed != 3 || report.Rejected != 2 || len(report.Issues) != 2 {
			t.Fatalf("%v, %+v, %d bytes", err, report, out.Len())
		}
		first, second := report.Issues[0], report.Issues[1]
		if first.Line != 3 || first.Offset != int64(len(line)+1) || !errors.Is(first.Err, fhirconsent.ErrLineTooLong) {
			t.Errorf("%+v", first)
		}
		if second.Line != 5 || second.Offset != int64(len(line)+1+len(long)+len(end)+len(line)) || errors.Is(second.Err, fhirconsent.ErrLineTooLong) {
			t.Errorf("%+v", second)
		}
	}
	// One that is as long as it may be is read.
	const most = 64 << 20
	fits := `{"resourceType":"Basic","code":{"text":"`
	fits += strings.Repeat("a", most-len(fits)-len(`"}}`)) + `"}}`
	for _, c := range []struct {
		in      string
		tooLong bool
	}{{fits, false}, {fits + "\r\n", false}, {" " + fits + "\n", true}} {
		var out bytes.Buffer
		report, err := redactor(t, "label:R").ApplyNDJSON(context.Background(), strings.NewReader(c.in), &out)
		tooLong := len(report.Issues) > 0 && errors.Is(report.Issues[0].Err, fhirconsent.ErrLineTooLong)
		if err != nil || tooLong != c.tooLong {
			t.Errorf("%d bytes: %v %+v", len(c.in), err, report)
		}
	}
}

// TestRedactNDJSONFaults: an error of the reader or the writer, and the
// context, end it; findings are capped, which is said.
func TestRedactNDJSONFaults(t *testing.T) {
	const line = `{"resourceType":"Basic","code":{"text":"a"}}` + "\n"
	r, broken := redactor(t, "label:R"), errors.New("broken")
	var out bytes.Buffer
	report, err := r.ApplyNDJSON(context.Background(), io.MultiReader(strings.NewReader(line+line[:20]), iotest.ErrReader(broken)), &out)
	if !errors.Is(err, broken) || out.String() != line || report.Passed != 1 || report.Rejected != 0 || len(report.Issues) != 0 {
		t.Errorf("%v %+v %s", err, report, &out)
	}
	if _, err = r.ApplyNDJSON(context.Background(), strings.NewReader(strings.Repeat(line, 10_000)), failing{broken}); !errors.Is(err, broken) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err = r.ApplyNDJSON(ctx, strings.NewReader(line), io.Discard); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	report, err = r.ApplyNDJSON(context.Background(), strings.NewReader(strings.Repeat("{\n", 300)), io.Discard)
	if err != nil || report.Rejected != 300 || len(report.Issues) != 101 || report.Issues[100].Code != "TOO_MANY" {
		t.Errorf("%v %d rejected, %d findings", err, report.Rejected, len(report.Issues))
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestRedactLinksToWithheld: what is withheld outside of the input is not told
// of by links and absolute references either.
func TestRedactLinksToWithheld(t *testing.T) {
	r, err := fhirconsent.NewRedactor([]consent.Obligation{{Kind: "redact", Detail: "label:R"}}, fhirconsent.RedactOptions{Withheld: func(ref string) bool { return ref == "Basic/2" }})
	if err != nil {
		t.Fatal(err)
	}
	const kept = `{"resourceType":"Basic","code":{"text":"x"}}`
	for _, members := range []string{
		`,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"Basic/2\">secret</a></div>"}`,
		`,"subject":{"reference":"https://example.org/fhir/Basic/2/_history/1"}`, `,"extension":[{"url":"urn:x","valueCanonical":"Basic/2|1"}]`,
	} {
		if out, _, err := r.Apply([]byte(strings.TrimSuffix(kept, "}") + members + "}")); err != nil || string(out) != kept {
			t.Errorf("%v %s", err, out)
		}
	}
}
