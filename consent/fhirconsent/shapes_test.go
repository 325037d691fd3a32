package fhirconsent_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/consent/fhirconsent"
	"github.com/nhskit/nhskit/fhir"
)

// shapes draws Bundles with every place in which a removed resource or element
// could still be read of. What may be seen says OPEN with a number, and has to
// be left; what may not says SECRET.
type shapes struct {
	r     *rand.Rand
	n     int
	open  []string
	known []target
}

// target is a resource that others refer to.
type target struct {
	secret                      bool
	kind, id, fullURL, idn, uid string
}

func (s *shapes) one(list ...string) string { return list[s.r.IntN(len(list))] }

func (s *shapes) coin() bool { return s.r.IntN(2) == 0 }

func (s *shapes) value(secret bool) string {
	s.n++
	if secret {
		return fmt.Sprintf("SECRET%d.", s.n)
	}
	v := fmt.Sprintf("OPEN%d.", s.n)
	s.open = append(s.open, v)
	return v
}

// data is base64 of a value.
func (s *shapes) data(secret bool) string {
	s.n++
	if secret {
		return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "SECRET%d", s.n))
	}
	v := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "OPEN%05d", s.n))
	s.open = append(s.open, v)
	return v
}

const (
	secretInBase64 = "U0VDUkVU"
	labelled       = `{"url":"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label","valueCoding":{"code":"R"}}`
)

// inline writes a label, also as one that was written badly.
func (s *shapes) inline() string {
	switch s.r.IntN(6) {
	case 0:
		return strings.Replace(labelled, `"R"`, `"V"`, 1)
	case 1:
		return strings.Replace(labelled, `"code":"R"`, `"display":"restricted"`, 1)
	case 2:
		return strings.Replace(labelled, "http://hl7.org", "https://hl7.org", 1)
	}
	return labelled
}

// meta writes the labels of a resource, and whether they are in an extension
// instead.
func (s *shapes) meta(secret bool) string {
	if !secret {
		return `,"meta":{"security":[{"code":"N"}]}`
	}
	switch s.r.IntN(6) {
	case 0:
		return `,"meta":{"security":[{"code":"N"}]},"extension":[` + s.inline() + `]`
	case 1:
		return `,"meta":{"security":[{"code":"N"}]},"modifierExtension":[` + s.inline() + `]`
	case 2:
		return `,"meta":{"security":[{"code":"N"},{"display":"x"}]}`
	case 3:
		return `,"meta":{"security":[{"code":"N"},{"code":"V"}]}`
	}
	return `,"meta":{"security":[{"code":"R"}]}`
}

// target draws a resource that others may refer to.
func (s *shapes) target() target {
	s.n++
	t := target{secret: s.r.IntN(3) == 0, kind: s.one("Condition", "DocumentReference", "Specimen")}
	word := map[bool]string{true: "SECRET", false: "o"}[t.secret]
	digits := map[bool]string{true: "5ec", false: "000"}[t.secret]
	t.id, t.idn, t.uid = fmt.Sprintf("%s-%d", word, s.n), fmt.Sprintf("%s.%d", word, s.n), fmt.Sprintf("urn:uuid:%s%05d-0000-4000-8000-000000000000", digits, s.n)
	t.fullURL = t.uid
	if s.coin() {
		t.fullURL = "https://example.org/fhir/" + t.kind + "/" + t.id
		if s.r.IntN(4) == 0 {
			t.fullURL += "/_history/1"
		}
	}
	return t
}

