package main

import (
	"errors"
	"flag"
	"fmt"

	"github.com/nhskit/nhskit/fhir"
)

func fhirCommands() []command {
	return []command{{
		name:    "fhir convert",
		args:    "FILE…",
		summary: "Write FHIR resources in the other encoding, JSON or XML",
		example: "nhskit fhir convert -to xml patient.json",
		setup: func(flags *flag.FlagSet) runner {
			to := flags.String("to", "", "the `encoding` to write, json or xml; without it the one that the input is not in")
			return func(c *console, args []string) error {
				switch *to {
				case "", "json", "xml":
				default:
					return usagef("fhir convert -to takes json or xml, not %q", *to)
				}
				parser := fhir.NewParser()
				return c.eachInput(args, func(name string, data []byte) error {
					return c.convert(parser, name, data, *to)
				})
			}
		},
	}}
}

// convert writes one resource in another encoding. Findings go to standard
// error; what can be read is written all the same.
func (c *console) convert(parser *fhir.Parser, name string, data []byte, to string) error {
	tree, err := parser.Parse(data)
	if err != nil {
		var pe *fhir.ParseError
		if errors.As(err, &pe) {
			c.fhirFindings(name, pe.Issues)
			return errFindings
		}
		return err
	}
	defer tree.Release()
	wrong := c.fhirFindings(name, tree.Issues())
	form := fhir.Compact
	if c.text {
		form = fhir.Indented
	}
	var out []byte
	if to == "json" || to == "" && tree.Format() == fhir.XML {
		out = tree.AppendJSON(nil, form)
	} else if out, err = tree.AppendXML(nil, form); err != nil {
		fmt.Fprintf(c.err, "%s: %v\n", name, err)
		return errFindings
	}
	c.out.Write(append(out, '\n'))
	if wrong {
		return errFindings
	}
	return nil
}

// fhirFindings prints a parser's findings on standard error and reports
// whether one is an error.
func (c *console) fhirFindings(name string, issues []fhir.Issue) bool {
	wrong := false
	for _, i := range issues {
		fmt.Fprintf(c.err, "%s:%d:%d: %s %s: %s", name, i.Line, i.Col, i.Severity, i.Code, i.Text)
		if i.Path != "" {
			fmt.Fprintf(c.err, " (%s)", i.Path)
		}
		fmt.Fprintln(c.err)
		wrong = wrong || i.Severity <= fhir.Error
	}
	return wrong
}
