package rf2

import "strings"

// FileName holds the elements of the name of a release file, RF2 3.3.2, as in
//
//	xder2_iisssccRefset_ExtendedMapUKEDSnapshot-en_GB_20210512.txt
type FileName struct {
	Status   string // "x" or "z" for test and beta releases, else ""
	Type     string // "sct" for terminology, "der" for derivatives
	Format   string // "2"
	Content  string // "Concept", "Refset", "cRefset" ...
	Summary  string // what the content is about, may be empty
	Release  string // "Full", "Snapshot" or "Delta"
	Language string // "en", "en-GB", may be empty
	Country  string // country code or namespace or both, such as "INT", "GB1000000"
	Date     string // YYYYMMDD
}

// ParseFileName reads the name of an RF2 data file, without folders. It
// returns false for any other file.
func ParseFileName(name string) (FileName, bool) {
	name, ok := strings.CutSuffix(name, ".txt")
	if !ok {
		return FileName{}, false
	}
	part := strings.Split(name, "_")
	if len(part) != 5 {
		return FileName{}, false
	}
	var f FileName
	kind := part[0]
	if kind != "" && (kind[0] == 'x' || kind[0] == 'z') {
		f.Status, kind = kind[:1], kind[1:]
	}
	switch kind {
	case "sct2", "der2":
		f.Type, f.Format = kind[:3], kind[3:]
	default:
		return FileName{}, false
	}
	f.Content = part[1]
	summary, language, _ := strings.Cut(part[2], "-")
	f.Language = language
	for _, release := range []string{"Full", "Snapshot", "Delta"} {
		if rest, ok := strings.CutSuffix(summary, release); ok {
			f.Summary, f.Release = rest, release
		}
	}
	f.Country, f.Date = part[3], part[4]
	if f.Release == "" || f.Content == "" || f.Country == "" || len(f.Date) != 8 || strings.Trim(f.Date, "0123456789") != "" {
		return FileName{}, false
	}
	return f, true
}