// reference writes an extension whose value leads to a target.
func (s *shapes) reference(t target) string {
	v := s.value(t.secret)
	relative := t.kind + "/" + t.id
	ref := func(r string) string {
		return `{"url":"urn:x","valueReference":{"reference":"` + r + `","display":"` + v + `"}}`
	}
	with := func(name, r string) string {
		return `{"url":"urn:x","extension":[{"url":"a","` + name + `":"` + r + `"}]}`
	}
	if !t.secret {
		with = func(name, r string) string {
			return `{"url":"urn:x","extension":[{"url":"a","` + name + `":"` + r + `"},{"url":"b","valueString":"` + v + `"}]}`
		}
	}
	switch s.r.IntN(13) {
	case 0:
		return ref(relative)
	case 1:
		return ref("https://example.org/fhir/" + relative)
	case 2:
		return ref(relative + "/_history/3")
	case 3:
		return ref(relative + "#part")
	case 4:
		return `{"url":"urn:x","valueReference":{"identifier":{"system":"urn:c","value":"` + t.idn + `"},"display":"` + v + `"}}`
	case 5:
		return ref(t.kind + "?identifier=urn:c|" + t.idn)
	case 6:
		return ref(t.kind + "?identifier=urn%3Ac%7C" + t.idn)
	case 7:
		return ref(t.kind + "?_id=" + t.id)
	case 8:
		return with("valueUri", relative)
	case 9:
		return with("valueCanonical", "https://example.org/fhir/"+relative+"|2")
	case 10:
		return with("valueUrl", "https://example.org/fhir/"+relative)
	case 11:
		if t.fullURL == t.uid {
			return with("valueUuid", t.uid)
		}
		return with("valueUrl", "https://example.org/fhir/"+relative)
	}
	return `{"url":"urn:x","valueAttachment":{"url":"https://example.org/fhir/` + relative + `"` + map[bool]string{true: "", false: `,"title":"` + v + `"`}[t.secret] + `}}`
}

// body writes a target.
func (s *shapes) body(t target, label bool) string {
	meta := s.meta(t.secret && label)
	identifiers := `,"identifier":[{"system":"urn:c","value":"` + t.idn + `"}]`
	rest := `,"subject":{"display":"` + s.value(t.secret) + `"}`
	switch t.kind {
	case "DocumentReference":
		if s.coin() {
			identifiers = strings.Replace(strings.Replace(identifiers, "identifier", "masterIdentifier", 1), `[{"system":"urn:c","value":"`+t.idn+`"}]`, `{"system":"urn:c","value":"`+t.idn+`"}`, 1)
		}
		rest += `,"status":"current","content":[{"attachment":{"data":"` + s.data(t.secret) + `"}}]`
	case "Specimen":
		if s.coin() {
			identifiers = `,"accessionIdentifier":{"system":"urn:c","value":"` + t.idn + `"}`
		}
	}
	return `{"resourceType":"` + t.kind + `","id":"` + t.id + `"` + meta + identifiers + rest + `}`
}

// basic writes a resource that stays, with references to some targets and what
// is labelled within.
func (s *shapes) basic() string {
	var extensions, contained, rest []string
	loses := false
	for range s.r.IntN(4) {
		t := s.known[s.r.IntN(len(s.known))]
		loses = loses || t.secret
		extensions = append(extensions, s.reference(t))
	}
	secret := func() bool {
		x := s.coin()
		loses = loses || x
		return x
	}
	inner := func(id, members string) string {
		return `{"resourceType":"Basic","id":"` + id + `","code":{"text":"` + members
	}
	if s.coin() { // contained, labelled or not, and what only it refers to
		x := secret()
		label := ""
		if x {
			label = `,"meta":{"security":[{"code":"R"}]}`
		}
		contained = append(contained, inner("a", s.value(x)+`"}`+label+`,"subject":{"reference":"#b"}}`), inner("b", s.value(x)+`"}}`))
		rest = append(rest, `"subject":{"reference":"#a","display":"`+s.value(x)+`"}`)
	}
	if s.coin() { // a reference to a contained one that is labelled itself
		x := secret()
		label := ""
		if x {
			label = `"extension":[` + s.inline() + `],`
		}
		contained = append(contained, inner("c", s.value(x)+`"}}`))
		rest = append(rest, `"author":{`+label+`"reference":"#c"}`)
	}
	if s.coin() { // a primitive
		x := secret()
		label := `{"url":"urn:y","valueString":"` + s.value(x) + `"`
		if x {
			label = `{"url":"urn:y","extension":[` + s.inline() + `,{"url":"z","valueString":"` + s.value(true) + `"}]`
		}
		rest = append(rest, `"created":"2026-01-01","_created":{"extension":[`+label+`}]}`)
	}
	if s.coin() { // items of lists
		var list []string
		for range 1 + s.r.IntN(3) {
			x, label := secret(), ""
			if x {
				label = `"extension":[` + s.inline() + `],`
			}
			list = append(list, `{`+label+`"system":"urn:i","value":"`+s.value(x)+`"}`)
		}
		rest = append(rest, `"identifier":[`+strings.Join(list, " , ")+`]`)
	}
	if s.coin() { // a list of primitives, in an address
		var values, companions []string
		any := false
		for range 1 + s.r.IntN(3) {
			x, label := secret(), "null"
			if x {
				label = `{"extension":[` + s.inline() + `]}`
				any = true
			}
			values, companions = append(values, `"`+s.value(x)+`"`), append(companions, label)
		}
		v := `"line":[` + strings.Join(values, ",") + `]`
		if any {
			v += `,"_line":[` + strings.Join(companions, ",") + `]`
		}
		extensions = append(extensions, `{"url":"urn:p","valueAddress":{`+v+`}}`)
	}
	link := ""
	if s.r.IntN(4) == 0 { // a narrative that links
		t := s.known[s.r.IntN(len(s.known))]
		loses = loses || t.secret
		link = ` <a href=\"` + t.kind + "/" + t.id + `\">x</a>`
	}
	text := s.value(loses) + link
	out := `{"resourceType":"Basic","meta":{"security":[{"code":"N"}]},"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">` + text + `</div>"}`
	if len(contained) > 0 {
		out += `,"contained":[` + strings.Join(contained, ",") + `]`
	}
	if len(extensions) > 0 {
		out += `,"extension":[` + strings.Join(extensions, ",") + `]`
	}
	s.n++
	out += `,"code":{"text":"` + s.value(false) + `"}`
	for _, r := range rest {
		out += "," + r
	}
	return out + `}`
}

