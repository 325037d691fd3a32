package snomed

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// smallRelease generates a release and opens it.
func smallRelease(t testing.TB, opt snomedtest.Options) *rf2.Release {
	t.Helper()
	file := filepath.Join(t.TempDir(), "release.zip")
	if err := snomedtest.Generate(file, opt); err != nil {
		t.Fatal(err)
	}
	r, err := rf2.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func buildSmall(t testing.TB, file string, opt snomedtest.Options, build BuildOptions) {
	t.Helper()
	report, err := Build(context.Background(), []*rf2.Release{smallRelease(t, opt)}, file, build)
	if err != nil || report.Errors > 0 {
		t.Fatal(err, report.Issues)
	}
}

// answers asks a store about everything in a small range and returns a hash
// of all answers, or the first error.
func answers(s *Store, seed uint64, n int) (uint64, error) {
	h := fnv.New64a()
	r := rand.New(rand.NewPCG(seed, 1))
	for range n {
		o := Ordinal(r.IntN(s.info.Concepts))
		p := Ordinal(r.IntN(s.info.Concepts))
		id, err := s.ID(o)
		if err != nil {
			return 0, err
		}
		c, err := s.Concept(id)
		if err != nil {
			return 0, err
		}
		yes, err := s.SubsumesOrdinal(o, p)
		if err != nil {
			return 0, err
		}
		up, err := s.Ancestors(o)
		if err != nil {
			return 0, err
		}
		down, err := s.Descendants(o)
		if err != nil {
			return 0, err
		}
		d, err := s.Descriptions(o)
		if err != nil {
			return 0, err
		}
		rel, err := s.Relationships(o)
		if err != nil {
			return 0, err
		}
		m, err := s.Members(id)
		if err != nil {
			return 0, err
		}
		hist, err := s.Predecessors(o)
		if err != nil {
			return 0, err
		}
		term, err := s.PreferredTerm(o)
		if err != nil {
			return 0, err
		}
		word, _, _ := strings.Cut(term, " ")
		hits, err := s.Search(context.Background(), Query{Text: word[:min(4, len(word))], Fuzzy: r.IntN(2) == 0, Inactive: true})
		if err != nil {
			return 0, err
		}
		fmt.Fprintln(h, c, yes, up, down, d, rel, m, hist, term, hits)
	}
	return h.Sum64(), nil
}

// TestBitFlips turns bits of a store over: every one gives an error when the
// store is opened or asked, or the same answers.
func TestBitFlips(t *testing.T) {
	flips := short(600, 150)
	if long() {
		flips = 10_000
	}
	file := filepath.Join(t.TempDir(), "store")
	buildSmall(t, file, snomedtest.Options{Seed: 21}, BuildOptions{KeepRowIDs: true})
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := OpenReaderAt(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	want, err := answers(s, 1, 12)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(9, 9))
	refused, same := 0, 0
	for k := range flips {
		bit := r.IntN(len(good) * 8)
		if k%10 == 0 {
			bit = r.IntN(headerSize * 8) // the header more often than by chance
		}
		b := bytes.Clone(good)
		b[bit/8] ^= 1 << (bit % 8)
		s, err := OpenReaderAt(bytes.NewReader(b), int64(len(b)))
		var got uint64
		if err == nil {
			got, err = answers(s, 1, 12)
			if verr := s.Verify(); (verr != nil) != (bit/8 >= pageSize) {
				t.Fatalf("bit %d: Verify gives %v", bit, verr)
			}
		}
		switch {
		case err != nil:
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNotStore) && !errors.Is(err, ErrVersion) {
				t.Fatalf("bit %d: %v", bit, err)
			}
			refused++
		case got != want:
			t.Fatalf("bit %d gives other answers and no error", bit)
		default:
			same++
		}
	}
	t.Logf("%d flips: %d refused, %d with the same answers, 0 wrong", flips, refused, same)
}

