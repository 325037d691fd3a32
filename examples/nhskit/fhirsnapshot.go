package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/nhskit/nhskit/fhir"
)

// stringList is a flag that may be given several times.
type stringList []string

// String shows the values as one.
func (l *stringList) String() string { return strings.Join(*l, ",") }

// Set adds a value.
func (l *stringList) Set(v string) error {
	*l = append(*l, v)
	return nil
}

func fhirSnapshotCommands() []command {
	return []command{{
		name:    "fhir snapshot",
		args:    "URL|FILE…",
		summary: "Print a profile with its snapshot, generated where it has none",
		example: "nhskit fhir snapshot -package ukcore/ https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient",
		setup: func(flags *flag.FlagSet) runner {
			var packages stringList
			flags.Var(&packages, "package", "a FHIR package, .tgz or `folder`, to find definitions in; may be given several times")
			return func(c *console, args []string) error {
				if len(args) == 0 {
					return usagef("fhir snapshot needs a canonical URL or a file")
				}
				library, err := openLibrary(packages)
				if err != nil {
					return err
				}
				return c.eachSnapshot(library, args)
			}
		},
	}}
}

// openLibrary opens packages and reports what is damaged in them.
func openLibrary(names []string) (*fhir.Library, error) {
	var packages []*fhir.Package
	for _, name := range names {
		p, err := fhir.OpenPackage(name, fhir.PackageLimits{})
		if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
	return fhir.NewLibrary(packages...), nil
}

// eachSnapshot prints the snapshot of each argument: a file where there is one
// of that name, else a canonical URL.
func (c *console) eachSnapshot(library *fhir.Library, args []string) error {
	var worst error
	for _, arg := range args {
		err := c.snapshot(library, arg)
		switch {
		case err == nil:
		case errors.Is(err, errFindings):
			if worst == nil {
				worst = err
			}
		default:
			fmt.Fprintf(c.err, "nhskit: %v\n", err)
			worst = errReported
		}
	}
	return worst
}

func (c *console) snapshot(library *fhir.Library, arg string) error {
	var s *fhir.Snapshot
	_, err := os.Stat(arg)
	if arg == "-" || err == nil {
		data, err := c.read(arg)
		if err != nil {
			return err
		}
		tree, err := fhir.Parse(data)
		if err != nil {
			return fmt.Errorf("%s: %w", arg, err)
		}
		if kind := tree.Root().Type().Name(); kind != "StructureDefinition" {
			return fmt.Errorf("%s: a StructureDefinition was expected, not %q", arg, kind)
		}
		if s, err = library.SnapshotOf(tree); err != nil {
			return err
		}
	} else if s, err = library.Snapshot(arg); err != nil {
		return err
	}
	wrong := false
	for _, i := range s.Issues {
		fmt.Fprintf(c.err, "%s: %s: %s\n", arg, i.Severity, i)
		wrong = wrong || i.Severity <= fhir.Error
	}
	if c.text {
		tree, err := fhir.Parse(s.JSON())
		if err != nil {
			return err
		}
		c.out.Write(append(tree.AppendJSON(nil, fhir.Indented), '\n'))
	} else {
		c.out.Write(append(s.JSON(), '\n'))
	}
	if wrong {
		return errFindings
	}
	return nil
}
