package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/audit"
	"github.com/nhskit/nhskit/nhsnumber"
	"golang.org/x/mod/sumdb/note"
)

func open(t testing.TB, dir string) *audit.Log {
	t.Helper()
	l, err := audit.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func salt(i int) audit.Salt {
	var s audit.Salt
	s[0], s[1], s[31] = byte(i), byte(i>>8), 1
	return s
}

// fill appends n small entries.
func fill(t testing.TB, l *audit.Log, n int) {
	t.Helper()
	for i := range n {
		if _, err := l.AppendBytes([]audit.Salt{salt(i)}, [][]byte{fmt.Appendf(nil, `{"n":%d}`, i)}); err != nil {
			t.Fatal(err)
		}
	}
}

func root(t testing.TB, l *audit.Log, size int64) audit.Checkpoint {
	t.Helper()
	r, err := l.Root(size)
	if err != nil {
		t.Fatal(err)
	}
	return audit.Checkpoint{Size: size, Root: r}
}

// TestProofs proves every entry in every size and every pair of sizes, and
// that no changed proof holds.
func TestProofs(t *testing.T) {
	const n = 33
	l := open(t, t.TempDir())
	fill(t, l, n)
	for size := int64(1); size <= n; size++ {
		c := root(t, l, size)
		for i := range size {
			p, err := l.ProveInclusion(i, size)
			if err != nil {
				t.Fatal(err)
			}
			data, s, err := l.Read(i)
			if err != nil {
				t.Fatal(err)
			}
			if err := audit.VerifyInclusion(p, c, &s, data); err != nil {
				t.Fatalf("entry %d of %d: %v", i, size, err)
			}
			if audit.VerifyInclusion(p, c, &s, append(data, ' ')) == nil {
				t.Fatal("a changed entry was proved")
			}
			for k := range p.Hashes {
				p.Hashes[k][3] ^= 1
				if audit.VerifyInclusion(p, c, nil, nil) == nil {
					t.Fatal("a changed proof holds")
				}
				p.Hashes[k][3] ^= 1
			}
			q := p
			if q.Index = (p.Index + 1) % size; size > 1 && audit.VerifyInclusion(q, c, nil, nil) == nil {
				t.Fatal("an entry was proved at another place")
			}
		}
		for old := int64(1); old <= size; old++ {
			p, err := l.ProveConsistency(old, size)
			if err != nil {
				t.Fatal(err)
			}
			oldCheckpoint := root(t, l, old)
			if err := audit.VerifyConsistency(p, oldCheckpoint, c); err != nil {
				t.Fatalf("%d in %d: %v", old, size, err)
			}
			oldCheckpoint.Root[0] ^= 1
			if audit.VerifyConsistency(p, oldCheckpoint, c) == nil {
				t.Fatal("a log was proved to begin with another")
			}
		}
	}
	for _, bad := range [][2]int64{{-1, 3}, {3, 3}, {0, n + 1}} {
		if _, err := l.ProveInclusion(bad[0], bad[1]); !errors.Is(err, audit.ErrRange) {
			t.Errorf("entry %d of %d: %v", bad[0], bad[1], err)
		}
	}
}

func TestCheckpoint(t *testing.T) {
	secret, public, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte("seed"), 100)), "audit.example.org/trust")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, t.TempDir())
	fill(t, l, 5)
	signed, err := l.Checkpoint(signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := audit.OpenCheckpoint(signed, verifier)
	if err != nil || c.Size != 5 || c.Root != root(t, l, 5).Root {
		t.Fatalf("%+v %v", c, err)
	}
	for i := range signed {
		bad := bytes.Clone(signed)
		bad[i] ^= 1
		if got, err := audit.OpenCheckpoint(bad, verifier); err == nil && got != c {
			t.Fatalf("byte %d: a changed checkpoint was believed", i)
		}
	}
	if _, err := l.Checkpoint(); err == nil {
		t.Error("a checkpoint without a signature")
	}
}

// TestErase keeps the tree and every proof while the entry is gone.
func TestErase(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	fill(t, l, 9)
	c := root(t, l, 9)
	p, err := l.ProveInclusion(4, 9)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Erase(4); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Read(4); !errors.Is(err, audit.ErrErased) {
		t.Errorf("read: %v", err)
	}
	if data, _ := os.ReadFile(filepath.Join(dir, "events")); bytes.Contains(data, []byte(`{"n":4}`)) {
		t.Error("the entry is still in the file")
	}
	if got := root(t, l, 9); got != c {
		t.Error("the tree changed")
	}
	if err := audit.VerifyInclusion(p, c, nil, nil); err != nil {
		t.Error(err)
	}
	if erased, err := l.Verify(); err != nil || erased != 1 {
		t.Errorf("verify: %d erased, %v", erased, err)
	}
}

