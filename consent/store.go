package consent

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/nhskit/nhskit/nhsnumber"
)

// Store holds records. Implementations must be safe for concurrent use; test
// them with consenttest.TestStore.
type Store interface {
	// Records returns every version of every record of a patient, in any
	// order, and an empty list for a patient it does not know. The caller
	// does not change the list. An error, however late, must be returned
	// rather than a shorter list.
	Records(ctx context.Context, subject nhsnumber.Number) ([]Record, error)
}

// OptOuts answers whether somebody has a national data opt-out; package
// optout has one for the whole of England. Implementations must be safe for
// concurrent use.
type OptOuts interface {
	// Status returns what is known of a number. An error makes decisions
	// that rest on the answer indeterminate; one that wraps ErrOptOutRecord
	// says that there is an entry but that it cannot be read.
	Status(ctx context.Context, subject nhsnumber.Number) (OptOutStatus, error)
}

// OptOutStatus is what an OptOuts source knows of one number.
type OptOutStatus struct {
	OptedOut bool `json:"optedOut"`
	// AsOf is when that was true at the national service.
	AsOf time.Time `json:"asOf"`
	// Expires is when the source itself must no longer be used, zero for
	// never.
	Expires time.Time `json:"expires,omitzero"`
	// Entries is how many entries were found, where the source tells: more
	// than one is against the rules of the service.
	Entries int `json:"entries,omitempty"`
}

// ErrOptOutRecord is wrapped by the error of an OptOuts source that found an
// entry which breaks the rules of the national service.
var ErrOptOutRecord = errors.New("consent: an opt-out entry that cannot be read")

// MemoryStore is a Store in memory. The zero value is empty and ready.
type MemoryStore struct {
	mu   sync.RWMutex
	byID map[nhsnumber.Number][]Record
}

// NewMemoryStore returns a store that holds records.
func NewMemoryStore(records ...Record) *MemoryStore {
	s := new(MemoryStore)
	s.Add(records...)
	return s
}

// Add adds records. Nothing is ever removed: what was known at a time stays
// answerable.
func (s *MemoryStore) Add(records ...Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = make(map[nhsnumber.Number][]Record)
	}
	for _, r := range records {
		// Readers hold the old slice: append to a copy.
		old := s.byID[r.Subject]
		s.byID[r.Subject] = append(slices.Clip(old), r)
	}
}

// Records implements Store.
func (s *MemoryStore) Records(_ context.Context, subject nhsnumber.Number) ([]Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[subject], nil
}
