package rf2

import "testing"

// TestIssuesHeld: of very many issues not many more than wanted are ever held.
func TestIssuesHeld(t *testing.T) {
	p := &reading{limits: Limits{Issues: 10}}
	const n = 5000
	for i := range n {
		p.issue(Issue{Severity: Warning, Line: n - i})
		if held := len(p.report.Issues); held > 200 || held+p.report.Suppressed != i+1 {
			t.Fatalf("%d of %d held, %d suppressed", held, i+1, p.report.Suppressed)
		}
	}
	if p.cut(10); len(p.report.Issues) != 10 || p.report.Issues[9].Line != 10 {
		t.Errorf("%+v", p.report.Issues)
	}
}
