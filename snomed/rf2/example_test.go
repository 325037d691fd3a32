package rf2_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "rf2")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	archive := filepath.Join(dir, "release.zip")
	if err := snomedtest.Generate(archive, snomedtest.Options{}); err != nil {
		panic(err)
	}
	r, err := rf2.Open(archive)
	if err != nil {
		panic(err)
	}
	defer r.Close()
	active := 0
	report, err := r.Read(context.Background(), rf2.Options{}, r.Select("Snapshot"), func(f *rf2.File) rf2.Handler {
		if f.Kind != rf2.Concept {
			return nil
		}
		return func(row *rf2.Row) error {
			if row.Active {
				active++
			}
			return nil
		}
	})
	fmt.Println(active, "active concepts,", len(report.Issues), "issues", err)
	// Output: 945 active concepts, 0 issues <nil>
}

// Every row that is wrong is reported with its place, and left out.
func ExampleRelease_Read() {
	const file = "sct2_Concept_Snapshot_INT_20260101.txt"
	r, err := rf2.OpenFS(fstest.MapFS{file: {Data: []byte(
		"id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\r\n" +
			"138875005\t20260101\t1\t900000000000207008\t900000000000074008\r\n" +
			"138875006\t20260101\t1\t900000000000207008\t900000000000074008\r\n" +
			"404684003\t20260230\t1\t900000000000207008\t900000000000074008\r\n")}}, "release")
	if err != nil {
		panic(err)
	}
	report, err := r.Read(context.Background(), rf2.Options{}, r.Files(), func(f *rf2.File) rf2.Handler {
		return func(row *rf2.Row) error {
			fmt.Println(row.ID, row.Time, row.Active, row.SCTID(4))
			return nil
		}
	})
	for _, is := range report.Issues {
		fmt.Println(is.Severity, is.Code, "in line", is.Line, "column", is.Col, "at byte", is.Offset)
	}
	fmt.Println(report.Rows, "good rows", err)
	// Output:
	// 138875005 20260101 true 900000000000074008
	// error rf2.sctid in line 3 column 1 at byte 113
	// error rf2.time in line 4 column 2 at byte 173
	// 1 good rows <nil>
}

func ExampleParseFileName() {
	name, ok := rf2.ParseFileName("xder2_iisssciRefset_ExtendedMapUKCLSnapshot_GB1000000_20260826.txt")
	fmt.Println(ok, name.Content, name.Summary, name.Release, name.Country, name.Date)
	// Output: true iisssciRefset ExtendedMapUKCL Snapshot GB1000000 20260826
}

func ExampleCheckModules() {
	const clinical, core = 999000011000000103, 900000000000207008
	for _, is := range rf2.CheckModules([]rf2.Dependency{
		{Source: clinical, SourceTime: 20260826, Target: core, TargetTime: 20260701},
	}, nil) {
		fmt.Println(is.Severity, is.Err)
	}
	// Output: error version 20260826 needs module 900000000000207008 of version 20260701, which is missing
}
