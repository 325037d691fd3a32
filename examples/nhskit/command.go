package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// command is one sub-command, such as "number check".
type command struct {
	name    string // one or two words: "tour", "number check"
	args    string // what follows the flags in the usage line
	summary string // one line, as a sentence without its full stop
	example string // one or more shell lines, without the prompt

	// setup declares the command's flags and returns what runs it once they
	// are parsed.
	setup func(*flag.FlagSet) runner
}

// runner does the work of a command. What it returns decides the exit code:
// nil is 0, errFindings 1, a usageError 2, anything else 3; the last two are
// printed on standard error.
type runner func(c *console, args []string) error

// errFindings says that some input had an error, or that a decision denied.
// It has been reported on standard output and is not printed again.
var errFindings = errors.New("findings")

// errReported says that an input could not be read or an output not written,
// which has been printed on standard error already.
var errReported = errors.New("reported")

// usageError is a wrong call of a command.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// usagef makes a usageError.
func usagef(format string, args ...any) error {
	return usageError{fmt.Sprintf(format, args...)}
}

// The exit codes.
const (
	exitOK       = 0
	exitFindings = 1
	exitUsage    = 2
	exitIO       = 3
)

// run is the program: arguments and streams in, exit code out.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &console{in: stdin, out: bufio.NewWriterSize(stdout, 64<<10), err: stderr, colour: isTerminal(stdout)}
	err := dispatch(c, args)
	if flushErr := c.out.Flush(); flushErr != nil && (err == nil || errors.Is(err, errFindings)) {
		err = flushErr
	}
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.Is(err, errReported):
		return exitIO
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "nhskit:", usage.text)
		return exitUsage
	default:
		fmt.Fprintln(stderr, "nhskit:", err)
		return exitIO
	}
}

// dispatch finds the command that args name, parses its flags and runs it.
func dispatch(c *console, args []string) error {
	if len(args) == 0 {
		args = []string{"tour"}
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		return help(c, args[1:])
	}
	cmd, rest, err := find(args)
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	run := cmd.setup(flags)
	if flags.Lookup("text") == nil {
		flags.BoolVar(&c.text, "text", false, "print for people instead of JSON")
	}
	switch err := flags.Parse(rest); {
	case errors.Is(err, flag.ErrHelp):
		printCommand(c.out, cmd)
		return nil
	case err != nil:
		return usagef("%s: %s\nusage: %s", cmd.name, flagProblem(flags, err), usageLine(cmd))
	}
	return run(c, flags.Args())
}

// find returns the command that the first one or two arguments name and what
// follows its name.
func find(args []string) (command, []string, error) {
	all := commands()
	family := false
	for _, cmd := range all {
		words := strings.Fields(cmd.name)
		if len(args) >= len(words) && slices.Equal(words, args[:len(words)]) {
			return cmd, args[len(words):], nil
		}
		family = family || words[0] == args[0]
	}
	if family && len(args) == 1 {
		return command{}, nil, usagef("%s needs a sub-command: %s", args[0], strings.Join(verbs(all, args[0]), ", "))
	}
	if family {
		return command{}, nil, usagef("unknown command %q%s", args[0]+" "+args[1], didYouMean(args[1], verbs(all, args[0])))
	}
	return command{}, nil, usagef("unknown command %q%s; try: nhskit help", args[0], didYouMean(args[0], families(all)))
}

// families returns the first words of the commands, each once.
func families(all []command) []string {
	var out []string
	for _, cmd := range all {
		if word := strings.Fields(cmd.name)[0]; !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return append(out, "help")
}

// verbs returns the second words of a family's commands.
func verbs(all []command, family string) []string {
	var out []string
	for _, cmd := range all {
		if words := strings.Fields(cmd.name); len(words) > 1 && words[0] == family && !slices.Contains(out, words[1]) {
			out = append(out, words[1])
		}
	}
	return out
}

// flagProblem words a parse error of package flag, naming the nearest flag
// for one that does not exist.
func flagProblem(flags *flag.FlagSet, err error) string {
	const unknown = "flag provided but not defined: -"
	text := err.Error()
	name, ok := strings.CutPrefix(text, unknown)
	if !ok {
		return text
	}
	name = strings.TrimPrefix(name, "-")
	var names []string
	flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return fmt.Sprintf("unknown flag -%s%s", name, didYouMean(name, names))
}

// help prints the overview, a family, or one command.
func help(c *console, args []string) error {
	all := commands()
	if len(args) > 0 {
		if cmd, _, err := find(args); err == nil {
			printCommand(c.out, cmd)
			return nil
		}
		if len(args) > 1 || !slices.Contains(families(all), args[0]) || args[0] == "help" {
			_, _, err := find(args)
			return err
		}
	}
	if len(args) == 0 {
		fmt.Fprint(c.out, "nhskit parses, checks and converts NHS numbers, HL7 v2, FHIR, SNOMED CT, dm+d\nand consent records. Called bare it gives a tour on messages of its own.\n\n")
	}
	for _, cmd := range all {
		if len(args) == 0 || strings.Fields(cmd.name)[0] == args[0] {
			fmt.Fprintf(c.out, "  %-18s %s\n", cmd.name, cmd.summary)
		}
	}
	fmt.Fprint(c.out, "\nnhskit help COMMAND shows its flags and an example. A file - or no file is\nstandard input; output is one JSON object a line, with -text it is for people.\nExit codes: 0 fine, 1 findings or denied, 2 usage, 3 input or output.\n")
	return nil
}

// printCommand prints what one command does, its flags and its example.
func printCommand(w io.Writer, cmd command) {
	fmt.Fprintf(w, "%s.\n\nusage: %s\n", cmd.summary, usageLine(cmd))
	flags := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	cmd.setup(flags)
	any := false
	flags.VisitAll(func(*flag.Flag) { any = true })
	if any {
		fmt.Fprint(w, "\nflags:\n")
		flags.SetOutput(w)
		flags.PrintDefaults()
	}
	if cmd.example != "" {
		fmt.Fprint(w, "\nexample:\n")
		for line := range strings.SplitSeq(cmd.example, "\n") {
			fmt.Fprintf(w, "  $ %s\n", line)
		}
	}
}

func usageLine(cmd command) string {
	return strings.TrimSpace("nhskit " + cmd.name + " " + cmd.args)
}

// didYouMean names the word nearest to a mistyped one, if one is near.
func didYouMean(word string, words []string) string {
	best, bestDistance := "", 1+len(word)/2
	for _, w := range words {
		if d := editDistance(word, w); d < bestDistance || d == 1 && best == "" {
			best, bestDistance = w, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// editDistance counts the insertions, deletions, substitutions and swaps of
// neighbours between two words.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	above := make([]int, len(b)+1) // the row before the last
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j+1]+1, next[j]+1, row[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], above[j-1]+1)
			}
		}
		above, row = row, next
	}
	return row[len(b)]
}

// isTerminal reports whether w is a character device.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
