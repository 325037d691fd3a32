package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/fhirconsent"
	"github.com/nhskit/nhskit/consent/fhirconsent/vector"
)

// consentCommands decide about disclosures, redact, clean and audit.
func consentCommands() []command {
	return append([]command{
		{
			name:    "consent decide",
			args:    "[FILE...]",
			summary: "Answer decision vectors: questions with what is on record",
			example: "nhskit consent decide vectors.json",
			setup: func(*flag.FlagSet) runner {
				return func(c *console, args []string) error {
					return c.eachInput(args, func(name string, data []byte) error { return consentDecide(c, name, data) })
				}
			},
		},
		{
			name:    "consent fhir",
			args:    "-request FILE CONSENT...",
			summary: "Decide by the FHIR Consents of a patient",
			example: `echo '{"patient":"Patient/p1","purpose":["TREAT"],"actor":"Practitioner/a","action":"access"}' > ask.json` + "\nnhskit consent fhir -request ask.json consent.json",
			setup: func(f *flag.FlagSet) runner {
				request := f.String("request", "", "the question: a JSON `file` with patient, purpose, actor, action, data, as_at, default, semantics")
				return func(c *console, args []string) error { return consentFHIR(c, *request, args) }
			},
		},
		{
			name:    "consent lint",
			args:    "[FILE...]",
			summary: "Find what is open or odd in FHIR Consents, consent records and policies",
			example: "nhskit consent lint consent.json",
			setup: func(*flag.FlagSet) runner {
				return func(c *console, args []string) error {
					return c.eachInput(args, func(name string, data []byte) error { return consentLint(c, name, data) })
				}
			},
		},
		{
			name:    "consent apply",
			args:    "-request FILE [-handled KINDS] [-ndjson] BUNDLE",
			summary: "Redact a FHIR resource or Bundle by the obligations of a decision",
			example: `echo '{"obligations":["redact:label:R"]}' > decision.json` + "\nnhskit consent apply -request decision.json bundle.json",
			setup: func(f *flag.FlagSet) runner {
				request := f.String("request", "", "a decision, or a vector to be decided: a JSON `file`")
				handled := f.String("handled", "", "`kinds` of obligation that you carry out yourself, with commas; * for all")
				ndjson := f.Bool("ndjson", false, "one resource a line")
				return func(c *console, args []string) error { return consentApply(c, *request, *handled, *ndjson, args) }
			},
		},
	}, optOutCommands()...)
}

// answerLine is what consent decide prints: the codes of the reasons, and
// beside them the whole explanation.
type answerLine struct {
	ID          string           `json:"id,omitempty"`
	Decision    consent.Outcome  `json:"decision"`
	Reasons     []string         `json:"reasons"`
	Obligations []string         `json:"obligations"`
	Public      consent.Public   `json:"public"`
	Why         []consent.Reason `json:"why"`
	Error       string           `json:"error,omitempty"`
}

func lineOf(a vector.Answer) answerLine {
	out := answerLine{ID: a.ID, Decision: a.Decision, Reasons: []string{}, Obligations: a.Obligations, Public: a.Public, Why: a.Reasons}
	for _, r := range a.Reasons {
		known := false
		for _, code := range out.Reasons {
			known = known || code == r.Code
		}
		if !known {
			out.Reasons = append(out.Reasons, r.Code)
		}
	}
	if out.Obligations == nil {
		out.Obligations = []string{}
	}
	if out.Why == nil {
		out.Why = []consent.Reason{}
	}
	return out
}

func (c *console) answer(a answerLine) error {
	if !c.text {
		if err := c.json(a); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(c.out, "%s %s\n", a.ID, c.severityOf(a.Decision))
		for _, r := range a.Why {
			fmt.Fprintf(c.out, "  %s", r.Code)
			if r.Rule != "" {
				fmt.Fprintf(c.out, " (%s, %s)", r.Rule, r.Policy)
			}
			for i, u := range r.Unless {
				fmt.Fprint(c.out, map[bool]string{true: "; would permit if ", false: " or "}[i == 0], u)
			}
			c.out.WriteByte('\n')
		}
		for _, o := range a.Obligations {
			fmt.Fprintf(c.out, "  must: %s\n", o)
		}
	}
	if a.Decision != consent.Permit {
		return errFindings
	}
	return nil
}

