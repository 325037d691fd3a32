package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/consent/audit"
	"github.com/nhskit/nhskit/consent/fhirconsent/vector"
	"github.com/nhskit/nhskit/consent/optout"
	"github.com/nhskit/nhskit/nhsnumber"
)

// optOutCommands clean files, talk to the national service and keep the audit
// log.
func optOutCommands() []command {
	return []command{
		{
			name:    "consent clean",
			args:    "-optouts FILE -column NAME|N -max-age D [-as-of T] [-format csv|ndjson|fhir] [IN]",
			summary: "Take the rows of people with a national opt-out out of a file",
			example: "nhskit consent clean -optouts optouts.txt -column nhs_number -max-age 21d in.csv > out.csv",
			setup: func(f *flag.FlagSet) runner {
				var o cleanFlags
				f.StringVar(&o.optOuts, "optouts", "", "the opt-outs: a `file` with one number a line, or one that consent set made")
				f.StringVar(&o.column, "column", "", "`name` of the column with the NHS number, or its number from 1")
				f.StringVar(&o.maxAge, "max-age", "", "how old the opt-outs may be: a `duration` such as 21d or 504h; required, as there is no safe default")
				f.StringVar(&o.asOf, "as-of", "", "the `time` as of which the opt-outs are true; by default that in the file, or when it was changed")
				f.StringVar(&o.format, "format", "csv", "csv, ndjson or fhir (one resource a line)")
				return func(c *console, args []string) error { return consentClean(c, o, args) }
			},
		},
		{
			name:    "consent set",
			args:    "-o FILE [-as-of T] [-expires T] [-compact] [FILE...]",
			summary: "Build a file of opt-outs that is mapped into memory and verified when opened",
			example: "nhskit consent set -o optouts.bin -as-of 2026-03-01T06:00:00Z optouts.txt",
			setup: func(f *flag.FlagSet) runner {
				out := f.String("o", "", "the `file` to write")
				asOf := f.String("as-of", "", "the `time` as of which the opt-outs are true; required")
				expires := f.String("expires", "", "the `time` from which the file must not be used")
				compact := f.Bool("compact", false, "the smallest form rather than the fastest")
				return func(c *console, args []string) error { return consentSet(c, *out, *asOf, *expires, *compact, args) }
			},
		},
		{
			name:    "consent mesh-request",
			args:    "[-crlf] [-check] [FILE]",
			summary: "Write a request file for the national opt-out check, or check one",
			example: "nhskit number generate -n 3 | nhskit consent mesh-request",
			setup: func(f *flag.FlagSet) runner {
				crlf := f.Bool("crlf", false, "end lines with CR LF")
				check := f.Bool("check", false, "read a request file and report on it")
				return func(c *console, args []string) error {
					return c.eachInput(args, func(name string, data []byte) error { return meshRequest(c, name, data, *crlf, *check) })
				}
			},
		},
		{
			name:    "consent mesh-response",
			args:    "REQUEST RESPONSE",
			summary: "Read a response of the national opt-out check beside its request",
			example: "nhskit consent mesh-response request.dat response.dat",
			setup: func(*flag.FlagSet) runner {
				return func(c *console, args []string) error { return meshResponse(c, args) }
			},
		},
		{
			name:    "consent audit",
			args:    "append|verify|prove LOG [FILE...|ENTRIES ROOT|INDEX]",
			summary: "Keep decisions in a log that cannot be changed unnoticed",
			example: "nhskit consent audit append decisions.log vectors.json\nnhskit consent audit verify decisions.log\nnhskit consent audit verify decisions.log 2 ROOT  (as verify printed them before)\nnhskit consent audit prove decisions.log 0",
			setup: func(*flag.FlagSet) runner {
				return func(c *console, args []string) error { return consentAudit(c, args) }
			},
		},
	}
}

type cleanFlags struct{ optOuts, column, maxAge, asOf, format string }

// parseAge reads a duration; d stands for days, and so does no unit.
func parseAge(s string) (time.Duration, bool) {
	if n, err := strconv.ParseFloat(strings.TrimSuffix(s, "d"), 64); err == nil {
		return time.Duration(n * 24 * float64(time.Hour)), n > 0
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d > 0
}

// parseWhen reads an instant, or a day in London.
func parseWhen(s string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, false
	}
	from, _ := consent.LondonDay(t.Date())
	return from, true
}

