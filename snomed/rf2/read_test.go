package rf2_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/nhskit/nhskit/snomed/internal/corpus"
	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// rowsOf reads everything of a release and returns its rows as text, by file.
func rowsOf(t *testing.T, r *rf2.Release, opt rf2.Options) (map[string][]string, *rf2.Report) {
	t.Helper()
	rows := map[string][]string{}
	var mu sync.Mutex
	report, err := r.Read(context.Background(), opt, r.Files(), func(f *rf2.File) rf2.Handler {
		return func(row *rf2.Row) error {
			line := string(bytes.Join(row.Fields, []byte("\t")))
			mu.Lock()
			rows[f.Path] = append(rows[f.Path], line)
			mu.Unlock()
			return nil
		}
	})
	// An issue that ends the reading is in the report, too.
	is := (*rf2.Issue)(nil)
	ends := func(is rf2.Issue) bool {
		return is.Code == rf2.CodeRead || is.Code == rf2.CodeLimit || is.Code == rf2.CodeLineLength || opt.Strict && is.Severity == rf2.Error
	}
	if errors.As(err, &is) != slices.ContainsFunc(report.Issues, ends) || err != nil && is == nil || is != nil && !ends(*is) {
		t.Fatalf("error %v, issues %v", err, report.Issues)
	}
	return rows, report
}