// severityOf colours an outcome.
func (c *console) severityOf(o consent.Outcome) string {
	switch o {
	case consent.Permit:
		return c.paint("1;32", "permit")
	case consent.Deny:
		return c.paint("1;31", "deny")
	}
	return c.paint("1;33", "indeterminate")
}

func consentDecide(c *console, name string, data []byte) error {
	vectors, err := vector.Read(data)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var worst error
	for _, v := range vectors {
		a, err := vector.Decide(context.Background(), v, nil)
		line := lineOf(a)
		if err != nil {
			line.Error = err.Error()
		}
		if err := c.answer(line); err != nil {
			if !errors.Is(err, errFindings) {
				return err
			}
			worst = err
		}
	}
	return worst
}

// question reads the question of consent fhir. Without a time it is about now.
func question(data []byte) (fhirconsent.Question, fhirconsent.Options, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return fhirconsent.Question{}, fhirconsent.Options{}, errors.New("the request is not a JSON object")
	}
	if inner, ok := members["request"]; ok { // a vector: lift its members
		var request map[string]json.RawMessage
		if err := json.Unmarshal(inner, &request); err != nil {
			return fhirconsent.Question{}, fhirconsent.Options{}, errors.New("the request is not a JSON object")
		}
		for _, name := range []string{"as_at", "semantics", "default"} {
			if v, ok := members[name]; ok {
				request[name] = v
			}
		}
		members = request
	}
	if _, ok := members["as_at"]; !ok {
		members["as_at"], _ = json.Marshal(time.Now())
	}
	flat, err := json.Marshal(members)
	if err != nil {
		return fhirconsent.Question{}, fhirconsent.Options{}, err
	}
	return vector.Question(flat)
}

func consentFHIR(c *console, request string, names []string) error {
	if request == "" {
		return usagef("consent fhir: -request FILE is required")
	}
	data, err := c.read(request)
	if err != nil {
		return err
	}
	q, o, err := question(data)
	if err != nil {
		return usagef("consent fhir: %s: %v", request, err)
	}
	var list []*fhirconsent.Consent
	if err := c.eachInput(names, func(name string, data []byte) error {
		found, err := fhirconsent.ParseAll(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, found...)
		return nil
	}); err != nil {
		return err
	}
	f := fhirconsent.Decide(list, q, o)
	return c.answer(lineOf(vector.AnswerOf(f)))
}

