package fhir

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// archive makes a .tgz of names and contents in turn.
func archive(t testing.TB, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for i := 0; i < len(files); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	z.Close()
	return out.Bytes()
}

// entries makes a .tgz of the same entry again and again, of zero bytes.
func entries(t testing.TB, n int, h tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for range n {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, h.Size)); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	z.Close()
	return out.Bytes()
}

// flip changes a byte, counted from the end; cut takes bytes off the end.
func flip(data []byte, at int) []byte {
	data[len(data)+at] ^= 0xFF
	return data
}

func cut(data []byte, n int) []byte { return data[:len(data)-n] }

func codeSystem(url, version string) string {
	return `{"resourceType":"CodeSystem","url":"` + url + `","version":"` + version + `","status":"active","content":"complete"}`
}

const manifest = `{"name":"example.pkg","version":"1.2.0","dependencies":{"hl7.fhir.r4.core":"4.0.1","other.pkg":"2.1.x"}}`

func TestPackage(t *testing.T) {
	data := archive(t, "package/package.json", manifest,
		"package/CodeSystem-a.json", codeSystem("http://example.org/a", "1.2.0"),
		"package/CodeSystem-b.xml", `<CodeSystem xmlns="http://hl7.org/fhir"><url value="http://example.org/b"/><version value="3"/><status value="active"/><content value="complete"/></CodeSystem>`,
		"package/broken.json", `{"resourceType":`,
		"package/example/Patient-x.json", `{"resourceType":"Patient"}`,
		"package/other/notes.json", `{}`)
	p, err := ReadPackage("test", bytes.NewReader(data), PackageLimits{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Name() != "example.pkg" || p.Version() != "1.2.0" || len(p.Dependencies()) != 2 {
		t.Errorf("manifest: %s %s %v", p.Name(), p.Version(), p.Dependencies())
	}
	l := NewLibrary(p)
	if got := l.Canonicals("CodeSystem"); !slices.Equal(got, []string{"http://example.org/a", "http://example.org/b"}) {
		t.Errorf("canonicals %v", got)
	}
	faults := p.Faults()
	if len(faults) != 1 || !strings.Contains(faults[0].Error(), "example.pkg#1.2.0: package/broken.json: not a resource") {
		t.Errorf("faults %v", faults)
	}
	if got := l.MissingDependencies(); !slices.Equal(got, []string{"other.pkg#2.1.x"}) {
		t.Errorf("missing dependencies %v", got)
	}
	tree, err := l.Resource("http://example.org/b|3")
	if err != nil || tree.Root().Type().Name() != "CodeSystem" {
		t.Errorf("resource: %v", err)
	}
	// The same files in a folder.
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(codeSystem("http://example.org/a", "1")), 0o600); err != nil {
		t.Fatal(err)
	}
	folder, err := OpenPackage(dir, PackageLimits{})
	if err != nil || len(NewLibrary(folder).Canonicals("")) != 1 {
		t.Errorf("folder: %v", err)
	}
}

func TestLatestVersion(t *testing.T) {
	files := fstest.MapFS{}
	for _, v := range []string{"4.0.1", "4.0.10", "4.0.2", "5.0.0-ballot", "4.1.0", "20230101", "5.0.0", "4.1.0.1", "4.1.0-x"} {
		files[v+".json"] = &fstest.MapFile{Data: []byte(codeSystem("http://example.org/a", v))}
	}
	delete(files, "20230101.json")
	p, err := PackageFS("test", files, PackageLimits{})
	if err != nil {
		t.Fatal(err)
	}
	l := NewLibrary(p)
	for canonical, want := range map[string]string{
		"http://example.org/a": "5.0.0", "http://example.org/a|4.0": "4.0.10", "http://example.org/a|4.0.2": "4.0.2",
		"http://example.org/a|4": "4.1.0.1", "http://example.org/a|4.1.0": "4.1.0", "http://example.org/a|4.1": "4.1.0.1", "http://example.org/a|5.0.0-ballot": "5.0.0-ballot", "http://example.org/a|3": "",
	} {
		tree, err := l.Resource(canonical)
		got := ""
		if err == nil {
			v, _ := tree.Root().Child("version")
			got = v.Value()
		} else if !errors.Is(err, ErrNoDefinition) {
			t.Error(err)
		}
		if got != want {
			t.Errorf("%s: version %q, want %q", canonical, got, want)
		}
	}
}

func TestHostilePackages(t *testing.T) {
	small := codeSystem("http://example.org/a", "1")
	zeros := strings.Repeat("0", 4<<20)
	for _, c := range []struct {
		name   string
		data   []byte
		limits PackageLimits
		want   string // "" for none
	}{
		{"path outside", archive(t, "package/../../etc/passwd.json", small), PackageLimits{}, "path outside the package"},
		{"absolute path", archive(t, "/etc/passwd.json", small), PackageLimits{}, "path outside the package"},
		{"backslashes", archive(t, `package\..\..\x.json`, small), PackageLimits{}, "path outside the package"},
		{"not gzip", []byte("hello"), PackageLimits{}, "not a gzip archive"},
		{"empty", nil, PackageLimits{}, "not a gzip archive"},
		{"cut off", archive(t, "package/a.json", small)[:60], PackageLimits{}, "damaged archive"},
		{"bomb", archive(t, "package/a.json", zeros), PackageLimits{}, "times the size"},
		{"bomb allowed", archive(t, "package/a.json", zeros), PackageLimits{Ratio: -1}, ""},
		{"large file", archive(t, "package/a.json", small), PackageLimits{File: 10}, "larger than 10 bytes"},
		{"many files", archive(t, "package/a.json", small, "package/b.json", small), PackageLimits{Files: 1}, "more than 1 files"},
		{"much content", archive(t, "package/a.json", small, "package/b.json", small), PackageLimits{Total: int64(len(small)) + 1}, "bytes of content"},
		{"the root", archive(t, ".", small), PackageLimits{}, "path outside"},
		{"file and folder", archive(t, "package", small, "package/a.json", small), PackageLimits{}, "of the same name"},
		{"folder and file", archive(t, "package/a.json", small, "package", small), PackageLimits{}, "of the same name"},
		{"deep", archive(t, strings.Repeat("a/", 40)+"a.json", small), PackageLimits{}, "folders deep"},
		{"wrong checksum", flip(archive(t, "package/a.json", small), -6), PackageLimits{}, "damaged archive"},
		{"no checksum", cut(archive(t, "package/a.json", small), 8), PackageLimits{}, "damaged archive"},
		{"bomb that is no file", entries(t, 1, tar.Header{Name: "a", Typeflag: '9', Size: 4 << 20}), PackageLimits{}, "times the size"},
		{"many folders", entries(t, 20, tar.Header{Name: "a/", Typeflag: tar.TypeDir}), PackageLimits{Files: 10}, "more than 10 files"},
		{"bad manifest", archive(t, "package/package.json", `{"name":`), PackageLimits{}, "unreadable manifest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadPackage("test", bytes.NewReader(c.data), c.limits)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if e := (*PackageError)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	t.Run("limits of a folder", func(t *testing.T) {
		files := fstest.MapFS{"a.json": {Data: []byte(small)}, "b.json": {Data: []byte(small)}}
		p, err := PackageFS("test", files, PackageLimits{Files: 1})
		if err != nil {
			t.Fatal(err)
		}
		if faults := p.Faults(); len(faults) != 1 || !strings.Contains(faults[0].Error(), "more than 1 files") {
			t.Errorf("faults %v", faults)
		}
	})
}

// FuzzPackageFiles puts any name and content behind the compression, where
// FuzzReadPackage seldom gets.
func FuzzPackageFiles(f *testing.F) {
	f.Add("package/package.json", manifest, "package/a.json", codeSystem("http://example.org/a", "1"))
	f.Add("package/../a.json", "{}", "/a.xml", `<ValueSet xmlns="http://hl7.org/fhir"/>`)
	f.Add(".", "", "a", "")
	f.Fuzz(func(t *testing.T, name1, content1, name2, content2 string) {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		w := tar.NewWriter(z)
		for _, file := range [][2]string{{name1, content1}, {name2, content2}} {
			if w.WriteHeader(&tar.Header{Name: file[0], Mode: 0o644, Size: int64(len(file[1])), Typeflag: tar.TypeReg}) != nil {
				return
			}
			_, _ = w.Write([]byte(file[1]))
		}
		w.Close()
		z.Close()
		p, err := ReadPackage("fuzz", &out, PackageLimits{Ratio: -1})
		if err != nil {
			if e := (*PackageError)(nil); !errors.As(err, &e) {
				t.Fatalf("%T", err)
			}
			return
		}
		l := NewLibrary(p)
		for _, url := range l.Canonicals("") {
			if _, err := l.Resource(url); err != nil {
				t.Fatal(err)
			}
			_, _ = l.Snapshot(url)
		}
	})
}

func FuzzReadPackage(f *testing.F) {
	f.Add(archive(f, "package/package.json", manifest, "package/CodeSystem-a.json", codeSystem("http://example.org/a", "1")))
	f.Add([]byte("hello"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ReadPackage("fuzz", bytes.NewReader(data), PackageLimits{Total: 1 << 20, File: 1 << 20, Files: 100})
		if err != nil {
			if e := (*PackageError)(nil); !errors.As(err, &e) {
				t.Fatalf("%T", err)
			}
			return
		}
		l := NewLibrary(p)
		for _, url := range l.Canonicals("") {
			_, _ = l.Resource(url)
		}
	})
}

// TestLinkedFolders lists folders that hold links to files and folders, among
// them one around it.
func TestLinkedFolders(t *testing.T) {
	dir, store := t.TempDir(), t.TempDir()
	write := func(name, url string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(codeSystem(url, "1")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "plain.json"), "urn:plain")
	write(filepath.Join(store, "file", "b.json"), "urn:file")
	write(filepath.Join(store, "folder", "deep", "c.json"), "urn:deep")
	for link, target := range map[string]string{
		"linked.json": filepath.Join(store, "file", "b.json"), "folder": filepath.Join(store, "folder"), "loop": dir, "gone.json": filepath.Join(store, "none.json"),
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, c := range []struct {
		name  string
		files fs.FS
		want  []string
		bad   []string
	}{
		{"any folder", os.DirFS(dir), []string{"urn:deep", "urn:file", "urn:plain"}, []string{"gone.json: cannot be read", "loop: a link to a folder that it lies in"}},
		{"within the folder", root.FS(), []string{"urn:plain"}, []string{"folder: cannot be read", "gone.json: cannot be read", "linked.json: cannot be read", "loop: cannot be read"}},
	} {
		p, err := PackageFS("p", c.files, PackageLimits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := NewLibrary(p).Canonicals(""); !slices.Equal(got, c.want) {
			t.Errorf("%s: canonicals %v", c.name, got)
		}
		faults := p.Faults()
		if len(faults) != len(c.bad) {
			t.Errorf("%s: faults %v", c.name, faults)
			continue
		}
		for i, want := range c.bad {
			if !strings.HasPrefix(faults[i].Error(), "fhir: package p: "+want) {
				t.Errorf("%s: fault %v, want %s", c.name, faults[i], want)
			}
		}
	}
}