// TestForgedStore damages the data and mends the checksums: whatever comes
// out, there is no panic and no endless loop.
func TestForgedStore(t *testing.T) {
	flips := short(300, 60)
	if long() {
		flips = 10_000
	}
	file := filepath.Join(t.TempDir(), "store")
	buildSmall(t, file, snomedtest.Options{Seed: 22}, BuildOptions{})
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(10, 9))
	for range flips {
		b := bytes.Clone(good)
		for range 1 + r.IntN(20) {
			b[pageSize+r.IntN(len(b)-pageSize)] = byte(r.Uint32())
		}
		mend(b)
		s, err := OpenReaderAt(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			continue
		}
		answers(s, r.Uint64(), 3)
		refsets, _ := s.Refsets()
		for _, x := range refsets {
			x.Concepts()
		}
	}
}

// TestHierarchyGoesRound: a store whose checksums fit and whose hierarchy goes
// round makes no walk endless.
func TestHierarchyGoesRound(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store")
	buildSmall(t, file, snomedtest.Options{Seed: 24}, BuildOptions{})
	s, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	o := Ordinal(5)
	if up, err := s.Parents(o); err != nil || len(up) == 0 {
		t.Fatalf("parents %v, %v", up, err)
	}
	s.parent.kind, s.parent.width, s.parent.base = kindFixed, 0, uint64(o) // everybody's parent
	if paths, err := s.Paths(o, 5); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%d paths, %v", len(paths), err)
	}
	if up, err := s.Ancestors(o); err != nil || !slices.Equal(up, []Ordinal{o}) {
		t.Errorf("ancestors %v, %v", up, err)
	}
}

// TestHugeStore: a store that is too big for the addresses of the machine is an
// error.
func TestHugeStore(t *testing.T) {
	if strconv.IntSize > 32 {
		t.Skip("only on 32 bits")
	}
	h := make([]byte, headerSize)
	copy(h, magic)
	const blocks = 1 << 18
	const end = pageSize + blocks*blockSize
	binary.LittleEndian.PutUint32(h[8:], formatVersion)
	binary.LittleEndian.PutUint64(h[16:], end+4*blocks)
	binary.LittleEndian.PutUint64(h[24:], end)
	binary.LittleEndian.PutUint64(h[32:], end)
	binary.LittleEndian.PutUint32(h[60:], checksum(h[:60]))
	if _, err := OpenReaderAt(bytes.NewReader(h), end+4*blocks); err == nil || errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
}

// mend makes the checksums of a store fit its data.
func mend(b []byte) {
	w := &fileWriter{buf: make([]byte, 0, blockSize), f: discard{}, off: pageSize}
	le := func(at int) uint64 {
		v := uint64(0)
		for i := range 8 {
			v |= uint64(b[at+i]) << (8 * i)
		}
		return v
	}
	end := le(24)
	w.write(b[pageSize:end])
	w.flush()
	for i, c := range w.crc {
		for k := range 4 {
			b[int(end)+4*i+k] = byte(c >> (8 * k))
		}
	}
	table := b[end:]
	sum := crcOf(table)
	for k := range 4 {
		b[40+k] = byte(sum >> (8 * k))
	}
	sum = crcOf(b[:60])
	for k := range 4 {
		b[60+k] = byte(sum >> (8 * k))
	}
}

func crcOf(b []byte) uint32 { return checksum(b) }

type discard struct{}

func (discard) Write(b []byte) (int, error)    { return len(b), nil }
func (discard) Seek(int64, int) (int64, error) { return 0, nil }

// short returns the smaller number for go test -short.
func short(n, less int) int {
	if testing.Short() {
		return less
	}
	return n
}

func long() bool { return os.Getenv("NHSKIT_LONG") == "1" }

