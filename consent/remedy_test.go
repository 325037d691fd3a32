package consent

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/nhskit/nhskit/nhsnumber"
)

// remediesSlowly tries every change and every pair.
func remediesSlowly(d *Decision) []string {
	if d.outcome == Permit || d.special&^(denyOverrides|indeterminatePresent|defaultDeny) != 0 || d.purposes == 0 {
		return nil
	}
	var candidates []change
	for k := fact(0); k < fPersonal; k++ {
		if k == fPurpose || !factTable[k].remedy && countBits(d.facts.set[k]) == 1 {
			continue
		}
		for i := range factTable[k].values {
			if v := values(1) << i; v != d.facts.set[k] && k.anyValue()&v != 0 {
				candidates = append(candidates, change{k, v})
			}
		}
	}
	permits := func(changes ...change) bool {
		f := d.facts
		for _, c := range changes {
			f.set[c.fact], f.why[c.fact] = c.value, causeNone
		}
		var t trace
		outcome, _ := d.engine.conclude(&f, d.purposes, d.asAt.UnixNano(), d.findings, 0, &t)
		return outcome == Permit
	}
	name := func(c change) string { return condition{c.fact, c.value}.String() }
	var out []string
	for _, c := range candidates {
		if permits(c) {
			out = append(out, name(c))
		}
	}
	const enough = 8
	for i := 0; i < len(candidates) && len(out) < enough; i++ {
		for j := i + 1; j < len(candidates) && len(out) < enough; j++ {
			a, b := candidates[i], candidates[j]
			if a.fact != b.fact && !slices.Contains(out, name(a)) && !slices.Contains(out, name(b)) && permits(a, b) {
				out = append(out, name(a)+" and "+name(b))
			}
		}
	}
	return out
}

// TestRemedies: leaving out what cannot help changes nothing.
func TestRemedies(t *testing.T) {
	patient, err := nhsnumber.Parse("9990000018")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[bool]int{}
	for seed := range 3000 {
		d := rand.New(rand.NewPCG(uint64(seed), 11))
		var records []Record
		for i, k := range []Kind{NationalDataOptOut, Type1OptOut, SCRPreference, LocalOptOut, StudyConsent} {
			if d.IntN(3) == 0 {
				records = append(records, Record{
					ID: fmt.Sprint("r", i), Version: 1, Kind: k, Subject: patient, State: InForce, From: time.Unix(0, 0), RecordedAt: time.Unix(0, 0), RecordedBy: "t", DecidedBy: ByPatient,
					Policy: []PolicyRef{{URI: "urn:t", Version: "1"}}, Code: Code{System: "read2", Value: "9Ndm."}, Scope: &Scope{Studies: []string{"S1"}},
				})
			}
		}
		var opts []Option
		if d.IntN(2) == 0 {
			opts = append(opts, WithCompleteOptOuts())
		}
		r := Request{
			Subject: patient, Action: Action(1 + d.IntN(int(numActions)-1)), Study: "S1", AsAt: time.Unix(1772442000, 0), Basis: Basis(d.IntN(len(basisNames))),
			Data: Data{Identifiability: Identifiability(d.IntN(len(identifiabilityNames))), Confidential: Tri(d.IntN(3)), Origin: Origin(d.IntN(len(originNames))), HeldByGP: Tri(d.IntN(3))},
			Care: Care{Relationship: Relationship(d.IntN(len(relationshipNames))), Permission: Permission(d.IntN(len(permissionNames)))}, Actor: Actor{Role: Tri(d.IntN(3))},
		}
		for range 1 + d.IntN(2) {
			r.Purposes = append(r.Purposes, Purpose(d.IntN(int(numPurposes))))
		}
		if d.IntN(8) == 0 {
			opts = append(opts, WithEvaluator(replayFinding(Finding{Effect: FindingEffect(d.IntN(4))})))
		}
		got := New(NewMemoryStore(records...), opts...).Decide(context.Background(), r)
		fast, slow := got.remedies(), remediesSlowly(&got)
		if !slices.Equal(fast, slow) {
			t.Fatalf("seed %d: %s\n%q\n%q", seed, got, fast, slow)
		}
		if got.Outcome() != Permit {
			counts[len(slow) > 0]++
		}
	}
	if counts[true] < 200 || counts[false] < 200 {
		t.Error(counts)
	}
	t.Log(counts)
}
