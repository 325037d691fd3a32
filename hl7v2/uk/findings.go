package uk

import (
	"errors"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
	"github.com/nhskit/nhskit/nhsnumber"
)

// Findings of this package.
const (
	CodeCheckDigit        hl7v2.Code = "uk.check-digit"                 // a national number whose check digit fails
	CodeNumberFormat      hl7v2.Code = "uk.number-format"               // a national number that is not ten digits
	CodeNumberSpelling    hl7v2.Code = "uk.number-spelling"             // ten digits, with spaces or the like
	CodeNumberConflict    hl7v2.Code = "uk.number-conflict"             // two different numbers of one scheme
	CodeNumberDeleted     hl7v2.Code = "uk.number-deleted"              // "" is sent for a national number
	CodeNumberRange       hl7v2.Code = "uk.number-range"                // outside the range of the scheme that is named
	CodePlaceholder       hl7v2.Code = "uk.number-placeholder"          // ten equal digits, which pass the check digit
	CodeTypeMissing       hl7v2.Code = "uk.identifier-type-missing"     // CX.5 is empty
	CodeType              hl7v2.Code = "uk.identifier-type"             // CX.5 contradicts CX.4
	CodeAuthorityMissing  hl7v2.Code = "uk.assigning-authority-missing" // CX.4 is empty
	CodeAuthority         hl7v2.Code = "uk.assigning-authority"         // type NH under an authority that issues no NHS numbers
	CodeLegacyPosition    hl7v2.Code = "uk.legacy-position"             // an identifier of PID-2, PID-4 or PID-19 that PID-3 lacks
	CodeTraceStatus       hl7v2.Code = "uk.trace-status"                // neither a trace status nor another code of its field
	CodeTraceRepeated     hl7v2.Code = "uk.trace-status-repeated"       // more than one in PID-32
	CodeTraceConflict     hl7v2.Code = "uk.trace-status-conflict"       // PID-32 and ZU1-27 differ
	CodeTraceNumber       hl7v2.Code = "uk.trace-status-number"         // the status contradicts the presence of a number
	CodeCodeList          hl7v2.Code = "uk.code"                        // neither a code of the NHS nor one of HL7
	CodeODS               hl7v2.Code = "uk.ods-code"                    // not the shape of an ODS code
	CodePractitioner      hl7v2.Code = "uk.practitioner-code"           // not the shape of a GMC or GMP code
	CodePractitionerLabel hl7v2.Code = "uk.practitioner-label"          // a GMP code under GMC, or the other way round
	CodeZOrder            hl7v2.Code = "uk.z-segment-order"             // a ZU segment out of its place
	CodeZExtra            hl7v2.Code = "uk.z-segment-extra"             // a field beyond those of a ZU segment
	CodeMergeSegment      hl7v2.Code = "uk.merge-segment"               // a merge without MRG, or MRG without PID
	CodeMergeSame         hl7v2.Code = "uk.merge-same"                  // an identifier that survives and is superseded
	CodeMergeNoneLeft     hl7v2.Code = "uk.merge-no-identifier"         // nothing superseded, or nothing that survives
	CodeMergeOtherAuthor  hl7v2.Code = "uk.merge-authority"             // no surviving identifier of a superseded one's authority
)

const (
	clauseA3   = "HL7 UK A.3"
	clauseITK  = "ITK HL7 v2 ADT 1.1"
	clauseISB  = "ISB 0149"
	clauseDict = "NHS Data Dictionary"
)

// reporter is called for each finding. Texts hold nothing of the message.
type reporter = schema.RuleReporter

// check is a group of rules with the findings that it can have.
type check struct {
	run   func(*hl7v2.Message, reporter)
	kinds []schema.RuleKind
}

