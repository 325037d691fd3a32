package fhirconsent

import (
	"errors"
	"math/bits"
	"strconv"
	"sync"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/fhir"
)

var errNoConsent = errors.New("fhirconsent: the resource is no Consent")

var shared struct {
	once   sync.Once
	parser *fhir.Parser
}

// parser returns the parser of this package: lenient, because what is wrong
// with a Consent has to be seen to be judged.
func parser() *fhir.Parser {
	shared.once.Do(func() { shared.parser = fhir.NewParser() })
	return shared.parser
}

// parseWhole parses a resource that is not linted: one of which a part was
// left out because of how it is written is an error.
func parseWhole(data []byte) (*fhir.Tree, error) {
	tree, err := parser().Parse(data)
	if err != nil {
		return nil, err
	}
	for _, i := range tree.Issues() {
		switch i.Code {
		case fhir.CodeArray, fhir.CodeCompanion, fhir.CodeDuplicate, fhir.CodeEncoding, fhir.CodeJSONType, fhir.CodeLimit, fhir.CodeNull, fhir.CodeSyntax, fhir.CodeTooMany:
			return nil, &fhir.ParseError{Issues: tree.Issues()}
		}
	}
	return tree, nil
}

func itoa(i int) string { return strconv.Itoa(i) }

// code is a reason that evaluation gives.
type code uint8

const (
	codeNoConsent code = iota
	codeRootPermit
	codeRootDeny
	codeExceptionPermit
	codeExceptionDeny
	codeNestedPermit
	codeDefaultDeny
	codeDefaultPermit
	codeDenyOverrides
	codePurposeNotCovered
	codePurposeSubsumed
	codePurposeNotCare
	codePurposeUnknown
	codePurposeMissing
	codeGlassNotDeclared
	codeGlassNotListed
	codeActorUnresolved
	codeActorNotCovered
	codeActionNotCovered
	codeDataNotCovered
	codeDataOutside
	codeDataDate
	codeLabelUnknown
	codeLabelHigher
	codeExpired
	codeNotYet
	codeScopeMismatch
	codeRedact
	codeNearMiss
	codeSubsumed
	codeCodeUnresolved
	codeRuleOptin
	codeRuleOptout
	codeRuleConflict
	codeTypeMissing
	codeModifier
	codeUnknownElement
	codeNotVerified
	codeDate
	codeStatusMissing
	codePatientMissing
	codeScopeMissing
	codeProvisionMissing
	codeDataUnknown
	codeIndeterminatePresent
	codeLabelException
	numCodes
)

var codeNames = [numCodes]string{
	"NO_CONSENT", "ROOT_PERMIT", "ROOT_DENY", "EXCEPTION_PERMIT", "EXCEPTION_DENY", "NESTED_PERMIT", "DEFAULT_DENY", "DEFAULT_PERMIT",
	"DENY_OVERRIDES", "PURPOSE_NOT_COVERED", "PURPOSE_SUBSUMED", "PURPOSE_NOT_INDIVIDUAL_CARE", "PURPOSE_UNKNOWN", "PURPOSE_MISSING",
	"BTG_NOT_DECLARED", "BTG_NOT_AUTHORISED", "ACTOR_UNRESOLVED", "ACTOR_NOT_COVERED", "ACTION_NOT_COVERED", "DATA_NOT_COVERED", "DATA_OUTSIDE_PERIOD",
	"DATA_DATE_UNKNOWN", "LABEL_UNKNOWN", "LABEL_HIGHER", "CONSENT_EXPIRED", "CONSENT_NOT_YET_VALID", "SCOPE_MISMATCH", "OBLIGATION_REDACT",
	"SYSTEM_NEAR_MISS", "CODE_SUBSUMED", "CODE_UNRESOLVED", "POLICY_RULE_OPTIN", "POLICY_RULE_OPTOUT", "POLICY_RULE_CONFLICT", "PROVISION_TYPE_MISSING",
	"MODIFIER_EXTENSION_UNKNOWN", "UNKNOWN_ELEMENT", "NOT_VERIFIED", "DATE_UNREADABLE", "STATUS_MISSING", "PATIENT_MISSING", "SCOPE_MISSING",
	"PROVISION_MISSING", "DATA_NOT_DESCRIBED", "INDETERMINATE_PRESENT", "LABEL_EXCEPTION",
}

// codes is a set of reasons.
type codes uint64

func (s *codes) add(c code)     { *s |= 1 << c }
func (s codes) has(c code) bool { return s&(1<<c) != 0 }

// reasons lists the set.
func (s codes) reasons() []consent.Reason {
	if s == 0 {
		return nil
	}
	out := make([]consent.Reason, 0, bits.OnesCount64(uint64(s)))
	for ; s != 0; s &= s - 1 {
		out = append(out, consent.Reason{Code: codeNames[bits.TrailingZeros64(uint64(s))]})
	}
	return out
}
