package consent

import (
	_ "embed"
	"strings"
)

//go:embed sources.tsv
var sources string

// Citation spells out a source that rules cite by a short name ("NDO5"): its
// title, and where it was read. DESIGN stands for a choice of this library
// where the sources are silent. It returns false for other names.
func Citation(name string) (title, where string, ok bool) {
	for line := range strings.Lines(sources) {
		if rest, found := strings.CutPrefix(line, name+"\t"); found {
			title, where, _ = strings.Cut(strings.TrimSuffix(rest, "\n"), "\t")
			return title, where, true
		}
	}
	return "", "", false
}
