package tofhir_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

func TestZZDump(t *testing.T) {
	root := corpus.Path(t, "v2-to-fhir")
	out := os.Getenv("ZZ_OUT")
	if out == "" {
		t.Skip()
	}
	disputed := readDisputed(t)
	os.MkdirAll(out, 0o777)
	w, _ := os.Create(filepath.Join(out, "misses.ndjson"))
	defer w.Close()
	e := json.NewEncoder(w)
	for _, suite := range []string{"uk", "reportstream", "fhir-converter", "linuxforhealth"} {
		conv, err := tofhir.New(append(suiteOptions(suite), tofhir.Trace())...)
		if err != nil {
			t.Fatal(err)
		}
		filepath.WalkDir(filepath.Join(root, "facts", suite), func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".json" {
				return err
			}
			data, _ := os.ReadFile(path)
			dec := json.NewDecoder(strings.NewReader(string(data)))
			dec.UseNumber()
			var f factFile
			dec.Decode(&f)
			raw, _ := os.ReadFile(filepath.Join(root, f.Message))
			var bundle any = map[string]any{}
			m, err := hl7v2.Parse(raw)
			if err != nil {
				t.Log(err)
				return nil
			}
			res, err := conv.Convert(m)
			reason := ""
			if err == nil {
				bundle, _ = decode(res.Bundle)
			} else {
				reason = err.Error()
			}
			name := strings.ReplaceAll(strings.TrimPrefix(f.Message, "messages/"), "/", "__")
			pretty, _ := json.MarshalIndent(bundle, "", " ")
			os.WriteFile(filepath.Join(out, name+".json"), pretty, 0o666)
			loss := map[string]string{}
			for _, l := range res.Loss.Items {
				loss[l.Path] = string(l.Reason) + "\t" + l.Value
			}
			lj, _ := json.MarshalIndent(loss, "", " ")
			os.WriteFile(filepath.Join(out, name+".loss"), lj, 0o666)
			for _, ft := range f.Expect {
				if disputed[f.Message+" "+ft.Path] {
					continue
				}
				ok, got, _ := ft.check(bundle)
				if !ok {
					want := ft.Equals
					op := "equals"
					if want == nil {
						want, op = ft.Includes, "includes"
					}
					e.Encode(map[string]any{"suite": suite, "msg": f.Message, "path": ft.Path, "tier": ft.Tier, "got": got, "want": want, "op": op, "err": reason, "out": name})
				}
			}
			return nil
		})
	}
}
