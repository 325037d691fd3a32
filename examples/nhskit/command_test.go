package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
)

// result is what one run of the program gave.
type result struct {
	code        int
	out, errOut string
}

// nhskit runs the program with the given standard input and arguments.
func nhskit(stdin string, args ...string) result {
	var out, errOut bytes.Buffer
	code := run(args, strings.NewReader(stdin), &out, &errOut)
	return result{code, out.String(), errOut.String()}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		code int
		want string // on standard output for code 0, else on standard error
	}{
		{"help", []string{"help"}, exitOK, "Exit codes: 0 fine"},
		{"help of a command", []string{"help", "tour"}, exitOK, "usage: nhskit tour"},
		{"flag -h", []string{"tour", "-h"}, exitOK, "usage: nhskit tour"},
		{"unknown command", []string{"tuor"}, exitUsage, `did you mean "tour"?`},
		{"far from every command", []string{"zzzzzzzz"}, exitUsage, "try: nhskit help"},
		{"unknown flag", []string{"tour", "-txt"}, exitUsage, `did you mean "text"?`},
		{"help of an unknown command", []string{"help", "tuor"}, exitUsage, `did you mean "tour"?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := nhskit("", c.args...)
			text := got.errOut
			if c.code == exitOK {
				text = got.out
			}
			if got.code != c.code || !strings.Contains(text, c.want) {
				t.Fatalf("exit %d, out %q, err %q; want exit %d and %q", got.code, got.out, got.errOut, c.code, c.want)
			}
		})
	}
}

func TestEveryCommandTeaches(t *testing.T) {
	for _, cmd := range commands() {
		if cmd.summary == "" || !strings.Contains("\n"+cmd.example, "\nnhskit "+cmd.name) && !strings.Contains(cmd.example, "| nhskit "+cmd.name) {
			t.Errorf("%s: needs a summary and an example that calls nhskit", cmd.name)
		}
		if strings.HasSuffix(cmd.summary, ".") {
			t.Errorf("%s: the summary ends with a full stop", cmd.name)
		}
		if got := nhskit("", append([]string{"help"}, strings.Fields(cmd.name)...)...); got.code != exitOK || !strings.Contains(got.out, "example:") {
			t.Errorf("help %s: exit %d, %q", cmd.name, got.code, got.out)
		}
	}
}

func TestEachInput(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.txt")
	if err := os.WriteFile(good, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	var errOut bytes.Buffer
	c := &console{in: strings.NewReader("from stdin"), err: &errOut}
	var seen []string
	err := c.eachInput([]string{filepath.Join(dir, "none"), dir, good, "-"}, func(name string, data []byte) error {
		seen = append(seen, string(data))
		return errFindings
	})
	if err != errReported {
		t.Errorf("err = %v, want errReported: an unreadable input outweighs findings", err)
	}
	if got := strings.Join(seen, ","); got != "abc,from stdin" {
		t.Errorf("read %q", got)
	}
	for _, want := range []string{"none: no such file", "is a directory"} {
		if !strings.Contains(errOut.String(), want) {
			t.Errorf("standard error %q lacks %q", errOut.String(), want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	src := []byte("first\rPID|1||\xc3\xa9\x01x\nlast")
	line, caret, ok := excerpt(src, int64(bytes.IndexByte(src, 'x')))
	if !ok || line != "PID|1||é.x" || caret != 9 {
		t.Errorf("excerpt = %q, %d, %v", line, caret, ok)
	}
	if _, _, ok := excerpt(src, -1); ok {
		t.Error("an unknown offset has no excerpt")
	}
	if _, _, ok := excerpt(src, int64(len(src)+1)); ok {
		t.Error("an offset outside has no excerpt")
	}
}

func TestDidYouMean(t *testing.T) {
	for _, c := range []struct{ word, want string }{
		{"chekc", "check"}, {"gnerate", "generate"}, {"uk", "ku"}, {"zzz", ""},
	} {
		got := didYouMean(c.word, []string{"check", "extract", "generate", "ku"})
		if c.want == "" && got != "" || c.want != "" && !strings.Contains(got, `"`+c.want+`"`) {
			t.Errorf("didYouMean(%q) = %q", c.word, got)
		}
	}
}

// failing is a standard output that is full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space") }

// TestFullOutput: findings that cannot be written are an output error.
func TestFullOutput(t *testing.T) {
	var errOut strings.Builder
	if code := run([]string{"hl7", "validate"}, strings.NewReader("MSH|^~\\&|\r"), failing{}, &errOut); code != exitIO || !strings.Contains(errOut.String(), "no space") {
		t.Errorf("code %d, %q", code, errOut.String())
	}
}

// TestPlacesOfManyMessages: lines count through the whole file.
func TestPlacesOfManyMessages(t *testing.T) {
	const message = "MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.4\r\nPID|1||1||LEE||x\r\n\r\n"
	data := []byte(strings.Repeat(message, 50))
	var places hl7Places
	for m, err := range hl7v2.Messages(data) {
		if err != nil {
			t.Fatal(err)
		}
		base := startIn(data, m.Bytes())
		for _, offset := range []int64{3, 60, 46} {
			is := hl7v2.Issue{Offset: offset}
			got := places.issue(is, data, base)
			is.Offset += int64(base)
			if want := is.Locate(data); got.Line != want.Line || got.Col != want.Col || got.Offset != want.Offset {
				t.Fatalf("%d: %d:%d, want %d:%d", want.Offset, got.Line, got.Col, want.Line, want.Col)
			}
		}
	}
}
