package hl7v2_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/nhskit/nhskit/hl7v2"
)

const admission = "MSH|^~\\&|PAS|RXX|TIE|RXX|20250102030405||ADT^A01^ADT_A01|C1|P|2.4\r" +
	"PID|1||9991200002^^^NHS^NH~4032813^^^RXX^MR||PATEL^ASHA||19800229|F|||12 ACACIA AVENUE^\"\"^LEEDS\r" +
	"AL1|1|DA|7980^Penicillin^L\r" +
	"AL1|2|FA|102263004^Eggs \\T\\ milk^SCT\r"

func Example() {
	m, err := hl7v2.Parse([]byte(admission))
	if err != nil {
		fmt.Println(err)
		return
	}
	for allergy := range m.Segments("AL1") {
		fmt.Println(allergy.Field(3).Component(2).Text())
	}
	line2, _ := m.Get("PID-11.2")
	district, _ := m.Get("PID-11.9")
	fmt.Println(line2.State(), district.State())
	// Output:
	// Penicillin
	// Eggs & milk
	// null absent
}

func ExampleParse() {
	_, err := hl7v2.Parse([]byte("MSH|^^\\&|PAS\r"))
	if issue, ok := errors.AsType[hl7v2.Issue](err); ok {
		fmt.Println(issue.Code, issue.Offset)
	}
	fmt.Println(err)
	// Output:
	// hl7v2.encoding-characters 5
	// MSH-2 (byte 5): MSH-2 holds a character that is a letter, a digit or a delimiter already (HL7 v2 2.14.9.2)
}

func ExampleMessage_Set() {
	m, _ := hl7v2.Parse([]byte(admission))
	if err := m.Set("PID-5.1", "O'NEILL & CO"); err != nil {
		fmt.Println(err)
	}
	if err := m.SetNull("PID-8"); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s\n", m.Segment("PID", 1).Raw())
	// Output:
	// PID|1||9991200002^^^NHS^NH~4032813^^^RXX^MR||O'NEILL \T\ CO^ASHA||19800229|""|||12 ACACIA AVENUE^""^LEEDS
}

func ExampleMessage_Values() {
	m, _ := hl7v2.Parse([]byte(admission))
	for v := range m.Values(hl7v2.MustPath("PID-3.5")) {
		fmt.Println(v.Path(), v.Text())
	}
	// Output:
	// PID-3[1].5 NH
	// PID-3[2].5 MR
}

func ExampleMessage_Check() {
	m, _ := hl7v2.Parse([]byte("MSH|^~\\&|PAS|RXX|TIE|RXX|2025||ADT^A01|C1|P|2.4\nPID|1||C:\\TEMP\n"))
	for _, issue := range m.Check(false) {
		fmt.Println(issue.Severity, issue.Line, issue.Col, issue)
	}
	// Output:
	// warning 1 48 (byte 47): segments end in LF here: the standard has CR alone (HL7 v2 2.5.2)
	// warning 2 10 PID-3 (byte 57): not an escape sequence (HL7 v2 2.7)
}

func ExampleMessages() {
	file := admission + "\r\n" + strings.Replace(admission, "|C1|", "|C2|", 1)
	for m, err := range hl7v2.Messages([]byte(file)) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(m.SegmentAt(0).Field(10).Text())
	}
	// Output:
	// C1
	// C2
}

func ExampleReadHeader() {
	h, err := hl7v2.ReadHeader([]byte(admission))
	if err != nil {
		fmt.Println(err)
		return
	}
	code, trigger, _ := h.Type()
	fmt.Printf("%s %s %s\n", code, trigger, h.ControlID())
	// Output:
	// ADT A01 C1
}

func ExampleValue_Read() {
	m, _ := hl7v2.Parse([]byte(admission))
	for _, rep := range m.Segment("PID", 1).Field(3).Reps() {
		var id hl7v2.CX
		rep.Read(&id)
		fmt.Println(id.ID.Value(), id.Authority.Namespace.Value(), id.Type.Value(), id.Lacks())
	}
	// Output:
	// 9991200002 NHS NH []
	// 4032813 RXX MR []
}

func ExampleParseDateTime() {
	d, err := hl7v2.ParseDateTime("202502282359-0530")
	fmt.Println(d, d.Precision(), err)
	_, err = hl7v2.ParseDateTime("20250229")
	fmt.Println(err)
	// Output:
	// 202502282359-0530 minute <nil>
	// (byte 6): day out of range: not a date and time: want YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ] (HL7 v2 2.A.22)
}

func ExampleParser_Reader() {
	file := "BHS|^~\\&|PAS\r" + admission + admission + "BTS|3\r"
	r := hl7v2.Parser{}.Reader(strings.NewReader(file))
	for {
		m, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(m)
	}
	for _, issue := range r.Issues() {
		fmt.Println(issue.Severity, issue)
	}
	// Output:
	// HL7 v2 message of 4 segments, 226 bytes
	// HL7 v2 message of 4 segments, 226 bytes
	// error (byte 469): BTS-1 says 3 messages, 2 came (HL7 v2 2.10.3)
}

