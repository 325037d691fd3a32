package sctid_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/snomed/internal/corpus"
	"github.com/nhskit/nhskit/snomed/sctid"
)

func TestCorpus(t *testing.T) {
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
	corpus.ReadJSON(t, &suite, "snomed", "sctid", "sctids.json")
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
	corpus.Floor(t, "sctid", passed, len(suite.Cases))
}
