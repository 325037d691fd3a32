package sctid_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// corpora returns the folder of the public corpora, or skips the test.
func corpora(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("NHSKIT_CORPORA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no corpora: set NHSKIT_CORPORA")
	}
	return dir
}

func TestCorpus(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(corpora(t), "snomed", "sctid", "sctids.json"))
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		Cases []struct {
			SCTID     string
			Valid     bool
			Why       string
			Type      string
			Partition string
			Extension bool
			Namespace *string
			Item      string
			Check     string
		}
	}
	if err := json.Unmarshal(data, &suite); err != nil {
		t.Fatal(err)
	}
	passed := 0
	for i, c := range suite.Cases {
		ok := t.Run(fmt.Sprintf("%d/%s", i, c.SCTID), func(t *testing.T) {
			id, err := sctid.Parse(c.SCTID)
			if !c.Valid {
				e, ok := err.(*sctid.Error)
				if !ok {
					t.Fatalf("Parse = %v, %v, want an *Error: %s", id, err, c.Why)
				}
				var fits bool
				switch why, _, _ := strings.Cut(c.Why, " "); why {
				case "shape":
					fits = e.Code == sctid.CodeCharacter || e.Code == sctid.CodeLength || e.Code == sctid.CodeLeadingZero
				case "check":
					fits = e.Code == sctid.CodeCheckDigit
				case "partition":
					fits = e.Code == sctid.CodePartition
				default:
					t.Fatalf("the test does not know why %q", c.Why)
				}
				if !fits || e.Offset < 0 || e.Offset > len(c.SCTID) {
					t.Errorf("got %s at %d, want %s", e.Code, e.Offset, c.Why)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			namespace := ""
			if c.Namespace != nil {
				namespace = *c.Namespace
			}
			got := fmt.Sprintf("%v %02d %v %q %d %d", id.Kind(), id.Partition(), id.HasNamespace(), id.Namespace(), id.Item(), id%10)
			want := fmt.Sprintf("%v %s %v %q %s %s", c.Type, c.Partition, c.Extension, namespace, c.Item, c.Check)
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if again, err := sctid.New(id.Kind(), id.Namespace(), id.Item()); err != nil || again != id {
				t.Errorf("New gives %v, %v", again, err)
			}
		})
		if ok {
			passed++
		}
	}
	floor(t, "sctid", passed, len(suite.Cases))
}

// floor fails the test if fewer cases passed than testdata/floor.txt records.
func floor(t *testing.T, suite string, passed, total int) {
	t.Helper()
	data, err := os.ReadFile("testdata/floor.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var name string
		var wantPassed, wantTotal int
		if n, _ := fmt.Sscan(line, &name, &wantPassed, &wantTotal); n == 3 && name == suite {
			if passed < wantPassed || total < wantTotal {
				t.Errorf("%s: %d of %d pass, the floor is %d of %d", suite, passed, total, wantPassed, wantTotal)
			}
			return
		}
	}
	t.Errorf("testdata/floor.txt has no line for %s", suite)
}
