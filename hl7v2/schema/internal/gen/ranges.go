package main

import (
	"fmt"
	"regexp"
	"strconv"
)

// ellipsis stands in a table for codes that it does not list.
const ellipsis = "…"

// headings stand between the codes of some tables.
var headings = map[string]bool{
	"Success": true, "Errors": true, "Rejection": true, // 0357 of 2.4
	"Meal Related Timings": true, // 0335
}

var (
	codeRange = regexp.MustCompile(`^([A-Z]?)([0-9]+) ?(?:\.\.\.|_) ?([A-Z]?)([0-9]+)$`)
	openRange = regexp.MustCompile(`^([0-9]+) (?:\.\.\.|_|and higher)$`)
)

// listed returns the codes that an entry of a table stands for: all of a
// range such as "12 ... 16", the first one and an ellipsis for "2 ...".
func listed(entry string) []string {
	if entry == "..." {
		return []string{ellipsis}
	}
	if m := openRange.FindStringSubmatch(entry); m != nil {
		return []string{m[1], ellipsis}
	}
	m := codeRange.FindStringSubmatch(entry)
	if m == nil || m[1] != m[3] {
		return []string{entry}
	}
	from, errFrom := strconv.Atoi(m[2])
	to, errTo := strconv.Atoi(m[4])
	if errFrom != nil || errTo != nil || from >= to || to-from > 100 {
		return []string{entry}
	}
	var out []string
	for n := from; n <= to; n++ {
		out = append(out, fmt.Sprintf("%s%0*d", m[1], len(m[2]), n))
	}
	return out
}
