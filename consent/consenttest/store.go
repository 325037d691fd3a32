package consenttest

import (
	"context"
	"slices"
	"testing"

	"github.com/nhskit/nhskit/consent"
)

// TestStore tests an implementation of consent.Store. open returns a store
// that holds the records it is given and nothing else.
func TestStore(t *testing.T, open func(t *testing.T, records []consent.Record) consent.Store) {
	t.Helper()
	record := func(id string, version int, person int) consent.Record {
		return consent.Record{
			ID: id, Version: version, Kind: consent.NationalDataOptOut, Subject: Person(person), State: consent.InForce,
			From: noon, RecordedAt: noon, RecordedBy: "test", DecidedBy: consent.ByPatient, Policy: []consent.PolicyRef{{URI: "urn:test", Version: "1"}},
		}
	}
	all := []consent.Record{record("a", 1, 0), record("a", 2, 0), record("b", 1, 0), record("c", 1, 1)}
	store := open(t, slices.Clone(all))
	ctx := context.Background()
	for person, want := range [][]string{{"a1", "a2", "b1"}, {"c1"}, nil} {
		got, err := store.Records(ctx, Person(person))
		if err != nil {
			t.Fatalf("person %d: %v", person, err)
		}
		var names []string
		for i := range got {
			names = append(names, got[i].ID+string(rune('0'+got[i].Version)))
			if got[i].Subject != Person(person) {
				t.Errorf("person %d: somebody else's record", person)
			}
			k := slices.IndexFunc(all, func(r consent.Record) bool { return r.ID == got[i].ID && r.Version == got[i].Version })
			if k < 0 || got[i].Hash() != all[k].Hash() {
				t.Errorf("person %d: record %s is not what was stored", person, names[i])
			}
		}
		if slices.Sort(names); !slices.Equal(names, want) {
			t.Errorf("person %d: got %v, want every version of every record: %v", person, names, want)
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if got, err := store.Records(cancelled, Person(0)); err == nil && len(got) != 3 {
		t.Error("a shorter list without an error after the context was cancelled")
	}
}
