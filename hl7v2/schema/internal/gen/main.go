// Command gen writes the embedded facts of package schema from two open
// libraries, hl7apy (Python, MIT) and hl7-dictionary (JavaScript, MIT), and
// the decisions taken where they disagree:
//
//	go run ./internal/gen -hl7apy DIR -dictionary DIR -disagreements disagreements.csv -out facts
//
// DIR is the unpacked package as its registry serves it. Every field on which
// the two differ must have a line in the file of disagreements, and every line
// must be needed; otherwise nothing is written. The output is the same for
// the same input, byte for byte.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

// versions are the releases of HL7 v2 that have facts, oldest first.
var versions = []string{"2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"}

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	apyDir := flag.String("hl7apy", "", "the folder hl7apy of the unpacked Python package")
	dictDir := flag.String("dictionary", "", "the folder lib of the unpacked npm package hl7-dictionary")
	eventsFile := flag.String("events", "events.csv", "which structure each trigger event uses")
	decisionsFile := flag.String("disagreements", "disagreements.csv", "the decisions, one a line")
	out := flag.String("out", "facts", "the folder to write to")
	flag.Parse()
	if err := generate(*apyDir, *dictDir, *decisionsFile, *eventsFile, *out); err != nil {
		log.Fatal(err)
	}
}

func generate(apyDir, dictDir, decisionsFile, eventsFile, out string) error {
	decisions, err := readDecisions(decisionsFile)
	if err != nil {
		return err
	}
	events, err := readEvents(eventsFile)
	if err != nil {
		return err
	}
	displays, err := readDictionaryTables(filepath.Join(dictDir, "tables.js"))
	if err != nil {
		return err
	}
	pool := newPool()
	files := make(map[string][]byte)
	for _, v := range versions {
		apy, err := readApy(apyDir, v)
		if err != nil {
			return fmt.Errorf("hl7apy %s: %w", v, err)
		}
		dict, err := readDictionary(dictDir, v)
		if err != nil {
			return fmt.Errorf("hl7-dictionary %s: %w", v, err)
		}
		merged, err := merge(v, apy, dict, decisions)
		if err != nil {
			return err
		}
		if err := merged.addEvents(events); err != nil {
			return err
		}
		merged.addDisplays(displays)
		data, err := merged.encode(pool)
		if err != nil {
			return fmt.Errorf("%s: %w", v, err)
		}
		files[v+".facts"] = data
		log.Printf("%s: %d segments, %d fields, %d types, %d structures, %d tables, %d bytes", v, len(merged.segments), merged.fieldCount(), len(merged.types), len(merged.structures), len(merged.tables), len(data))
	}
	if err := decisions.unused(); err != nil {
		return err
	}
	files["strings.facts"] = pool.bytes()
	log.Printf("strings: %d bytes", len(pool.bytes()))
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(out, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
