package rf2_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nhskit/nhskit/snomed/rf2"
)

// zipOf packs files into an archive.
func zipOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(files[name]))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipReader(t testing.TB, data []byte) *zip.Reader {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func openZip(t testing.TB, files map[string]string) *rf2.Release {
	t.Helper()
	r, err := rf2.OpenFS(zipReader(t, zipOf(t, files)), "x")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestEntryCutOff: an entry whose compressed bytes end too early, at the end
// of a row, must not pass for a shorter file.
func TestEntryCutOff(t *testing.T) {
	for _, rows := range []int{10, 20_000} { // within the first buffer, and behind it
		part := conceptHeader + strings.Repeat(conceptRow, rows)
		full := part + strings.Repeat(conceptRow, 90)
		for name, end := range map[string]func(*flate.Writer) error{"in the middle": (*flate.Writer).Flush, "as if complete": (*flate.Writer).Close} {
			t.Run(fmt.Sprint(name, " ", rows), func(t *testing.T) {
				var deflated, b bytes.Buffer
				fw, err := flate.NewWriter(&deflated, flate.DefaultCompression)
				if err != nil {
					t.Fatal(err)
				}
				fw.Write([]byte(part))
				end(fw)
				z := zip.NewWriter(&b)
				w, err := z.CreateRaw(&zip.FileHeader{Name: conceptFile, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(full)),
					UncompressedSize64: uint64(len(full)), CompressedSize64: uint64(deflated.Len())})
				if err != nil {
					t.Fatal(err)
				}
				w.Write(deflated.Bytes())
				z.Close()
				r, err := rf2.OpenFS(zipReader(t, b.Bytes()), "x")
				if err != nil {
					t.Fatal(err)
				}
				_, report := rowsOf(t, r, rf2.Options{Limits: rf2.Limits{Ratio: -1}})
				if len(report.Issues) != 1 || report.Issues[0].Code != rf2.CodeRead {
					t.Errorf("%d rows, issues %v", report.Rows, report.Issues)
				}
			})
		}
	}
}

// resized lists its files with another size than they have.
type resized struct {
	fstest.MapFS
	by int64
}

func (r resized) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := r.MapFS.ReadDir(name)
	for i, e := range entries {
		entries[i] = resizedEntry{e, r.by}
	}
	return entries, err
}

type resizedEntry struct {
	fs.DirEntry
	by int64
}

func (e resizedEntry) Info() (fs.FileInfo, error) {
	info, err := e.DirEntry.Info()
	return resizedInfo{info, e.by}, err
}

type resizedInfo struct {
	fs.FileInfo
	by int64
}

func (i resizedInfo) Size() int64 { return i.FileInfo.Size() + i.by }

// TestFileChanges: a file that became shorter or longer after the release was
// opened is reported.
func TestFileChanges(t *testing.T) {
	text := conceptHeader + strings.Repeat(conceptRow, 10)
	for by, want := range map[int64]int{0: 0, -1: 1, 1: 1, int64(len(conceptRow)): 1, -int64(len(conceptRow)): 1} {
		r, err := rf2.OpenFS(resized{fstest.MapFS{conceptFile: {Data: []byte(text)}}, by}, "x")
		if err != nil {
			t.Fatal(err)
		}
		if _, report := rowsOf(t, r, rf2.Options{}); len(report.Issues) != want || want > 0 && report.Issues[0].Code != rf2.CodeRead {
			t.Errorf("%+d bytes: issues %v", by, report.Issues)
		}
	}
}

// TestEndIsKept: what ended the reading is in the report, however many bad
// rows come before it.
func TestEndIsKept(t *testing.T) {
	text := conceptHeader + strings.Repeat("x\r\n", 500)
	r, err := rf2.OpenFS(resized{fstest.MapFS{conceptFile: {Data: []byte(text)}}, 10}, "x")
	if err != nil {
		t.Fatal(err)
	}
	_, report := rowsOf(t, r, rf2.Options{Limits: rf2.Limits{Issues: 10}})
	if len(report.Issues) != 10 || report.Issues[9].Code != rf2.CodeRead || report.Errors != 501 || report.Suppressed != 491 {
		t.Errorf("%v, %d errors, %d suppressed", report.Issues, report.Errors, report.Suppressed)
	}
}

// TestLinks: links to files are followed, what is no file is left alone.
func TestLinks(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	target := filepath.Join(elsewhere, "concepts")
	if err := os.WriteFile(target, []byte(conceptHeader+conceptRow), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(dir, conceptFile)); err != nil {
		t.Skip("no links here:", err)
	}
	const broken, folder = "sct2_Concept_Full_INT_20260101.txt", "sct2_Concept_Delta_INT_20260101.txt"
	os.Symlink(filepath.Join(elsewhere, "none"), filepath.Join(dir, broken))
	os.Symlink(elsewhere, filepath.Join(dir, folder))
	r, err := rf2.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	rows, report := rowsOf(t, r, rf2.Options{})
	if len(rows[conceptFile]) != 1 || len(report.Issues) > 0 || !slices.Equal(r.Others(), []string{folder, broken}) {
		t.Errorf("%v, %v, others %v", rows, report.Issues, r.Others())
	}
	// A pipe would block.
	if r, err = rf2.OpenFS(fstest.MapFS{conceptFile: {Mode: fs.ModeNamedPipe}}, "x"); err != nil || len(r.Files()) != 0 || len(r.Others()) != 1 {
		t.Errorf("a pipe: %v, %v", r.Files(), err)
	}
}

