package fhirconsent

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// edits are changes of members and items in a JSON source. What they do not
// name stays as it is, byte for byte.
//
// A complex element is named by where its value begins. A primitive may be
// written in two members, "name" and "_name", and is named by the object around
// them and its name.
type edits struct {
	list    []edit
	touched ordinals // the elements around what is edited
}

type edit struct {
	at    int    // of the value, or of the object around a primitive
	key   string // of a primitive
	index int    // of a primitive in a list, else -1
	mask  bool   // put the mask in its place
	done  bool
	text  string // put this in its place
}

// take takes an element out, or puts the mask in its place.
func (e *edits) take(n fhir.Node, mask bool) { e.add(n, edit{mask: mask}) }

// set replaces the value of a primitive.
func (e *edits) set(n fhir.Node, text string) { e.add(n, edit{text: text}) }

func (e *edits) add(n fhir.Node, c edit) {
	c.at, _ = n.Span()
	c.index = -1
	parent, _ := n.Parent()
	if n.IsPrimitive() {
		c.at, _ = parent.Span()
		c.key, c.index = n.Key(), n.Index()
	}
	e.list = append(e.list, c)
	for up, ok := parent, true; ok && !e.touched.has(up); up, ok = up.Parent() {
		e.touched.add(up)
	}
}

// apply returns the source with the edits.
func (e *edits) apply(dst []byte, tree *fhir.Tree) []byte {
	// A place may be named twice: as labelled and as a reference. Where it is
	// masked for one reason it is masked.
	slices.SortFunc(e.list, func(a, b edit) int {
		if a.at != b.at {
			return a.at - b.at
		}
		if c := strings.Compare(a.key, b.key); c != 0 {
			return c
		}
		if a.index != b.index {
			return a.index - b.index
		}
		switch {
		case a.mask == b.mask:
			return 0
		case a.mask:
			return -1
		}
		return 1
	})
	w := writer{src: tree.Source(), out: dst, edits: e.list}
	for i, word := range e.touched {
		for bit := 0; word != 0; bit, word = bit+1, word>>1 {
			if word&1 == 0 {
				continue
			}
			if n := tree.At(i*64 + bit); !n.IsPrimitive() {
				start, _ := n.Span()
				w.touched = append(w.touched, start)
			}
		}
	}
	slices.Sort(w.touched)
	start, _ := tree.Root().Span()
	w.object(start)
	return append(w.out, w.src[w.copied:]...)
}

// writer goes through the source once. It copies what lies between the places
// that it cuts out.
type writer struct {
	src     string
	out     []byte
	copied  int // the source up to here is copied or cut out
	edits   []edit
	touched []int // where the objects begin that have edits within
}

// cut leaves out a range of the source.
func (w *writer) cut(from, until int) {
	w.out = append(w.out, w.src[w.copied:from]...)
	w.copied = until
}

// put leaves out a range and writes something else.
func (w *writer) put(from, until int, text string) {
	w.cut(from, until)
	w.out = append(w.out, text...)
}

// at returns the edits of a value or of an object's primitives.
func (w *writer) at(offset int) []edit {
	i, found := slices.BinarySearchFunc(w.edits, offset, func(e edit, at int) int { return e.at - at })
	if !found {
		return nil
	}
	j := i + 1
	for j < len(w.edits) && w.edits[j].at == offset {
		j++
	}
	return w.edits[i:j]
}

// isTouched reports whether the object at an offset has edits within.
func (w *writer) isTouched(offset int) bool {
	_, found := slices.BinarySearch(w.touched, offset)
	return found
}

// touchedWithin reports whether an object in a range has edits within.
func (w *writer) touchedWithin(from, until int) bool {
	i, _ := slices.BinarySearch(w.touched, from)
	return i < len(w.touched) && w.touched[i] < until
}

// series copies the members or items of an object or array that begins at i,
// as far as one says to keep them, and returns the end and whether any are
// left. one gets where a member or item begins, and returns where it ends.
func (w *writer) series(i int, one func(index, at int) (end int, keep bool)) (end int, any bool) {
	last := 0 // the end of the member that was kept last
	i = skipSpace(w.src, i+1)
	for index := 0; w.src[i] != '}' && w.src[i] != ']'; index++ {
		length, copied := len(w.out), w.copied
		end, keep := one(index, i)
		next := skipSpace(w.src, end)
		if w.src[next] == ',' {
			next = skipSpace(w.src, next+1)
		}
		switch {
		case keep:
			last = end
		default:
			w.out, w.copied = w.out[:length], copied
			if last > 0 {
				w.cut(max(last, w.copied), end) // with the comma before it
			} else {
				w.cut(i, next)
			}
		}
		i = next
	}
	return i + 1, last > 0
}

