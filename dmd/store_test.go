package dmd_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// config is the release that most tests are about.
func config() dmdtest.Config { return dmdtest.New(0.01, 3) }

// build makes a store of a configuration.
func build(t testing.TB, c dmdtest.Config) (*dmd.Store, *dmd.Report) {
	t.Helper()
	files, err := c.Files()
	if err != nil {
		t.Fatal(err)
	}
	fsys := make(fstest.MapFS)
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	rel, err := dmd.ReleaseFS(fsys)
	if err != nil {
		t.Fatal(err)
	}
	s, report, err := dmd.Build(context.Background(), rel)
	if err != nil {
		t.Fatal(err)
	}
	return s, report
}

// shared is a store that several tests read.
var shared = sync.OnceValues(func() (*dmd.Store, error) {
	dir, err := os.MkdirTemp("", "dmd")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := config().WriteDir(dir); err != nil {
		return nil, err
	}
	rel, err := dmd.OpenRelease(dir)
	if err != nil {
		return nil, err
	}
	s, _, err := dmd.Build(context.Background(), rel)
	return s, err
})

func sharedStore(t testing.TB) *dmd.Store {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestGeneratedRelease reads a synthetic release with all its oddities: nothing
// is wrong with it, all of it is there, and it comes back the same.
func TestGeneratedRelease(t *testing.T) {
	s, report := build(t, config())
	for _, i := range report.Issues {
		t.Errorf("%v", i)
	}
	n := config().Counts()
	for table, want := range map[dmd.Table]int{dmd.TableVTM: n.VTMs, dmd.TableVMP: n.VMPs, dmd.TableAMP: n.AMPs, dmd.TableVMPP: n.VMPPs, dmd.TableAMPP: n.AMPPs} {
		if s.Count(table) != want {
			t.Errorf("%s: %d, want %d", table, s.Count(table), want)
		}
	}
	dir := t.TempDir()
	if err := s.WriteRelease(dir); err != nil {
		t.Fatal(err)
	}
	rel, err := dmd.OpenRelease(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := dmd.Build(context.Background(), rel)
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	if _, err := s.WriteTo(&a); err != nil {
		t.Fatal(err)
	}
	if _, err := again.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the store of what was written differs")
	}
	if d := dmd.Diff(s, again); len(d.Changes) != 0 {
		t.Errorf("written back with %d changes, the first %+v", len(d.Changes), d.Changes[0])
	}
}

// TestSameBytes builds from a folder, a zip with zips in it and a file system.
func TestSameBytes(t *testing.T) {
	dir := t.TempDir()
	if err := config().WriteDir(filepath.Join(dir, "folder")); err != nil {
		t.Fatal(err)
	}
	var z bytes.Buffer
	if err := config().WriteZip(&z); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "release.zip"), z.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	want, _ := build(t, config())
	var w bytes.Buffer
	want.WriteTo(&w)
	for _, name := range []string{"folder", "release.zip"} {
		rel, err := dmd.OpenRelease(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if rel.Date() != config().Date || len(rel.Files()) != 11 || len(rel.Issues()) != 0 {
			t.Errorf("%s: %s, %d files, %v", name, rel.Date(), len(rel.Files()), rel.Issues())
		}
		s, _, err := dmd.Build(context.Background(), rel)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		s.WriteTo(&got)
		if !bytes.Equal(got.Bytes(), w.Bytes()) {
			t.Errorf("%s: another store", name)
		}
		if err := rel.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestFaults reads a release with records that are wrong: each is found, and
// everything else is read.
func TestFaults(t *testing.T) {
	c := config()
	c.Faults = true
	s, report := build(t, c)
	got := make(map[string]bool)
	for _, i := range report.Issues {
		got[string(i.Code)+" "+i.Path[strings.LastIndexByte(i.Path, '.')+1:]] = true
		if i.File == "" || i.Line == 0 || i.Offset < 0 {
			t.Errorf("no place: %v", i)
		}
	}
	for _, want := range []string{
		"dmd.value.id VPID", "dmd.value.range UDFS", "dmd.value.range STRNT_NMRTR_VAL", "dmd.value.form LIC_AUTHCD", "dmd.value.form NMDT",
		"dmd.schema.missing VPID", "dmd.schema.missing FIELD", "dmd.value.gtin GTIN", "dmd.record.duplicate VPID",
		"dmd.record.dangling VPID", "dmd.record.dangling ISID", "dmd.record.dangling SUPPCD", "dmd.record.lookup STRNT_NMRTR_UOMCD",
	} {
		if strings.HasSuffix(want, "FIELD") {
			continue
		}
		if !got[want] {
			t.Errorf("not found: %s (found %v)", want, got)
		}
	}
	good, _ := build(t, config())
	for p := range good.Products(dmd.AMPP) {
		q, ok := s.Product(p.ID())
		if !ok || q.Name() != p.Name() {
			t.Fatalf("%s is missing", p.ID())
		}
	}
}

// model is the release as maps, read with the scanner alone.
type model struct {
	names map[string]string
	kind  map[string]dmd.Kind
	up    map[string]map[string]bool // child to parents
}

func newModel(t *testing.T, c dmdtest.Config) *model {
	t.Helper()
	m := &model{make(map[string]string), make(map[string]dmd.Kind), make(map[string]map[string]bool)}
	files, err := c.Files()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[dmd.Table]dmd.Kind{dmd.TableVTM: dmd.VTM, dmd.TableVMP: dmd.VMP, dmd.TableAMP: dmd.AMP, dmd.TableVMPP: dmd.VMPP, dmd.TableAMPP: dmd.AMPP}
	ids := map[dmd.Table]string{dmd.TableVTM: "VTMID", dmd.TableVMP: "VPID", dmd.TableAMP: "APID", dmd.TableVMPP: "VPPID", dmd.TableAMPP: "APPID"}
	parents := map[dmd.Table][]string{dmd.TableVMP: {"VTMID"}, dmd.TableAMP: {"VPID"}, dmd.TableVMPP: {"VPID"}, dmd.TableAMPP: {"VPPID", "APID"}}
	for name, data := range files {
		for s := dmd.NewScanner(bytes.NewReader(data), name); s.Next(); {
			r := s.Record()
			k, ok := kinds[r.Table]
			if !ok {
				continue
			}
			id, _ := r.Get(ids[r.Table])
			m.kind[id] = k
			if m.names[id], _ = r.Get("NM"); k == dmd.AMP {
				m.names[id], _ = r.Get("DESC")
			}
			m.up[id] = make(map[string]bool)
			for _, tag := range parents[r.Table] {
				if up, ok := r.Get(tag); ok {
					m.up[id][up] = true
				}
			}
		}
	}
	return m
}

// below returns all entries of a kind that lie below one, by repeated search.
func (m *model) below(id string, k dmd.Kind) []string {
	out := []string{}
	for other := range m.kind {
		if m.kind[other] == k && m.reaches(other, id) {
			out = append(out, other)
		}
	}
	slices.Sort(out)
	return out
}

func (m *model) reaches(from, to string) bool {
	if from == to {
		return true
	}
	for up := range m.up[from] {
		if m.reaches(up, to) {
			return true
		}
	}
	return false
}

// TestModel compares the store with maps made in the obvious way.
func TestModel(t *testing.T) {
	c := dmdtest.New(0.004, 9)
	s, _ := build(t, c)
	m := newModel(t, c)
	sorted := func(ps []dmd.Product) []string {
		out := []string{}
		for i, p := range ps {
			if i > 0 && ps[i-1].ID() >= p.ID() {
				t.Fatalf("not in order: %s before %s", ps[i-1].ID(), p.ID())
			}
			out = append(out, p.ID().String())
		}
		slices.Sort(out)
		return out
	}
	for id, k := range m.kind {
		n, err := sctid.Parse(id)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := s.Product(n)
		if !ok || p.Kind() != k || p.Name() != m.names[id] || p.ID() != n {
			t.Fatalf("%s: %v %s %q", id, ok, p.Kind(), p.Name())
		}
		for kind, got := range map[dmd.Kind][]dmd.Product{dmd.VMP: p.VMPs(), dmd.AMP: p.AMPs(), dmd.VMPP: p.VMPPs(), dmd.AMPP: p.AMPPs()} {
			if kind <= k { // upwards, or sideways
				continue
			}
			if k == dmd.AMP && kind == dmd.VMPP || k == dmd.VMPP && kind == dmd.AMP {
				continue
			}
			if got, want := sorted(got), m.below(id, kind); !slices.Equal(got, want) {
				t.Fatalf("%s, %s below: %v, want %v", id, kind, got, want)
			}
		}
		for _, up := range p.Parents() {
			if !m.up[id][up.ID().String()] {
				t.Errorf("%s is not above %s", up.ID(), id)
			}
			if !up.Subsumes(p) || p.Subsumes(up) {
				t.Errorf("%s and %s: subsumption", up.ID(), id)
			}
		}
		if len(p.Parents()) != len(m.up[id]) {
			t.Errorf("%s: %d parents, want %d", id, len(p.Parents()), len(m.up[id]))
		}
	}
	if _, ok := s.Product(22298006); ok {
		t.Error("something that is not there is found")
	}
}

// TestGTINs compares look-up by bar code with a list of all of them.
func TestGTINs(t *testing.T) {
	s := sharedStore(t)
	type use struct {
		pack       string
		start, end dmd.Date
	}
	all := make(map[string][]use)
	several, empty := 0, 0
	perPack := make(map[string]int)
	for r := range s.Records(dmd.TableGTIN) {
		code, _ := r.Get("GTIN")
		pack, _ := r.Get("AMPPID")
		start, _ := r.Get("STARTDT")
		end, _ := r.Get("ENDDT")
		from, _ := dmd.ParseDate(start)
		to, _ := dmd.ParseDate(end)
		if code == "" {
			empty++
			continue
		}
		all[code] = append(all[code], use{pack, from, to})
		if perPack[pack]++; perPack[pack] == 2 {
			several++
		}
	}
	if several == 0 || empty == 0 {
		t.Fatalf("no pack with several codes (%d) or an empty one (%d)", several, empty)
	}
	days := []dmd.Date{dmd.NewDate(2009, 1, 1), dmd.NewDate(2011, 12, 31), dmd.NewDate(2012, 1, 1), dmd.NewDate(2019, 3, 12), dmd.NewDate(2019, 3, 13), dmd.NewDate(2030, 1, 1)}
	reused := 0
	for code, uses := range all {
		if len(uses) > 1 {
			reused++
		}
		for _, day := range days {
			var want []string
			for _, u := range uses {
				if u.start <= day && (u.end == 0 || u.end >= day) {
					want = append(want, u.pack)
				}
			}
			var got []string
			for _, p := range s.GTIN(code, day) {
				got = append(got, p.ID().String())
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Fatalf("%s on %s: %v, want %v", code, day, got, want)
			}
			if len(code) == 13 {
				if also := s.GTIN("(01)0"+code+"(17)261231(10)LOT", day); len(also) != len(got) {
					t.Fatalf("%s in a scan: %d", code, len(also))
				}
			}
		}
	}
	if reused == 0 {
		t.Error("no code is used again")
	}
	for p := range s.Products(dmd.AMPP) {
		if got, want := len(p.Barcodes()), perPack[p.ID().String()]; got != want {
			t.Fatalf("%s: %d codes, want %d", p.ID(), got, want)
		}
	}
}

// TestHistory follows former identifiers of all kinds.
func TestHistory(t *testing.T) {
	s := sharedStore(t)
	n := 0
	for r := range s.Records(dmd.TableHISTORY) {
		was, _ := r.Get("IDPREVIOUS")
		now, _ := r.Get("IDCURRENT")
		old, _ := sctid.Parse(was)
		current, _ := sctid.Parse(now)
		if was == now {
			if len(s.Replaced(old)) != 0 {
				t.Errorf("%s stands for itself and is replaced", was)
			}
			continue
		}
		n++
		if got := s.Current(old); len(got) != 1 || got[0] != current {
			t.Errorf("%s: %v, want %s", was, got, now)
		}
		c := s.Replaced(old)[0]
		end, _ := r.Get("ENDDT")
		if c.End.String() != end || c.Source != "HISTORY" {
			t.Errorf("%s: %+v", was, c)
		}
		if h := s.History(current); len(h) == 0 || h[0].Previous != old {
			t.Errorf("%s: history %v", now, h)
		}
	}
	if n < 5 {
		t.Errorf("%d rows", n)
	}
}

// TestOpenDamaged flips single bits and cuts the file short: it is never opened.
func TestOpenDamaged(t *testing.T) {
	s, _ := build(t, dmdtest.New(0.0005, 1))
	var b bytes.Buffer
	if _, err := s.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	if _, err := dmd.OpenBytes(data); err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	flips := 10_000
	if testing.Short() {
		flips = 500
	}
	for range flips {
		i, bit := rnd.IntN(len(data)), byte(1)<<rnd.IntN(8)
		data[i] ^= bit
		if _, err := dmd.OpenBytes(data); err == nil {
			t.Fatalf("a flipped bit in byte %d is not noticed", i)
		} else if !errors.Is(err, dmd.ErrCorrupt) && !errors.Is(err, dmd.ErrNotStore) && !errors.Is(err, dmd.ErrVersion) {
			t.Fatal(err)
		}
		data[i] ^= bit
	}
	for range 200 {
		if _, err := dmd.OpenBytes(data[:rnd.IntN(len(data))]); err == nil {
			t.Fatal("a short file is opened")
		}
	}
	if _, err := dmd.OpenBytes(append(bytes.Clone(data), 0)); err == nil {
		t.Error("a long file is opened")
	}
}

func TestSaveAndOpen(t *testing.T) {
	s := sharedStore(t)
	name := filepath.Join(t.TempDir(), "store")
	if err := s.Save(name); err != nil {
		t.Fatal(err)
	}
	o, err := dmd.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if o.Date() != s.Date() || o.Count(dmd.TableAMPP) != s.Count(dmd.TableAMPP) {
		t.Error("another store")
	}
	if d := dmd.Diff(s, o); len(d.Changes) != 0 {
		t.Errorf("%d changes", len(d.Changes))
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	if err := o.Close(); err != nil {
		t.Error("closing twice:", err)
	}
	if err := s.Save(filepath.Join(t.TempDir(), "no", "such", "folder")); err == nil {
		t.Error("saved in no folder")
	}
	if _, err := dmd.Open(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(name), ".dmd-*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// failing is a writer that fails after n bytes.
type failing struct{ left int }

var errFull = errors.New("no space left")

func (f *failing) Write(b []byte) (int, error) {
	n := min(len(b), f.left)
	if f.left -= n; n < len(b) {
		return n, errFull
	}
	return n, nil
}

func TestWriteFailures(t *testing.T) {
	s, _ := build(t, dmdtest.New(0.0005, 1))
	for name, write := range map[string]func(io.Writer) error{
		"store":  func(w io.Writer) error { _, err := s.WriteTo(w); return err },
		"csv":    func(w io.Writer) error { return s.WriteCSV(w, dmd.TableAMPP) },
		"ndjson": func(w io.Writer) error { return s.WriteNDJSON(w) },
		"sql":    func(w io.Writer) error { return s.WriteSQL(w, "") },
	} {
		var all bytes.Buffer
		if err := write(&all); err != nil {
			t.Fatal(name, err)
		}
		for _, n := range []int{0, 1, all.Len() / 2, all.Len() - 1} {
			if err := write(&failing{n}); !errors.Is(err, errFull) {
				t.Errorf("%s at %d of %d: %v", name, n, all.Len(), err)
			}
		}
	}
}

func TestContext(t *testing.T) {
	dir := t.TempDir()
	if err := dmdtest.New(0.05, 1).WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	rel, err := dmd.OpenRelease(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := dmd.Build(ctx, rel); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	stop := errors.New("enough")
	if _, err := rel.Scan(context.Background(), func(*dmd.Record) error { return stop }, nil); !errors.Is(err, stop) {
		t.Error(err)
	}
	last := dmd.Progress{}
	if _, err := rel.Scan(context.Background(), func(*dmd.Record) error { return nil }, func(p dmd.Progress) {
		if p.Bytes < last.Bytes || p.Records < last.Records {
			t.Errorf("backwards: %+v after %+v", p, last)
		}
		last = p
	}); err != nil || last.Bytes != last.Total || last.Records == 0 {
		t.Errorf("%+v, %v", last, err)
	}
}

func TestCSV(t *testing.T) {
	s := sharedStore(t)
	for _, table := range dmd.Tables() {
		var b bytes.Buffer
		if err := s.WriteCSV(&b, table); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		i := 1
		for r := range s.Records(table) {
			for k, f := range table.Fields() {
				if want, _ := r.Get(f.Tag); rows[i][k] != want {
					t.Fatalf("%s row %d, %s: %q, want %q", table, i, f.Tag, rows[i][k], want)
				}
			}
			i++
		}
		if i != len(rows) {
			t.Errorf("%s: %d rows, want %d", table, len(rows), i)
		}
	}
}

func TestNDJSON(t *testing.T) {
	s := sharedStore(t)
	var b bytes.Buffer
	if err := s.WriteNDJSON(&b, dmd.TableVMP, dmd.TableAMPP); err != nil {
		t.Fatal(err)
	}
	n := 0
	for d := json.NewDecoder(&b); d.More(); n++ {
		var line map[string]string // all values are strings
		if err := d.Decode(&line); err != nil {
			t.Fatal(err)
		}
		id := line["VPID"]
		if line["table"] == "AMPP" {
			id = line["APPID"]
		}
		n, _ := sctid.Parse(id)
		if p, ok := s.Product(n); !ok || line["NM"] != p.Name() {
			t.Fatalf("%v", line)
		}
	}
	if want := s.Count(dmd.TableVMP) + s.Count(dmd.TableAMPP); n != want {
		t.Errorf("%d lines, want %d", n, want)
	}
}

// recorder is a database driver that keeps what it is told.
type recorder struct {
	statements []string
	rows       map[string]int
	commits    int
	failAt     int
}

func (r *recorder) Connect(context.Context) (driver.Conn, error) { return r, nil }
func (r *recorder) Driver() driver.Driver                        { return nil }
func (r *recorder) Close() error                                 { return nil }
func (r *recorder) Begin() (driver.Tx, error)                    { return r, nil }
func (r *recorder) Commit() error                                { r.commits++; return nil }
func (r *recorder) Rollback() error                              { return nil }
func (r *recorder) Prepare(q string) (driver.Stmt, error)        { return &statement{r, q}, nil }

type statement struct {
	r *recorder
	q string
}

func (s *statement) Close() error                              { return nil }
func (s *statement) NumInput() int                             { return strings.Count(s.q, "$") }
func (s *statement) Query([]driver.Value) (driver.Rows, error) { return nil, errors.New("no queries") }
func (s *statement) Exec(v []driver.Value) (driver.Result, error) {
	if !strings.HasPrefix(s.q, "INSERT") {
		s.r.statements = append(s.r.statements, s.q)
		return driver.ResultNoRows, nil
	}
	s.r.rows[s.q]++
	if s.r.failAt--; s.r.failAt == 0 {
		return nil, errFull
	}
	return driver.ResultNoRows, nil
}

// TestSQLOfBadValues: a value that a column cannot hold is NULL, in the script and for
// the driver, and does not end the export.
func TestSQLOfBadValues(t *testing.T) {
	vmp := "<VMP><VPID>318136009</VPID><INVALID>00001</INVALID><NM>" + strings.Repeat("é", 1001) + "</NM><NMPREV>it's; --</NMPREV><BASISCD>0001</BASISCD><VTMID>1\x002</VTMID><NMDT>yesterday</NMDT><PRES_STATCD>0001</PRES_STATCD><UDFS>5mg</UDFS></VMP>"
	s := buildFS(t, fstest.MapFS{
		"f_vmp2_3260821.xml":  {Data: []byte("<VIRTUAL_MED_PRODUCTS><VMPS>" + vmp + strings.Replace(vmp, "5mg", "0.0005", 1) + strings.Replace(vmp, "5mg", "12345678901", 1) + "</VMPS></VIRTUAL_MED_PRODUCTS>")},
		"f_vmpp2_3260821.xml": {Data: []byte("<VIRTUAL_MED_PRODUCT_PACK><DRUG_TARIFF_INFO><DTINFO><VPPID>1</VPPID><PAY_CATCD>0001</PAY_CATCD><PRICE>99999999999</PRICE></DTINFO></DRUG_TARIFF_INFO></VIRTUAL_MED_PRODUCT_PACK>")},
	})
	var script bytes.Buffer
	if err := s.WriteSQL(&script, ""); err != nil {
		t.Fatal(err)
	}
	values := make(map[string]string)
	for line := range strings.Lines(script.String()) {
		if table, rest, ok := strings.Cut(strings.TrimPrefix(line, "INSERT INTO "), " ("); ok && strings.HasPrefix(line, "INSERT") {
			_, values[table], _ = strings.Cut(rest, "VALUES ")
		}
	}
	if got, want := values["vmp"], "('318136009', NULL, NULL, NULL, NULL, NULL, NULL, '0001', NULL, 'it''s; --', NULL, NULL, NULL, '0001', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := values["dtinfo"], "('1', '0001', NULL, NULL, NULL);\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestExportSQL(t *testing.T) {
	s, _ := build(t, dmdtest.New(0.0005, 1))
	r := &recorder{rows: make(map[string]int)}
	db := sql.OpenDB(r)
	defer db.Close()
	progress := 0
	o := dmd.SQLOptions{Prefix: "dmd_", Placeholder: func(n int) string { return fmt.Sprintf("$%d", n) }, Batch: 50, Progress: func(dmd.Table, int) { progress++ }}
	if err := s.ExportSQL(context.Background(), db, o); err != nil {
		t.Fatal(err)
	}
	indexes := 0
	for _, table := range dmd.Tables() {
		indexes += len(table.IndexSQL(""))
	}
	if len(r.statements) != len(dmd.Tables())+indexes || indexes < len(dmd.Tables()) || progress != r.commits || progress == 0 {
		t.Errorf("%d tables, %d commits, %d reports", len(r.statements), r.commits, progress)
	}
	for _, table := range dmd.Tables() {
		if got, want := r.rows[table.InsertSQL("dmd_", o.Placeholder)], s.Count(table); got != want {
			t.Errorf("%s: %d rows, want %d", table, got, want)
		}
	}
	if got := dmd.TableVPI.CreateSQL(""); !strings.Contains(got, "strnt_nmrtr_val DECIMAL(13,3)") || !strings.Contains(got, "vpid VARCHAR(18)") || strings.Contains(got, "NOT NULL") {
		t.Error(got)
	}
	if got := dmd.TableAMPP.IndexSQL("p_"); !slices.Equal(got, []string{"CREATE INDEX p_ampp_appid ON p_ampp (appid)", "CREATE INDEX p_ampp_vppid ON p_ampp (vppid)", "CREATE INDEX p_ampp_apid ON p_ampp (apid)"}) {
		t.Error(got)
	}
	failing := sql.OpenDB(&recorder{rows: make(map[string]int), failAt: 3})
	defer failing.Close()
	if err := s.ExportSQL(context.Background(), failing, o); !errors.Is(err, errFull) {
		t.Error(err)
	}
	var script bytes.Buffer
	if err := s.WriteSQL(&script, ""); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(script.String(), "INSERT INTO vmp (") || strings.Contains(script.String(), "= 'NULL'") {
		t.Error("the script has no rows")
	}
}
