package schema

import (
	"fmt"

	"github.com/nhskit/nhskit/hl7v2"
)

// maxFindings is how many findings are listed before the list says that there
// are more.
const maxFindings = 500

// findings collects located issues.
type findings struct {
	issues []hl7v2.Issue
	lines  lines
	origin *profileText // if not nil, what the offsets that are reported count in
}

// full reports whether the list does not take a further finding, so that there
// is no need to find out where it is. The last issue then has the severity of
// the worst that is left out: a reader of severities misses none.
func (f *findings) full(severity hl7v2.Severity) bool {
	if len(f.issues) <= maxFindings {
		return false
	}
	last := &f.issues[maxFindings]
	last.Severity = min(last.Severity, severity)
	return true
}

func (f *findings) report(severity hl7v2.Severity, code hl7v2.Code, path string, at int, clause string, err error) {
	switch {
	case f.full(severity):
		return
	case len(f.issues) == maxFindings:
		code, path, clause = hl7v2.CodeTooMany, "", ""
		err = fmt.Errorf("more than %d findings: the rest is left out", maxFindings)
	}
	issue := f.lines.locate(hl7v2.Issue{Severity: severity, Code: code, Path: path, Offset: int64(at), Clause: clause, Err: err})
	if f.origin != nil {
		issue.Offset = int64(f.origin.origin(at))
	}
	f.issues = append(f.issues, issue)
}
