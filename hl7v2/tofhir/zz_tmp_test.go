package tofhir_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

func TestZZ(t *testing.T) {
	root := corpus(t)
	re := regexp.MustCompile(`entry\[(\d+)\]\.resource\.?(.*)`)
	for _, suite := range []string{"uk", "reportstream", "fhir-converter", "linuxforhealth"} {
		conv, _ := tofhir.New(suiteOptions(suite)...)
		filepath.WalkDir(filepath.Join(root, "messages", suite), func(path string, d fs.DirEntry, err error) error {
			if d.IsDir() {
				return nil
			}
			raw, _ := os.ReadFile(path)
			m, err := hl7v2.Parse(raw)
			if err != nil {
				return nil
			}
			res, err := conv.Convert(m)
			if err != nil {
				return nil
			}
			var b struct{ Entry []struct{ Resource map[string]any } }
			json.Unmarshal(res.Bundle, &b)
			tree, err := fhir.Parse(res.Bundle)
			for _, i := range tree.Issues() {
				if i.Severity <= fhir.Error {
					x := re.FindStringSubmatch(fmt.Sprint(i))
					n, _ := strconv.Atoi(x[1])
					js, _ := json.Marshal(b.Entry[n].Resource)
					fmt.Printf("ZZ\t%s\t%s\t%v.%s\t%s\n", suite, d.Name(), b.Entry[n].Resource["resourceType"], x[2], js)
				}
			}
			return nil
		})
	}
}
