package fhir

import (
	"strings"

	"github.com/nhskit/nhskit/fhir/internal/facts"
)

// People write JSON by hand, with comments, with a comma too many or too few,
// or without quotes. Such a text can still be read in only one way: each of
// these is an error, and reading goes on.

// softSyntax records a syntax error behind which reading goes on.
func (r *reader) softSyntax(at int, path, text string) {
	r.issue(Error, CodeSyntax, at, path, text, clauseRFC8259)
}

// gap skips white space and comments.
func (r *reader) gap(i int) int {
	for {
		if i = r.space(i); r.s[i] != '/' {
			return i
		}
		end := r.comment(i)
		if end == i {
			return i
		}
		i = end
	}
}

// comment skips the comment at i, if there is one.
func (r *reader) comment(i int) int {
	rest := r.s[i:r.n]
	end := i
	switch {
	case strings.HasPrefix(rest, "//"):
		k := strings.IndexAny(rest, "\r\n")
		if k < 0 {
			k = len(rest)
		}
		end = i + k
	case strings.HasPrefix(rest, "/*"):
		k := strings.Index(rest[2:], "*/")
		if k < 0 {
			return r.bad(r.n, "")
		}
		end = i + 2 + k + 2
	default:
		return i
	}
	r.issue(Error, CodeComment, i, "", "a comment, which JSON does not have", clauseRFC8259)
	return end
}

// bareEnd returns the end of the name or value without quotes at i, i if
// there is none.
func (r *reader) bareEnd(i int) int {
	s := r.s
	if c := s[i]; !('a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == '$' || c >= 0x80) {
		return i
	}
	for c := s[i]; 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '$' || c == '-' || c == '.' || c >= 0x80; c = s[i] {
		i++
	}
	return i
}

// bareKey reads a member's name without quotes and its colon, of the object
// of the node self.
func (r *reader) bareKey(i int, self uint32) (name string, lo, hi uint64, next int) {
	end := r.bareEnd(i)
	colon := r.gap(end)
	if end == i || r.s[colon] != ':' {
		return "", 0, 0, r.bad(i, "a member's name is due")
	}
	r.softSyntax(i, r.pathOf(self, ""), "a member's name without quotes")
	name = r.s[i:end]
	lo, hi = facts.Ends(name)
	return name, lo, hi, r.gap(colon + 1)
}

// bareText reads a string without quotes as the value of the node n; false
// means that there is none.
func (r *reader) bareText(i int, n node, prim uint8) (int, bool) {
	end := r.bareEnd(i)
	switch r.s[i:end] {
	case "", "null", "true", "false":
		return i, false
	}
	if k := r.gap(end); r.s[k] != ',' && r.s[k] != '}' && r.s[k] != ']' {
		return i, false
	}
	n.off, n.len = uint32(i), uint32(end-i)
	n.flags |= flagBare
	r.add(n)
	if r.checkLength(i, n.len); r.fatal {
		return r.n, true
	}
	self := uint32(len(r.nodes) - 1)
	r.softSyntax(i, r.pathOf(self, ""), "a string without quotes")
	if why := checkValue(prim, r.s[i:end]); why != "" {
		r.errPrimitive(i, why)
	}
	return end, true
}
