package snomedtest

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing/fstest"
)

// InvalidPackage is a release that is wrong in one way.
type InvalidPackage struct {
	Name string
	File string // the file at fault
	Line int    // the line at fault, 0 for the whole file
	FS   fstest.MapFS
}

// Invalid returns small releases, each wrong in one way that a reader must
// report with its place:
//
//	bom             a file starts with a byte order mark
//	lf-only         lines end in a line feed alone (harmless, but not RF2)
//	blank-time      a row without an effective time
//	short-row       a row with too few columns
//	long-row        a row with too many
//	duplicate-id    two rows of a snapshot for one component
//	wrong-header    a column with another name
//	bad-id          an identifier whose check digit is wrong
//	bad-active      an active column that is neither 0 nor 1
//	bad-utf8        a term that is not UTF-8
//	is-a-cycle      two concepts that are each a subtype of the other
//	dangling        a relationship whose destination does not exist
//	no-newline      a last row without an end of line (harmless)
func Invalid() []InvalidPackage {
	const (
		dir      = "SnomedCT_InventedRF2/Snapshot/Terminology/"
		concepts = dir + "sct2_Concept_Snapshot_INT_20260101.txt"
		terms    = dir + "sct2_Description_Snapshot-en_INT_20260101.txt"
		links    = dir + "sct2_Relationship_Snapshot_INT_20260101.txt"
	)
	good := func() map[string][]string {
		concept := func(id string) string {
			return id + "\t20260101\t1\t900000000000207008\t900000000000074008"
		}
		description := func(id, concept, kind, term string) string {
			return id + "\t20260101\t1\t900000000000207008\t" + concept + "\ten\t" + kind + "\t" + term + "\t900000000000448009"
		}
		link := func(id, from, to string) string {
			return id + "\t20260101\t1\t900000000000207008\t" + from + "\t" + to + "\t0\t116680003\t900000000000011006\t900000000000451002"
		}
		return map[string][]string{
			concepts: {"id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId",
				concept("138875005"), concept("404684003"), concept("64572001"), concept("116680003"), concept("900000000000207008"), concept("900000000000074008")},
			terms: {"id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId",
				description("101013", "138875005", "900000000000003001", "Invented root (invented)"),
				description("103011", "404684003", "900000000000013009", "Invented finding")},
			links: {"id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId",
				link("101021", "404684003", "138875005"), link("102025", "64572001", "404684003"),
				link("103024", "116680003", "138875005"), link("104029", "900000000000207008", "138875005"), link("105028", "900000000000074008", "138875005")},
		}
	}
	build := func(name, file string, line int, eol string, change func(lines []string) []string) InvalidPackage {
		p := InvalidPackage{Name: name, File: file, Line: line, FS: fstest.MapFS{}}
		for path, lines := range good() {
			end := "\r\n"
			if path == file {
				if lines = change(lines); eol != "" {
					end = eol
				}
			}
			text := strings.Join(lines, end) + end
			if path == file && name == "no-newline" {
				text = strings.TrimRight(text, "\r\n")
			}
			p.FS[path] = &fstest.MapFile{Data: []byte(text)}
		}
		return p
	}
	field := func(line, column int, value string) func([]string) []string {
		return func(lines []string) []string {
			f := strings.Split(lines[line-1], "\t")
			f[column] = value
			lines[line-1] = strings.Join(f, "\t")
			return lines
		}
	}
	same := func(lines []string) []string { return lines }
	return []InvalidPackage{
		build("bom", concepts, 1, "", field(1, 0, "\ufeffid")),
		build("lf-only", terms, 0, "\n", same),
		build("blank-time", concepts, 3, "", field(3, 1, "")),
		build("short-row", terms, 3, "", func(l []string) []string { l[2] = l[2][:strings.LastIndexByte(l[2], '\t')]; return l }),
		build("long-row", terms, 3, "", func(l []string) []string { l[2] += "\tmore"; return l }),
		build("duplicate-id", concepts, 8, "", func(l []string) []string { return append(l, l[2]) }),
		build("wrong-header", links, 1, "", field(1, 4, "source")),
		build("bad-id", concepts, 4, "", field(4, 0, "64572002")),
		build("bad-active", links, 3, "", field(3, 2, "yes")),
		build("bad-utf8", terms, 2, "", field(2, 7, "Invented \xff")),
		build("is-a-cycle", links, 0, "", func(l []string) []string {
			return append(l, "106027\t20260101\t1\t900000000000207008\t404684003\t64572001\t0\t116680003\t900000000000011006\t900000000000451002")
		}),
		build("dangling", links, 3, "", field(3, 5, "73211009")),
		build("no-newline", links, 0, "", same),
	}
}

// Zip packs the package into an archive, as releases are shipped.
func (p InvalidPackage) Zip() []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if err := z.AddFS(p.FS); err != nil {
		panic(err) // writing to memory does not fail
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}
