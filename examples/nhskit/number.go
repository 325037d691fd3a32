package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"

	"github.com/nhskit/nhskit/nhsnumber"
)

// numberCommands are the checks and changes of NHS numbers.
func numberCommands() []command {
	return []command{
		{
			name:    "number check",
			args:    "[-strict] [N...]",
			summary: "Check NHS, CHI and H&C numbers, from arguments or the lines of standard input",
			example: "nhskit number check '999 000 0018' 999-000-0026",
			setup: func(f *flag.FlagSet) runner {
				strict := f.Bool("strict", false, "take ten digits and 3 3 4 with single spaces only")
				return func(c *console, args []string) error { return numberCheck(c, args, *strict) }
			},
		},
		{
			name:    "number extract",
			args:    "[-min SCORE] [FILE...]",
			summary: "Find the valid numbers in texts, with byte offsets",
			example: "echo 'NHS no. 999 000 0018' | nhskit number extract",
			setup: func(f *flag.FlagSet) runner {
				least := f.Int("min", 0, "leave out finds below this score of 0 to 100 (50 has no context)")
				return func(c *console, args []string) error { return numberExtract(c, args, *least) }
			},
		},
		{
			name:    "number generate",
			args:    "[-n N] [-seed S]",
			summary: "Print distinct valid numbers of the 999 range, which is never issued",
			example: "nhskit number generate -n 3 -seed 1",
			setup: func(f *flag.FlagSet) runner {
				n := f.Int("n", 10, "how `many`")
				seed := f.Uint64("seed", 0, "the order to draw them in; 0 is ascending")
				return func(c *console, args []string) error { return numberGenerate(c, args, *n, *seed) }
			},
		},
		{
			name:    "number redact",
			args:    "[-min SCORE] [FILE]",
			summary: "Copy a text with its valid numbers masked",
			example: "echo 'NHS no. 999 000 0018' | nhskit number redact",
			setup: func(f *flag.FlagSet) runner {
				least := f.Int("min", 0, "leave finds below this score of 0 to 100 as they are")
				return func(c *console, args []string) error { return numberRedact(c, args, *least) }
			},
		},
	}
}

// numberVerdict is the line for one number.
type numberVerdict struct {
	Input     string `json:"input"`
	Valid     bool   `json:"valid"`
	Number    string `json:"number"`    // "" unless valid
	Formatted string `json:"formatted"` // "" unless valid
	Region    string `json:"region"`    // "" unless valid
	Code      string `json:"code"`      // what is wrong, "" if valid
	Offset    int    `json:"offset"`    // of the byte that is wrong, -1 if valid
}

func numberCheck(c *console, args []string, strict bool) error {
	var worst error
	check := func(input string) error {
		v, err := verdictOf(input, strict)
		if !v.Valid {
			worst = errFindings
		}
		if !c.text {
			return c.json(v)
		}
		if v.Valid {
			_, err := fmt.Fprintf(c.out, "%s: %s\n", v.Formatted, v.Region)
			return err
		}
		found := issue{Severity: "error", Code: "nhsnumber." + v.Code, Offset: int64(v.Offset), Text: err.Class.Error(), Clause: err.Clause}
		c.printIssue(strconv.Quote(input), []byte(input), found)
		return nil
	}
	for _, input := range args {
		if err := check(input); err != nil {
			return err
		}
	}
	if len(args) > 0 {
		return worst
	}
	lines := bufio.NewScanner(c.in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := check(lines.Text()); err != nil {
			return err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return errors.New("standard input: a line of more than 1 MiB is not a number; number extract finds numbers in text")
	case err != nil:
		return fmt.Errorf("standard input: %w", err)
	}
	return worst
}

// verdictOf checks one number; the error is nil for a valid one.
func verdictOf(input string, strict bool) (numberVerdict, *nhsnumber.Error) {
	parse := nhsnumber.Parse
	if strict {
		parse = nhsnumber.ParseStrict
	}
	n, err := parse(input)
	if fault := (*nhsnumber.Error)(nil); errors.As(err, &fault) {
		return numberVerdict{Input: input, Code: fault.Class.String(), Offset: fault.Offset}, fault
	}
	return numberVerdict{input, true, n.Digits(), n.Display(), string(n.Region()), "", -1}, nil
}

// numberFind is one find in a text.
type numberFind struct {
	Number string `json:"number"`
	Start  int64  `json:"start"`
	End    int64  `json:"end"`
	Score  int    `json:"score"`
	Region string `json:"region"`
}

// numberExtract prints, per input, {"file", "found": [...]} on one line, each
// find as it comes.
func numberExtract(c *console, names []string, least int) error {
	return eachStream(c, names, func(name string, r io.Reader) error {
		head, err := json.Marshal(name)
		if err != nil {
			return err
		}
		separator := `{"file":` + string(head) + `,"found":[`
		if c.text {
			separator = ""
		}
		for m, err := range nhsnumber.Extract(r, nhsnumber.MinScore(least)) {
			if err != nil {
				return err
			}
			if c.text {
				fmt.Fprintf(c.out, "%s:%d-%d: %s (score %d, %s)\n", name, m.Start, m.End, m.Number.Display(), m.Score, m.Number.Region())
				continue
			}
			find, err := json.Marshal(numberFind{m.Number.Digits(), m.Start, m.End, m.Score, string(m.Number.Region())})
			if err != nil {
				return err
			}
			c.out.WriteString(separator)
			if _, err := c.out.Write(find); err != nil {
				return err
			}
			separator = ","
		}
		if c.text {
			return nil
		}
		if separator != "," {
			c.out.WriteString(separator)
		}
		_, err = c.out.WriteString("]}\n")
		return err
	})
}

func numberGenerate(c *console, args []string, n int, seed uint64) error {
	if len(args) > 0 {
		return usagef("number generate takes no arguments, but flags: nhskit number generate -n 3 -seed 1")
	}
	var opts []nhsnumber.GeneratorOption
	if seed != 0 {
		opts = append(opts, nhsnumber.Shuffled(seed))
	}
	g, err := nhsnumber.NewGenerator(opts...)
	if err != nil {
		return err
	}
	if n < 0 || n > g.Len() {
		return usagef("number generate -n %d: there are 0 to %d numbers of the 999 range", n, g.Len())
	}
	for i := range n {
		text := g.At(i).Digits()
		if c.text {
			text = g.At(i).Display()
		}
		if _, err := fmt.Fprintln(c.out, text); err != nil {
			return err
		}
	}
	return nil
}

func numberRedact(c *console, names []string, least int) error {
	if len(names) > 1 {
		return usagef("number redact takes one file, so that its output is one text")
	}
	return eachStream(c, names, func(_ string, r io.Reader) error {
		masked, err := nhsnumber.Redact(c.out, r, nhsnumber.MinScore(least))
		if err == nil {
			fmt.Fprintf(c.err, "%d masked\n", masked)
		}
		return err
	})
}

// eachStream is eachInput for commands that read their inputs as streams.
func eachStream(c *console, names []string, fn func(name string, r io.Reader) error) error {
	if len(names) == 0 {
		names = []string{"-"}
	}
	var worst error
	for _, name := range names {
		r, err := c.open(name)
		if err == nil {
			err = fn(name, r)
			r.Close()
		}
		if err != nil {
			fmt.Fprintf(c.err, "nhskit: %v\n", err)
			worst = errReported
		}
	}
	return worst
}
