package main

import (
	"flag"
	"fmt"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
)

func hl7AckCommands() []command {
	return []command{{
		name: "hl7 ack", args: "[-code AA|AE|AR] FILE…",
		summary: "Print the acknowledgement of each message",
		example: "nhskit hl7 ack admission.hl7",
		setup: func(flags *flag.FlagSet) runner {
			code := flags.String("code", "", "answer with this `code` whatever is found; else AA, or AE if there is an error, and AR if nothing can be read")
			return func(c *console, args []string) error {
				switch *code {
				case "", "AA", "AE", "AR":
				default:
					return usagef("-code %q is none of AA, AE, AR", *code)
				}
				return c.eachInput(args, func(name string, data []byte) error {
					return c.acknowledgeHL7(hl7v2.AckCode(*code), name, data)
				})
			}
		},
	}}
}

// acknowledgeHL7 answers the messages of a file. A negative answer names what
// is wrong and where; an answer that the sender does not ask for is left out.
func (c *console) acknowledgeHL7(code hl7v2.AckCode, name string, data []byte) error {
	var v schema.Validator
	bad := false
	answer := func(request []byte, a hl7v2.Acknowledgement) {
		if code != "" {
			if a.Code = code; code == hl7v2.AckAccept {
				a.Faults = nil
			}
		}
		a.Time = time.Now()
		out, due := a.Append(nil, request)
		if !due {
			fmt.Fprintf(c.err, "%s: the sender asks for no such acknowledgement\n", name)
		}
		c.out.Write(out)
	}
	err := eachHL7(data, func(m *hl7v2.Message, _ int) error {
		var a hl7v2.Acknowledgement
		for _, i := range v.Validate(m) {
			if i.Severity <= hl7v2.Error {
				bad = true
				a.Faults = append(a.Faults, hl7v2.FaultOf(i))
			}
		}
		answer(m.Bytes(), a)
		return nil
	}, func(i issue) {
		bad = true
		fmt.Fprintf(c.err, "%s:%d:%d: %s %s\n", name, i.Line, i.Col, i.Severity, i.Text)
		answer(nil, hl7v2.Acknowledgement{Code: hl7v2.AckReject, Faults: []hl7v2.Fault{{Code: "100", Text: i.Text}}})
	})
	if err == nil && bad {
		return errFindings
	}
	return err
}