func consentClean(c *console, f cleanFlags, args []string) error {
	o := optout.Options{At: time.Now()}
	var ok bool
	switch {
	case f.optOuts == "" || f.maxAge == "":
		return usagef("consent clean: -optouts and -max-age are required")
	case f.column == "" && f.format != "fhir":
		return usagef("consent clean: -column is required")
	case len(args) > 1:
		return usagef("consent clean: one input at a time")
	}
	if o.MaxAge, ok = parseAge(f.maxAge); !ok {
		return usagef("consent clean: -max-age: a duration such as 21d or 504h is due")
	}
	switch f.format {
	case "csv":
	case "ndjson":
		o.Format = optout.NDJSON
	case "fhir":
		o.Format = optout.FHIR
	default:
		return usagef("consent clean: -format: csv, ndjson or fhir is due")
	}
	if n, err := strconv.Atoi(f.column); err == nil && o.Format == optout.CSV {
		if n < 1 {
			return usagef("consent clean: columns are numbered from 1")
		}
		o.Index = n - 1
	} else {
		o.Column = f.column
	}
	set, err := c.optOutSet(f.optOuts, f.asOf)
	if err != nil {
		return err
	}
	name := "-"
	if len(args) == 1 {
		name = args[0]
	}
	in, err := c.open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	report, err := optout.Clean(context.Background(), in, c.out, set, o)
	for _, i := range report.Issues {
		fmt.Fprintf(c.err, "%s:%d: %s (%v)\n", name, i.Line, i.Text, i.Err)
	}
	text, _ := json.Marshal(report)
	fmt.Fprintf(c.err, "%s\n", text)
	switch {
	case errors.Is(err, optout.ErrStale):
		fmt.Fprintf(c.err, "nhskit: %v\n", err)
		return errFindings
	case err != nil:
		return err
	case report.Rejected > 0:
		return errFindings
	}
	return nil
}

// optOutSet opens a set, or builds one from a list of numbers.
func (c *console) optOutSet(name, asOf string) (*optout.Set, error) {
	set, err := optout.Open(name)
	if err == nil {
		if asOf != "" {
			return nil, usagef("consent clean: the file of opt-outs has its own time")
		}
		return set, nil
	}
	if !errors.Is(err, optout.ErrCorrupt) {
		return nil, plainPathError(name, err)
	}
	data, err := c.read(name)
	if err != nil {
		return nil, err
	}
	meta := optout.Meta{Form: optout.Compact}
	if info, err := os.Stat(name); err == nil {
		meta.AsOf = info.ModTime()
	}
	if asOf != "" {
		var ok bool
		if meta.AsOf, ok = parseWhen(asOf); !ok {
			return nil, usagef("consent clean: -as-of: an instant or a day is due")
		}
	}
	return buildSet(name, data, meta)
}

// buildSet builds a set from a text with one number a line. A line that is not
// a number stops it: a list with a mistake would let somebody through.
func buildSet(name string, data []byte, meta optout.Meta) (*optout.Set, error) {
	var fault error
	set, err := optout.Build(numberLines(name, data, &fault), meta)
	if fault != nil {
		return nil, fault
	}
	return set, err
}

// numberLines yields the numbers of a text, one a line, with or without a
// comma; a header without digits is skipped.
func numberLines(name string, data []byte, fault *error) iter.Seq[nhsnumber.Number] {
	return func(yield func(nhsnumber.Number) bool) {
		if bytes.HasPrefix(data, []byte("NHSOOS")) {
			*fault = fmt.Errorf("%s: %w", name, optout.ErrCorrupt)
			return
		}
		line := 0
		for raw := range bytes.Lines(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))) {
			line++
			text := bytes.TrimRight(raw, ", \t\r\n")
			if len(text) == 0 || line == 1 && !bytes.ContainsAny(text, "0123456789") {
				continue
			}
			n, err := nhsnumber.ParseBytes(text)
			if err != nil {
				*fault = fmt.Errorf("%s:%d: not an NHS number: %w", name, line, err)
				return
			}
			if !yield(n) {
				return
			}
		}
	}
}

func consentSet(c *console, out, asOf, expires string, compact bool, names []string) error {
	meta := optout.Meta{}
	var ok bool
	if out == "" || asOf == "" {
		return usagef("consent set: -o and -as-of are required")
	}
	if meta.AsOf, ok = parseWhen(asOf); !ok {
		return usagef("consent set: -as-of: an instant or a day is due")
	}
	if expires != "" {
		if meta.Expires, ok = parseWhen(expires); !ok {
			return usagef("consent set: -expires: an instant or a day is due")
		}
	}
	if compact {
		meta.Form = optout.Compact
	}
	var all bytes.Buffer
	if err := c.eachInput(names, func(_ string, data []byte) error {
		all.Write(data)
		return all.WriteByte('\n')
	}); err != nil {
		return err
	}
	set, err := buildSet("opt-outs", all.Bytes(), meta)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dirOf(out), ".optouts-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err = set.WriteTo(f); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), out)
	}
	if err != nil {
		return err
	}
	return c.json(struct {
		File    string    `json:"file"`
		Numbers int       `json:"numbers"`
		Bytes   int       `json:"bytes"`
		Form    string    `json:"form"`
		AsOf    time.Time `json:"asOf"`
	}{out, set.Len(), set.Size(), meta.Form.String(), meta.AsOf})
}

