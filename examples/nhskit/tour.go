package main

import (
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nhskit/nhskit/fhir"
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
	"github.com/nhskit/nhskit/hl7v2/uk"
	"github.com/nhskit/nhskit/nhsnumber"
)

//go:embed messages
var tourMessages embed.FS

func tourCommands() []command {
	return []command{{
		name:    "tour",
		args:    "[-o DIR] [-show] [FILE…]",
		summary: "Follow HL7 v2 messages to checked numbers, findings, FHIR and decisions",
		example: "nhskit tour\nnhskit tour -o out feed.hl7",
		setup: func(flags *flag.FlagSet) runner {
			dir := flags.String("o", "", "write each bundle and its report to this `folder`")
			show := flags.Bool("show", false, "show NHS numbers of files; those of the embedded messages are invented and always shown")
			return func(c *console, args []string) error {
				t, err := newTour(c, *dir)
				if err != nil {
					return err
				}
				if len(args) > 0 {
					t.show = *show
					return t.files(args)
				}
				t.show = true
				return t.embedded()
			}
		},
	}}
}

// tour is one run: the tools it uses, and what they have done so far.
type tour struct {
	*console
	dir       string
	show      bool
	validator schema.Validator
	converter *tofhir.Converter
	gate      *gate
	totals    tourTotals
	times     [numStages]time.Duration
	issues    []issue // of the message being shown
	places    hl7Places
}

// The stages of which the tour adds up the time.
const (
	stageRead = iota
	stageCheck
	stageConvert
	stageFHIR
	stageDecide
	numStages
)

var stageNames = [numStages]string{"read", "check HL7 v2", "convert", "check FHIR", "decide"}

type tourTotals struct {
	files, messages, unreadable, valid, issues, errors, resources, leaves, mapped, kept, lost, fhirErrors int
	bytes                                                                                                 int64
}

func newTour(c *console, dir string) (*tour, error) {
	converter, err := tofhir.New(tofhir.UK())
	if err != nil {
		return nil, err
	}
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, plainPathError(dir, err)
		}
	}
	return &tour{console: c, dir: dir, validator: uk.Validator(), converter: converter, gate: newGate()}, nil
}

// embedded shows the messages of the program itself. Its broken ones are part
// of the show, and no failure.
func (t *tour) embedded() error {
	fmt.Fprint(t.out, "Messages of a hospital that does not exist, about people who do not exist,\non their way from HL7 v2 to UK Core FHIR.\n")
	entries, err := tourMessages.ReadDir("messages")
	if err != nil {
		return err
	}
	for _, e := range entries {
		data, err := tourMessages.ReadFile("messages/" + e.Name())
		if err != nil {
			return err
		}
		if err := t.file(e.Name(), data); err != nil {
			return err
		}
	}
	t.summary()
	return nil
}

// files shows messages of the user's.
func (t *tour) files(names []string) error {
	err := t.eachInput(names, t.file)
	t.summary()
	if err == nil && t.totals.errors+t.totals.fhirErrors+t.totals.unreadable > 0 {
		return errFindings
	}
	return err
}

// file shows the messages of one file.
func (t *tour) file(name string, data []byte) error {
	t.totals.files++
	t.places = hl7Places{}
	t.totals.bytes += int64(len(data))
	n := 0
	return eachHL7(data, func(m *hl7v2.Message, base int) error {
		n++
		label := name
		if n > 1 {
			label = fmt.Sprintf("%s #%d", name, n)
		}
		return t.message(label, m, data, base)
	}, func(i issue) {
		t.totals.unreadable++
		t.heading(name, "cannot be read")
		t.finding(i)
	})
}

// message follows one message through all stages.
func (t *tour) message(label string, m *hl7v2.Message, data []byte, base int) error {
	t.totals.messages++
	begun := time.Now()
	lap := func(stage int) {
		now := time.Now()
		t.times[stage] += now.Sub(begun)
		begun = now
	}
	m, _ = hl7v2.Parse(m.Bytes()) // once more, to be timed
	lap(stageRead)

	t.heading(label, strings.Join(messageKinds(m), " "))
	t.number(m)
	begun = time.Now()
	t.issues = t.issues[:0]
	for _, i := range t.validator.Validate(m) {
		t.issues = append(t.issues, t.places.issue(i, data, base))
	}
	lap(stageCheck)
	t.hl7Findings(m)

	begun = time.Now()
	result, err := t.converter.Convert(m)
	lap(stageConvert)
	if err != nil {
		t.totals.errors++
		t.line("FHIR", "not converted: %v", err)
		return nil
	}
	tree, err := fhir.Parse(result.Bundle)
	lap(stageFHIR)
	if err != nil {
		return fmt.Errorf("%s: the bundle cannot be read back: %w", label, err)
	}
	t.bundle(result, tree)
	t.fhirFindings(tree)

	begun = time.Now()
	answers := t.gate.ask(m)
	lap(stageDecide)
	t.decisions(answers)
	return t.write(label, result)
}