func ExampleDiff() {
	before, _ := hl7v2.Parse([]byte(admission))
	after := before.Clone()
	after.Set("PID-5.2", "AISHA")
	after.Set("MSH-7", "20260101")
	for _, change := range hl7v2.Diff(before, after, hl7v2.MustPath("MSH-7")) {
		fmt.Println(change)
	}
	// Output:
	// PID-5.2 changed
}

func ExampleMessage_Redacted() {
	m, _ := hl7v2.Parse([]byte(admission))
	r := m.Redacted(hl7v2.MustPath("PID-3.4"), hl7v2.MustPath("PID-8"))
	fmt.Printf("%s\n", r.Segment("PID", 1).Raw())
	// Output:
	// PID|1||1111111111^^^NHS^XX~1111111^^^RXX^XX||XXXXX^XXXX||11111111|F|||11 XXXXXX XXXXXX^""^XXXXX
}

func ExampleED_WriteTo() {
	m, _ := hl7v2.Parse([]byte("MSH|^~\\&|LIMS\rOBX|1|ED|PDF||LIMS^IM^PDF^Base64^JVBERi0xLjQ=\r"))
	var report hl7v2.ED
	m.Segment("OBX", 1).Field(5).Read(&report)
	if _, err := report.WriteTo(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// %PDF-1.4
}

func ExampleNew() {
	m, err := hl7v2.New(hl7v2.Standard(), hl7v2.MSG{Code: hl7v2.T("ADT"), Event: hl7v2.T("A28"), Structure: hl7v2.T("ADT_A05")}, "C9", "2.4")
	if err != nil {
		fmt.Println(err)
		return
	}
	m.InsertSegment(1, "PID")
	m.Write("PID-3", &hl7v2.CX{ID: hl7v2.T("9991200002"), Authority: hl7v2.HD{Namespace: hl7v2.T("NHS")}, Type: hl7v2.T("NH")})
	fmt.Println(strings.ReplaceAll(string(m.AppendTo(nil)), "\r", "\n"))
	// Output:
	// MSH|^~\&|||||||ADT^A28^ADT_A05|C9|P|2.4
	// PID|||9991200002^^^NHS^NH
}

func ExampleStream() {
	s := hl7v2.NewStream(strings.NewReader("MSH|^~\\&|LIMS\rOBX|1|ED|PDF||LIMS^IM^PDF^Base64^JVBERi0xLjQ=\r"))
	for s.Next() {
		if p := s.Path(); p.Segment == "OBX" && p.Field == 5 && p.Comp == 5 {
			if _, err := s.DecodeBase64(os.Stdout); err != nil {
				fmt.Println(err)
			}
		}
	}
	if err := s.Err(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// %PDF-1.4
}

func ExampleMessage_Recoded() {
	lying := "MSH|^~\\&|PAS||||||ADT^A01|1|P|2.4||||||8859/1\rPID|||||O\x92NEILL\r"
	m, _ := hl7v2.Parser{Fallback: hl7v2.Windows1252}.Parse([]byte(lying))
	fixed, err := m.Recoded(m.Delimiters(), hl7v2.UTF8)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.ReplaceAll(string(fixed.AppendTo(nil)), "\r", "\n"))
	// Output:
	// MSH|^~\&|PAS||||||ADT^A01|1|P|2.4||||||UNICODE UTF-8
	// PID|||||O’NEILL
}

// What stands between two marks is an innermost value, be it empty.
func ExampleSegment_Marks() {
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|PAS|RXQ|TIE|RXQ|20260714||ADT^A08^ADT_A01|1|P|2.4\rPID|1||D0048213^^^RXQ^MR~9990042101^^^NHS^NH\r"))
	if err != nil {
		panic(err)
	}
	marks := m.Segment("PID", 1).Marks()
	field := 0
	for i, mark := range marks[:len(marks)-1] {
		if mark.EndsField() {
			field++
		}
		if from, to := mark.Offset()+1, marks[i+1].Offset(); from < to {
			fmt.Printf("PID-%d at byte %d: %s\n", field, from, m.AppendText(nil, from, to))
		}
	}
	// Output:
	// PID-1 at byte 63: 1
	// PID-3 at byte 66: D0048213
	// PID-3 at byte 77: RXQ
	// PID-3 at byte 81: MR
	// PID-3 at byte 84: 9990042101
	// PID-3 at byte 97: NHS
	// PID-3 at byte 101: NH
}

// A report on many elements says where each stands.
func ExampleLocator() {
	m, err := hl7v2.Parse([]byte("MSH|^~\\&|PAS|RXQ|TIE|RXQ|20260714||ADT^A08^ADT_A01|1|P|2.4\rPID|1||D0048213^^^RXQ^MR~9990042101^^^NHS^NH\rNTE|1||\"\"\rNTE|2||Seen\r"))
	if err != nil {
		panic(err)
	}
	var places hl7v2.Locator
	for s := range m.Segments("") {
		for _, field := range s.Fields() {
			for leaf := range field.Leaves() {
				if leaf.State() == hl7v2.Null || leaf.Equal("NHS") {
					fmt.Println(places.Path(leaf), leaf.State())
				}
			}
		}
	}
	// Output:
	// PID-3[2].4 value
	// NTE[1]-3 null
}
