package dmd_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
)

const vtmFile = `<VIRTUAL_THERAPEUTIC_MOIETIES><VTM><VTMID>90332006</VTMID><NM>Paracetamol</NM></VTM></VIRTUAL_THERAPEUTIC_MOIETIES>`

// zipOf makes an archive of names and contents in turn.
func zipOf(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: parts[i], Method: zip.Deflate})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, parts[i+1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// open writes an archive to a file, opens it and reads it.
func open(t *testing.T, data []byte, opts ...dmd.ReadOption) (files int, records int, codes string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "r.zip")
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	rel, err := dmd.OpenRelease(name, opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer rel.Close()
	issues, err := rel.Scan(context.Background(), func(*dmd.Record) error { records++; return nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range issues {
		if i.Code != dmd.CodeFileMissing {
			codes += fmt.Sprintf("%s %s; ", i.Code, i.File)
		}
	}
	return len(rel.Files()), records, codes
}

func TestArchives(t *testing.T) {
	const name = "f_vtm2_3260821.xml"
	bomb := "<VIRTUAL_THERAPEUTIC_MOIETIES>" + strings.Repeat(" ", 8<<20) + "</VIRTUAL_THERAPEUTIC_MOIETIES>"
	for _, c := range []struct {
		name    string
		data    []byte
		opts    []dmd.ReadOption
		files   int
		records int
		codes   string
	}{
		{"plain", zipOf(t, name, vtmFile), nil, 1, 1, ""},
		{"in a folder", zipOf(t, "release/"+name, vtmFile), nil, 1, 1, ""},
		{"zip in zip", zipOf(t, "inner.zip", string(zipOf(t, name, vtmFile))), nil, 1, 1, ""},
		{"too deep", zipOf(t, "1.zip", string(zipOf(t, "2.zip", string(zipOf(t, "3.zip", string(zipOf(t, "4.zip", string(zipOf(t, name, vtmFile))))))))), nil, 0, 0, "dmd.release.archive 1.zip!2.zip!3.zip!4.zip; "},
		{"outside", zipOf(t, "../../"+name, vtmFile, "/etc/"+name, vtmFile), nil, 0, 0, "dmd.release.archive " + name + "; dmd.release.archive " + name + "; "},
		{"bomb", zipOf(t, name, bomb), nil, 0, 0, "dmd.release.limit " + name + "; "},
		{"bomb allowed", zipOf(t, name, bomb), []dmd.ReadOption{dmd.WithLimits(dmd.Limits{Ratio: -1})}, 1, 0, ""},
		{"too large", zipOf(t, name, vtmFile), []dmd.ReadOption{dmd.WithLimits(dmd.Limits{Total: 50})}, 0, 0, "dmd.release.limit " + name + "; "},
		{"large zip in zip", zipOf(t, "inner.zip", string(zipOf(t, name, vtmFile))), []dmd.ReadOption{dmd.WithLimits(dmd.Limits{Nested: 50})}, 0, 0, "dmd.release.limit inner.zip; "},
		{"large zips in a zip", zipOf(t, "1.zip", string(zipOf(t, name, vtmFile)), "2.zip", string(zipOf(t, name, vtmFile))), []dmd.ReadOption{dmd.WithLimits(dmd.Limits{Nested: 300})}, 1, 1, "dmd.release.limit 2.zip; "},
		{"too many files", zipOf(t, "a", "", "b", "", name, vtmFile), []dmd.ReadOption{dmd.WithLimits(dmd.Limits{Entries: 2})}, 0, 0, "dmd.release.limit " + name + "; "},
		{"not a zip within", zipOf(t, "inner.zip", "no zip", name, vtmFile), nil, 1, 1, "dmd.release.archive inner.zip; "},
		{"two of a kind", zipOf(t, "f_vtm2_3190821.xml", vtmFile, name, vtmFile), nil, 1, 1, "dmd.release.file-twice f_vtm2_3190821.xml; "},
		{"other days", zipOf(t, "f_vmp2_3190821.xml", "<VIRTUAL_MED_PRODUCTS/>", name, vtmFile), nil, 2, 1, "dmd.release.dates f_vmp2_3190821.xml; "},
		{"unknown name", zipOf(t, "f_new1_0260821.xml", vtmFile), nil, 0, 0, "dmd.release.file-name f_new1_0260821.xml; "},
		{"wrong content", zipOf(t, "f_vmp2_3260821.xml", vtmFile), nil, 1, 0, "dmd.schema.root f_vmp2_3260821.xml; "},
		{"lying about its size", lyingZip(t, name), nil, 1, 0, "dmd.release.archive " + name + "; "},
		{"no XML", zipOf(t, "readme.txt", "x", "vtm_v2_3.xsd", "<x/>"), nil, 0, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, records, codes := open(t, c.data, c.opts...)
			if files != c.files || records != c.records || codes != c.codes {
				t.Errorf("%d files, %d records, %q; want %d, %d, %q", files, records, codes, c.files, c.records, c.codes)
			}
		})
	}
}

// TestReleaseFindingsCap: findings about the files of a release are capped like
// those about their content.
func TestReleaseFindingsCap(t *testing.T) {
	fsys := fstest.MapFS{}
	for i := range 300 {
		fsys[fmt.Sprintf("%d/f_vtm2_3260821.xml", i)] = &fstest.MapFile{Data: []byte(vtmFile)}
		fsys[fmt.Sprintf("%d/unknown.xml", i)] = &fstest.MapFile{}
	}
	rel, err := dmd.ReleaseFS(fsys)
	if err != nil {
		t.Fatal(err)
	}
	count := map[dmd.Code]int{}
	for _, i := range rel.Issues() {
		count[i.Code]++
	}
	if len(rel.Files()) != 1 || count[dmd.CodeFileTwice] != 100 || count[dmd.CodeFileName] != 100 || count[dmd.CodeCapped] != 2 {
		t.Errorf("%d files, findings %v", len(rel.Files()), count)
	}
}

// lyingZip has an entry that unpacks to more than the directory says.
func lyingZip(t testing.TB, name string) []byte {
	t.Helper()
	full := vtmFile + strings.Repeat("\n", 4096)
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestCompression)
	io.WriteString(w, full)
	w.Close()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	raw, err := z.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(full)),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(vtmFile)),
	})
	if err != nil {
		t.Fatal(err)
	}
	raw.Write(packed.Bytes())
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestTruncatedArchive cuts a release short at many places: it is refused, or
// what is missing is reported.
func TestTruncatedArchive(t *testing.T) {
	var b bytes.Buffer
	if err := dmdtest.New(0.0005, 1).WriteZip(&b); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	name := filepath.Join(t.TempDir(), "r.zip")
	for n := 0; n < len(data); n += len(data)/50 + 1 {
		if err := os.WriteFile(name, data[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if rel, err := dmd.OpenRelease(name); err == nil {
			rel.Close()
			t.Errorf("%d of %d bytes are an archive", n, len(data))
		}
	}
	// A file within that is damaged is reported, the others are read.
	for _, at := range []int{len(data) / 4, len(data) / 2} {
		bad := bytes.Clone(data)
		for i := range 64 {
			bad[at+i] ^= 0x55
		}
		if err := os.WriteFile(name, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		rel, err := dmd.OpenRelease(name)
		if err != nil {
			continue
		}
		s, report, err := dmd.Build(context.Background(), rel)
		rel.Close()
		if err == nil && len(report.Issues) == 0 {
			t.Errorf("damage at %d is not noticed", at)
		}
		if err == nil && s.Count(dmd.TableVTM) == 0 && s.Count(dmd.TableAMPP) == 0 {
			t.Errorf("damage at %d: nothing else is read", at)
		}
	}
}

func TestReleaseFS(t *testing.T) {
	fsys := fstest.MapFS{"a/f_vtm2_3260821.xml": {Data: []byte(vtmFile)}, "b/notes.txt": {Data: []byte("x")}}
	rel, err := dmd.ReleaseFS(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if rel.Date().String() != "2021-08-26" || len(rel.Files()) != 1 {
		t.Errorf("%s, %v", rel.Date(), rel.Files())
	}
	missing := 0
	for _, i := range rel.Issues() {
		if i.Code == dmd.CodeFileMissing {
			missing++
		}
	}
	if missing != 6 {
		t.Errorf("%d kinds are missing", missing)
	}
}

// TestDamagedEntry: an entry that cannot be unpacked is reported, and the others
// are read.
func TestDamagedEntry(t *testing.T) {
	for _, c := range []struct {
		name   string
		method uint16
		data   string
	}{
		{"corrupt stream", zip.Deflate, "\xff\xff\xff\xff\xff\xff\xff\xff"},
		{"stream cut short", zip.Deflate, "\x4b"},
		{"unknown method", 99, "something"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			z := zip.NewWriter(&b)
			w, err := z.CreateRaw(&zip.FileHeader{Name: "f_ingredient2_3260821.xml", Method: c.method, CompressedSize64: uint64(len(c.data)), UncompressedSize64: 100})
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(w, c.data)
			if w, err = z.Create("f_vtm2_3260821.xml"); err != nil {
				t.Fatal(err)
			}
			io.WriteString(w, vtmFile)
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			if files, records, codes := open(t, b.Bytes()); files != 2 || records != 1 || codes != "dmd.release.archive f_ingredient2_3260821.xml; " {
				t.Errorf("%d files, %d records, %s", files, records, codes)
			}
		})
	}
}
