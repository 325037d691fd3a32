package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

// hl7FHIRCommands convert HL7 v2 messages to FHIR.
func hl7FHIRCommands() []command {
	return []command{{
		name:    "hl7 fhir",
		args:    "[-uk] [-keep-all] [-tz ZONE] [-overlay DIR] [-why PATH] [-report FILE] FILE…",
		summary: "Convert HL7 v2 messages to FHIR bundles, one a line",
		example: "nhskit hl7 fhir -uk -report loss.ndjson admission.hl7\nnhskit hl7 fhir -uk -text -why Patient.gender admission.hl7",
		setup: func(f *flag.FlagSet) runner {
			var o fhirOptions
			f.BoolVar(&o.uk, "uk", false, "write UK Core")
			f.BoolVar(&o.keepAll, "keep-all", false, "keep what has no element of its own in extensions")
			f.StringVar(&o.zone, "tz", "Europe/London", "time `zone` of times that have no offset")
			f.StringVar(&o.overlay, "overlay", "", "`directory` with mapping tables of your own")
			f.StringVar(&o.why, "why", "", "say where the elements at a `path` come from, such as Patient.gender")
			f.StringVar(&o.report, "report", "", "write findings and losses to a `file`, one message a line")
			return func(c *console, args []string) error { return c.convertHL7(o, args) }
		},
	}}
}

type fhirOptions struct {
	uk, keepAll                bool
	zone, overlay, why, report string
}

// converter makes the converter that the flags ask for.
func (o fhirOptions) converter() (*tofhir.Converter, error) {
	zone, err := time.LoadLocation(o.zone)
	if err != nil || o.zone == "" || o.zone == "Local" { // which Go reads as UTC and as the zone of the machine
		return nil, usagef("-tz: there is no time zone %q: name one as in Europe/London, or UTC", o.zone)
	}
	opts := []tofhir.Option{tofhir.WithLocation(zone)}
	if o.uk {
		opts = append(opts, tofhir.UK())
	}
	if o.keepAll {
		opts = append(opts, tofhir.KeepAll())
	}
	if o.why != "" {
		opts = append(opts, tofhir.Trace())
	}
	if o.report == "" {
		opts = append(opts, tofhir.CountsOnly())
	}
	if o.overlay != "" {
		if info, err := os.Stat(o.overlay); err != nil {
			return nil, plainPathError(o.overlay, err)
		} else if !info.IsDir() {
			return nil, fmt.Errorf("%s: is not a directory", o.overlay)
		}
		opts = append(opts, tofhir.WithOverlay(os.DirFS(o.overlay)))
	}
	return tofhir.New(opts...)
}

// fhirReport is what -report writes for a message.
type fhirReport struct {
	File   string     `json:"file"`
	Issues []issue    `json:"issues"`
	Leaves int        `json:"leaves"`
	Mapped int        `json:"mapped"`
	Kept   int        `json:"kept"`
	Lost   int        `json:"lost"`
	Loss   []fhirLoss `json:"loss"`
}

type fhirLoss struct {
	Path   string `json:"path"`
	Value  string `json:"value"`
	Reason string `json:"reason"`
}

type fhirOrigin struct {
	Path   string `json:"path"`
	Row    string `json:"row"`
	Source string `json:"source"`
	Offset int    `json:"offset"`
}

// sameFile reports whether two names are of one file that exists.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

func (c *console) convertHL7(o fhirOptions, args []string) (err error) {
	conv, err := o.converter()
	if err != nil {
		return err
	}
	var report *json.Encoder
	if o.report != "" {
		for _, name := range args {
			if sameFile(o.report, name) {
				return usagef("-report %s: it is one of the files to convert", o.report)
			}
		}
		f, err := os.Create(o.report)
		if err != nil {
			return plainPathError(o.report, err)
		}
		defer func() {
			if e := f.Close(); err == nil && e != nil {
				err = e
			}
		}()
		report = json.NewEncoder(f)
		report.SetEscapeHTML(false)
	}
	return c.eachInput(args, func(name string, data []byte) error {
		worst, any := error(nil), false
		for m, err := range hl7v2.Messages(data) {
			any = true
			found, err := c.convertMessage(conv, o, report, name, data, m, err)
			if err != nil {
				return err
			}
			if found {
				worst = errFindings
			}
		}
		if !any {
			_, err := hl7v2.Parse(data)
			if _, err := c.convertMessage(conv, o, report, name, data, nil, err); err != nil {
				return err
			}
			worst = errFindings
		}
		return worst
	})
}

// convertMessage converts one message and prints what was asked for. found
// says that there is a finding of severity error.
func (c *console) convertMessage(conv *tofhir.Converter, o fhirOptions, report *json.Encoder, name string, data []byte, m *hl7v2.Message, parseErr error) (found bool, err error) {
	out := fhirReport{File: name, Issues: []issue{}, Loss: []fhirLoss{}}
	var res tofhir.Result
	if parseErr != nil {
		found = true
		out.Issues = append(out.Issues, hl7Issue(parseErr, data, 0))
	} else {
		var failed error
		if res, failed = conv.Convert(m); failed != nil {
			res.Issues = append(res.Issues, conversionIssue(failed))
		}
		for _, i := range res.Issues {
			is := issue{Severity: i.Severity.String(), Code: string(i.Code), Path: i.Path, Offset: i.Offset, Line: i.Line, Col: i.Col, Clause: i.Clause, Text: i.Text()}
			found = found || is.isError()
			out.Issues = append(out.Issues, is)
		}
	}
	out.Leaves, out.Mapped, out.Kept, out.Lost = res.Loss.Leaves, res.Loss.Mapped, res.Loss.Kept, res.Loss.Lost
	for _, l := range res.Loss.Items {
		out.Loss = append(out.Loss, fhirLoss{l.Path, l.Value, string(l.Reason)})
	}
	if report != nil {
		if err := report.Encode(out); err != nil {
			return found, err
		}
	}
	if res.Bundle == nil {
		for _, i := range out.Issues {
			if i.isError() {
				c.complainHL7(name, i)
			}
		}
		return found, nil
	}
	if o.why == "" {
		c.out.Write(res.Bundle)
		return found, c.out.WriteByte('\n')
	}
	origins := []fhirOrigin{}
	for _, w := range res.Why(o.why) {
		if c.text {
			source := w.Source
			if source == "" {
				source = "a constant"
			}
			fmt.Fprintf(c.out, "%s\n  from %s\n  by   %s\n", w.Path, source, w.Row)
		}
		origins = append(origins, fhirOrigin(w))
	}
	if c.text {
		if len(origins) == 0 {
			fmt.Fprintf(c.out, "%s: the bundle has no %s\n", name, o.why)
		}
		return found, nil
	}
	return found, c.json(struct {
		File    string       `json:"file"`
		Path    string       `json:"path"`
		Origins []fhirOrigin `json:"origins"`
	}{name, o.why, origins})
}

// conversionIssue is the finding in an error of Convert.
func conversionIssue(err error) tofhir.Issue {
	if i, ok := errors.AsType[tofhir.Issue](err); ok {
		return i
	}
	return tofhir.Issue{Severity: tofhir.Fatal, Code: tofhir.CodeStructure, Offset: -1, Err: err}
}
