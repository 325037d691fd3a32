package vector

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/fhirconsent"
)

// directives answers the family of FHIR Consents. The vectors write Consents
// in short; they are written out as R4 and parsed, so that the whole path is
// taken.
func (a *adapter) directives(ctx context.Context) Answer {
	q := a.request
	if !q.present("patient") {
		return a.ask(ctx)
	}
	question, options := a.question(a.subject.text("default"))
	var list []*fhirconsent.Consent
	for _, m := range a.subject.objects("consents") {
		data, err := json.Marshal(a.longForm(m))
		m.done()
		if err != nil {
			*a.err = err
			break
		}
		c, err := fhirconsent.Parse(data)
		if err != nil {
			*a.err = err
			break
		}
		list = append(list, c)
	}
	if *a.err != nil {
		return Answer{}
	}
	return AnswerOf(fhirconsent.Decide(list, question, options))
}

// question reads what is asked of FHIR Consents.
func (a *adapter) question(fallback string) (fhirconsent.Question, fhirconsent.Options) {
	q := a.request
	question := fhirconsent.Question{
		Patient: q.list("patient"), Purposes: q.list("purpose"), Actors: q.list("actor"), Action: q.text("action"),
		Groups: q.list("groups"), AsAt: a.asAt,
	}
	if q.has("btg") {
		m := q.object("btg")
		question.Glass = m.yes("declared")
		question.GlassListed = m.yes("authorised") || m.yes("authorised_for_btg")
		m.text("reason")
		m.done()
	}
	if q.present("data") {
		question.Item = a.item(q.object("data"))
	}
	options := fhirconsent.Options{Subsumes: a.subsumes}
	switch fallback {
	case "permit":
		options.Default = consent.Permit
	case "deny", "":
	default:
		a.request.fail("default", "permit or deny is due")
	}
	switch a.vector.Semantics {
	case "ihe-pcf":
		options.Reading = fhirconsent.Additive
	case "refinement", "":
	default:
		*a.err = fmt.Errorf("vector: semantics: no such reading")
	}
	return question, options
}

// Question reads what is asked of FHIR Consents, in the form of a vector's
// request with "as_at", "default" and "semantics" beside its members.
func Question(data []byte) (fhirconsent.Question, fhirconsent.Options, error) {
	var v Vector
	json.Unmarshal(data, &v)
	v.Request = data
	a, err := newAdapter(v, nil)
	q, o := a.question(a.request.text("default"))
	a.request.has("as_at")
	a.request.has("semantics")
	a.request.done()
	return q, o, *err
}

func (a *adapter) item(m *fields) *fhirconsent.Item {
	it := &fhirconsent.Item{
		Reference: m.text("ref"), Class: m.text("class"), Labels: m.list("labels"), LabelsKnown: m.has("labels"),
		Codes: m.list("codes"), Date: m.text("date"), Authors: m.list("author"), PointsAt: m.list("points_at"), PointedBy: m.list("pointed_at_by"),
	}
	m.done()
	return it
}

// object is a JSON object under construction.
type object map[string]any

func each[T any](list []string, fn func(string) T) []T {
	var out []T
	for _, s := range list {
		out = append(out, fn(s))
	}
	return out
}

// reference writes "Type/id" or "system|value" as a Reference.
func reference(s string) any {
	if system, value, ok := strings.Cut(s, "|"); ok {
		return object{"identifier": object{"system": system, "value": value}}
	}
	return object{"reference": s}
}

// codingOf writes "code" or "system|code" as a Coding.
func codingOf(system string) func(string) any {
	return func(s string) any {
		if sys, code, ok := strings.Cut(s, "|"); ok {
			return object{"system": sys, "code": code}
		}
		return object{"system": system, "code": s}
	}
}

func concept(system string) func(string) any {
	return func(s string) any { return object{"coding": []any{codingOf(system)(s)}} }
}

const terminology = "http://terminology.hl7.org/CodeSystem/"

// longForm writes a Consent out as R4. Members that are not part of the short
// form are kept as they are: what R4 does not have must be seen.
func (a *adapter) longForm(m *fields) object {
	out := object{}
	for name, raw := range m.members {
		m.read[name] = true
		switch name {
		case "scope":
			out[name] = concept(terminology + "consentscope")(m.text(name))
		case "patient":
			out[name] = reference(m.text(name))
		case "policyRule":
			out[name] = concept(terminology + "v3-ActCode")(m.text(name))
		case "provision":
			out[name] = a.provision(m.object(name))
		default:
			out[name] = raw
		}
	}
	return out
}

func (a *adapter) provision(m *fields) object {
	out := object{}
	for name, raw := range m.members {
		m.read[name] = true
		switch name {
		case "actor":
			out[name] = each(m.list(name), func(s string) any {
				return object{"role": concept(terminology + "v3-ParticipationType")("IRCP"), "reference": reference(s)}
			})
		case "purpose":
			out[name] = each(m.list(name), codingOf(terminology+"v3-ActReason"))
		case "securityLabel":
			out[name] = each(m.list(name), func(s string) any {
				if consent.ConfidentialityRank(s) > 0 {
					return codingOf(terminology + "v3-Confidentiality")(s)
				}
				return codingOf(terminology + "v3-ActCode")(s)
			})
		case "class":
			out[name] = each(m.list(name), codingOf("http://hl7.org/fhir/resource-types"))
		case "code":
			out[name] = each(m.list(name), concept(""))
		case "action":
			out[name] = each(m.list(name), concept(terminology+"consentaction"))
		case "data":
			var data []any
			for _, d := range m.objects(name) {
				data = append(data, object{"meaning": d.text("meaning"), "reference": reference(d.text("reference"))})
				d.done()
			}
			out[name] = data
		case "provision":
			var nested []any
			for _, p := range m.objects(name) {
				nested = append(nested, a.provision(p))
			}
			out[name] = nested
		default:
			out[name] = raw
		}
	}
	return out
}