// heading begins a message.
func (t *tour) heading(label, what string) {
	fmt.Fprintf(t.out, "\n%s\n", t.paint("1", fmt.Sprintf("%-26s %s", label, what)))
}

// line prints one fact under its name.
func (t *tour) line(name, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for i, part := range wrap(text, 63) {
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(t.out, "  %-13s %s\n", name, part)
	}
}

// number prints the NHS number and what the sender knows of it.
func (t *tour) number(m *hl7v2.Message) {
	patient := uk.PatientOf(m)
	id, state := patient.NHSNumber()
	if state == uk.Absent {
		id, state = patient.LegacyNHSNumber()
	}
	text := "none"
	switch state {
	case uk.Valid:
		t.totals.valid++
		text = id.Number.String()
		if t.show {
			text = id.Number.Display()
		}
		text += "  valid"
	case uk.Invalid:
		text = "not valid"
		if e, ok := errors.AsType[*nhsnumber.Error](id.Err); ok {
			text = "not valid: " + strings.TrimPrefix(e.Class.Error(), "nhsnumber: ")
		}
	case uk.Deleted, uk.Conflicting:
		text = state.String()
	}
	if status := patient.TraceStatus(); status.State == uk.Valid {
		text += ", " + strings.ToLower(status.Status.Display()[:1]) + status.Status.Display()[1:]
	}
	t.line("NHS number", "%s", text)
}

// hl7Findings prints the findings about the message, errors first and in full.
func (t *tour) hl7Findings(m *hl7v2.Message) {
	wrong := 0
	for _, i := range t.issues {
		if i.isError() {
			wrong++
		}
	}
	t.totals.issues += len(t.issues)
	t.totals.errors += wrong
	version, _ := schema.VersionOf(m)
	id, ok := version.StructureID(m)
	if !ok {
		id = "no known structure"
	}
	t.line("HL7 v2", "%s of %s, %s, %s: %s", id, version, plural(m.Len(), "segment"), plural(len(m.Bytes()), "byte"), outcome(wrong, len(t.issues)-wrong))
	shown := 0
	for _, severity := range []bool{true, false} {
		for _, i := range t.issues {
			if i.isError() == severity && shown < 8 {
				t.finding(i)
				shown++
			}
		}
	}
	if rest := len(t.issues) - shown; rest > 0 {
		fmt.Fprintf(t.out, "%16s… and %d more: nhskit hl7 validate -uk\n", "", rest)
	}
}

// finding prints a finding with its place.
func (t *tour) finding(i issue) {
	place := i.Path
	if place == "" {
		place = fmt.Sprintf("byte %d", i.Offset)
	}
	parts := wrap(fmt.Sprintf("%s %s: %s", i.Severity, place, i.Text), 61)
	for k, part := range parts {
		indent := "- "
		if k > 0 {
			indent = "  "
		} else {
			part = t.severity(i.Severity) + strings.TrimPrefix(part, i.Severity)
		}
		fmt.Fprintf(t.out, "%16s%s%s\n", "", indent, part)
	}
}

// bundle prints what the message has become.
func (t *tour) bundle(result tofhir.Result, tree *fhir.Tree) {
	var kinds []string
	counts := make(map[string]int)
	n := 0
	for entry := range tree.Root().Named("entry") {
		resource, ok := entry.Child("resource")
		if !ok {
			continue
		}
		n++
		kind := resource.Type().Name()
		if counts[kind]++; counts[kind] == 1 {
			kinds = append(kinds, kind)
		}
	}
	for i, kind := range kinds {
		if counts[kind] > 1 {
			kinds[i] = fmt.Sprintf("%d %s", counts[kind], kind)
		}
	}
	l := result.Loss
	t.totals.resources += n
	t.totals.leaves += l.Leaves
	t.totals.mapped += l.Mapped
	t.totals.kept += l.Kept
	t.totals.lost += l.Lost
	t.line("FHIR", "%s in %s: %s", plural(n, "resource"), plural(len(result.Bundle), "byte"), strings.Join(kinds, ", "))
	t.line("", "%d of %d values mapped, %d not: nhskit hl7 fhir -uk -report", l.Mapped, l.Leaves, l.Lost)
	for _, i := range result.Issues {
		if i.Severity <= tofhir.Warning {
			t.finding(issue{Severity: i.Severity.String(), Path: i.Path, Offset: i.Offset, Text: i.Text()})
		}
	}
}

