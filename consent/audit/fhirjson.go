package audit

import (
	"strconv"
	"strings"
)

// The parts of FHIR's AuditEvent that this package writes, in the order in
// which FHIR has them.
type auditEvent struct {
	ResourceType   string    `json:"resourceType"`
	Meta           *meta     `json:"meta,omitempty"`
	Type           coding    `json:"type"`
	Subtype        []coding  `json:"subtype"`
	Action         string    `json:"action"`
	Recorded       string    `json:"recorded"`
	Outcome        string    `json:"outcome"`
	OutcomeDesc    string    `json:"outcomeDesc"`
	PurposeOfEvent []concept `json:"purposeOfEvent,omitempty"`
	Agent          []agent   `json:"agent"`
	Source         source    `json:"source"`
	Entity         []entity  `json:"entity"`
}

type meta struct {
	Profile []string `json:"profile"`
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type concept struct {
	Coding []coding `json:"coding"`
}

type identifier struct {
	System string `json:"system,omitempty"`
	Value  string `json:"value"`
}

type reference struct {
	Reference  string      `json:"reference,omitempty"`
	Identifier *identifier `json:"identifier,omitempty"`
	Display    string      `json:"display,omitempty"`
}

type agent struct {
	Type      *concept  `json:"type"`
	Who       reference `json:"who"`
	Requestor bool      `json:"requestor"`
}

type source struct {
	Observer reference `json:"observer"`
}

type entity struct {
	What   reference `json:"what"`
	Type   *coding   `json:"type,omitempty"`
	Role   *coding   `json:"role,omitempty"`
	Detail []detail  `json:"detail,omitempty"`
}

type detail struct {
	Type  string `json:"type"`
	Value string `json:"valueString"`
}

// referenceTo writes "Type/id" or "system|value".
func referenceTo(s string) reference {
	switch system, value, found := strings.Cut(s, "|"); {
	case found:
		return reference{Identifier: &identifier{system, value}}
	case strings.Contains(s, "/"):
		return reference{Reference: s}
	case s == "":
		return reference{}
	}
	return reference{Identifier: &identifier{"", s}}
}

func itoa(i int) string { return strconv.Itoa(i) }
