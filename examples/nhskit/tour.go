package main

import "flag"

func tourCommands() []command {
	return []command{{
		name:    "tour",
		args:    "[-o DIR] [FILE…]",
		summary: "Follow HL7 v2 messages to checked numbers, findings, FHIR and a decision",
		example: "nhskit tour",
		setup: func(flags *flag.FlagSet) runner {
			return func(c *console, args []string) error { return nil }
		},
	}}
}
