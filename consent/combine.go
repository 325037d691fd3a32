package consent

// Combining says how several findings become one.
type Combining uint8

// The ways of combining. Others, such as permit-unless-deny and
// permit-overrides, would let silence or a single permit open a record against
// what a patient said; they are refused.
const (
	// DenyOverrides denies if any finding does, is indeterminate if any is,
	// permits if any does, and denies otherwise. It is what engines use.
	DenyOverrides Combining = iota
	// DenyUnlessPermit permits if any finding does, and denies otherwise.
	DenyUnlessPermit
)

// CombiningOf returns the way of combining with a name of FHIR's Permission
// resource; false for those that are not supported.
func CombiningOf(name string) (Combining, bool) {
	switch name {
	case "deny-overrides":
		return DenyOverrides, true
	case "deny-unless-permit":
		return DenyUnlessPermit, true
	}
	return 0, false
}

// Combine combines findings. The obligations of a permit are those of every
// finding that permits; its reasons are those of all findings, with one that
// says how they were combined.
func Combine(c Combining, findings ...Finding) Finding {
	var out Finding
	count := [4]int{}
	for _, f := range findings {
		count[f.Effect&3]++
		out.Reasons = append(out.Reasons, f.Reasons...)
	}
	reason := ""
	switch {
	case c == DenyUnlessPermit && count[FindingPermit] > 0:
		out.Effect, reason = FindingPermit, "PERMIT_FOUND"
	case c == DenyUnlessPermit:
		out.Effect, reason = FindingDeny, "DEFAULT_DENY"
	case c != DenyOverrides:
		out.Effect, reason = FindingIndeterminate, "COMBINING_NOT_ALLOWED"
	case count[FindingDeny] > 0:
		out.Effect = FindingDeny
		if count[FindingPermit]+count[FindingIndeterminate] > 0 {
			reason = "DENY_OVERRIDES"
		}
	case count[FindingIndeterminate] > 0:
		out.Effect = FindingIndeterminate
		if count[FindingPermit] > 0 {
			reason = "INDETERMINATE_PRESENT"
		}
	case count[FindingPermit] > 0:
		out.Effect, reason = FindingPermit, "PERMIT_FOUND"
	default:
		out.Effect, reason = FindingDeny, "DEFAULT_DENY"
	}
	for _, f := range findings {
		if f.Effect == out.Effect {
			out.Obligations = append(out.Obligations, f.Obligations...)
		}
	}
	if reason != "" {
		out.Reasons = append(out.Reasons, Reason{Code: reason})
	}
	return out
}