// dirOf returns the folder of a file.
func dirOf(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		return name[:i+1]
	}
	return "."
}

// meshIssues converts findings about request and response files.
func meshIssues(found []consent.Issue) []issue {
	out := []issue{}
	for _, i := range found {
		out = append(out, issue{Severity: i.Severity.String(), Code: i.Code, Path: i.Path, Offset: i.Offset, Line: i.Line, Col: i.Col, Clause: i.Clause, Text: i.Text})
	}
	return out
}

func meshRequest(c *console, name string, data []byte, crlf, check bool) error {
	if check {
		r, found := optout.ReadRequest(data, optout.ReadOptions{})
		issues := meshIssues(found)
		if err := c.json(struct {
			File    string  `json:"file"`
			Records int     `json:"records"`
			Unique  int     `json:"unique"`
			LineEnd string  `json:"lineEnd"`
			Issues  []issue `json:"issues"`
		}{name, len(r.Numbers), r.Unique, r.LineEnd, issues}); err != nil {
			return err
		}
		if hasErrors(issues) {
			return errFindings
		}
		return nil
	}
	var fault error
	var numbers []nhsnumber.Number
	for n := range numberLines(name, data, &fault) {
		numbers = append(numbers, n)
	}
	if fault != nil {
		// The service rejects a whole file for one bad number: write none.
		fmt.Fprintf(c.err, "nhskit: %v\n", fault)
		return errFindings
	}
	out, err := optout.AppendRequest(nil, numbers, crlf)
	if err != nil {
		return err
	}
	_, err = c.out.Write(out)
	return err
}

func meshResponse(c *console, args []string) error {
	if len(args) != 2 {
		return usagef("consent mesh-response: a request and a response are due")
	}
	request, err := c.read(args[0])
	if err != nil {
		return err
	}
	response, err := c.read(args[1])
	if err != nil {
		return err
	}
	r, found := optout.ReadRequest(request, optout.ReadOptions{})
	got, more := optout.Match(r, response)
	digits := func(list []nhsnumber.Number) []string {
		out := []string{}
		for _, n := range list {
			out = append(out, n.Digits())
		}
		return out
	}
	issues := append(meshIssues(found), meshIssues(more)...)
	if err := c.json(struct {
		File     string   `json:"file"`
		Clear    []string `json:"clear"`
		OptedOut []string `json:"optedOut"`
		Unknown  []string `json:"unknown"`
		Issues   []issue  `json:"issues"`
	}{args[1], digits(got.Clear), digits(got.OptedOut), digits(got.Unknown), issues}); err != nil {
		return err
	}
	if hasErrors(issues) {
		return errFindings
	}
	return nil
}

func consentAudit(c *console, args []string) error {
	if len(args) < 2 {
		return usagef("consent audit: append, verify or prove, and the log, are due")
	}
	verb, dir, rest := args[0], args[1], args[2:]
	if verb != "append" && verb != "verify" && verb != "prove" {
		return usagef("consent audit: unknown verb %q%s", verb, didYouMean(verb, []string{"append", "verify", "prove"}))
	}
	if _, err := os.Stat(dir); err != nil && verb != "append" {
		return plainPathError(dir, err)
	}
	log, err := audit.Open(dir)
	if errors.Is(err, audit.ErrDamaged) {
		fmt.Fprintf(c.err, "nhskit: %v\n", err)
		return errFindings
	}
	if err != nil {
		return err
	}
	defer log.Close()
	switch verb {
	case "append":
		return auditAppend(c, log, rest)
	case "verify":
		return auditVerify(c, log, rest)
	}
	return auditProve(c, log, rest)
}