// checks returns all rules of the package.
func checks() []check {
	return []check{
		{checkNumbers, []schema.RuleKind{
			{Code: CodeCheckDigit, Severity: hl7v2.Error, Clause: clauseISB + " requirement 11"},
			{Code: CodeNumberFormat, Severity: hl7v2.Error, Clause: clauseISB + " requirement 10"},
			{Code: CodeNumberSpelling, Severity: hl7v2.Warning, Clause: clauseA3 + " PID-3"},
			{Code: CodeNumberConflict, Severity: hl7v2.Error, Clause: clauseA3 + " PID-3"},
			{Code: CodeNumberDeleted, Severity: hl7v2.Information, Clause: "HL7 v2 2.5.3.2"},
			{Code: CodeNumberRange, Severity: hl7v2.Warning},
			{Code: CodePlaceholder, Severity: hl7v2.Warning},
			{Code: CodeTypeMissing, Severity: hl7v2.Warning, Clause: clauseA3 + " PID-3"},
			{Code: CodeType, Severity: hl7v2.Warning, Clause: clauseA3 + " PID-3"},
			{Code: CodeAuthorityMissing, Severity: hl7v2.Warning, Clause: clauseA3 + " PID-3"},
			{Code: CodeAuthority, Severity: hl7v2.Warning, Clause: clauseA3 + " PID-3"},
			{Code: CodeLegacyPosition, Severity: hl7v2.Warning, Clause: clauseA3 + " PID-2"},
		}},
		{checkStatuses, []schema.RuleKind{
			{Code: CodeTraceStatus, Severity: hl7v2.Warning, Clause: clauseDict + " NHS NUMBER STATUS INDICATOR CODE"},
			{Code: CodeTraceRepeated, Severity: hl7v2.Error, Clause: clauseA3 + " PID-32"},
			{Code: CodeTraceConflict, Severity: hl7v2.Error, Clause: clauseA3 + " ZU1-27"},
			{Code: CodeTraceNumber, Severity: hl7v2.Warning, Clause: clauseDict + " NHS NUMBER STATUS INDICATOR CODE"},
		}},
		{checkCodes, []schema.RuleKind{{Code: CodeCodeList, Severity: hl7v2.Warning, Clause: clauseDict}}},
		{checkOrganisations, []schema.RuleKind{{Code: CodeODS, Severity: hl7v2.Warning, Clause: clauseITK}}},
		{checkPractitioners, []schema.RuleKind{
			{Code: CodePractitioner, Severity: hl7v2.Warning, Clause: clauseDict},
			{Code: CodePractitionerLabel, Severity: hl7v2.Information, Clause: clauseDict},
		}},
		{checkZSegments, []schema.RuleKind{
			{Code: CodeZOrder, Severity: hl7v2.Warning, Clause: clauseA3},
			{Code: CodeZExtra, Severity: hl7v2.Warning, Clause: clauseA3},
		}},
		{checkMerges, []schema.RuleKind{
			{Code: CodeMergeSegment, Severity: hl7v2.Error, Clause: "HL7 v2 3.3"},
			{Code: CodeMergeSame, Severity: hl7v2.Error, Clause: "HL7 v2 3.6"},
			{Code: CodeMergeNoneLeft, Severity: hl7v2.Error, Clause: "HL7 v2 3.6"},
			{Code: CodeMergeOtherAuthor, Severity: hl7v2.Warning, Clause: "HL7 v2 3.6"},
		}},
	}
}

// maxFindings is how many findings are listed before the list says that there
// are more.
const maxFindings = 500

// maxCompared is how many identifiers of one list are compared with those of
// another: no patient has more, and hostile messages do.
const maxCompared = 100

func firstOf(ids []Identifier) []Identifier { return ids[:min(len(ids), maxCompared)] }

// Check returns what the rules of this package find in a message, without the
// facts of its version: use [Validator] for both. At most 500 are listed and an
// hl7v2.CodeTooMany, which has the severity of the worst left out, and of the
// identifiers of a patient no more than 100 are compared with each other.
// Findings hold no value of the message.
func Check(m *hl7v2.Message) []hl7v2.Issue {
	var c collector
	for _, k := range checks() {
		k.run(m, c.reporter(m, k.kinds))
	}
	return c.issues
}

