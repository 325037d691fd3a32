package tofhir

import (
	"strconv"
	"strings"
)

// Origin says where one element of the bundle comes from.
type Origin struct {
	Path   string // Patient.identifier[0].system
	Row    string // the mapping row: datatypes/CX[Identifier].csv#7
	Source string // the v2 element: PID-3[1].4.1; empty for a constant
	Offset int    // of the v2 element in the message, -1 for a constant
}

// Why returns the origins of the elements that a path names: the element
// itself and all below it. Indexes may be left out. It is empty unless the
// converter was made with Trace.
func (r Result) Why(path string) []Origin {
	path = strings.TrimPrefix(path, "Bundle.entry.resource.")
	plain := strings.Contains(path, "[")
	var out []Origin
	for _, o := range r.trace {
		have := o.Path
		if !plain {
			have = withoutIndexes(have)
		}
		if rest, ok := strings.CutPrefix(have, path); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			out = append(out, o)
		}
	}
	return out
}

func withoutIndexes(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '[')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		s = s[i+strings.IndexByte(s[i:], ']')+1:]
	}
}

func tracePath(path, name string, list bool, index int) string {
	path += "." + name
	if list {
		path += "[" + strconv.Itoa(index) + "]"
	}
	return path
}

// remember records the origin of a value for Why.
func (c *conversion) remember(n int32, path string) {
	nd := &c.nodes[n]
	if !nd.has && nd.res == 0 || nd.row == -1 {
		return
	}
	o := Origin{Path: path, Row: c.origin(nd.row), Offset: -1}
	if nd.leaf >= 0 {
		o.Source, o.Offset = c.path(nd.leaf), int(c.in.leaves[nd.leaf].start)
	}
	*c.trace = append(*c.trace, o)
}
