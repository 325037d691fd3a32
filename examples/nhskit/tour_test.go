package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/fhir"
)

func TestTour(t *testing.T) {
	got := nhskit("")
	if got.code != exitOK || got.errOut != "" {
		t.Fatalf("exit %d, %s", got.code, got.errOut)
	}
	for _, want := range []string{
		"1-admission.hl7            ADT^A01 admission", "NHS number    999 004 2101 valid, number present and verified",
		"not valid: check digit does not match", "a study       deny: s251 support, ndo applies", "an app's test deny: no common law basis",
		"7 in 7 files, 0 unreadable", "6 valid",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("the tour does not say %q", want)
		}
	}
	for line := range strings.SplitSeq(got.out, "\n") {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// TestTourAccountsForAllValues reads the totals: no value of a message may
// vanish without a word.
func TestTourAccountsForAllValues(t *testing.T) {
	m := regexp.MustCompile(`(\d+) = (\d+) mapped \+ (\d+) kept \+ (\d+) lost`).FindStringSubmatch(nhskit("").out)
	if m == nil {
		t.Fatal("no totals")
	}
	n := func(i int) (v int) {
		for _, c := range m[i] {
			v = v*10 + int(c-'0')
		}
		return v
	}
	if n(1) != n(2)+n(3)+n(4) || n(2) == 0 {
		t.Errorf("%s", m[0])
	}
}

func TestTourOfFiles(t *testing.T) {
	dir := t.TempDir()
	feed := ""
	for _, name := range []string{"1-admission.hl7", "5-windows-1252.hl7"} {
		data, err := os.ReadFile(filepath.Join("messages", name))
		if err != nil {
			t.Fatal(err)
		}
		feed += string(data)
	}
	file := filepath.Join(dir, "feed.hl7")
	if err := os.WriteFile(file, []byte(feed+"stray\r"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	got := nhskit("", "tour", "-o", out, file)
	if strings.Contains(got.out, "999 004") || !strings.Contains(got.out, "*** *** ****") {
		t.Errorf("numbers of files are shown unasked:\n%s", got.out)
	}
	for _, name := range []string{"feed.json", "feed-2.json"} {
		data, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fhir.Parse(data, fhir.Strict()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "feed-2.json" && !strings.Contains(string(data), "O’SHEA") {
			t.Errorf("%s has lost the name in Windows-1252", name)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "feed.report.json")); err != nil {
		t.Error(err)
	}
	if got := nhskit("", "tour", "-show", file); !strings.Contains(got.out, "999 004 2101") {
		t.Error("-show does not show")
	}
}

func TestTourOfBadInput(t *testing.T) {
	for _, c := range []struct {
		name, stdin string
		args        []string
		code        int
		want        string
	}{
		{"empty", "", []string{"tour", "-"}, exitFindings, "no message"},
		{"NUL bytes", "\x00\x00\x00", []string{"tour", "-"}, exitFindings, "no message"},
		{"one long line", strings.Repeat("x", 1<<20), []string{"tour", "-"}, exitFindings, "no MSH stands before"},
		{"no file", "", []string{"tour", "/none.hl7"}, exitIO, "no such file"},
		{"a folder", "", []string{"tour", "messages"}, exitIO, "is a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := nhskit(c.stdin, c.args...)
			if got.code != c.code || !strings.Contains(got.out+got.errOut, c.want) {
				t.Errorf("exit %d, want %d and %q; %.300s %.300s", got.code, c.code, c.want, got.out, got.errOut)
			}
		})
	}
}
