// Command nhskit shows and uses the library from a shell: a tour on messages
// of its own when it is called bare, and sub-commands for tests and pipelines.
//
// Results go to standard output, one JSON object per input and line unless
// the command says otherwise; diagnostics go to standard error. The exit code
// is 0 when all is well, 1 when an input has findings of severity error or a
// decision denies, 2 for wrong usage, 3 when something cannot be read or
// written.
package main

import (
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// commands returns every sub-command, in the order in which help lists them.
func commands() []command {
	var all []command
	all = append(all, tourCommands()...)
	all = append(all, numberCommands()...)
	all = append(all, hl7Commands()...)
	all = append(all, hl7FHIRCommands()...)
	all = append(all, hl7ValidateCommands()...)
	all = append(all, hl7AckCommands()...)
	all = append(all, hl7XMLCommands()...)
	all = append(all, mllpCommands()...)
	all = append(all, fhirCommands()...)
	all = append(all, fhirSnapshotCommands()...)
	all = append(all, fhirPathCommands()...)
	all = append(all, ucumCommands()...)
	all = append(all, snomedCommands()...)
	all = append(all, dmdCommands()...)
	all = append(all, consentCommands()...)
	return all
}