// Findings returns what is wrong with the identifiers and trace status of the
// patient.
func (p Patient) Findings() []hl7v2.Issue {
	m := p.PID.Message()
	if m == nil {
		return nil
	}
	var c collector
	groups := checks()
	p.checkNumbers(c.reporter(m, groups[0].kinds))
	p.checkStatus(c.reporter(m, groups[1].kinds))
	return c.issues
}

type collector struct {
	issues []hl7v2.Issue
	places hl7v2.Locator
}

func (c *collector) reporter(m *hl7v2.Message, kinds []schema.RuleKind) reporter {
	return func(code hl7v2.Code, at hl7v2.Value, text string) {
		i := hl7v2.Issue{Code: code, Offset: int64(max(at.Offset(), 0)), Err: errors.New(text)}
		for _, k := range kinds {
			if k.Code == code {
				i.Severity, i.Clause = k.Severity, k.Clause
			}
		}
		switch {
		case len(c.issues) > maxFindings:
			last := &c.issues[maxFindings]
			last.Severity = min(last.Severity, i.Severity)
			return
		case len(c.issues) == maxFindings:
			i = hl7v2.Issue{Severity: i.Severity, Code: hl7v2.CodeTooMany, Offset: i.Offset, Err: errors.New("more than 500 findings: the rest is left out")}
		default:
			i.Path = c.places.Path(at)
		}
		c.issues = append(c.issues, i.Locate(m.Bytes()))
	}
}

func checkNumbers(m *hl7v2.Message, report reporter) {
	for p := range Patients(m) {
		p.checkNumbers(report)
	}
	for mrg := range m.Segments("MRG") {
		checkIdentifiers(superseded(mrg), report)
	}
}

func (p Patient) checkNumbers(report reporter) {
	checkIdentifiers(p.Identifiers, report)
	for _, kind := range [...]Kind{NHSNumber, CHINumber, HCNumber} {
		if _, state := p.Find(kind, false); state == Conflicting {
			report(CodeNumberConflict, p.PID.Field(3), "two different "+kind.String()+" numbers of one patient")
		}
	}
	compared := 0
	for _, id := range p.Identifiers {
		if !id.Legacy || id.State != Valid {
			continue
		}
		if compared++; compared > maxCompared {
			break
		}
		if p.listed(id) {
			continue
		}
		if listed, state := p.Find(id.Kind, false); id.Kind != Local && state == Valid {
			report(CodeNumberConflict, id.Value(), "not the "+id.Kind.String()+" number of "+listed.At.Path())
			continue
		}
		report(CodeLegacyPosition, id.At, "an identifier that is not in PID-3")
	}
}

// listed reports whether PID-3 has an identifier too. One that names neither
// authority nor type is the same as one with the same id.
func (p Patient) listed(id Identifier) bool {
	for _, o := range firstOf(p.Identifiers) {
		if o.Legacy || o.State != Valid {
			continue
		}
		if id.same(o) || id.Authority() == "" && id.Value().Text() == o.Value().Text() {
			return true
		}
	}
	return false
}

func checkIdentifiers(ids []Identifier, report reporter) {
	for _, id := range ids {
		if id.Kind != Local {
			id.checkNumber(report)
		}
		if id.Legacy {
			continue // neither authority nor type is to be expected
		}
		id.checkCX(report)
	}
}