func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store")
	buildSmall(t, file, snomedtest.Options{Seed: 23}, BuildOptions{})
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(good)
	other[8] = formatVersion + 1
	sum := crcOf(other[:60])
	for k := range 4 {
		other[60+k] = byte(sum >> (8 * k))
	}
	// A big-endian writer would have put the version the other way round.
	swapped := bytes.Clone(good)
	slices.Reverse(swapped[8:12])
	sum = crcOf(swapped[:60])
	for k := range 4 {
		swapped[60+k] = byte(sum >> (8 * k))
	}
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"empty", nil, ErrNotStore},
		{"text", []byte("hello"), ErrNotStore},
		{"a page of text", bytes.Repeat([]byte("hello "), 1000), ErrNotStore},
		{"another version", other, ErrVersion},
		{"another byte order", swapped, ErrVersion},
		{"cut in half", good[:len(good)/2], ErrCorrupt},
		{"cut by one", good[:len(good)-1], ErrCorrupt},
		{"longer by one", append(bytes.Clone(good), 0), ErrCorrupt},
	} {
		p := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(p, c.b, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(p); !errors.Is(err, c.want) || s != nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if _, err := OpenReaderAt(bytes.NewReader(c.b), int64(len(c.b))); !errors.Is(err, c.want) {
			t.Errorf("%s, by a reader: %v, want %v", c.name, err, c.want)
		}
	}
	s, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := s.Verify(); !errors.Is(err, ErrClosed) {
		t.Errorf("verified when closed: %v", err)
	}
	if _, err := s.Concept(138875005); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

// TestFailingReader: an error of the source is an error of the query, and the
// next query tries again.
func TestFailingReader(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store")
	buildSmall(t, file, snomedtest.Options{Seed: 24}, BuildOptions{})
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	src := &flaky{r: bytes.NewReader(good)}
	s, err := OpenReaderAt(src, int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	src.fail = true
	if _, err := answers(s, 3, 3); !errors.Is(err, errFlaky) {
		t.Errorf("got %v", err)
	}
	src.fail = false
	if _, err := answers(s, 3, 3); err != nil {
		t.Errorf("then %v", err)
	}
}

var errFlaky = errors.New("flaky")

type flaky struct {
	r    io.ReaderAt
	fail bool
}

func (f *flaky) ReadAt(b []byte, off int64) (int, error) {
	if f.fail {
		return 0, errFlaky
	}
	return f.r.ReadAt(b, off)
}

// TestFullDisk fails the build at every block it writes: the old store is
// untouched and nothing is left behind.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "store")
	buildSmall(t, file, snomedtest.Options{Seed: 25}, BuildOptions{})
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := smallRelease(t, snomedtest.Options{Seed: 26})
	full := errors.New("disk full")
	step := uint64(len(old) / short(5, 2))
	if long() {
		step = blockSize
	}
	for at := uint64(pageSize); at < uint64(len(old)); at += step {
		_, err := Build(context.Background(), []*rf2.Release{r}, file, BuildOptions{fail: func(off uint64) error {
			if off >= at {
				return full
			}
			return nil
		}})
		if !errors.Is(err, full) {
			t.Fatalf("at %d: %v", at, err)
		}
		if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, old) {
			t.Fatalf("at %d: the old store changed", at)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*.building")); len(left) > 0 {
			t.Fatalf("at %d: %v is left", at, left)
		}
	}
	// While it is open, a store may be replaced.
	s, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want, err := answers(s, 5, 5)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Build(context.Background(), []*rf2.Release{r}, file, BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, err := answers(s, 5, 20); err != nil {
		t.Errorf("the old store, open: %v", err)
	} else if again, _ := answers(s, 5, 5); again != want || got == 0 {
		t.Error("the old store gives other answers")
	}
	now, err := os.ReadFile(file)
	if err != nil || bytes.Equal(now, old) {
		t.Error("the new store is not in place")
	}
}

// TestCancelledBuild leaves nothing behind.
func TestCancelledBuild(t *testing.T) {
	dir := t.TempDir()
	r := smallRelease(t, snomedtest.Options{Seed: 27})
	for _, stage := range []string{"concepts", "descriptions and relationships", "hierarchy", "reference sets", "writing", "search index"} {
		ctx, cancel := context.WithCancel(context.Background())
		seen := false
		_, err := Build(ctx, []*rf2.Release{r}, filepath.Join(dir, "store"), BuildOptions{Progress: func(p BuildProgress) {
			if p.Stage == stage {
				seen = true
				cancel()
			}
		}})
		cancel()
		if !seen || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: seen %v, %v", stage, seen, err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
			t.Errorf("%s: %v is left", stage, left)
		}
	}
}