func consentLint(c *console, name string, data []byte) error {
	var found []consent.Issue
	var kind struct {
		Policy, Kind json.RawMessage
		ResourceType string
	}
	json.Unmarshal(data, &kind)
	switch {
	case kind.ResourceType == "" && len(kind.Policy) > 0 && kind.Policy[0] == '"':
		// A policy is read beside those it may rest on.
		files := [][]byte{data}
		var own string
		json.Unmarshal(kind.Policy, &own)
		for _, name := range consent.PolicyFiles() {
			if name != own {
				files = append(files, consent.PolicyFile(name))
			}
		}
		p, err := consent.ParsePolicy(files...)
		if e := (*consent.InputError)(nil); errors.As(err, &e) {
			found = e.Issues
		} else if err == nil {
			for _, i := range p.Lint() {
				if label := own + " "; len(i.Clause) > len(label) && i.Clause[:len(label)] == label {
					found = append(found, i)
				}
			}
		}
	case kind.ResourceType == "" && kind.Kind != nil:
		_, found, _ = consent.ParseRecord(data)
	default:
		list, err := fhirconsent.ParseAll(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, x := range list {
			found = append(found, x.Lint()...)
		}
	}
	issues := []issue{}
	for _, i := range found {
		issues = append(issues, issue{Severity: i.Severity.String(), Code: i.Code, Path: i.Path, Offset: i.Offset, Line: i.Line, Col: i.Col, Clause: i.Clause, Text: i.Text})
	}
	if c.text {
		for _, i := range issues {
			c.printIssue(name, data, i)
		}
	} else if err := c.json(struct {
		File   string  `json:"file"`
		Issues []issue `json:"issues"`
	}{name, issues}); err != nil {
		return err
	}
	if hasErrors(issues) {
		return errFindings
	}
	return nil
}

// obligationsOf returns the obligations of a decision file: what consent
// decide and consent fhir print, or a vector, which is decided first.
func obligationsOf(data []byte) ([]consent.Obligation, error) {
	var d struct {
		Decision    string          `json:"decision"`
		Obligations []string        `json:"obligations"`
		Request     json.RawMessage `json:"request"`
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, usagef("consent apply: the request is not a JSON object")
	}
	if d.Request != nil {
		vectors, err := vector.Read(data)
		if err != nil {
			return nil, err
		}
		a, err := vector.Decide(context.Background(), vectors[0], nil)
		if err != nil {
			return nil, usagef("consent apply: %v", err)
		}
		d.Decision, d.Obligations = a.Decision.String(), a.Obligations
	}
	if d.Decision != "" && d.Decision != "permit" {
		return nil, fmt.Errorf("%w: the decision is %s", errNotPermitted, d.Decision)
	}
	if d.Decision == "" && d.Obligations == nil {
		return nil, usagef("consent apply: the request has neither a decision nor obligations")
	}
	var out []consent.Obligation
	for _, o := range d.Obligations {
		out = append(out, consent.ParseObligation(o))
	}
	return out, nil
}

var errNotPermitted = errors.New("nothing may be disclosed")

func consentApply(c *console, request, handled string, ndjson bool, names []string) error {
	if request == "" {
		return usagef("consent apply: -request FILE is required")
	}
	data, err := c.read(request)
	if err != nil {
		return err
	}
	obligations, err := obligationsOf(data)
	if errors.Is(err, errNotPermitted) {
		fmt.Fprintf(c.err, "nhskit: %v\n", err)
		return errFindings
	}
	if err != nil {
		return err
	}
	r, err := fhirconsent.NewRedactor(obligations, fhirconsent.RedactOptions{Handled: splitList(handled)})
	if err != nil {
		fmt.Fprintf(c.err, "nhskit: %v; name it in -handled if you carry it out\n", err)
		return errFindings
	}
	report := func(rep fhirconsent.RedactReport) {
		text, _ := json.Marshal(rep)
		fmt.Fprintf(c.err, "%s\n", text)
	}
	return c.eachInput(names, func(name string, data []byte) error {
		if ndjson {
			rep, err := r.ApplyNDJSON(context.Background(), bytes.NewReader(data), c.out)
			for _, i := range rep.Issues {
				fmt.Fprintf(c.err, "%s:%d: %s (%v)\n", name, i.Line, i.Text, i.Err)
			}
			report(rep)
			if err == nil && rep.Rejected > 0 {
				err = errFindings
			}
			return err
		}
		out, rep, err := r.Apply(data)
		report(rep)
		if errors.Is(err, fhirconsent.ErrWithheld) {
			fmt.Fprintf(c.err, "nhskit: %s: %v\n", name, err)
			return errFindings
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		out = bytes.TrimRight(out, "\r\n")
		c.out.Write(out)
		return c.out.WriteByte('\n')
	})
}

// splitList splits a list with commas.
func splitList(s string) []string {
	if s == "" {
		return nil
	}
	var out []string
	for part := range bytes.SplitSeq([]byte(s), []byte{','}) {
		out = append(out, string(part))
	}
	return out
}