// auditAppend decides the vectors of a file and logs the decisions. Lines of
// JSON that are no vectors are logged as they are.
func auditAppend(c *console, log *audit.Log, names []string) error {
	return errors.Join(c.eachInput(names, func(name string, data []byte) error {
		if vectors, err := vector.Read(data); err == nil && len(vectors) > 0 && vectors[0].Request != nil {
			for _, v := range vectors {
				if err := auditVector(c, log, v); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			return nil
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			line := bytes.TrimSpace(lines.Bytes())
			if len(line) == 0 {
				continue
			}
			if !json.Valid(line) {
				return fmt.Errorf("%s: a line that is not JSON", name)
			}
			if err := auditBytes(c, log, "", bytes.Clone(line)); err != nil {
				return err
			}
		}
		return lines.Err()
	}), log.Sync())
}

func auditVector(c *console, log *audit.Log, v vector.Vector) error {
	r, d, err := vector.Ask(context.Background(), v)
	if errors.Is(err, vector.ErrNoEngine) {
		a, err := vector.Decide(context.Background(), v, nil)
		if err != nil {
			return err
		}
		data, err := json.Marshal(lineOf(a))
		if err != nil {
			return err
		}
		return auditBytes(c, log, v.ID, data)
	}
	if err != nil {
		return err
	}
	e, err := audit.NewEntry(r, d, time.Now())
	if err != nil {
		return err
	}
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return auditBytes(c, log, v.ID, data)
}

func auditBytes(c *console, log *audit.Log, id string, data []byte) error {
	salt, err := audit.NewSalt(nil)
	if err != nil {
		return err
	}
	index, err := log.AppendBytes([]audit.Salt{salt}, [][]byte{data})
	if err != nil {
		return err
	}
	return c.json(struct {
		Index int64  `json:"index"`
		ID    string `json:"id,omitempty"`
	}{index, id})
}

// auditVerify checks the whole log and makes its decisions again. With the
// number of entries and the root of an earlier time it also checks that those
// entries are there still.
func auditVerify(c *console, log *audit.Log, args []string) error {
	var earlier audit.Checkpoint
	if len(args) > 0 {
		var err error
		if earlier, err = parseCheckpoint(args); err != nil {
			return err
		}
	}
	erased, err := log.Verify()
	if err == nil && len(args) > 0 {
		err = log.Check(earlier)
	}
	replayed, differ := 0, 0
	for i := int64(0); err == nil && i < log.Len(); i++ {
		data, _, e := log.Read(i)
		if e != nil {
			continue
		}
		entry, e := audit.ParseEntry(data)
		if e != nil {
			continue // not a decision of an engine
		}
		switch e := entry.Replay(consent.NHSPolicy()); {
		case errors.Is(e, consent.ErrOtherPolicy):
		case e != nil:
			differ++
		default:
			replayed++
		}
	}
	var root [32]byte
	if err == nil {
		root, err = log.Root(log.Len())
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	if e := c.json(struct {
		Valid    bool   `json:"valid"`
		Entries  int64  `json:"entries"`
		Erased   int64  `json:"erased"`
		Root     string `json:"root"`
		Replayed int    `json:"replayed"`
		Differ   int    `json:"differ"`
		Error    string `json:"error,omitempty"`
	}{err == nil && differ == 0, log.Len(), erased, fmt.Sprintf("%x", root), replayed, differ, text}); e != nil {
		return e
	}
	if err != nil || differ > 0 {
		return errFindings
	}
	return nil
}

// parseCheckpoint reads the number of entries and the root as verify prints them.
func parseCheckpoint(args []string) (c audit.Checkpoint, err error) {
	wrong := usagef("consent audit verify: the entries and the root of an earlier time are due, or neither")
	if len(args) != 2 {
		return c, wrong
	}
	size, err := strconv.ParseInt(args[0], 10, 64)
	root, e := hex.DecodeString(args[1])
	if err != nil || e != nil || size < 0 || len(root) != len(c.Root) {
		return c, wrong
	}
	return audit.Checkpoint{Size: size, Root: [32]byte(root)}, nil
}

func auditProve(c *console, log *audit.Log, args []string) error {
	if len(args) != 1 {
		return usagef("consent audit prove: the index of an entry is due")
	}
	index, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return usagef("consent audit prove: the index of an entry is due")
	}
	size := log.Len()
	p, err := log.ProveInclusion(index, size)
	if errors.Is(err, audit.ErrRange) {
		return usagef("consent audit prove: %v", err)
	}
	if err != nil {
		return err
	}
	root, err := log.Root(size)
	if err != nil {
		return err
	}
	if err := audit.VerifyInclusion(p, audit.Checkpoint{Size: size, Root: root}, nil, nil); err != nil {
		return err
	}
	return c.json(struct {
		audit.Proof
		Root []byte `json:"root"`
	}{p, root[:]})
}
