package audit_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/audit"
	"github.com/nhskit/nhskit/nhsnumber"
)

// A decision is logged, proved to be in the log, made again from it, and
// erased without harm to the proof.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	log, err := audit.Open(dir)
	if err != nil {
		panic(err)
	}
	defer log.Close()

	patient, err := nhsnumber.Parse("9990000018")
	if err != nil {
		panic(err)
	}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	request := consent.Request{Subject: patient, Action: consent.ReadDemographics, Patient: consent.Patient{Confidentiality: "U"}, AsAt: at}
	decision := consent.New(consent.NewMemoryStore()).Decide(context.Background(), request)
	entry, err := audit.NewEntry(request, decision, at)
	if err != nil {
		panic(err)
	}
	salt, err := audit.NewSalt(nil)
	if err != nil {
		panic(err)
	}
	index, err := log.Append(entry, salt)
	if err != nil {
		panic(err)
	}

	data, salt, err := log.Read(index)
	if err != nil {
		panic(err)
	}
	root, err := log.Root(log.Len())
	if err != nil {
		panic(err)
	}
	proof, err := log.ProveInclusion(index, log.Len())
	if err != nil {
		panic(err)
	}
	checkpoint := audit.Checkpoint{Size: log.Len(), Root: root}
	fmt.Println("in the log:", audit.VerifyInclusion(proof, checkpoint, &salt, data) == nil)

	read, err := audit.ParseEntry(data)
	if err != nil {
		panic(err)
	}
	fmt.Println("the same again:", read.Replay(consent.NHSPolicy()) == nil)

	if err := log.Erase(index); err != nil {
		panic(err)
	}
	fmt.Println("still proved:", audit.VerifyInclusion(proof, checkpoint, nil, nil) == nil)
	// Output:
	// in the log: true
	// the same again: true
	// still proved: true
}