// about writes resources that are about targets, or hold what they hold.
func (s *shapes) about(t target) string {
	name := s.one(`"reference":"`+t.kind+"/"+t.id+`"`, `"identifier":{"system":"urn:c","value":"`+t.idn+`"}`)
	which := s.r.IntN(5)
	if which == 3 {
		return `{"resourceType":"Binary","meta":{"security":[{"code":"N"}]},"contentType":"text/plain","securityContext":{"reference":"` + t.kind + "/" + t.id + `"},"data":"` + s.data(t.secret) + `"}`
	}
	v := s.value(t.secret)
	switch which {
	case 0:
		return `{"resourceType":"Provenance","meta":{"security":[{"code":"N"}]},"target":[{` + name + `}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"` + v + `"}}]}`
	case 1:
		return `{"resourceType":"AuditEvent","meta":{"security":[{"code":"N"}]},"type":{"code":"rest"},"recorded":"2026-01-01T00:00:00Z","agent":[{"requestor":false}],"source":{"observer":{"display":"` + v + `"}},"entity":[{"what":{` + name + `},"name":"` + s.value(t.secret) + `"}]}`
	case 2:
		return `{"resourceType":"List","meta":{"security":[{"code":"N"}]},"status":"current","mode":"working","title":"` + s.value(false) + `","entry":[{"flag":{"text":"` + v + `"},"item":{` + name + `}},{"flag":{"text":"` + s.value(false) + `"},"item":{"display":"x"}}]}`
	}
	return `{"resourceType":"Composition","meta":{"security":[{"code":"N"}]},"status":"final","type":{"text":"x"},"date":"2026","author":[{"display":"x"}],"title":"` + s.value(false) + `","relatesTo":[{"code":"appends","targetIdentifier":{"system":"urn:c","value":"` + t.idn + `"}}],"section":[{"title":"` + s.value(false) + `","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">` + v + `</div>"},"entry":[{` + name + `}]}]}`
}

// binary writes a document with the Binary that holds it.
func (s *shapes) binary() []string {
	s.n++
	x := s.r.IntN(3) == 0
	id := fmt.Sprintf("%s-bin-%d", map[bool]string{true: "SECRET", false: "o"}[x], s.n)
	doc := `{"resource":{"resourceType":"DocumentReference"` + s.meta(x) + `,"status":"current","description":"` + s.value(x) + `","content":[{"attachment":{"url":"` + s.one("", "https://example.org/fhir/") + `Binary/` + id + `"}}]}}`
	bin := `{"fullUrl":"https://example.org/fhir/Binary/` + id + `","resource":{"resourceType":"Binary","id":"` + id + `","meta":{"security":[{"code":"N"}]},"contentType":"text/plain","data":"` + s.data(x) + `"}}`
	return []string{doc, bin}
}

