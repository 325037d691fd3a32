package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNumberCommands(t *testing.T) {
	for _, c := range []struct {
		name  string
		stdin string
		args  []string
		code  int
		want  string // standard output, or part of standard error for code 2
	}{
		{"valid", "", []string{"check", "999 000 0018"}, exitOK,
			`{"input":"999 000 0018","valid":true,"number":"9990000018","formatted":"999 000 0018","region":"test-999","code":"","offset":-1}` + "\n"},
		{"wrong check digit", "", []string{"check", "9990000019"}, exitFindings,
			`{"input":"9990000019","valid":false,"number":"","formatted":"","region":"","code":"check_digit","offset":9}` + "\n"},
		{"lenient", "", []string{"check", "999-000-0018"}, exitOK,
			`{"input":"999-000-0018","valid":true,"number":"9990000018","formatted":"999 000 0018","region":"test-999","code":"","offset":-1}` + "\n"},
		{"strict", "", []string{"check", "-strict", "999-000-0018"}, exitFindings,
			`{"input":"999-000-0018","valid":false,"number":"","formatted":"","region":"","code":"format","offset":3}` + "\n"},
		{"lines", "9990000018\n\n", []string{"check", "-text"}, exitFindings,
			"999 000 0018: test-999\n\"\": error nhsnumber.empty: nhsnumber: no number given (ISB 0149 requirement 10 takes ten digits with or without spaces)\n"},
		{"for people", "", []string{"check", "-text", "99900000l8"}, exitFindings,
			"\"99900000l8\": error nhsnumber.character: nhsnumber: unexpected character (ISB 0149 requirement 10 takes ten digits with or without spaces)\n    99900000l8\n            ^\n"},
		{"extract", "é NHS 999 000 0018.", []string{"extract"}, exitOK,
			`{"file":"-","found":[{"number":"9990000018","start":7,"end":19,"score":100,"region":"test-999"}]}` + "\n"},
		{"extract two", "9990000018,9990000026", []string{"extract"}, exitOK,
			`{"file":"-","found":[{"number":"9990000018","start":0,"end":10,"score":50,"region":"test-999"},{"number":"9990000026","start":11,"end":21,"score":50,"region":"test-999"}]}` + "\n"},
		{"a line without end", strings.Repeat("9", 2<<20), []string{"check"}, exitIO, ""},
		{"extract nothing", "Tel 020 7946 0958", []string{"extract"}, exitOK, `{"file":"-","found":[]}` + "\n"},
		{"extract above a score", "9990000018", []string{"extract", "-min", "60"}, exitOK, `{"file":"-","found":[]}` + "\n"},
		{"generate", "", []string{"generate", "-n", "2"}, exitOK, "9990000018\n9990000026\n"},
		{"generate too many", "", []string{"generate", "-n", "909092"}, exitUsage, "0 to 909091"},
		{"generate an argument", "", []string{"generate", "3"}, exitUsage, "takes no arguments"},
		{"redact", "a\r\n9990000018\x00", []string{"redact"}, exitOK, "a\r\n*** *** ****\x00"},
		{"redact two", "", []string{"redact", "a", "b"}, exitUsage, "takes one file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := nhskit(c.stdin, append([]string{"number"}, c.args...)...)
			ok := got.out == c.want
			if c.code == exitUsage {
				ok = strings.Contains(got.errOut, c.want)
			}
			if got.code != c.code || !ok {
				t.Errorf("exit %d\n%s%s, want %d\n%s", got.code, got.out, got.errOut, c.code, c.want)
			}
		})
	}
}

func TestNumberGenerateSeed(t *testing.T) {
	a := nhskit("", "number", "generate", "-n", "1000", "-seed", "7")
	if b := nhskit("", "number", "generate", "-n", "1000", "-seed", "7"); a.out != b.out {
		t.Error("the same seed gives different numbers")
	}
	if b := nhskit("", "number", "generate", "-n", "1000", "-seed", "8"); a.out == b.out {
		t.Error("different seeds give the same numbers")
	}
	seen := map[string]bool{}
	for n := range strings.Lines(a.out) {
		if seen[n] || !strings.HasPrefix(n, "999") {
			t.Errorf("%q comes twice or is not of the 999 range", n)
		}
		seen[n] = true
	}
	if check := nhskit(a.out, "number", "check", "-strict"); check.code != exitOK || len(seen) != 1000 {
		t.Errorf("%d numbers, check says %d", len(seen), check.code)
	}
}

func TestNumberFiles(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "note.txt")
	if err := os.WriteFile(name, []byte("NHS 9990000018"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := nhskit("", "number", "extract", filepath.Join(dir, "none"), name)
	if got.code != exitIO || !strings.Contains(got.out, `"start":4`) || !strings.Contains(got.errOut, "none: no such file") {
		t.Errorf("exit %d, %q, %q: the other file is still read", got.code, got.out, got.errOut)
	}
	if got := nhskit("", "number", "redact", dir); got.code != exitIO || !strings.Contains(got.errOut, "is a directory") {
		t.Errorf("exit %d, %q", got.code, got.errOut)
	}
}
