package fhirconsent

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/nhsnumber"
)

// Proxy is one relationship of the NHS validated relationships service, which
// writes it as an R4 Consent of its own kind: there performer is the proxy and
// not who consented, and policyRule is the proxy's legal basis.
type Proxy struct {
	ID        string
	Status    string       // proposed, active, rejected, inactive, entered-in-error
	Patient   string       // the NHS number as written; the service's own examples have wrong check digits
	Performer string       // that of the proxy
	Basis     consent.Role // RoleUnknown for the code UNK
	From      time.Time    // zero if the provision has no period
	Until     time.Time    // exclusive; zero for open
	Made      time.Time
}

// String names the relationship without the people.
func (p Proxy) String() string { return p.Status + " proxy " + p.ID }

// GoString does not show the people either.
func (p Proxy) GoString() string { return p.String() }

// ErrProxy is wrapped by errors about resources that are not proxies of the
// service.
var ErrProxy = errors.New("fhirconsent: not a relationship of the proxy service")

const (
	nhsNumberSystem  = "https://fhir.nhs.uk/Id/nhs-number"
	legalBasisSystem = "https://fhir.nhs.uk/England/CodeSystem/England-NHSProxyLegalBasis"
)

// ParseProxies reads an answer of the service: a searchset Bundle, or a
// Consent. An OperationOutcome is an error.
func ParseProxies(data []byte) ([]Proxy, error) {
	tree, err := parseWhole(data)
	if err != nil {
		return nil, err
	}
	root := tree.Root()
	out := []Proxy{}
	add := func(n fhir.Node) error {
		p, err := proxy(n)
		out = append(out, p)
		return err
	}
	switch root.Type().Name() {
	case "Consent":
		return out, add(root)
	case "Bundle":
	default:
		return nil, fmt.Errorf("%w: neither a Consent nor a Bundle", ErrProxy)
	}
	for e := range root.Named("entry") {
		r, ok := e.Child("resource")
		if !ok || r.Type().Name() != "Consent" {
			continue // people that were asked to be included
		}
		if err := add(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func proxy(n fhir.Node) (Proxy, error) {
	p := Proxy{ID: child(n, "id"), Status: child(n, "status")}
	bad := func(what string) (Proxy, error) { return p, fmt.Errorf("%w: %s", ErrProxy, what) }
	switch p.Status {
	case "proposed", "active", "rejected", "inactive", "entered-in-error":
	default:
		return bad("the status")
	}
	var ok bool
	if p.Patient, ok = person(n, "patient"); !ok {
		return bad("the patient")
	}
	provision, found := n.Child("provision")
	if !found || child(provision, "type") != "permit" {
		return bad("the provision")
	}
	actor, found := provision.Child("actor")
	if !found {
		return bad("the provision's actor")
	}
	if p.Performer, ok = person(actor, "reference"); !ok {
		return bad("the provision's actor")
	}
	if performer, found := person(n, "performer"); found && performer != p.Performer {
		return bad("the performer is not the provision's actor")
	}
	rule, found := n.Child("policyRule")
	if !found {
		return bad("the legal basis")
	}
	if p.Basis, ok = legalBasis(codings(rule)); !ok {
		return bad("the legal basis")
	}
	if period, found := provision.Child("period"); found {
		if s := child(period, "start"); s != "" {
			v, ok := parseTime(s)
			if !ok {
				return bad("the period")
			}
			p.From = time.Unix(0, v.from).UTC()
		}
		if s := child(period, "end"); s != "" {
			v, ok := parseTime(s)
			if !ok {
				return bad("the period")
			}
			p.Until = time.Unix(0, v.until).UTC()
		}
	}
	if v, ok := parseTime(child(n, "dateTime")); ok {
		p.Made = time.Unix(0, v.from).UTC()
	}
	return p, nil
}

// person returns the NHS number of a reference by identifier.
func person(n fhir.Node, name string) (string, bool) {
	ref, ok := n.Child(name)
	if !ok {
		return "", false
	}
	id, ok := ref.Child("identifier")
	if !ok || child(id, "system") != nhsNumberSystem {
		return "", false
	}
	v := child(id, "value")
	return v, len(v) == 10 && strings.Trim(v, "0123456789") == ""
}

func legalBasis(list []coding) (consent.Role, bool) {
	for _, c := range list {
		switch {
		case c.code == "UNK":
			return consent.RoleUnknown, true
		case c.system != legalBasisSystem:
		case c.code == "parental-responsibility":
			return consent.ByGuardian, true
		case c.code == "health-and-welfare-lasting-power-of-attorney":
			return consent.ByAttorney, true
		case c.code == "court-appointed-personal-welfare-deputy":
			return consent.ByDeputy, true
		case c.code == "best-interest":
			return consent.ByBestInterest, true
		case c.code == "consent":
			return consent.ByPatient, true
		}
	}
	return 0, false
}

// Record returns the relationship as a record of proxy access with an id,
// known since a time. One that was rejected, ended or entered in error has no
// force. Numbers that are not valid NHS numbers are an error.
func (p *Proxy) Record(id string, known time.Time) (consent.Record, error) {
	patient, err := nhsnumber.ParseStrict(p.Patient)
	if err == nil {
		_, err = nhsnumber.ParseStrict(p.Performer)
	}
	if err != nil {
		return consent.Record{}, fmt.Errorf("%w: %w", ErrProxy, err)
	}
	r := consent.Record{
		ID: id, Version: 1, Kind: consent.ProxyAccess, Subject: patient, Effect: consent.Permits, State: consent.InForce,
		From: p.From, Until: p.Until, RecordedAt: known, RecordedBy: "validated-relationships", DecidedBy: p.Basis,
		Source: consent.Source{Channel: "service"}, Policy: []consent.PolicyRef{{URI: "urn:nhs:validated-relationships", Version: "1"}},
		Scope: &consent.Scope{Actors: []string{p.Performer}},
	}
	if r.From.IsZero() {
		if r.From = p.Made; r.From.IsZero() {
			r.From = known
		}
	}
	switch p.Status {
	case "proposed":
		r.State = consent.Proposed
	case "rejected", "inactive":
		r.State, r.Until = consent.Withdrawn, r.From
	case "entered-in-error":
		r.State = consent.EnteredInError
	}
	return r, nil
}

// PatchedStatus returns the status that a JSON Patch for the service sets, ""
// if it sets none. Which changes of status the service accepts is for it to
// say: it refuses others with INVALID_STATE_TRANSITION, and no list of them was
// found.
func PatchedStatus(patch []byte) (string, error) {
	var ops []struct {
		Op    string          `json:"op"`
		Path  string          `json:"path"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(patch, &ops); err != nil {
		return "", fmt.Errorf("%w: not a JSON Patch", ErrProxy)
	}
	status := ""
	for _, op := range ops {
		if op.Path != "/status" {
			continue
		}
		if op.Op != "replace" && op.Op != "add" || json.Unmarshal(op.Value, &status) != nil {
			return "", fmt.Errorf("%w: a patch of the status that is none", ErrProxy)
		}
	}
	return status, nil
}