// TestReadAgainstSplit compares the reader with strings.Split, for a folder,
// an archive and a file system.
func TestReadAgainstSplit(t *testing.T) {
	dir := t.TempDir()
	archive := filepath.Join(dir, "r.zip")
	folder := filepath.Join(dir, "r")
	for _, p := range []string{archive, folder} {
		if err := snomedtest.Generate(p, snomedtest.Options{Seed: 3}); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string][]string{}
	total := int64(0)
	err := fs.WalkDir(os.DirFS(folder), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(p, ".txt") {
			return err
		}
		b, err := os.ReadFile(filepath.Join(folder, p))
		if lines := strings.Split(string(b), "\r\n"); len(lines) > 2 {
			want[p] = lines[1 : len(lines)-1]
			total += int64(len(want[p]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, open := range []func() (*rf2.Release, error){
		func() (*rf2.Release, error) { return rf2.Open(archive) },
		func() (*rf2.Release, error) { return rf2.Open(folder) },
		func() (*rf2.Release, error) { return rf2.OpenFS(os.DirFS(folder), "x") },
	} {
		r, err := open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		calls, last := 0, rf2.Progress{}
		got, report := rowsOf(t, r, rf2.Options{Progress: func(p rf2.Progress) {
			calls++
			if last = p; p.Done > p.Total || p.File == "" {
				t.Errorf("progress %+v", p)
			}
		}})
		if calls < len(r.Files()) || last.Done != last.Total || last.Rows != total {
			t.Errorf("progress: %d calls for %d files, the last %+v", calls, len(r.Files()), last)
		}
		if len(report.Issues) > 0 || report.Rows != total {
			t.Fatalf("%d rows, want %d; issues %v", report.Rows, total, report.Issues)
		}
		for p, lines := range want {
			if strings.Join(got[p], "\n") != strings.Join(lines, "\n") {
				t.Errorf("%s differs", p)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d files, want %d", len(got), len(want))
		}
	}
}

func TestInvalidPackages(t *testing.T) {
	want := map[string]rf2.Code{
		"bom": rf2.CodeBOM, "lf-only": rf2.CodeLineEnd, "blank-time": rf2.CodeTime, "short-row": rf2.CodeColumns, "long-row": rf2.CodeColumns,
		"wrong-header": rf2.CodeHeader, "bad-id": rf2.CodeSCTID, "bad-active": rf2.CodeActive, "bad-utf8": rf2.CodeUTF8, "no-newline": rf2.CodeUnfinished,
		// These need more than one row, and are found when a store is built.
		"duplicate-id": "", "is-a-cycle": "", "dangling": "",
	}
	passed := 0
	packages := snomedtest.Invalid()
	for _, p := range packages {
		if t.Run(p.Name, func(t *testing.T) {
			code, ok := want[p.Name]
			if !ok {
				t.Fatal("the test does not know this package")
			}
			z, err := zip.NewReader(bytes.NewReader(p.Zip()), int64(len(p.Zip())))
			if err != nil {
				t.Fatal(err)
			}
			r, err := rf2.OpenFS(z, "p.zip")
			if err != nil {
				t.Fatal(err)
			}
			_, report := rowsOf(t, r, rf2.Options{})
			if code == "" {
				if len(report.Issues) > 0 {
					t.Errorf("issues: %v", report.Issues)
				}
				return
			}
			if len(report.Issues) != 1 {
				t.Fatalf("issues: %v", report.Issues)
			}
			is := report.Issues[0]
			file, _, _ := strings.Cut(is.Path, "#")
			if is.Code != code || file != path.Join("p.zip", p.File) || p.Line > 0 && is.Line != p.Line || is.Line == 0 || is.Offset < 0 {
				t.Errorf("got %v", &is)
			}
			if is.Severity != rf2.Error {
				return
			}
			var found *rf2.Issue
			_, err = r.Read(context.Background(), rf2.Options{Strict: true}, r.Files(), func(*rf2.File) rf2.Handler {
				return func(*rf2.Row) error { return nil }
			})
			if !errors.As(err, &found) || found.Code != code {
				t.Errorf("strict: %v", err)
			}
		}) {
			passed++
		}
	}
	corpus.Floor(t, "invalid", passed, len(packages))
}

const conceptFile = "sct2_Concept_Snapshot_INT_20260101.txt"

const conceptHeader = "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\r\n"

const conceptRow = "138875005\t20260101\t1\t900000000000207008\t900000000000074008\r\n"

const relationshipFile = "sct2_Relationship_Snapshot_INT_20260101.txt"

const relationshipHeader = "id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId\r\n"

const relationshipRow = "101021\t20260101\t1\t900000000000207008\t404684003\t138875005\t0\t116680003\t900000000000011006\t900000000000451002\r\n"

func readText(t *testing.T, name, text string, opt rf2.Options) ([]string, *rf2.Report) {
	t.Helper()
	r, err := rf2.OpenFS(fstest.MapFS{name: {Data: []byte(text)}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	rows, report := rowsOf(t, r, opt)
	return rows[name], report
}

func TestRowIssues(t *testing.T) {
	const member = "der2_iisssciRefset_ExtendedMapSnapshot_GB_20260101.txt"
	const memberHeader = "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\ta\tb\tc\td\te\tf\tg\r\n"
	const memberRow = "fbdf9ade-312f-5c1c-9c1c-dbdf9967a8d2\t20081212\t1\t900000000000207008\t900000000000497000\t138875005\t1\t2\tTRUE\tx\ty\t447561005\t3\r\n"
	edit := func(row, old, new string) string { return strings.Replace(row, old, new, 1) }
	for _, c := range []struct {
		name, file, text string
		code             rf2.Code
		line, col        int
		offset           int64
	}{
		{"good", conceptFile, conceptHeader + conceptRow, "", 0, 0, 0},
		{"month", conceptFile, conceptHeader + conceptRow + edit(conceptRow, "20260101", "20261301"), rf2.CodeTime, 3, 2, int64(len(conceptHeader + conceptRow))},
		{"day 0", conceptFile, conceptHeader + edit(conceptRow, "20260101", "20260100"), rf2.CodeTime, 2, 2, int64(len(conceptHeader))},
		{"month 0", conceptFile, conceptHeader + edit(conceptRow, "20260101", "20260001"), rf2.CodeTime, 2, 2, int64(len(conceptHeader))},
		{"before there were computers", conceptFile, conceptHeader + edit(conceptRow, "20260101", "18991231"), rf2.CodeTime, 2, 2, int64(len(conceptHeader))},
		{"time of day", conceptFile, conceptHeader + edit(conceptRow, "20260101", "20260101T120000Z"), rf2.CodeTime, 2, 2, int64(len(conceptHeader))},
		{"18 digits", member, memberHeader + edit(memberRow, "\t1\t2\t", "\t1\t-999999999999999999\t"), "", 0, 0, 0},
		{"19 digits", member, memberHeader + edit(memberRow, "\t1\t2\t", "\t1\t9999999999999999999\t"), rf2.CodeInteger, 2, 8, int64(len(memberHeader))},
		{"a sign alone", member, memberHeader + edit(memberRow, "\t1\t2\t", "\t1\t-\t"), rf2.CodeInteger, 2, 8, int64(len(memberHeader))},
		{"no integer", member, memberHeader + edit(memberRow, "\t1\t2\t", "\t1\t\t"), rf2.CodeInteger, 2, 8, int64(len(memberHeader))},
		{"no text", member, memberHeader + edit(memberRow, "\tTRUE\t", "\t\t"), "", 0, 0, 0},
		{"two header lines", conceptFile, conceptHeader + conceptHeader, rf2.CodeSCTID, 2, 1, int64(len(conceptHeader))},
		{"30 February", conceptFile, conceptHeader + edit(conceptRow, "20260101", "20240230"), rf2.CodeTime, 2, 2, int64(len(conceptHeader))},
		{"31 April", conceptFile, conceptHeader + edit(conceptRow, "20260101", "20240431"), rf2.CodeTime, 2, 2, int64(len(conceptHeader))},
		{"no leap year", conceptFile, conceptHeader + edit(conceptRow, "20260101", "21000229"), rf2.CodeTime, 2, 2, int64(len(conceptHeader))},
		{"leap year", conceptFile, conceptHeader + edit(conceptRow, "20260101", "20240229"), "", 0, 0, 0},
		{"century leap year", conceptFile, conceptHeader + edit(conceptRow, "20260101", "20000229"), "", 0, 0, 0},
		{"31 December", conceptFile, conceptHeader + edit(conceptRow, "20260101", "20261231"), "", 0, 0, 0},
		{"a description as module", conceptFile, conceptHeader + edit(conceptRow, "900000000000207008", "101013"), rf2.CodeSCTID, 2, 4, int64(len(conceptHeader))},
		{"a description as module of a member", member, memberHeader + edit(memberRow, "900000000000207008", "101013"), rf2.CodeSCTID, 2, 4, int64(len(memberHeader))},
		{"a description as reference set", member, memberHeader + edit(memberRow, "900000000000497000", "101013"), rf2.CodeSCTID, 2, 5, int64(len(memberHeader))},
		{"a description as member", member, memberHeader + edit(memberRow, "138875005", "101013"), "", 0, 0, 0},
		{"a relationship of a description", relationshipFile, relationshipHeader + edit(relationshipRow, "404684003", "101013"), rf2.CodeSCTID, 2, 5, int64(len(relationshipHeader))},
		{"good relationship", relationshipFile, relationshipHeader + relationshipRow, "", 0, 0, 0},
		{"another identifier of a description", "sct2_Identifier_Snapshot_INT_20260101.txt",
			"alternateIdentifier\teffectiveTime\tactive\tmoduleId\tidentifierSchemeId\treferencedComponentId\r\nX 1\t20260101\t1\t900000000000207008\t900000000000294009\t101013\r\n", "", 0, 0, 0},
		{"concept id of a description", conceptFile, conceptHeader + edit(conceptRow, "138875005", "101013"), rf2.CodeSCTID, 2, 1, int64(len(conceptHeader))},
		{"active", conceptFile, conceptHeader + edit(conceptRow, "\t1\t", "\t2\t"), rf2.CodeActive, 2, 3, int64(len(conceptHeader))},
		{"empty line", conceptFile, conceptHeader + "\r\n", rf2.CodeColumns, 2, 1, int64(len(conceptHeader))},
		{"empty file", conceptFile, "", rf2.CodeHeader, 1, 0, 0},
		{"good member", member, memberHeader + memberRow, "", 0, 0, 0},
		{"integer", member, memberHeader + edit(memberRow, "\t1\t2\t", "\t1\tx\t"), rf2.CodeInteger, 2, 8, int64(len(memberHeader))},
		{"uuid", member, memberHeader + edit(memberRow, "fbdf", "fbdg"), rf2.CodeUUID, 2, 1, int64(len(memberHeader))},
		{"uuid hyphens", member, memberHeader + edit(memberRow, "fbdf9ade-", "fbdf9ade0"), rf2.CodeUUID, 2, 1, int64(len(memberHeader))},
		{"component", member, memberHeader + edit(memberRow, "\t138875005\t", "\t\t"), rf2.CodeSCTID, 2, 6, int64(len(memberHeader))},
		{"optional component", member, memberHeader + edit(memberRow, "\t447561005\t", "\t\t"), "", 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, report := readText(t, c.file, c.text, rf2.Options{})
			if c.code == "" {
				if len(report.Issues) > 0 || report.Rows != 1 {
					t.Fatalf("%d rows, %v", report.Rows, report.Issues)
				}
				return
			}
			if len(report.Issues) != 1 || report.Errors != 1 {
				t.Fatalf("issues: %v", report.Issues)
			}
			is := report.Issues[0]
			if is.Code != c.code || is.Line != c.line || is.Col != c.col || is.Offset != c.offset {
				t.Errorf("got %v at offset %d", &is, is.Offset)
			}
		})
	}
}

// TestRow: the values of a row are those of its text.
func TestRow(t *testing.T) {
	const name = "nested/der2_ciRefset_OrderedSnapshot_INT_20260101.txt"
	text := "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tfirst\tsecond\r\n" +
		"FBDF9ADE-312f-5c1c-9C1C-dbdf9967a8d2\t20240229\t0\t900000000000207008\t900000000000497000\t101013\t138875005\t-42\r" // cut off
	r, err := rf2.OpenFS(fstest.MapFS{name: {Data: []byte(text)}, "LICENSE.txt": {}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	report, err := r.Read(context.Background(), rf2.Options{}, r.Files(), func(f *rf2.File) rf2.Handler {
		return func(row *rf2.Row) error {
			got := fmt.Sprintf("%s %s %d %d; %d %x %d %v %d; %d %d %d %d; %s %s", row.File.Path, row.File.Kind, row.Line, row.Offset, row.ID, row.UUID, row.Time, row.Active, row.Module,
				row.SCTID(4), row.SCTID(5), row.SCTID(6), row.Int(7), row.Layout.Columns[7], row.Fields[7])
			want := fmt.Sprintf("%s Refset 2 %d; 0 fbdf9ade312f5c1c9c1cdbdf9967a8d2 20240229 false 900000000000207008; 900000000000497000 101013 138875005 -42; second -42", name, strings.Index(text, "FBDF"))
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			return nil
		}
	})
	if err != nil || report.Rows != 1 || report.Errors != 0 || len(report.Issues) != 1 || report.Issues[0].Code != rf2.CodeUnfinished {
		t.Errorf("%+v, %v", report, err)
	}
	if o := r.Others(); len(o) != 1 || o[0] != "LICENSE.txt" || r.Name() != "x" || r.Close() != nil {
		t.Errorf("others %v, name %s", o, r.Name())
	}
	want := "x/" + name + ":2: rf2.unfinished: the last line has no end; the file may have been cut off (RF2 3.1.1)"
	if got := report.Issues[0].Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestStrictWarns: only an error stops a strict reading.
func TestStrictWarns(t *testing.T) {
	rows, report := readText(t, conceptFile, "\ufeff"+strings.ReplaceAll(conceptHeader+conceptRow, "\r\n", "\n"), rf2.Options{Strict: true})
	if len(rows) != 1 || len(report.Issues) != 2 || report.Errors != 0 {
		t.Errorf("%d rows, issues %v", len(rows), report.Issues)
	}
}

func TestSelect(t *testing.T) {
	files := fstest.MapFS{}
	for _, kind := range []string{"Snapshot", "Full", "Delta"} {
		files[kind+"/sct2_Concept_"+kind+"_INT_20260101.txt"] = &fstest.MapFile{Data: []byte(conceptHeader)}
	}
	r, err := rf2.OpenFS(files, "x")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"Snapshot", "Full", "Delta"} {
		if got := r.Select(kind); len(got) != 1 || got[0].Name.Release != kind {
			t.Errorf("%s: %v", kind, got)
		}
	}
	if len(r.Files()) != 3 || r.Select("snapshot") != nil {
		t.Errorf("%v, %v", r.Files(), r.Select("snapshot"))
	}
}

func TestLimits(t *testing.T) {
	text := conceptHeader + strings.Repeat(conceptRow, 5000)
	for _, c := range []struct {
		name   string
		text   string
		limits rf2.Limits
		code   rf2.Code
	}{
		{"file size", text, rf2.Limits{FileSize: 1000}, rf2.CodeLimit},
		{"line", conceptHeader + strings.Repeat("1", 2000), rf2.Limits{Line: 1000}, rf2.CodeLineLength},
		{"line within a chunk", conceptHeader + strings.Repeat("1", 2000) + "\r\n", rf2.Limits{Line: 1000}, rf2.CodeLineLength},
		{"default line", conceptHeader + strings.Repeat("1", 3<<20), rf2.Limits{}, rf2.CodeLineLength},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, report := readText(t, conceptFile, c.text, rf2.Options{Limits: c.limits})
			if len(report.Issues) != 1 || report.Issues[0].Code != c.code {
				t.Errorf("issues: %v", report.Issues)
			}
		})
	}
	bomb := openZip(t, map[string]string{conceptFile: conceptHeader + strings.Repeat(conceptRow, 50_000)}) // about 3 MB, 250 times the archive
	for ratio, want := range map[int64]int{0: 1, 100: 1, 2000: 0, -1: 0} {
		if _, report := rowsOf(t, bomb, rf2.Options{Limits: rf2.Limits{Ratio: ratio}}); len(report.Issues) != want || want > 0 && report.Issues[0].Code != rf2.CodeLimit {
			t.Errorf("ratio %d: issues %v", ratio, report.Issues)
		}
	}
	bad := conceptHeader + strings.Repeat("x\r\n", 50)
	_, report := readText(t, conceptFile, bad, rf2.Options{Limits: rf2.Limits{Issues: 10}})
	if len(report.Issues) != 10 || report.Suppressed != 40 || report.Errors != 50 {
		t.Errorf("%d issues, %d suppressed, %d errors", len(report.Issues), report.Suppressed, report.Errors)
	}
	_, report = readText(t, conceptFile, text, rf2.Options{Limits: rf2.Limits{FileSize: -1, Line: -1, Issues: -1}})
	if report.Rows != 5000 || len(report.Issues) != 0 {
		t.Errorf("without limits: %d rows, %v", report.Rows, report.Issues)
	}
}

// TestLongTerm: a term of 64 kB, across many chunks, comes out whole.
func TestLongTerm(t *testing.T) {
	term := strings.Repeat("µ–é ", 16<<10)
	header := "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\r\n"
	row := "101013\t20260101\t1\t900000000000207008\t138875005\ten\t900000000000003001\t" + term + "\t900000000000448009"
	rows, report := readText(t, "sct2_Description_Snapshot-en_INT_20260101.txt", header+strings.Repeat(row+"\r\n", 12), rf2.Options{})
	if len(report.Issues) > 0 || len(rows) != 12 {
		t.Fatalf("%d rows, %v", len(rows), report.Issues)
	}
	for _, r := range rows {
		if r != row {
			t.Fatal("a row differs")
		}
	}
}

func TestZipBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, above all under the race detector")
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(conceptFile)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, conceptHeader)
	zeros := bytes.Repeat([]byte("0"), 1<<20)
	for range 64 {
		w.Write(zeros)
	}
	z.Close()
	zr, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	r, err := rf2.OpenFS(zr, "bomb.zip")
	if err != nil {
		t.Fatal(err)
	}
	_, report := rowsOf(t, r, rf2.Options{})
	if len(report.Issues) != 1 || report.Issues[0].Code != rf2.CodeLimit {
		t.Errorf("issues: %v", report.Issues)
	}
}

// TestDamagedZip cuts an archive at every 97th byte and flips bits in it:
// there is always an issue or an error, never a panic, unless every row came
// through unharmed.
func TestDamagedZip(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, above all under the race detector")
	}
	var whole []byte
	for _, p := range snomedtest.Invalid() {
		if p.Name == "duplicate-id" { // its rows are good
			whole = p.Zip()
		}
	}
	hidden := false
	read := func(b []byte) (int64, bool) {
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return 0, true
		}
		r, err := rf2.OpenFS(z, "x.zip")
		if err != nil {
			return 0, true
		}
		hidden = len(r.Others()) > 0
		report, err := r.Read(context.Background(), rf2.Options{}, r.Files(), func(*rf2.File) rf2.Handler { return func(*rf2.Row) error { return nil } })
		return report.Rows, err != nil || len(report.Issues) > 0
	}
	want, bad := read(whole)
	if bad {
		t.Fatal("the whole archive has issues")
	}
	for n := 0; n < len(whole)-1; n += 97 {
		if rows, bad := read(whole[:n]); !bad {
			t.Errorf("cut at %d: %d rows, no issue", n, rows)
		}
	}
	// A flipped name may hide a file, which is then among the others.
	for bit := 0; bit < len(whole)*8; bit += 5 {
		b := bytes.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		if rows, bad := read(b); !bad && rows != want && !hidden {
			t.Errorf("bit %d: %d rows of %d and no issue", bit, rows, want)
		}
	}
}

func TestCancelAndHandlerErrors(t *testing.T) {
	r, err := rf2.OpenFS(fstest.MapFS{conceptFile: {Data: []byte(conceptHeader + strings.Repeat(conceptRow, 20000))}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	n := 0
	if _, err := r.Read(context.Background(), rf2.Options{}, r.Files(), func(*rf2.File) rf2.Handler {
		return func(*rf2.Row) error {
			if n++; n == 7 {
				return boom
			}
			return nil
		}
	}); err != boom || n != 7 {
		t.Errorf("after %d rows: %v", n, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n = 0
	if _, err := r.Read(ctx, rf2.Options{}, r.Files(), func(*rf2.File) rf2.Handler {
		return func(*rf2.Row) error { n++; cancel(); return nil }
	}); !errors.Is(err, context.Canceled) || n > 15000 { // the rest of one piece of the file, of five
		t.Errorf("cancelled: %v, after %d rows", err, n)
	}
}

func TestCheckModules(t *testing.T) {
	const a, b, c sctid.ID = 900000000000207008, 999000011000000103, 999000011000001104
	for _, x := range []struct {
		name     string
		deps     []rf2.Dependency
		present  map[sctid.ID]uint32
		severity rf2.Severity
		issues   int
	}{
		{"fits", []rf2.Dependency{{b, a, 20260101, 20250101}}, map[sctid.ID]uint32{a: 20250101, b: 20260101}, 0, 0},
		{"missing", []rf2.Dependency{{b, a, 20260101, 20250101}}, map[sctid.ID]uint32{b: 20260101}, rf2.Error, 1},
		{"older", []rf2.Dependency{{b, a, 20260101, 20250101}, {a, a, 20240101, 20240101}}, map[sctid.ID]uint32{a: 20240101, b: 20260101}, rf2.Warning, 1},
		{"newer", []rf2.Dependency{{b, a, 20260101, 20250101}}, map[sctid.ID]uint32{a: 20250601, b: 20260101}, rf2.Information, 1},
		{"an old version does not count", []rf2.Dependency{{b, c, 20250101, 20250101}, {b, a, 20260101, 20250101}}, map[sctid.ID]uint32{a: 20250101, b: 20260101}, 0, 0},
	} {
		got := rf2.CheckModules(x.deps, x.present)
		if len(got) != x.issues || x.issues > 0 && (got[0].Severity != x.severity || got[0].Code != rf2.CodeModule) {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}

// FuzzRead: any bytes as a file give rows and issues within the file, as many
// from an archive as from a folder, and never a panic.
func FuzzRead(f *testing.F) {
	for _, p := range snomedtest.Invalid() {
		for name, file := range p.FS {
			f.Add(path.Base(name), file.Data)
		}
	}
	f.Add("der2_ccissRefset_XSnapshot_GB_20260101.txt", []byte("id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\ta\tb\tc\td\te\r\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if _, ok := rf2.ParseFileName(name); !ok || !fs.ValidPath(name) || strings.Contains(name, "/") {
			return
		}
		r, err := rf2.OpenFS(fstest.MapFS{name: {Data: data}}, "x")
		if err != nil {
			t.Fatal(err)
		}
		report, err := r.Read(context.Background(), rf2.Options{}, r.Files(), func(*rf2.File) rf2.Handler {
			return func(row *rf2.Row) error {
				line := bytes.Join(row.Fields, []byte("\t"))
				if row.Offset < 0 || !bytes.HasPrefix(data[row.Offset:], line) {
					t.Fatalf("line %d is not at its offset", row.Line)
				}
				if row.Layout.Kind != rf2.Refset && row.Layout.Kind != rf2.Identifier && !row.ID.Valid() {
					t.Fatal("an invalid identifier passed")
				}
				return nil
			}
		})
		if err != nil && !errors.As(err, new(*rf2.Issue)) {
			t.Fatal(err)
		}
		for _, is := range report.Issues {
			if is.Offset > int64(len(data)) || is.Code == "" || is.Err == nil {
				t.Fatalf("issue %+v", is)
			}
		}
		archive := openZip(t, map[string]string{name: string(data)})
		packed, err := archive.Read(context.Background(), rf2.Options{Limits: rf2.Limits{Ratio: -1}}, archive.Files(), func(*rf2.File) rf2.Handler {
			return func(*rf2.Row) error { return nil }
		})
		if err != nil && !errors.As(err, new(*rf2.Issue)) || packed.Rows != report.Rows || len(packed.Issues) != len(report.Issues) || packed.Errors != report.Errors {
			t.Fatalf("from an archive: %+v, %v, from a folder %+v", packed, err, report)
		}
	})
}