// TestZipOverlap: two entries of one place multiply what an archive expands
// to.
func TestZipOverlap(t *testing.T) {
	data := zipOf(t, map[string]string{conceptFile: conceptHeader + conceptRow, relationshipFile: relationshipHeader + relationshipRow})
	second := bytes.LastIndex(data, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(data[second+42:], 0)
	file := filepath.Join(t.TempDir(), "x.zip")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, fsys := range []fs.FS{zipReader(t, data), z} {
		_, err := rf2.OpenFS(fsys, "x")
		if is := (*rf2.Issue)(nil); !errors.As(err, &is) || is.Code != rf2.CodeRead || !strings.Contains(err.Error(), "overlap") {
			t.Errorf("%T: %v", fsys, err)
		}
	}
}

// TestZipPaths: paths that occur twice or lead out of the archive are refused,
// and so is one entry too many.
func TestZipPaths(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for range 2 {
		w, _ := z.Create("a/" + conceptFile)
		w.Write([]byte(conceptHeader))
	}
	z.Close()
	for name, data := range map[string][]byte{
		"twice":               b.Bytes(),
		"above":               zipOf(t, map[string]string{"../" + conceptFile: conceptHeader}),
		"above, back slashes": zipOf(t, map[string]string{`..\` + conceptFile: conceptHeader}),
		"twice, back slashes": zipOf(t, map[string]string{`a\` + conceptFile: conceptHeader, `a/` + conceptFile: conceptHeader}),
		"too many files":      tooMany(t),
	} {
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
			t.Fatal(err)
		}
		_, err = rf2.OpenFS(z, "x")
		if is := (*rf2.Issue)(nil); !errors.As(err, &is) || (is.Code == rf2.CodeLimit) != (name == "too many files") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestZipBackSlashes: archives made on Windows may have them.
func TestZipBackSlashes(t *testing.T) {
	r := openZip(t, map[string]string{`Snapshot\Terminology\` + conceptFile: conceptHeader + conceptRow, `Snapshot\`: ""})
	if rows, report := rowsOf(t, r, rf2.Options{}); len(rows["Snapshot/Terminology/"+conceptFile]) != 1 || len(report.Issues) > 0 {
		t.Errorf("%v, issues %v, others %v", rows, report.Issues, r.Others())
	}
}

// tooMany is an archive of 100,001 empty entries.
func tooMany(t *testing.T) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 100_001 {
		if _, err := z.CreateRaw(&zip.FileHeader{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFolderTooBig: a folder has the same limit on files as an archive.
func TestFolderTooBig(t *testing.T) {
	files := fstest.MapFS{}
	for i := range 100_000 { // and the root
		files[fmt.Sprint(i)] = &fstest.MapFile{}
	}
	_, err := rf2.OpenFS(files, "x")
	if is := (*rf2.Issue)(nil); !errors.As(err, &is) || is.Code != rf2.CodeLimit {
		t.Errorf("%v", err)
	}
}

// TestClose: an archive that was opened by its name is closed again.
func TestClose(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.zip")
	if err := os.WriteFile(name, zipOf(t, map[string]string{conceptFile: conceptHeader + conceptRow}), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := rf2.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, report := rowsOf(t, r, rf2.Options{}); report.Rows != 0 || report.Errors != 1 || r.Close() == nil {
		t.Errorf("%d rows, issues %v", report.Rows, report.Issues)
	}
	if _, err := rf2.Open(name + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// TestRatioOfEveryArchive: the limit holds however the archive was opened.
func TestRatioOfEveryArchive(t *testing.T) {
	data := zipOf(t, map[string]string{"in/" + conceptFile: conceptHeader + strings.Repeat("0", 4<<20)})
	name := filepath.Join(t.TempDir(), "bomb.zip")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	rc, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	sub, err := fs.Sub(rc, "in")
	if err != nil {
		t.Fatal(err)
	}
	byName, err := rf2.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer byName.Close()
	for _, fsys := range []fs.FS{nil, &rc.Reader, rc, sub} {
		r := byName
		if fsys != nil {
			if r, err = rf2.OpenFS(fsys, "x"); err != nil {
				t.Fatal(err)
			}
		}
		if _, report := rowsOf(t, r, rf2.Options{}); len(report.Issues) != 1 || report.Issues[0].Code != rf2.CodeLimit {
			t.Errorf("%T: issues %v", fsys, report.Issues)
		}
	}
}

// TestKeptIssues: which issues are kept does not depend on the order in which
// files are read, and warnings do not crowd errors out.
func TestKeptIssues(t *testing.T) {
	files := fstest.MapFS{}
	for i := range 40 {
		text := strings.ReplaceAll(conceptHeader+conceptRow, "\r\n", "\n") // a warning
		if i >= 20 {
			text += strings.Repeat("x\n", 30) // and errors
		}
		files[fmt.Sprintf("%02d/%s", i, conceptFile)] = &fstest.MapFile{Data: []byte(text)}
	}
	r, err := rf2.OpenFS(files, "x")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		report, err := r.Read(context.Background(), rf2.Options{Workers: 8, Limits: rf2.Limits{Issues: 50}}, r.Files(), func(*rf2.File) rf2.Handler {
			return func(*rf2.Row) error { return nil }
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Issues) != 50 || report.Errors != 600 || report.Suppressed != 590 {
			t.Fatalf("%d issues, %d errors, %d suppressed", len(report.Issues), report.Errors, report.Suppressed)
		}
		for i, is := range report.Issues {
			if want := fmt.Sprintf("x/%02d/%s", 20+i/30, conceptFile); is.Severity != rf2.Error || !strings.HasPrefix(is.Path, want) || is.Line != 3+i%30 {
				t.Fatalf("issue %d is %v", i, &is)
			}
		}
	}
}