// bundle draws the whole, with the number of its entries that stay.
func (s *shapes) bundle() (text string, stay int) {
	var entries []string
	for range 1 + s.r.IntN(4) {
		s.known = append(s.known, s.target())
	}
	add := func(x bool, entry string) {
		entries = append(entries, entry)
		if !x {
			stay++
		}
	}
	for _, t := range s.known {
		e := `{"fullUrl":"` + t.fullURL + `",`
		if t.secret && s.r.IntN(4) == 0 {
			add(true, e+`"extension":[`+s.inline()+`],"resource":`+s.body(t, false)+`}`)
		} else {
			add(t.secret, e+`"resource":`+s.body(t, true)+`}`)
		}
	}
	for range 1 + s.r.IntN(3) {
		add(false, `{"resource":`+s.basic()+`}`)
	}
	for range s.r.IntN(3) {
		t := s.known[s.r.IntN(len(s.known))]
		e := s.about(t)
		add(t.secret && !strings.Contains(e[:40], "List") && !strings.Contains(e[:40], "Composition"), `{"resource":`+e+`}`)
	}
	if s.coin() {
		for i, e := range s.binary() {
			add(strings.Contains(e, "SECRET") || i == 1 && strings.Contains(e, secretInBase64), e)
		}
	}
	if s.coin() { // an outcome beside a resource, with a label of its own
		x := s.coin()
		add(false, `{"resource":`+s.basic()+`,"response":{"status":"200","outcome":{"resourceType":"OperationOutcome"`+s.meta(x)+`,"issue":[{"severity":"error","code":"x","diagnostics":"`+s.value(x)+`"}]}}}`)
	}
	if s.coin() { // Parameters with a resource in a part
		x := s.coin()
		add(false, `{"resource":{"resourceType":"Parameters","meta":{"security":[{"code":"N"}]},"parameter":[{"name":"`+s.value(false)+`","part":[{"name":"p","resource":{"resourceType":"Basic"`+s.meta(x)+`,"code":{"text":"`+s.value(x)+`"}}}]}]}}`)
	}
	for i := len(entries) - 1; i > 0; i-- {
		j := s.r.IntN(i + 1)
		entries[i], entries[j] = entries[j], entries[i]
	}
	list := `"entry":[` + strings.Join(entries, ",") + `]`
	total := fmt.Sprintf(`"total":%d,`, len(entries))
	if s.r.IntN(4) == 0 {
		return `{"resourceType":"Parameters","meta":{"security":[{"code":"N"}]},"parameter":[{"name":"x","resource":{"resourceType":"Bundle","type":"searchset",` + total + list + `}}]}`, stay
	}
	return `{"resourceType":"Bundle","type":"searchset",` + total + list + `}`, stay
}

// TestRedactionOfShapes: of what is labelled nothing is left in any shape, and
// nothing else is lost, whether what is labelled has to go or what is not
// proven to be harmless.
func TestRedactionOfShapes(t *testing.T) {
	strict := fhir.NewParser(fhir.Strict())
	redactors := map[string]*fhirconsent.Redactor{"label:R": redactor(t, "label:R"), "except-label:N": redactor(t, "except-label:N")}
	for seed := range rounds(4000) {
		s := &shapes{r: rand.New(rand.NewPCG(uint64(seed), 2))}
		in, stay := s.bundle()
		if _, err := strict.Parse([]byte(in)); err != nil {
			t.Fatalf("seed %d: the input: %v\n%s", seed, err, in)
		}
		for name, r := range redactors {
			out, _, err := r.Apply([]byte(in))
			if err != nil {
				t.Fatalf("seed %d, %s: %v\n%s", seed, name, err, in)
			}
			for _, word := range []string{"SECRET", secretInBase64, "urn:uuid:5ec"} {
				if i := bytes.Index(out, []byte(word)); i >= 0 {
					t.Fatalf("seed %d, %s: %s is left\n%s\n\n%s", seed, name, out[max(i-200, 0):min(len(out), i+30)], in, out)
				}
			}
			for _, v := range s.open {
				if !bytes.Contains(out, []byte(v)) {
					t.Fatalf("seed %d, %s: %s is lost\n%s\n\n%s", seed, name, v, in, out)
				}
			}
			if _, err := strict.Parse(out); err != nil {
				t.Fatalf("seed %d, %s: %v\n%s\n\n%s", seed, name, err, in, out)
			}
			if want := fmt.Sprintf(`"total":%d`, stay); !bytes.Contains(out, []byte(want)) {
				t.Fatalf("seed %d, %s: not %s\n%s\n\n%s", seed, name, want, in, out)
			}
			if again, _, err := r.Apply(out); err != nil || !bytes.Equal(again, out) {
				t.Fatalf("seed %d, %s: redacting again changes something: %v", seed, name, err)
			}
		}
	}
}