func (w *writer) object(at int) (end int, any bool) {
	primitives := w.at(at)
	if len(primitives) > 0 && primitives[0].key == "" {
		primitives = nil // the object itself is edited, which is done by now
	}
	return w.series(at, func(_, i int) (int, bool) {
		keyEnd := skipString(w.src, i)
		name, companion := strings.CutPrefix(memberName(w.src[i:keyEnd]), "_")
		v := skipSpace(w.src, skipSpace(w.src, keyEnd)+1)
		for k := range primitives {
			if e := &primitives[k]; e.key == name && e.index < 0 {
				end := skipValue(w.src, v)
				switch {
				case e.text != "" && !companion:
					w.put(v, end, e.text)
				case e.mask && !e.done:
					w.put(i, end, `"_`+name+`":`+masked)
					e.done = true
				default:
					return end, false
				}
				return end, true
			}
		}
		return w.value(v, name, companion, primitives)
	})
}

// memberName returns the name in a JSON string.
func memberName(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var name string
	json.Unmarshal([]byte(quoted), &name) // it was parsed before
	return name
}

// value copies the value of a member.
func (w *writer) value(at int, name string, companion bool, primitives []edit) (end int, keep bool) {
	switch {
	case w.src[at] == '{' && companion:
		if end = skipValue(w.src, at); w.touchedOrEdited(at, end) {
			return w.object(at)
		}
		return end, true
	case w.src[at] == '{':
		return w.complex(at)
	case w.src[at] != '[':
		return skipValue(w.src, at), true
	}
	empty := true
	end, any := w.series(at, func(index, i int) (int, bool) {
		empty = false
		for _, e := range primitives {
			if e.key == name && e.index == index {
				end := skipValue(w.src, i)
				if e.mask && companion {
					w.put(i, end, masked)
				} else {
					w.put(i, end, "null")
				}
				return end, true
			}
		}
		switch {
		case w.src[i] != '{':
			return skipValue(w.src, i), true
		case companion:
			end := skipValue(w.src, i)
			if w.touchedOrEdited(i, end) {
				length, copied := len(w.out), w.copied
				if end, any := w.object(i); any {
					return end, true
				}
				w.out, w.copied = w.out[:length], copied
				w.put(i, end, "null") // it stays aligned with the value
			}
			return end, true
		}
		return w.complex(i)
	})
	return end, any || empty
}

// touchedOrEdited reports whether anything in a range is to be changed.
func (w *writer) touchedOrEdited(from, until int) bool {
	i, _ := slices.BinarySearchFunc(w.edits, from, func(e edit, at int) int { return e.at - at })
	return i < len(w.edits) && w.edits[i].at < until || w.touchedWithin(from, until)
}

// complex copies the object of a complex element.
func (w *writer) complex(at int) (end int, keep bool) {
	if list := w.at(at); len(list) > 0 && list[0].key == "" {
		end = skipValue(w.src, at)
		if list[0].mask {
			w.put(at, end, masked)
			return end, true
		}
		return end, false
	}
	if w.isTouched(at) {
		return w.object(at)
	}
	return skipValue(w.src, at), true
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\r' || s[i] == '\t') {
		i++
	}
	return i
}

// skipValue returns the end of the value at i. The source was parsed before:
// it is well-formed.
func skipValue(s string, i int) int {
	switch s[i] {
	case '"':
		return skipString(s, i)
	case '{', '[':
	default:
		for i < len(s) && s[i] != ',' && s[i] != '}' && s[i] != ']' && s[i] > ' ' {
			i++
		}
		return i
	}
	depth := 0
	for ; ; i++ {
		switch s[i] {
		case '"':
			i = skipString(s, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}

func skipString(s string, i int) int {
	for i++; ; {
		j := strings.IndexByte(s[i:], '"')
		i += j + 1
		k := i - 2
		for s[k] == '\\' {
			k--
		}
		if (i-2-k)%2 == 0 {
			return i
		}
	}
}
