package main

import (
	"flag"
	"fmt"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/xml"
)

func hl7XMLCommands() []command {
	none := func(run func(c *console, name string, data []byte) error) func(*flag.FlagSet) runner {
		return func(*flag.FlagSet) runner {
			return func(c *console, args []string) error {
				return c.eachInput(args, func(name string, data []byte) error { return run(c, name, data) })
			}
		}
	}
	return []command{
		{
			name: "hl7 xml", args: "FILE…",
			summary: "Print messages in the XML encoding of HL7 v2",
			example: "nhskit hl7 xml admission.hl7",
			setup:   none((*console).hl7ToXML),
		},
		{
			name: "hl7 er7", args: "FILE…",
			summary: "Print messages of the XML encoding in the usual one",
			example: "nhskit hl7 xml admission.hl7 | nhskit hl7 er7",
			setup:   none((*console).xmlToHL7),
		},
	}
}

// hl7ToXML prints each message of a file as an XML document on a line.
func (c *console) hl7ToXML(name string, data []byte) error {
	bad := false
	err := eachHL7(data, func(m *hl7v2.Message, _ int) error {
		out, err := xml.Marshal(m)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		c.out.Write(append(out, '\n'))
		return nil
	}, func(i issue) {
		bad = true
		fmt.Fprintf(c.err, "%s:%d:%d: %s %s\n", name, i.Line, i.Col, i.Severity, i.Text)
	})
	if err == nil && bad {
		return errFindings
	}
	return err
}

// xmlToHL7 prints a message that is read from XML.
func (c *console) xmlToHL7(name string, data []byte) error {
	m, err := xml.Unmarshal(data)
	if err != nil {
		fmt.Fprintf(c.err, "%s: %v\n", name, err)
		return errFindings
	}
	c.out.Write(m.Bytes())
	return nil
}
