package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
	"github.com/nhskit/nhskit/hl7v2/uk"
)

func hl7ValidateCommands() []command {
	return []command{{
		name:    "hl7 validate",
		args:    "[-strict] [-uk] [-version V] [-profile FILE] FILE…",
		summary: "Check HL7 v2 messages on the wire, in their structure, and field by field",
		example: "nhskit hl7 validate -uk -text admission.hl7\nnhskit hl7 validate -profile adt-a01.xml admission.hl7",
		setup: func(flags *flag.FlagSet) runner {
			strict := flags.Bool("strict", false, "make errors of what is otherwise tolerated")
			nhs := flags.Bool("uk", false, "check by the rules and code lists of the NHS besides, and accept what its senders have agreed on")
			version := flags.String("version", "", "check by the facts of this `version` of HL7 v2 instead of the message's own")
			profile := flags.String("profile", "", "check by the conformance profile in this `file` besides: HL7v2xConformanceProfile XML, or the JSON form")
			return func(c *console, args []string) error {
				var v schema.Validator
				if *nhs {
					v = uk.Validator()
				}
				v.Strict, v.Version = *strict, *version
				if err := v.Check(); err != nil {
					return usagef("%v", err)
				}
				if *profile != "" {
					var err error
					if v.Profile, err = c.readProfile(*profile); err != nil {
						return err
					}
				}
				return c.eachInput(args, func(name string, data []byte) error { return c.validateHL7(&v, name, data) })
			}
		},
	}}
}

// readProfile reads a conformance profile. What is wrong with it, and where it
// widens the standard, goes to standard error.
func (c *console) readProfile(name string) (*schema.Profile, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	p, issues := schema.ParseProfile(data)
	if p != nil {
		issues = append(issues, p.Lint(data)...)
	}
	for _, i := range issues {
		place := name
		if i.Line > 0 {
			place = fmt.Sprintf("%s:%d:%d", name, i.Line, i.Col)
		}
		if i.Path != "" {
			place += ": " + i.Path
		}
		fmt.Fprintf(c.err, "nhskit: %s: %s: %s: %v\n", place, i.Severity, i.Code, i.Err)
	}
	if p == nil {
		return nil, usagef("%s is not a conformance profile that can be used", name)
	}
	return p, nil
}

// hl7Validation is what hl7 validate prints for a file.
type hl7Validation struct {
	File   string  `json:"file"`
	Valid  bool    `json:"valid"`
	Issues []issue `json:"issues"`
}

// validateHL7 checks the messages of a file. Positions count in the file.
func (c *console) validateHL7(v *schema.Validator, name string, data []byte) error {
	out := hl7Validation{File: name, Issues: []issue{}}
	var places hl7Places
	n := 0
	for m, err := range hl7v2.Messages(data) {
		n++
		if err != nil {
			out.Issues = append(out.Issues, hl7Issue(err, data, 0))
			continue
		}
		base := startIn(data, m.Bytes())
		for _, i := range v.Validate(m) {
			out.Issues = append(out.Issues, places.issue(i, data, base))
		}
	}
	if n == 0 {
		_, err := hl7v2.Parse(data)
		out.Issues = append(out.Issues, hl7Issue(err, data, 0))
	}
	out.Valid = !hasErrors(out.Issues)
	if c.text {
		for _, i := range out.Issues {
			c.printIssue(name, data, i)
		}
		verdict := "valid"
		if !out.Valid {
			verdict = "not valid"
		}
		fmt.Fprintf(c.out, "%s: %d messages, %d findings, %s\n", name, n, len(out.Issues), verdict)
	} else if err := c.json(out); err != nil {
		return err
	}
	if !out.Valid {
		return errFindings
	}
	return nil
}

// startIn returns where a message begins in the data it is a part of.
func startIn(data, part []byte) int { return cap(data) - cap(part) }

// hl7Issue turns a finding about a part of data that begins at base into one
// about data.
func hl7Issue(err error, data []byte, base int) issue {
	var places hl7Places
	return places.issue(err, data, base)
}

// hl7Places finds the lines of a file that has many messages: it counts on
// from where the last message began.
type hl7Places struct{ at, line, col int }

// issue is hl7Issue for messages in the order in which they stand in data.
func (p *hl7Places) issue(err error, data []byte, base int) issue {
	i, ok := err.(hl7v2.Issue)
	if !ok {
		return issue{Severity: "fatal", Code: "hl7v2", Offset: -1, Text: err.Error()}
	}
	if i.Offset >= 0 {
		i.Offset += int64(base)
		if p.line == 0 || p.at > base {
			*p = hl7Places{0, 1, 1}
		}
		p.line, p.col = p.position(data, int64(base))
		p.at = base
		i.Line, i.Col = p.position(data, i.Offset)
	}
	text := string(i.Code)
	if i.Err != nil {
		text = i.Err.Error()
	}
	clause := i.Clause
	if clause != "" && strings.HasPrefix(string(i.Code), "hl7v2.") {
		clause = "HL7 v2 " + clause
	}
	return issue{Severity: i.Severity.String(), Code: string(i.Code), Path: i.Path, Offset: i.Offset, Line: i.Line, Col: i.Col, Clause: clause, Text: text}
}

// position returns the line and column of an offset that is not before p.
func (p *hl7Places) position(data []byte, offset int64) (line, col int) {
	from := hl7v2.Issue{Offset: offset - int64(p.at)}.Locate(data[p.at:])
	if from.Line <= 1 {
		return p.line, p.col + max(from.Col, 1) - 1
	}
	return p.line + from.Line - 1, from.Col
}
