package fhirconsent

import (
	"fmt"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/fhir"
)

// OptOutPurpose is the SNOMED CT code by which the national service marks its
// Consent resources: limiting access to confidential patient information.
const OptOutPurpose = "370856009"

// OptOutEntry is one Consent of the national data opt-out service (STU3).
type OptOutEntry struct {
	Status  string
	Purpose string // the code; both http:// and https://snomed.info/sct are seen
	Patient string // the reference
	Party   bool   // consentingParty is there
	Proxy   string // the code of the consenting proxy's role
	Source  string // OP, PFSP, FN, CC, PP
	Set     string // dateTime
}

// OptOutStatus says what entries mean. The record is inverted: active is
// opted out, inactive and no entry at all may share. Anything else, or an
// entry that is not about the opt-out, is an error that wraps
// consent.ErrOptOutRecord. Of several entries one that opts out is enough.
func OptOutStatus(entries []OptOutEntry, asOf time.Time) (consent.OptOutStatus, error) {
	out := consent.OptOutStatus{AsOf: asOf, Entries: len(entries)}
	var fault error
	for _, e := range entries {
		switch {
		case e.Purpose != OptOutPurpose:
			fault = fmt.Errorf("%w: another purpose", consent.ErrOptOutRecord)
		case e.Status == "active":
			out.OptedOut = true
		case e.Status != "inactive":
			fault = fmt.Errorf("%w: a status other than active and inactive", consent.ErrOptOutRecord)
		}
	}
	if out.OptedOut {
		return out, nil // whatever else is wrong, somebody opted out
	}
	return out, fault
}

// ParseOptOuts reads an answer of the national service: a Consent, or a
// searchset Bundle with any number of them. An OperationOutcome, and a Bundle
// whose total is not its number of entries, is an error: nothing is known.
func ParseOptOuts(data []byte) ([]OptOutEntry, error) {
	tree, err := parseWhole(data)
	if err != nil {
		return nil, err
	}
	root := tree.Root()
	switch root.Type().Name() {
	case "Consent":
		return []OptOutEntry{optOutEntry(root)}, nil
	case "Bundle":
	default:
		return nil, fmt.Errorf("%w: neither a Consent nor a Bundle", consent.ErrOptOutRecord)
	}
	if child(root, "type") != "searchset" {
		return nil, fmt.Errorf("%w: not a searchset", consent.ErrOptOutRecord)
	}
	out := []OptOutEntry{}
	for e := range root.Named("entry") {
		r, ok := e.Child("resource")
		if !ok || r.Type().Name() != "Consent" {
			return nil, fmt.Errorf("%w: an entry without a Consent", consent.ErrOptOutRecord)
		}
		out = append(out, optOutEntry(r))
	}
	if child(root, "total") != itoa(len(out)) {
		return nil, fmt.Errorf("%w: the total is not the number of entries", consent.ErrOptOutRecord)
	}
	return out, nil
}

func optOutEntry(n fhir.Node) OptOutEntry {
	e := OptOutEntry{Status: child(n, "status"), Set: child(n, "dateTime")}
	for p := range n.Named("purpose") {
		if s := child(p, "system"); s == "http://snomed.info/sct" || s == "https://snomed.info/sct" {
			e.Purpose = child(p, "code")
		}
	}
	if p, ok := n.Child("patient"); ok {
		e.Patient = child(p, "reference")
	}
	if p, ok := n.Child("consentingParty"); ok && !p.IsZero() {
		e.Party = true
	}
	for x := range n.Named("extension") {
		url := child(x, "url")
		for v := range x.Children() {
			if v.Name() != "value" && v.Name() != "valueCodeableConcept" {
				continue
			}
			list := codings(v)
			if len(list) == 0 {
				continue
			}
			switch url {
			case "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-NDOP-OptOutSource-1":
				e.Source = list[0].code
			case "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-NDOP-ConsentingProxyRole-1":
				e.Proxy = list[0].code
			}
		}
	}
	return e
}
