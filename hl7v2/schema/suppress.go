package schema

import (
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
)

// Suppression leaves findings out of a validation, for a reason that a reader
// of the configuration understands.
type Suppression struct {
	Code   hl7v2.Code // empty for any
	Path   string     // with or without occurrences, such as PID-8; empty for any
	Event  string     // in messages of this trigger event, such as A28; empty for any
	Reason string     // must not be empty
}

// suppressor says which findings about one message are left out; nil leaves
// out nothing.
type suppressor struct {
	all   []Suppression
	m     *hl7v2.Message
	apply []Suppression // those of all that can apply to the message
	ready bool          // apply has been filled
}

// begin makes m the message, and reports whether anything may be left out.
func (s *suppressor) begin(all []Suppression, m *hl7v2.Message) bool {
	s.all, s.m, s.apply, s.ready = all, m, s.apply[:0], false
	return len(all) > 0
}

// end lets go of the message.
func (s *suppressor) end() {
	clear(s.apply)
	s.all, s.m, s.apply = nil, nil, s.apply[:0]
}

// choose fills apply when the first finding asks for it.
func (s *suppressor) choose() {
	if s.ready {
		return
	}
	s.ready = true
	event := s.m.Segment("MSH", 1).Field(9).Component(2)
	for _, x := range s.all {
		if x.Reason != "" && (x.Event == "" || event.Equal(x.Event)) {
			s.apply = append(s.apply, x)
		}
	}
}

// mayLeaveOut reports whether a finding with a code may be left out, depending
// on its path.
func (s *suppressor) mayLeaveOut(code hl7v2.Code) bool {
	if s == nil {
		return false
	}
	s.choose()
	for i := range s.apply {
		if x := &s.apply[i]; x.Code == "" || x.Code == code {
			return true
		}
	}
	return false
}

// leavesOut reports whether a finding is left out.
func (s *suppressor) leavesOut(code hl7v2.Code, path string) bool {
	if s == nil {
		return false
	}
	s.choose()
	for i := range s.apply {
		x := &s.apply[i]
		if (x.Code == "" || x.Code == code) && (x.Path == "" || x.Path == path || isWithoutOccurrences(x.Path, path)) {
			return true
		}
	}
	return false
}

// isWithoutOccurrences reports whether plain is a path without its occurrences:
// OBX-5.1 is OBX[2]-5[1].1 without them.
func isWithoutOccurrences(plain, path string) bool {
	for {
		head, rest, found := strings.Cut(path, "[")
		if !strings.HasPrefix(plain, head) {
			return false
		}
		plain = plain[len(head):]
		if !found {
			return plain == ""
		}
		_, path, _ = strings.Cut(rest, "]")
	}
}