// fhirFindings prints what the strict reader of FHIR says of the bundle.
func (t *tour) fhirFindings(tree *fhir.Tree) {
	wrong := 0
	for _, i := range tree.Issues() {
		if i.Severity <= fhir.Error {
			wrong++
		}
	}
	t.totals.fhirErrors += wrong
	t.line("FHIR check", "%s", outcome(wrong, len(tree.Issues())-wrong))
	for _, i := range tree.Issues() {
		t.finding(issue{Severity: i.Severity.String(), Path: i.Path, Offset: i.Offset, Text: i.Text})
	}
}

// decisions prints who may have the message.
func (t *tour) decisions(answers []answer) {
	for i, a := range answers {
		name := ""
		if i == 0 {
			name = "May it go to"
		}
		fmt.Fprintf(t.out, "  %-13s %-13s %s\n", name, a.purpose, t.verdict(a))
	}
}

func (t *tour) verdict(a answer) string {
	code := map[string]string{"permit": "1;32", "deny": "1;31"}[a.outcome]
	text := a.outcome
	if code != "" {
		text = t.paint(code, text)
	}
	if a.why != "" {
		text += ": " + a.why
	}
	return text
}

// write stores the bundle and its loss report, when a folder is given.
func (t *tour) write(label string, result tofhir.Result) error {
	if t.dir == "" {
		return nil
	}
	base := filepath.Join(t.dir, strings.NewReplacer(" #", "-", ".hl7", "").Replace(filepath.Base(label)))
	if err := os.WriteFile(base+".json", append(result.Bundle, '\n'), 0o600); err != nil {
		return plainPathError(base, err)
	}
	report, err := json.MarshalIndent(struct {
		HL7    []issue       `json:"hl7"`
		Losses []tofhir.Lost `json:"losses"`
	}{t.issues, result.Loss.Items}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(base+".report.json", append(report, '\n'), 0o600); err != nil {
		return plainPathError(base, err)
	}
	return nil
}

// summary prints the totals and the times.
func (t *tour) summary() {
	s := t.totals
	fmt.Fprintf(t.out, "\n%s\n", t.paint("1", "In all"))
	rows := [][2]string{
		{"messages", fmt.Sprintf("%d in %s, %d unreadable", s.messages, plural(s.files, "file"), s.unreadable)},
		{"NHS numbers", fmt.Sprintf("%d valid", s.valid)},
		{"HL7 v2", fmt.Sprintf("%s, of which %s", plural(s.issues, "finding"), plural(s.errors, "error"))},
		{"FHIR", fmt.Sprintf("%s, %s", plural(s.resources, "resource"), plural(s.fhirErrors, "error"))},
		{"values", fmt.Sprintf("%d = %d mapped + %d kept + %d lost", s.leaves, s.mapped, s.kept, s.lost)},
	}
	for _, r := range rows {
		fmt.Fprintf(t.out, "  %-13s %s\n", r[0], r[1])
	}
	var times []string
	total := time.Duration(0)
	for i, d := range t.times {
		times = append(times, fmt.Sprintf("%s %s", stageNames[i], short(d)))
		total += d
	}
	t.line("time", "%s in all: %s", short(total), strings.Join(times, ", "))
}

// messageKinds says what a message is: its type, and in words.
func messageKinds(m *hl7v2.Message) []string {
	typ := m.Segment("MSH", 1).Field(9)
	code, event := typ.Component(1).Text(), typ.Component(2).Text()
	out := []string{code + "^" + event}
	if event == "" {
		out[0] = code
	}
	words := map[string]string{
		"ADT^A01": "admission", "ADT^A02": "transfer", "ADT^A03": "discharge", "ADT^A04": "registration", "ADT^A05": "pre-admission",
		"ADT^A08": "update", "ADT^A11": "cancelled admission", "ADT^A28": "new person", "ADT^A31": "changed person", "ADT^A40": "merge",
		"ORU^R01": "results", "MDM^T02": "document", "SIU^S12": "booking", "REF^I12": "referral",
	}[out[0]]
	if words != "" {
		out = append(out, words)
	}
	return out
}

// outcome says how many findings there are.
func outcome(errors, others int) string {
	switch {
	case errors+others == 0:
		return "nothing wrong"
	case errors == 0:
		return "no errors, " + plural(others, "remark")
	case others == 0:
		return plural(errors, "error")
	}
	return plural(errors, "error") + ", " + plural(others, "remark")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// short prints a duration to two or three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// wrap breaks a text into lines of at most width characters, at spaces.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) > width:
			lines = append(lines, line)
			line = word
		case strings.HasSuffix(line, "  "):
			line += word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