// TestKilledBuild kills a child that builds stores, after a random number of
// steps: what opens afterwards is the old store or the new one, whole.
func TestKilledBuild(t *testing.T) {
	if dir := os.Getenv("NHSKIT_KILLED_BUILD"); dir != "" {
		r, err := rf2.Open(filepath.Join(dir, "release.zip"))
		if err != nil {
			t.Fatal(err)
		}
		// A line for everything that is done, for the parent to count.
		step := func() { fmt.Println("step") }
		opt := BuildOptions{Progress: func(BuildProgress) { step() }, fail: func(uint64) error { step(); return nil }}
		if _, err := Build(context.Background(), []*rf2.Release{r}, filepath.Join(dir, "store"), opt); err != nil {
			t.Fatal(err)
		}
		return
	}
	kills := short(8, 2)
	if long() {
		kills = 200
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "store")
	for i, name := range []string{"old.zip", "release.zip"} {
		if err := snomedtest.Generate(filepath.Join(dir, name), snomedtest.Options{Seed: uint64(30 + i)}); err != nil {
			t.Fatal(err)
		}
	}
	old, err := rf2.Open(filepath.Join(dir, "old.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if _, err := Build(context.Background(), []*rf2.Release{old}, file, BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	sumOf := func() uint64 {
		s, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Verify(); err != nil {
			t.Fatal(err)
		}
		sum, err := answers(s, 1, 3)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	oldSum := sumOf()
	keep, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// child builds until it has said so many lines, and returns how many it
	// said.
	child := func(limit int) (lines int, err error) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledBuild$")
		cmd.Env = append(os.Environ(), "NHSKIT_KILLED_BUILD="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			return 0, err
		}
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		for in := bufio.NewScanner(out); lines < limit && in.Scan(); {
			lines++
		}
		if lines == limit {
			cmd.Process.Kill()
		}
		io.Copy(io.Discard, out)
		return lines, cmd.Wait()
	}
	// How much an undisturbed build says, and what it gives.
	whole, err := child(math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	newSum := sumOf()
	if newSum == oldSum || whole < 50 {
		t.Fatalf("%d lines, or both stores are the same", whole)
	}
	r := rand.New(rand.NewPCG(4, 4))
	olds, news := 0, 0
	for k := range kills {
		if err := os.WriteFile(file, keep, 0o600); err != nil {
			t.Fatal(err)
		}
		limit := 1 + r.IntN(whole)
		if k%3 == 0 {
			limit = whole - r.IntN(4) // about when the new store is put in place
		}
		child(limit) // which ends by being killed
		switch sumOf() {
		case oldSum:
			olds++
		case newSum:
			news++
		default:
			t.Fatal("neither the old store nor the new one")
		}
		left, _ := filepath.Glob(file + ".*.building")
		for _, l := range left {
			os.Remove(l)
		}
	}
	t.Logf("%d kills: %d old stores, %d new ones", kills, olds, news)
}

// TestInvalidReleases: what takes more than one row to see is located too.
func TestInvalidReleases(t *testing.T) {
	want := map[string]rf2.Code{"duplicate-id": CodeDuplicate, "is-a-cycle": CodeCycle, "dangling": CodeDangling}
	for _, p := range snomedtest.Invalid() {
		t.Run(p.Name, func(t *testing.T) {
			r, err := rf2.OpenFS(p.FS, "release")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "store")
			report, err := Build(context.Background(), []*rf2.Release{r}, file, BuildOptions{})
			if p.Name == "is-a-cycle" {
				var is *Issue
				if !errors.As(err, &is) || is.Code != CodeCycle || is.Line == 0 || !strings.HasSuffix(is.Path, p.File) {
					t.Fatalf("got %v", err)
				}
				if _, err := os.Stat(file); err == nil {
					t.Error("a store was written")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Issues) == 0 {
				t.Fatal("no issue")
			}
			if code, ok := want[p.Name]; ok {
				is := report.Issues[0]
				if is.Code != code || is.Line != p.Line || !strings.HasSuffix(is.Path, p.File) {
					t.Errorf("got %v", &is)
				}
			}
			s, err := Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if s.Info().Concepts < 3 {
				t.Errorf("%d concepts", s.Info().Concepts)
			}
			if report.Errors > 0 {
				if _, err := Build(context.Background(), []*rf2.Release{r}, file+"2", BuildOptions{Strict: true}); err == nil {
					t.Error("strict goes on")
				}
			}
		})
	}
	if _, err := Build(context.Background(), nil, filepath.Join(t.TempDir(), "x"), BuildOptions{}); !errors.Is(err, ErrNoConcepts) {
		t.Errorf("no release: %v", err)
	}
	if _, err := Build(context.Background(), nil, "x", BuildOptions{Release: "Delta"}); err == nil {
		t.Error("Delta alone is accepted")
	}
}

// TestDeltaTwice: reading a delta a second time changes nothing.
func TestDeltaTwice(t *testing.T) {
	full := smallRelease(t, snomedtest.Options{Seed: 41})
	delta := smallRelease(t, snomedtest.Options{Seed: 41, Release: snomedtest.Delta})
	var sums []string
	for _, deltas := range [][]*rf2.Release{nil, {delta}, {delta, delta}} {
		file := filepath.Join(t.TempDir(), "store")
		report, err := Build(context.Background(), []*rf2.Release{full}, file, BuildOptions{Deltas: deltas})
		if err != nil || report.Errors > 0 {
			t.Fatal(err, report.Errors)
		}
		s, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := answers(s, 1, 100)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		sums = append(sums, strconv.FormatUint(sum, 16))
	}
	if sums[0] != sums[1] || sums[1] != sums[2] {
		t.Errorf("answers differ: %v", sums)
	}
}

// TestSameBytes: a store depends on nothing but its releases and options, nor on
// the folders that they are in.
func TestSameBytes(t *testing.T) {
	var first []byte
	for range 3 {
		r := smallRelease(t, snomedtest.Options{Seed: 42, Scale: float64(short(2, 1)) / 1000})
		file := filepath.Join(t.TempDir(), "store")
		if _, err := Build(context.Background(), []*rf2.Release{r}, file, BuildOptions{Workers: 4}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b
		} else if !bytes.Equal(first, b) {
			t.Fatal("two builds differ")
		}
	}
}

// TestTooManyNamespaces: identifiers that would not fit a column are refused, not
// mixed up.
func TestTooManyNamespaces(t *testing.T) {
	longest := uint64(999_999_999_999_999_010)
	b := &builder{desc: []descRow{{id: longest}}}
	for i := range uint64(maxSpaces) {
		b.desc = append(b.desc, descRow{id: 1e11 + i*1000 + 119})
	}
	if _, err := b.spaces(); err == nil {
		t.Errorf("%d namespaces are packed", maxSpaces+1)
	}
	b.desc = b.desc[:maxSpaces]
	s, err := b.spaces()
	if err != nil {
		t.Fatal(err)
	}
	if v := s.pack(longest); v >= 1<<packedBits || s.unpack(v) != sctid.ID(longest) {
		t.Errorf("the longest item becomes %d, and that %d", v, s.unpack(v))
	}
}

func TestCompactIDs(t *testing.T) {
	s := &compactIDs{}
	ids := []uint64{101013, 999000691000001104, 34026261000000120, 900000000000013009, 8998221000003119}
	for _, id := range ids {
		s.learn(id)
	}
	for _, id := range ids {
		if got := s.unpack(s.pack(id)); got != sctid.ID(id) {
			t.Errorf("%d becomes %d", id, got)
		}
	}
}