func (id Identifier) checkNumber(report reporter) {
	name := id.Kind.String() + " number"
	switch id.State {
	case Deleted:
		report(CodeNumberDeleted, id.Value(), "the "+name+" is to be removed")
		return
	case Invalid:
		if errors.Is(id.Err, nhsnumber.ErrCheckDigit) {
			report(CodeCheckDigit, id.Value(), "the check digit of the "+name+" does not match")
		} else {
			report(CodeNumberFormat, id.Value(), "not the ten digits of a "+name)
		}
		return
	}
	if !id.Legacy && !id.spelled() {
		report(CodeNumberSpelling, id.Value(), "ten digits without anything between them are expected")
	}
	if id.Number.Repdigit() {
		report(CodePlaceholder, id.Value(), "ten equal digits are no person's number")
		return
	}
	if !inRange(id.Kind, id.Number.Region()) {
		report(CodeNumberRange, id.Value(), "the number lies in the range "+string(id.Number.Region())+", outside that of a "+name)
	}
}

// spelled reports whether the value is exactly the ten digits.
func (id Identifier) spelled() bool {
	raw := id.Value().Leaf().Raw()
	if len(raw) != 10 {
		return false
	}
	for _, c := range raw {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// inRange reports whether a range can hold numbers of a kind; numbers for
// testing serve every kind.
func inRange(kind Kind, r nhsnumber.Region) bool {
	switch r {
	case nhsnumber.RegionTest9, nhsnumber.RegionTest999:
		return true
	case nhsnumber.RegionEnglandWalesIoM:
		return kind == NHSNumber
	case nhsnumber.RegionScotland:
		return kind == CHINumber
	case nhsnumber.RegionNorthernIreland:
		return kind == HCNumber
	}
	return false
}

// checkCX compares authority and type with what A.3 wants: NHS^NH, CHI^NH, and
// an authority and type for every local id.
func (id Identifier) checkCX(report reporter) {
	authority, typ := id.At.Component(4), id.At.Component(5)
	nh := typ.Equal("NH") || typ.Equal("NHSNMBR")
	if authority.State() != hl7v2.Present {
		report(CodeAuthorityMissing, id.At, "component 4 must say who assigned the identifier")
	}
	switch {
	case typ.State() != hl7v2.Present:
		report(CodeTypeMissing, id.At, "component 5 must say what kind of identifier it is")
	case id.Kind == Local && nh && authority.State() == hl7v2.Present:
		report(CodeAuthority, authority, "type NH without the authority NHS, CHI or HSC: not read as a national number")
	case id.Kind != Local && !nh && !isOID(typ.Text()):
		report(CodeType, typ, "a national number has type NH")
	}
}

func checkStatuses(m *hl7v2.Message, report reporter) {
	for p := range Patients(m) {
		p.checkStatus(report)
	}
}

func (p Patient) checkStatus(report reporter) {
	n := 0
	for at := range p.statuses {
		if _, ok := ParseTraceStatus(at.Text()); !ok {
			report(CodeTraceStatus, at, "not a trace status: NSTS01 to NSTS08, 01 to 08, NSTS1 to NSTS8 and PDS1 to PDS8 are known")
		}
		if at.Segment().Is("PID") {
			if n++; n == 2 {
				report(CodeTraceRepeated, at, "one trace status is allowed")
			}
		}
	}
	for _, rep := range p.PID.Field(32).Reps() {
		if v := rep.Leaf(); v.State() == hl7v2.Present && !looksOrIs(v.Text()) && !reliability(v.Text()) {
			report(CodeTraceStatus, v, "neither a trace status nor US, UD, UA, AL or ED")
		}
	}
	t := p.TraceStatus()
	if t.State == Conflicting {
		report(CodeTraceConflict, t.At, "the trace statuses of the patient differ")
		return
	}
	_, state := p.NHSNumber()
	if state == Absent {
		_, state = p.LegacyNHSNumber()
	}
	switch t.Status {
	case nhsnumber.StatusVerified, nhsnumber.StatusNotTraced, nhsnumber.StatusTracedWelshAR:
		if state == Absent || state == Deleted {
			report(CodeTraceNumber, t.At, "the status says that an NHS number is present, and there is none")
		}
	case nhsnumber.StatusNotPresent:
		if state == Valid {
			report(CodeTraceNumber, t.At, "the status says that there is no NHS number, and one is present")
		}
	}
}
