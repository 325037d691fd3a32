package main

import (
	"errors"
	"flag"
	"fmt"
	"math/big"

	"github.com/nhskit/nhskit/fhir/ucum"
)

// ucumCommands are the checks and conversions of units of measure.
func ucumCommands() []command {
	return []command{
		{
			name:    "fhir ucum validate",
			args:    "CODE...",
			summary: "Check UCUM unit codes and say them in words",
			example: "nhskit fhir ucum validate mmol/L '10*9/L' mmHg",
			setup: func(f *flag.FlagSet) runner {
				ci := f.Bool("ci", false, "read the case-insensitive codes")
				return func(c *console, args []string) error { return ucumValidate(c, args, *ci) }
			},
		},
		{
			name:    "fhir ucum convert",
			args:    "VALUE FROM TO",
			summary: "Convert a value from one unit to another, exactly",
			example: "nhskit fhir ucum convert 98.6 '[degF]' Cel",
			setup: func(f *flag.FlagSet) runner {
				ci := f.Bool("ci", false, "read the case-insensitive codes")
				return func(c *console, args []string) error { return ucumConvert(c, args, *ci) }
			},
		},
	}
}

// ucumOptions returns the parse options for the flag -ci.
func ucumOptions(ci bool) []ucum.Option {
	if ci {
		return []ucum.Option{ucum.CaseInsensitive()}
	}
	return nil
}

func ucumValidate(c *console, codes []string, ci bool) error {
	if len(codes) == 0 {
		return usagef("fhir ucum validate needs a unit code, as in: nhskit fhir ucum validate mg/dL")
	}
	var worst error
	for _, code := range codes {
		u, err := ucum.Parse(code, ucumOptions(ci)...)
		out := struct {
			Code   string `json:"code"`
			Valid  bool   `json:"valid"`
			Text   string `json:"text"`
			Offset *int64 `json:"offset,omitempty"`
		}{Code: code, Valid: err == nil, Text: u.Name()}
		issue := (*ucum.Issue)(nil)
		if errors.As(err, &issue) {
			out.Text, out.Offset, worst = issue.Text, &issue.Offset, errFindings
		}
		if c.text {
			printUnit(c, code, out.Text, issue)
		} else if err := c.json(out); err != nil {
			return err
		}
	}
	return worst
}

// printUnit prints a verdict for people.
func printUnit(c *console, code, name string, found *ucum.Issue) {
	if found == nil {
		fmt.Fprintf(c.out, "%s: %s\n", code, name)
		return
	}
	c.printIssue(code, []byte(code), issue{Severity: string(found.Severity), Code: string(found.Code), Offset: found.Offset, Clause: "UCUM " + found.Clause, Text: found.Text})
}

// ucumDigits is how many significant digits stand for a value that has no
// finite decimal.
const ucumDigits = 50

func ucumConvert(c *console, args []string, ci bool) error {
	if len(args) != 3 {
		return usagef("fhir ucum convert needs VALUE FROM TO, as in: nhskit fhir ucum convert 98.6 '[degF]' Cel")
	}
	value, ok := ucum.ParseDecimal(args[0])
	if !ok {
		return usagef("fhir ucum convert: %q is not a decimal number", args[0])
	}
	var out struct {
		Value string `json:"value,omitempty"`
		Exact *bool  `json:"exact,omitempty"` // false for a rounded value, else left out
		Error string `json:"error,omitempty"`
	}
	v, err := convertUnits(value, args[1], args[2], ucumOptions(ci))
	if err != nil {
		out.Error = err.Error()
	} else {
		var exact bool
		if out.Value, exact = ucum.FormatDecimal(v, ucumDigits); !exact {
			out.Exact = &exact
		}
	}
	if c.text {
		fmt.Fprintln(c.out, out.Value+out.Error)
	} else if err := c.json(out); err != nil {
		return err
	}
	if err != nil {
		return errFindings
	}
	return nil
}

// convertUnits parses both units, naming the one at fault, and converts.
func convertUnits(value *big.Rat, from, to string, opts []ucum.Option) (*big.Rat, error) {
	u, err := ucum.Parse(from, opts...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	v, err := ucum.Parse(to, opts...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", to, err)
	}
	return ucum.Convert(value, u, v)
}
