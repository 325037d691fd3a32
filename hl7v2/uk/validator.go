package uk

import (
	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
)

// Validator returns a validator for what UK senders send: it knows the codes
// of the NHS, leaves out findings that are known and accepted (each with its
// reason), and checks the rules of this package besides. The caller may add
// to it before use.
func Validator() schema.Validator {
	return schema.Validator{Code: Code, Rules: Rules(), Suppress: Suppressions()}
}

// Code answers schema.Validator.Code for the tables in which UK senders use
// codes that HL7 does not list. What it does not know is left to the table of
// the version.
func Code(table int, code string) (valid, known bool) {
	switch table {
	case 211: // character sets; UNICODE UTF-8 is of 2.5 and sent in 2.4
		c := hl7v2.ParseCharset(code)
		valid = c == hl7v2.UTF8
	case 445: // reliability of the identity, with the trace status
		_, status := ParseTraceStatus(code)
		valid = status || reliability(code)
	case 191: // type of data: the MIME types that ED holds in practice
		valid = isMediaType(code)
	case 291: // its subtype, of the same registry
		valid = isMediaSubtype(code)
	case 301: // types of universal id: L, M and N are for local ones
		valid = code == "L" || code == "M" || code == "N"
	default:
		for i := range tables().coded {
			if f := &tables().coded[i]; f.table == table && f.admits(code) {
				return true, true
			}
		}
		valid = isSCTID(code)
	}
	return valid, valid
}

// isMediaType reports whether a word is a top level type of MIME.
func isMediaType(code string) bool {
	switch code {
	case "application", "audio", "font", "image", "message", "model", "multipart", "text", "video":
		return true
	}
	return false
}

// isMediaSubtype reports whether a word can be a subtype of MIME (RFC 6838,
// section 4.2), which are registered elsewhere.
func isMediaSubtype(code string) bool {
	if code == "" || len(code) > 127 {
		return false
	}
	for i := range len(code) {
		switch c := code[i]; {
		case c-'0' <= 9, c|0x20 >= 'a' && c|0x20 <= 'z':
		case i > 0 && (c == '!' || c == '#' || c == '$' || c == '&' || c == '-' || c == '^' || c == '_' || c == '.' || c == '+'):
		default:
			return false
		}
	}
	return true
}

// isSCTID reports whether a code is an identifier of SNOMED CT by its digits:
// the NHS uses its concepts where HL7 has tables of its own, as for specimens.
func isSCTID(code string) bool {
	if len(code) < 6 || len(code) > 18 || !allDigits(code) || code[0] == '0' {
		return false
	}
	// Verhoeff's check digit over the dihedral group of order ten.
	const (
		d = "0123456789123406789523401789563401289567401239567859876043216598710432765982104387659321049876543210"
		p = "01234567891576283094580379614289160435279453126870428657390127938064157046913258"
	)
	c := 0
	for i := range len(code) {
		digit := int(code[len(code)-1-i] - '0')
		c = int(d[c*10+int(p[i%8*10+digit]-'0')] - '0')
	}
	return c == 0
}

// Rules returns the rules of this package for a schema.Validator: identifiers
// and NHS numbers, trace status, codes, ODS and practitioners' codes, the
// order of the ZU segments, and merges, after HL7 UK A.3, the ITK HL7 v2 ADT
// pack 1.1, ISB 0149 and the NHS Data Dictionary.
func Rules() []schema.Rule {
	var rules []schema.Rule
	for _, c := range checks() {
		rules = append(rules, schema.Rule{Kinds: c.kinds, Check: func(g *schema.Grouping, report schema.RuleReporter) {
			c.run(g.Message(), report)
		}})
	}
	return rules
}

// Suppressions returns the findings of schema.Validator that are left out for
// UK senders, with the reasons.
func Suppressions() []schema.Suppression {
	var out []schema.Suppression
	for _, p := range tables().xon {
		out = append(out, schema.Suppression{Code: hl7v2.CodeDataType, Path: p.String() + ".3",
			Reason: "XON.3 holds an ODS code, which has letters, and is a number in HL7 up to 2.6; " + string(CodeODS) + " checks its shape"})
	}
	for _, event := range [...]string{"A28", "A31"} {
		out = append(out, schema.Suppression{Code: schema.CodeMissingSegment, Path: "PV1", Event: event,
			Reason: "the standard requires PV1 of a message about a person too, be it PV1||N for no visit; UK senders leave it out, as there is no visit"})
	}
	for _, path := range [...]string{"PID-32", "PID-32.1"} {
		out = append(out, schema.Suppression{Code: schema.CodeTable, Path: path,
			Reason: "the trace status stands here besides the codes of table 0445; " + string(CodeTraceStatus) + " says where a code is of neither"})
	}
	for _, f := range tables().coded {
		if f.shape == "*" {
			continue
		}
		for _, path := range [...]string{f.path, f.path + ".1"} {
			out = append(out, schema.Suppression{Code: schema.CodeTable, Path: path,
				Reason: "the NHS Data Dictionary has codes of its own here; " + string(CodeCodeList) + " says where a code is of neither"})
		}
	}
	return out
}