// TestTampering changes single bytes of the files: Verify or Open notices.
func TestTampering(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	fill(t, l, 12)
	l.Close()
	for _, name := range []string{"events", "leaves", "hashes"} {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(whole); i += 7 {
			bad := bytes.Clone(whole)
			bad[i] ^= 0x40
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			l, err := audit.Open(dir)
			if err == nil {
				_, err = l.Verify()
				l.Close()
			}
			if err == nil {
				t.Fatalf("%s: byte %d changed, nobody noticed", name, i)
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnotherLog makes logs that are whole in themselves and not what they
// were: cut back, with two entries exchanged, with one left out or added in
// between. Only the checkpoint shows it, and it does.
func TestAnotherLog(t *testing.T) {
	const n = 11
	build := func(t *testing.T, order []int) *audit.Log {
		l := open(t, t.TempDir())
		for _, i := range order {
			if _, err := l.AppendBytes([]audit.Salt{salt(i)}, [][]byte{fmt.Appendf(nil, `{"n":%d}`, i)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Verify(); err != nil {
			t.Fatal(err)
		}
		return l
	}
	var order []int
	for i := range n {
		order = append(order, i)
	}
	c := root(t, build(t, order), n)
	if err := build(t, append(slices.Clone(order), n, n+1)).Check(c); err != nil {
		t.Error("more entries:", err)
	}
	for i := range n {
		for name, other := range map[string][]int{
			"cut back": order[:i], "one left out": slices.Delete(slices.Clone(order), i, i+1), "one in between": slices.Insert(slices.Clone(order), i, 99),
			"two exchanged": exchanged(order, i, (i+3)%n), "one twice": append(slices.Insert(slices.Clone(order[:n-1]), i%(n-1), i%(n-1)), n-1),
		} {
			if err := build(t, other).Check(c); !errors.Is(err, audit.ErrDamaged) {
				t.Errorf("%s at %d: %v", name, i, err)
			}
		}
	}
}

func exchanged(list []int, i, j int) []int {
	list = slices.Clone(list)
	list[i], list[j] = list[j], list[i]
	return list
}

// TestCrash cuts the files at random places, as a crash while writing could:
// what is left is a log that begins like the old one and goes on working.
func TestCrash(t *testing.T) {
	base := t.TempDir()
	l := open(t, base)
	fill(t, l, 20)
	roots := make([]audit.Checkpoint, 21)
	for i := range roots {
		roots[i] = root(t, l, int64(i))
	}
	l.Close()
	files := map[string][]byte{}
	for _, name := range []string{"events", "leaves", "hashes"} {
		data, err := os.ReadFile(filepath.Join(base, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	r := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		dir := t.TempDir()
		// Entries are written before leaves, leaves before hashes.
		cut := map[string]int{"events": len(files["events"]), "leaves": r.IntN(len(files["leaves"]) + 1), "hashes": r.IntN(len(files["hashes"]) + 1)}
		for name, data := range files {
			if err := os.WriteFile(filepath.Join(dir, name), data[:cut[name]], 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, err := audit.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		n := l.Len()
		if n != int64(cut["leaves"]/32) || root(t, l, n) != roots[n] {
			t.Fatalf("cut at %v: %d entries, or another root", cut, n)
		}
		fill(t, l, 1)
		if _, err := l.Verify(); err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
}

func request(t testing.TB) consent.Request {
	t.Helper()
	n, err := nhsnumber.Parse("9990000018")
	if err != nil {
		t.Fatal(err)
	}
	return consent.Request{
		Subject: n, Action: consent.Disclose, Purposes: []consent.Purpose{consent.Research}, Basis: consent.Regulation5,
		Data:  consent.Data{Identifiability: consent.Identifiable, Confidential: consent.Yes, Origin: consent.EnglandPublic},
		Actor: consent.Actor{ID: "Practitioner/1"}, AsAt: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), CanMeet: []string{"*"},
	}
}

func optOut(r consent.Request) consent.Record {
	at := time.Date(2024, 1, 10, 10, 0, 0, 0, time.UTC)
	return consent.Record{
		ID: "r1", Version: 1, Kind: consent.NationalDataOptOut, Subject: r.Subject, State: consent.InForce, From: at, RecordedAt: at,
		RecordedBy: "spine", DecidedBy: consent.ByPatient, Policy: []consent.PolicyRef{{URI: "urn:ndo", Version: "4.0"}},
	}
}

// TestReplay makes decisions again from the log, and notices one that was
// altered.
func TestReplay(t *testing.T) {
	l := open(t, t.TempDir())
	r := request(t)
	broken := storeFunc(func() ([]consent.Record, error) { return nil, errors.New("down") })
	for i, engine := range []*consent.Engine{
		consent.New(consent.NewMemoryStore(optOut(r))),
		consent.New(consent.NewMemoryStore(), consent.WithCompleteOptOuts()),
		consent.New(consent.NewMemoryStore()),
		consent.New(broken),
	} {
		e, err := audit.NewEntry(r, engine.Decide(context.Background(), r), r.AsAt)
		if err != nil {
			t.Fatal(err)
		}
		index, err := l.Append(e, salt(i))
		if err != nil {
			t.Fatal(err)
		}
		data, _, err := l.Read(index)
		if err != nil {
			t.Fatal(err)
		}
		got, err := audit.ParseEntry(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := got.Replay(consent.NHSPolicy()); err != nil {
			t.Errorf("engine %d: %v", i, err)
		}
		if text := fmt.Sprintf("%v %+v %s", got, got, got); strings.Contains(text, "999") {
			t.Error("an entry prints its patient")
		}
		got.Decision = json.RawMessage(strings.Replace(string(got.Decision), `"decision":"`, `"decision":"x`, 1))
		if err := got.Replay(consent.NHSPolicy()); !errors.Is(err, audit.ErrDiffers) {
			t.Errorf("an altered decision: %v", err)
		}
		other, err := consent.ParsePolicy(consent.PolicyFile("ndo"))
		if err != nil {
			t.Fatal(err)
		}
		if err := got.Replay(other); !errors.Is(err, consent.ErrOtherPolicy) {
			t.Errorf("another policy: %v", err)
		}
	}
}

type storeFunc func() ([]consent.Record, error)

func (f storeFunc) Records(context.Context, nhsnumber.Number) ([]consent.Record, error) { return f() }

func TestAuditEvent(t *testing.T) {
	r := request(t)
	for _, c := range []struct {
		name    string
		store   consent.Store
		subtype string
		consent bool
	}{
		{"an opt-out on file", consent.NewMemoryStore(optOut(r)), "AuthZ-Consent", true},
		{"nothing on file", consent.NewMemoryStore(), "AuthZ-Role", false},
	} {
		e, err := audit.NewEntry(r, consent.New(c.store).Decide(context.Background(), r), r.AsAt)
		if err != nil {
			t.Fatal(err)
		}
		data, err := e.AuditEvent(audit.EventOptions{
			Authorizer: "Device/authz", Client: "Device/client", Organization: "https://fhir.nhs.uk/Id/ods-organization-code|RAL",
			SubtypeSystem: "urn:test:subtypes", Profile: "urn:test:profile",
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []audit.EventOptions{{}, {Authorizer: "Device/authz"}, {SubtypeSystem: "urn:test:subtypes"}} {
			if _, err := e.AuditEvent(o); !errors.Is(err, audit.ErrOptions) {
				t.Errorf("%+v: %v", o, err)
			}
		}
		var got struct {
			Meta    struct{ Profile []string }
			Subtype []struct{ System, Code string }
			Outcome string
			Agent   []struct{ Requestor bool }
			Entity  []struct{ Type struct{ Code string } }
		}
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		if got.Subtype[0].Code != c.subtype || got.Outcome != "8" || len(got.Agent) != 4 || (len(got.Entity) == 2) != c.consent ||
			got.Subtype[0].System != "urn:test:subtypes" || (len(got.Meta.Profile) == 1) != c.consent {
			t.Errorf("%s: %s", c.name, data)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add([]byte(`{"at":"2026-03-02T09:00:00Z","request":{"subject":"9990000018","action":"disclose","asAt":"2026-03-02T09:00:00Z"},"grounds":{},"decision":{}}`))
	f.Add([]byte(`{"decision":1}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		e, err := audit.ParseEntry(in)
		if err != nil {
			return
		}
		e.Replay(consent.NHSPolicy())
		e.AuditEvent(audit.EventOptions{Authorizer: "Device/1", SubtypeSystem: "urn:test:subtypes"})
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{1, 1000} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			l := open(b, b.TempDir())
			entry := bytes.Repeat([]byte("x"), 512)
			salts, entries := make([]audit.Salt, batch), make([][]byte, batch)
			for i := range entries {
				salts[i], entries[i] = salt(i), entry
			}
			b.ReportAllocs()
			for i := 0; i < b.N; i += batch {
				if _, err := l.AppendBytes(salts, entries); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkProveInclusion(b *testing.B) {
	l := open(b, b.TempDir())
	salts, entries := make([]audit.Salt, 1<<16), make([][]byte, 1<<16)
	for i := range entries {
		salts[i] = salt(i)
	}
	if _, err := l.AppendBytes(salts, entries); err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if _, err := l.ProveInclusion(int64(i)&(1<<16-1), 1<<16); err != nil {
			b.Fatal(err)
		}
	}
}
