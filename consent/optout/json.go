package optout

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/nhskit/nhskit/nhsnumber"
)

var (
	errJSON      = errors.New("the line is not one JSON object")
	errDuplicate = errors.New("a member appears twice")
	errEscape    = errors.New("a member's name has escapes")
)

// numbers returns the NHS numbers that a line of JSON is about. A line is
// about everybody it names: one opt-out removes it.
func (c *cleaner) numbers(line []byte) ([]nhsnumber.Number, error) {
	if !json.Valid(line) || bytes.TrimLeft(line, " \t")[0] != '{' {
		return nil, errJSON
	}
	if c.o.Format == NDJSON {
		return c.member(line)
	}
	return c.resource(line)
}

// member returns the number in the member that the options name.
func (c *cleaner) member(line []byte) ([]nhsnumber.Number, error) {
	value := line
	for name := range strings.SplitSeq(c.o.Column, ".") {
		var found []byte
		count := 0
		err := members(value, func(key, v []byte) {
			if string(key) == name {
				found = v
				count++
			}
		})
		switch {
		case err != nil:
			return nil, err
		case count > 1:
			return nil, errDuplicate
		case count == 0:
			return nil, errNoNHSNumber
		}
		value = found
	}
	n, err := nhsnumber.ParseBytes(bytes.Trim(value, `"`))
	if err != nil {
		return nil, err
	}
	return []nhsnumber.Number{n}, nil
}

const numberSystem = "https://fhir.nhs.uk/Id/nhs-number"

// resource returns the numbers of the patient of a FHIR resource: its own
// identifiers if it is a Patient, else those by which it names its subject,
// patient or beneficiary.
func (c *cleaner) resource(line []byte) ([]nhsnumber.Number, error) {
	var out []nhsnumber.Number
	var fault error
	patient := false
	types := 0
	var own, subjects [][]byte
	err := members(line, func(key, v []byte) {
		switch string(key) {
		case "resourceType":
			patient = string(v) == `"Patient"`
			types++
		case "identifier":
			own = append(own, v)
		case "subject", "patient", "beneficiary", "individual":
			subjects = append(subjects, v)
		}
	})
	if err != nil {
		return nil, err
	}
	if types > 1 {
		return nil, errDuplicate
	}
	add := func(identifier []byte) {
		n, ok, err := identifierNumber(identifier)
		switch {
		case err != nil:
			fault = err
		case ok:
			out = append(out, n)
		}
	}
	if patient {
		for _, list := range own {
			elements(list, add)
		}
		return out, fault
	}
	for _, s := range subjects {
		before := len(out)
		reference := ""
		err := members(s, func(key, v []byte) {
			switch string(key) {
			case "identifier":
				add(v)
			case "reference":
				reference = string(bytes.Trim(v, `"`))
			}
		})
		if err != nil {
			return nil, err
		}
		if len(out) > before {
			continue
		}
		n, ok := nhsnumber.Number{}, false
		if reference != "" && c.o.Subjects != nil {
			n, ok = c.o.Subjects(reference)
		}
		if !ok {
			return nil, errNoNHSNumber // of one of those it is about
		}
		out = append(out, n)
	}
	return out, fault
}

// identifierNumber returns the NHS number of an Identifier, if it is one.
func identifierNumber(identifier []byte) (n nhsnumber.Number, ok bool, err error) {
	var system, value []byte
	count := 0
	if err := members(identifier, func(key, v []byte) {
		switch string(key) {
		case "system":
			system = bytes.Trim(v, `"`)
			count++
		case "value":
			value = bytes.Trim(v, `"`)
			count++
		}
	}); err != nil {
		return n, false, err
	}
	if count > 2 {
		return n, false, errDuplicate
	}
	if string(system) != numberSystem {
		return n, false, nil
	}
	n, err = nhsnumber.ParseBytes(value)
	return n, err == nil, err
}

// members calls fn for each member of an object that is valid JSON. Keys have
// no escapes in the formats that this package reads; one with escapes, which
// could hide what it is, is an error.
func members(object []byte, fn func(key, value []byte)) error {
	i := space(object, 0)
	if i >= len(object) || object[i] != '{' {
		return errJSON
	}
	for i = space(object, i+1); i < len(object) && object[i] == '"'; {
		end := skip(object, i)
		key := object[i+1 : end-1]
		if bytes.IndexByte(key, '\\') >= 0 {
			return errEscape
		}
		i = space(object, end)
		i = space(object, i+1) // the colon
		end = skip(object, i)
		fn(key, object[i:end])
		if i = space(object, end); i < len(object) && object[i] == ',' {
			i = space(object, i+1)
		}
	}
	return nil
}

// elements calls fn for each element of an array that is valid JSON.
func elements(array []byte, fn func(value []byte)) {
	i := space(array, 0)
	if i >= len(array) || array[i] != '[' {
		return
	}
	for i = space(array, i+1); i < len(array) && array[i] != ']'; {
		end := skip(array, i)
		fn(array[i:end])
		if i = space(array, end); i < len(array) && array[i] == ',' {
			i = space(array, i+1)
		}
	}
}

func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skip returns the end of the JSON value at i. The JSON is known to be valid.
func skip(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
			if depth < 0 {
				return i
			}
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
			continue
		default:
			if depth == 0 {
				for i+1 < len(b) && bytes.IndexByte([]byte(",:]} \t\r\n"), b[i+1]) < 0 {
					i++
				}
				return i + 1
			}
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return i
}
