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
	issues   []hl7v2.Issue
	lines    lines
	paths    hl7v2.Locator
	suppress *suppressor  // what is left out
	origin   *profileText // if not nil, what the offsets that are reported count in
}

// begin makes the list one of a message.
func (f *findings) begin(m *hl7v2.Message, suppress *suppressor) {
	f.lines, f.suppress = lines{data: m.Bytes()}, suppress
}

// end lets go of the message and of what has been listed, which is others'.
func (f *findings) end() {
	f.paths.Reset()
	f.issues, f.lines, f.suppress, f.origin = nil, lines{}, nil, nil
}

// done reports whether a finding with a code takes no place in the list, so
// that there is no need to find out where it is. The last issue then has the
// severity of the worst that is left out: a reader of severities misses none.
func (f *findings) done(severity hl7v2.Severity, code hl7v2.Code) bool {
	return len(f.issues) > maxFindings && !f.suppress.mayLeaveOut(code) && f.full(severity)
}

// full is done for a finding that is not suppressed.
func (f *findings) full(severity hl7v2.Severity) bool {
	if len(f.issues) <= maxFindings {
		return false
	}
	last := &f.issues[maxFindings]
	last.Severity = min(last.Severity, severity)
	return true
}

// takes reports whether a finding is listed: it is not suppressed, and the list
// is not full.
func (f *findings) takes(severity hl7v2.Severity, code hl7v2.Code, path string) bool {
	return !f.suppress.leavesOut(code, path) && !f.full(severity)
}

// report lists a finding, if the list takes it.
func (f *findings) report(severity hl7v2.Severity, code hl7v2.Code, path string, at int, clause string, err error) {
	if f.takes(severity, code, path) {
		f.list(severity, code, path, at, clause, err)
	}
}

// list lists a finding that the list takes.
func (f *findings) list(severity hl7v2.Severity, code hl7v2.Code, path string, at int, clause string, err error) {
	if len(f.issues) == maxFindings {
		code, path, clause = hl7v2.CodeTooMany, "", ""
		err = fmt.Errorf("more than %d findings: the rest is left out", maxFindings)
	}
	issue := f.lines.locate(hl7v2.Issue{Severity: severity, Code: code, Path: path, Offset: int64(at), Clause: clause, Err: err})
	if f.origin != nil {
		issue.Offset = int64(f.origin.origin(at))
	}
	f.issues = append(f.issues, issue)
}
