package uk

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/internal/corpus"
	"github.com/nhskit/nhskit/hl7v2/schema"
	"github.com/nhskit/nhskit/nhsnumber"
)

const header = `MSH|^~\&|PAS|RXQ|ROUTE|ROUTE|20260714093105||ADT^A01^ADT_A01|1|P|2.4` + "\r"

// pid makes a message of a PID segment with fields 2, 3, 4, 19 and 32.
func pid(two, three, four, nineteen, thirtytwo string) string {
	return header + "PID|1|" + two + "|" + three + "|" + four + strings.Repeat("|", 15) + nineteen + strings.Repeat("|", 13) + thirtytwo + "\r"
}

// codes returns the codes of findings, each with its path.
func codes(issues []hl7v2.Issue) []string {
	var out []string
	for _, i := range issues {
		out = append(out, string(i.Code)+" "+i.Path)
	}
	return out
}

var identifierCases = []struct {
	name, two, three, four, nineteen string
	kind                             Kind
	legacy                           bool
	state                            State
	digits                           string
	findings                         []string
}{
	{"as A.3 has it", "", "9990042101^^^NHS^NH", "", "", NHSNumber, false, Valid, "9990042101", nil},
	{"behind a hospital number", "", "A1^^^RXQ^MR~9990042101^^^NHS^NH", "", "", NHSNumber, false, Valid, "9990042101", nil},
	{"authority only", "", "9990042101^^^NHS", "", "", NHSNumber, false, Valid, "9990042101", []string{"uk.identifier-type-missing PID-3"}},
	{"authority in small letters", "", "9990042101^^^nhs^NH", "", "", NHSNumber, false, Valid, "9990042101", nil},
	{"type only", "", "9990042101^^^^NH", "", "", NHSNumber, false, Valid, "9990042101", []string{"uk.assigning-authority-missing PID-3"}},
	{"simulated hospital", "", "9990042101^^^NHSNBR^NHSNMBR", "", "", NHSNumber, false, Valid, "9990042101", nil},
	{"authority by its OID", "", "9990042101^^^&2.16.840.1.113883.2.1.4.1&ISO^NH", "", "", NHSNumber, false, Valid, "9990042101", nil},
	{"OID as the namespace", "", "9990042101^^^2.16.840.1.113883.2.1.4.1^NH", "", "", NHSNumber, false, Valid, "9990042101", nil},
	{"OID as the type", "", "9990042101^^^^2.16.840.1.113883.2.1.3.2.4.18.23", "", "", NHSNumber, false, Valid, "9990042101", []string{"uk.assigning-authority-missing PID-3"}},
	{"OID of something else", "", "9990042101^^^&2.16.840.1.113883.2.1.3.2.4.18.24&ISO^PI", "", "", NHSNumber, false, Absent, "", nil},
	{"namespace beside another OID", "", "9990042101^^^NHS&1.2.826.0.1.9&ISO^NH", "", "", NHSNumber, false, Valid, "9990042101", nil},
	{"trust with type NH", "", "9990042101^^^RXQ^NH", "", "", NHSNumber, false, Absent, "", []string{"uk.assigning-authority PID-3.4"}},
	{"another type", "", "9990042101^^^NHS^MR", "", "", NHSNumber, false, Valid, "9990042101", []string{"uk.identifier-type PID-3.5"}},
	{"spaces", "", "999 004 2101^^^NHS^NH", "", "", NHSNumber, false, Valid, "9990042101", []string{"uk.number-spelling PID-3.1"}},
	{"wrong check digit", "", "9990042102^^^NHS^NH", "", "", NHSNumber, false, Invalid, "", []string{"uk.check-digit PID-3.1"}},
	{"nine digits", "", "999004210^^^NHS^NH", "", "", NHSNumber, false, Invalid, "", []string{"uk.number-format PID-3.1"}},
	{"letters", "", "UNKNOWN^^^NHS^NH", "", "", NHSNumber, false, Invalid, "", []string{"uk.number-format PID-3.1"}},
	{"deleted", "", `""^^^NHS^NH`, "", "", NHSNumber, false, Deleted, "", []string{"uk.number-deleted PID-3.1"}},
	{"replaced", "", `""^^^NHS^NH~9990042101^^^NHS^NH`, "", "", NHSNumber, false, Valid, "9990042101", []string{"uk.number-deleted PID-3[1].1"}},
	{"the same twice", "", "9990042101^^^NHS^NH~9990042101^^^NHS^NH", "", "", NHSNumber, false, Valid, "9990042101", nil},
	{"two numbers", "", "9990042101^^^NHS^NH~9990042128^^^NHS^NH", "", "", NHSNumber, false, Conflicting, "", []string{"uk.number-conflict PID-3"}},
	{"two numbers and a third", "", "9990042101^^^NHS^NH~9990042128^^^NHS^NH~9990042101^^^NHS^NH", "", "", NHSNumber, false, Conflicting, "", []string{"uk.number-conflict PID-3"}},
	{"a valid and a wrong one", "", "9990042102^^^NHS^NH~9990042101^^^NHS^NH", "", "", NHSNumber, false, Valid, "9990042101", []string{"uk.check-digit PID-3[1].1"}},
	{"empty with an authority", "", "^^^NHS^NH", "", "", NHSNumber, false, Absent, "", nil},
	{"ten equal digits", "", "4444444444^^^NHS^NH", "", "", NHSNumber, false, Valid, "4444444444", []string{"uk.number-placeholder PID-3.1"}},
	{"a CHI number under NHS", "", "0101011237^^^NHS^NH", "", "", NHSNumber, false, Valid, "0101011237", []string{"uk.number-range PID-3.1"}},
	{"CHI", "", "0101011237^^^CHI^NH", "", "", CHINumber, false, Valid, "0101011237", nil},
	{"CHI without its zero", "", "101011237^^^CHI^NH", "", "", CHINumber, false, Valid, "0101011237", []string{"uk.number-spelling PID-3.1"}},
	{"CHI is no NHS number", "", "0101011237^^^CHI^NH", "", "", NHSNumber, false, Absent, "", nil},
	{"health and care number", "", "3200000007^^^HSC^NH", "", "", HCNumber, false, Valid, "3200000007", nil},
	{"H&C unescaped", "", "3200000007^^^H&C^NH", "", "", HCNumber, false, Valid, "3200000007", nil},
	{"H&C escaped", "", `3200000007^^^H\T\C^NH`, "", "", HCNumber, false, Valid, "3200000007", nil},
	{"no authority, no type", "", "9990042101", "", "", NHSNumber, false, Absent, "", []string{"uk.assigning-authority-missing PID-3", "uk.identifier-type-missing PID-3"}},
	{"PID-2 bare", "999 004 2101", "A1^^^RXQ^MR", "", "", NHSNumber, true, Valid, "9990042101", []string{"uk.legacy-position PID-2"}},
	{"PID-2 repeated in PID-3", "9990042101", "9990042101^^^NHS^NH", "", "", NHSNumber, true, Valid, "9990042101", nil},
	{"PID-2 with spaces against PID-3", "999 004 2128", "9990042101^^^NHS^NH", "", "", NHSNumber, true, Valid, "9990042128", []string{"uk.number-conflict PID-2"}},
	{"PID-2 a hospital number", "A1", "A1^^^RXQ^MR", "", "", NHSNumber, true, Absent, "", nil},
	{"PID-4 with an authority", "", "A1^^^RXQ^MR", "9990042101^^^NHS^NH", "", NHSNumber, true, Valid, "9990042101", []string{"uk.legacy-position PID-4"}},
	{"PID-19", "", "A1^^^RXQ^MR", "", "9990042101", NHSNumber, true, Valid, "9990042101", []string{"uk.legacy-position PID-19"}},
	{"PID-19 with a wrong check digit", "", "A1^^^RXQ^MR", "", "9990042102", NHSNumber, true, Invalid, "", []string{"uk.check-digit PID-19"}},
	{"PID-19 deleted", "", "A1^^^RXQ^MR", "", `""`, NHSNumber, true, Deleted, "", []string{"uk.number-deleted PID-19"}},
	{"PID-19 an insurance number", "", "A1^^^RXQ^MR", "", "QQ123456C", NHSNumber, true, Absent, "", []string{"uk.legacy-position PID-19"}},
}

func TestIdentifiers(t *testing.T) {
	for _, c := range identifierCases {
		t.Run(c.name, func(t *testing.T) {
			m := parse(t, pid(c.two, c.three, c.four, c.nineteen, ""))
			p := PatientOf(m)
			id, state := p.Find(c.kind, c.legacy)
			if state != c.state || id.Number.Digits() != c.digits {
				t.Errorf("%s, digits right: %t; want %s", state, id.Number.Digits() == c.digits, c.state)
			}
			if (state == Invalid) != (id.Err != nil) {
				t.Errorf("state %s with error %v", state, id.Err)
			}
			if got := codes(p.Findings()); !slices.Equal(got, c.findings) {
				t.Errorf("findings %q, want %q", got, c.findings)
			}
			for _, shown := range []string{fmt.Sprintf("%v %+v %#v", p, id, id), fmt.Sprint(p.Findings()), fmt.Sprint(id.Err)} {
				if strings.Contains(shown, "99900") || strings.Contains(shown, "010101") {
					t.Errorf("digits are shown: %s", shown)
				}
			}
		})
	}
}

func TestTraceStatus(t *testing.T) {
	for _, c := range []struct {
		name, three, thirtytwo, zu1 string
		state                       State
		status                      nhsnumber.Status
		findings                    []string
	}{
		{"ITK", "9990042101^^^NHS^NH", "NSTS01", "", Valid, nhsnumber.StatusVerified, nil},
		{"bare", "9990042101^^^NHS^NH", "02", "", Valid, nhsnumber.StatusNotTraced, nil},
		{"A.3", "9990042101^^^NHS^NH", "NSTS3", "", Valid, nhsnumber.StatusTraceRequired, nil},
		{"A.3, PDS", "9990042101^^^NHS^NH", "PDS4", "", Valid, nhsnumber.StatusTraceAttempted, nil},
		{"Wales", "9990042101^^^NHS^NH", "nn", "", Valid, nhsnumber.StatusTracedWelshAR, nil},
		{"ZU1-27", "9990042101^^^NHS^NH", "", "08", Valid, nhsnumber.StatusPostponed, nil},
		{"both the same", "9990042101^^^NHS^NH", "NSTS05", "05", Valid, nhsnumber.StatusConflict, nil},
		{"both, different", "9990042101^^^NHS^NH", "NSTS01", "02", Conflicting, 0, []string{"uk.trace-status-conflict PID-32"}},
		{"beside another code", "9990042101^^^NHS^NH", "ED~NSTS06", "", Valid, nhsnumber.StatusInProgress, nil},
		{"only another code", "9990042101^^^NHS^NH", "AL~US", "", Absent, 0, nil},
		{"twice", "9990042101^^^NHS^NH", "NSTS01~01", "", Valid, nhsnumber.StatusVerified, []string{"uk.trace-status-repeated PID-32[2]"}},
		{"out of range", "9990042101^^^NHS^NH", "NSTS09", "", Invalid, 0, []string{"uk.trace-status PID-32"}},
		{"zero", "9990042101^^^NHS^NH", "00", "", Invalid, 0, []string{"uk.trace-status PID-32"}},
		{"prefix alone", "9990042101^^^NHS^NH", "NSTS", "", Invalid, 0, []string{"uk.trace-status PID-32"}},
		{"a bare digit", "9990042101^^^NHS^NH", "1", "", Invalid, 0, []string{"uk.trace-status PID-32"}},
		{"one that is none, and one", "9990042101^^^NHS^NH", "NSTS77~NSTS07", "", Valid, nhsnumber.StatusNotPresent,
			[]string{"uk.trace-status PID-32[1]", "uk.trace-status-repeated PID-32[2]", "uk.trace-status-number PID-32[2]"}},
		{"verified without a number", "A1^^^RXQ^MR", "NSTS01", "", Valid, nhsnumber.StatusVerified, []string{"uk.trace-status-number PID-32"}},
		{"no number, no trace", "A1^^^RXQ^MR", "NSTS07", "", Valid, nhsnumber.StatusNotPresent, nil},
		{"nothing", "A1^^^RXQ^MR", "", "", Absent, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := pid("", c.three, "", "", c.thirtytwo)
			if c.zu1 != "" {
				text += "ZU1" + strings.Repeat("|", 27) + c.zu1 + "\r"
			}
			p := PatientOf(parse(t, text))
			if got := p.TraceStatus(); got.State != c.state || got.Status != c.status {
				t.Errorf("%s %s, want %s %s", got.State, got.Status, c.state, c.status)
			}
			if got := codes(p.Findings()); !slices.Equal(got, c.findings) {
				t.Errorf("findings %q, want %q", got, c.findings)
			}
		})
	}
	t.Run("a ZU1 belongs to the PID before it", func(t *testing.T) {
		m := parse(t, pid("", "A1^^^RXQ^MR", "", "", "")+"PID|2||A2^^^RXQ^MR\rZU1"+strings.Repeat("|", 27)+"03\r")
		var got []nhsnumber.Status
		for p := range Patients(m) {
			got = append(got, p.TraceStatus().Status)
		}
		if !slices.Equal(got, []nhsnumber.Status{0, nhsnumber.StatusTraceRequired}) {
			t.Error(got)
		}
	})
}

// TestRules changes the admission, which has no finding, in one place.
func TestRules(t *testing.T) {
	v := Validator()
	if err := v.Check(); err != nil {
		t.Fatal(err)
	}
	const merge = `MSH|^~\&|PAS|RXQ|ROUTE|ROUTE|20260716100000||ADT^A40^ADT_A39|3|P|2.4` + "\rEVN||20260716095800\rPID|1||9990042128^^^NHS^NH~D2^^^RXQ^MR||PELLOW^JAMES\rMRG|D1^^^RXQ^MR\r"
	const person = `MSH|^~\&|PAS|RXQ|ROUTE|ROUTE|20260716100000||ADT^A28^ADT_A05|4|P|2.4` + "\rEVN||20260716095800\rPID|1||9990042101^^^NHS^NH||THISTLEWOOD^EDNA||19411109|2\r"
	for _, c := range []struct {
		name, in, old, new string
		want               []string
	}{
		{"as it is", admission, "", "", nil},
		{"sex of HL7", admission, "|19411109|2|", "|19411109|F|", nil},
		{"no sex at all", admission, "|19411109|2|", "|19411109|Q|", []string{"uk.code PID-8"}},
		{"sex not known", admission, "|19411109|2|", "|19411109|0|", nil},
		{"sex of 2.3, which has no table", pid("", "A1^^^RXQ^MR", "", "", ""), "|P|2.4\rPID|1||A1^^^RXQ^MR|||||", "|P|2.3\rEVN|A01|20260714093105\rPID|1||A1^^^RXQ^MR||PELLOW|||F", []string{"hl7v2.missing-segment PV1", "hl7v2.length MSH-9", "hl7v2.extra MSH-9.3"}},
		{"marital status of Wales", admission, "|EN|W|", "|EN|22|", nil},
		{"no marital status", admission, "|EN|W|", "|EN|?|", []string{"uk.code PID-16"}},
		{"language", admission, "|EN|W|", "|cy|W|", nil},
		{"no ethnic category", admission, "|||||A|||||", "|||||I|||||", []string{"uk.code PID-22"}},
		{"detailed ethnic category", admission, "|||||A|||||", "|||||CA|||||", nil},
		{"an ethnic category that says SNOMED CT", admission, "|||||A|||||", "|||||92381000000106^English^SCT|||||", nil},
		{"no admission method", admission, "^RXQ01|21|", "^RXQ01|29|", []string{"uk.code PV1-4"}},
		{"no source of admission", admission, "|300||||19|", "|300||||18|", []string{"uk.code PV1-14"}},
		{"a treatment function", admission, "|||300||||19|", "|||104||||19|", nil},
		{"no treatment function", admission, "|||300||||19|", "|||3000||||19|", []string{"hl7v2.length PV1-10", "uk.code PV1-10"}},
		{"discharge destination", admission, "|||||||||||||||||19||||||||20260714091500", "|||||||||||||||||43||||||||20260714091500", []string{"uk.code PV1-36"}},
		{"relationship", admission, "^L|02|7", "^L|O2|7", []string{"uk.code NK1-3"}},
		{"ODS code in small letters", admission, "^^Y99417|", "^^y99417|", []string{"uk.ods-code PD1-3.3"}},
		{"number in XON.3", admission, "^^Y99417|", "^^12345|", nil},
		{"sender's name in MSH-4", admission, "|PAS|RXQ|", "|PAS|Dunmere|", []string{"uk.ods-code MSH-4"}},
		{"the same outside ITK", strings.Replace(admission, "iTKv1.0", "", 1), "|PAS|RXQ|", "|PAS|Dunmere|", nil},
		{"GMP code under GMC", admission, "^^^GMP", "^^^GMC", []string{"uk.practitioner-label PD1-4.1"}},
		{"GMC number under GMC", admission, "C9900419^", "9900419^", nil},
		{"no GMC code", admission, "C9900419^", "C99004^", []string{"uk.practitioner-code PV1-7.1"}},
		{"trace status", admission, "NSTS01\r", "NSTS11\r", []string{"uk.trace-status PID-32"}},
		{"another code of PID-32", admission, "NSTS01\r", "ED\r", nil},
		{"no code of PID-32", admission, "NSTS01\r", "XX\r", []string{"uk.trace-status PID-32"}},
		{"character set", admission, "UNICODE UTF-8", "UNICODE", nil},
		{"no character set", admission, "UNICODE UTF-8", "UTF-9", []string{"hl7v2.charset MSH-18", "hl7v2.table MSH-18"}},
		{"a segment behind ZU1", admission, "\rZU1|20260714085500|1|||300|300|||||||||||||||||||||01\r", "\rZU1|1\rAL1|1|DA|1^a^L\r", []string{"uk.z-segment-order AL1[2]-1"}},
		{"ZU1 twice", admission, "\rZU1", "\rZU1|1\rZU1", []string{"uk.z-segment-order ZU1[2]-1"}},
		{"ZU order", admission, "\rZU1", "\rZU4|1\rZU1", []string{"uk.z-segment-order ZU1-1"}},
		{"ZU1-28", admission, "|01\r", "|01|x\r", []string{"uk.z-segment-extra ZU1-28"}},
		{"ZU1-30", admission, "|01\r", "|01|||x\r", []string{"uk.z-segment-extra ZU1-30"}},
		{"phone number", admission, "+447700900418", "+44 (0)7700 900418", nil},
		{"a person without a visit", person, "", "", nil},
		{"a change of one", person, "A28", "A31", nil},
		{"a visit without PV1", person, "A28", "A05", []string{"hl7v2.missing-segment PV1"}},
		{"a merge", merge, "", "", nil},
		{"into itself", merge, "MRG|D1", "MRG|D2", []string{"uk.merge-same MRG-1.1"}},
		{"of another authority", merge, "MRG|D1^^^RXQ", "MRG|D1^^^RXR", []string{"uk.merge-authority MRG-1"}},
		{"of nothing", merge, "MRG|D1^^^RXQ^MR", "MRG|^^^RXQ^MR", []string{"uk.merge-no-identifier MRG-1"}},
		{"into nothing", merge, "|9990042128^^^NHS^NH~D2^^^RXQ^MR|", `|^^^RXQ^MR|`, []string{"uk.merge-no-identifier PID-3"}},
		{"without MRG", merge, "MRG|D1^^^RXQ^MR\r", "", []string{"hl7v2.missing-segment PATIENT[1].MRG", "uk.merge-segment PID-3"}},
		{"of a wrong number", merge, "MRG|D1^^^RXQ^MR", "MRG|D1^^^RXQ^MR~9990042129^^^NHS^NH", []string{"uk.check-digit MRG-1[2].1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(c.in, c.old) {
				t.Fatal("the case changes nothing")
			}
			m := parse(t, strings.Replace(c.in, c.old, c.new, 1))
			issues := v.Validate(m)
			got := codes(issues)
			for i, want := range c.want {
				if i >= len(got) || got[i] != want {
					t.Fatalf("findings %q, want %q", got, c.want)
				}
			}
			if len(got) != len(c.want) {
				t.Fatalf("findings %q, want %q", got, c.want)
			}
			// Check has the same findings of this package, with their places.
			var own []string
			for _, i := range issues {
				if strings.HasPrefix(string(i.Code), "uk.") {
					own = append(own, fmt.Sprint(i.Severity, i.Code, i.Path, i.Offset, i.Line, i.Col, i.Clause, i.Err))
				}
			}
			var checked []string
			for _, i := range Check(m) {
				checked = append(checked, fmt.Sprint(i.Severity, i.Code, i.Path, i.Offset, i.Line, i.Col, i.Clause, i.Err))
			}
			slices.Sort(own)
			slices.Sort(checked)
			if !slices.Equal(own, checked) {
				t.Errorf("Check has %q, the validator %q", checked, own)
			}
		})
	}
}

// TestFaults has a code of table 0357 for the findings of this package, but for
// those that contradict nothing but each other.
func TestFaults(t *testing.T) {
	other := map[hl7v2.Code]bool{CodeNumberConflict: true, CodeNumberDeleted: true, CodeTraceRepeated: true, CodeTraceConflict: true, CodeTraceNumber: true, CodeMergeSame: true, CodeMergeOtherAuthor: true}
	for _, r := range Rules() {
		for _, k := range r.Kinds {
			if f := hl7v2.FaultOf(hl7v2.Issue{Code: k.Code, Path: "PID-3"}); (f.Code == "207") != other[k.Code] {
				t.Errorf("%s is reported as %s", k.Code, f.Code)
			}
		}
	}
}

func TestMerges(t *testing.T) {
	m := parse(t, `MSH|^~\&|PAS|RXQ|ROUTE|ROUTE|20260716100000||ADT^A40^ADT_A39|3|P|2.4`+"\rEVN||20260716095800\r"+
		"PID|1||9990042128^^^NHS^NH~D2^^^RXQ^MR\rMRG|D1^^^RXQ^MR~9990042136^^^NHS^NH|||OLD9\r"+
		"PID|2||D4^^^RXQ^MR\rPD1\rMRG|D3^^^RXQ^MR||ACC1||V1\r")
	var got []string
	for g := range Merges(m) {
		line := g.MRG.Path() + ":"
		for _, id := range g.Superseded {
			line += fmt.Sprintf(" %s/%s/%t", id.Value().Text(), id.Kind, id.Legacy)
		}
		line += " ->"
		for _, id := range g.Surviving.Identifiers {
			line += " " + id.Value().Text()
		}
		_, state := g.SupersededNHSNumber()
		got = append(got, line+" "+state.String()+" "+g.PriorAccount.Text()+g.PriorVisit.Text())
	}
	want := []string{
		"MRG[1]: D1/local/false 9990042136/NHS/false OLD9/local/true -> 9990042128 D2 valid ",
		"MRG[2]: D3/local/false -> D4 absent ACC1V1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	for range Merges(parse(t, strings.Replace(string(m.Bytes()), "A40", "A08", 1))) {
		t.Error("an update is no merge")
	}
}

func TestZSegments(t *testing.T) {
	m := parse(t, header+"ZU1|202607140855|1|C|||300|301||4|5|||||||||N|8||||202607150900|||02\rZU2|\"\"\rZU4|1\rZU9|1\rZUX|1\r")
	var got []string
	for z := range ZSegments(m) {
		line := z.Title()
		for n := range z.Fields() {
			if name := z.FieldName(n); name != "" {
				line += fmt.Sprintf("; %d %s", n, name)
			}
		}
		got = append(got, line)
	}
	want := []string{"Additional data; 1 Decision to admit; 2 Intended management; 3 Coding status; 6 Main specialty; 7 Treatment function; 9 Neonatal care; " +
		"10 Overseas visitor status; 19 First regular day or night admission; 20 Psychiatric patient status; 24 Ready for discharge; 27 NHS number tracing status",
		"Augmented care", "Waiting list"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	z := ZU1Of(m)
	for name, v := range map[string]hl7v2.Value{"202607140855": z.DecisionToAdmit(), "1": z.IntendedManagement(), "C": z.CodingStatus(), "300": z.MainSpecialty(), "301": z.TreatmentFunction(),
		"4": z.NeonatalCare(), "5": z.OverseasVisitorStatus(), "N": z.FirstRegularAdmission(), "8": z.PsychiatricStatus(), "202607150900": z.ReadyForDischarge()} {
		if !v.Equal(name) {
			t.Errorf("%s is not %s", v.Path(), name)
		}
	}
	if s, ok := z.TraceStatus(); !ok || s != nhsnumber.StatusNotTraced {
		t.Error(s, ok)
	}
	if !(ZU2{m.Segment("ZU2", 1)}).Deletes() {
		t.Error("the null of ZU2-1 deletes the period")
	}
}

func TestCodes(t *testing.T) {
	// How many codes the published lists of each field have, with the one that is added to PID-8.
	for field, want := range map[string]int{"PID-8": 5, "PID-15": 190, "PID-16": 29, "PID-22": 124, "PV1-4": 35, "PV1-10": 275, "PV1-14": 29, "PV1-36": 50, "PV1-37": 36, "NK1-3": 11, "PID-17": 0, "PV1-99": 0} {
		n := 0
		for c := range Codes(field) {
			n++
			if found, ok := LookupCode(field, c.Code); !ok || found.Code != c.Code || c.Display == "" || !strings.HasPrefix(c.System, codeSystemPrefix) {
				t.Errorf("%s: %+v is not found again", field, c)
			}
		}
		if n != want {
			t.Errorf("%s has %d codes, want %d", field, n, want)
		}
	}
	for _, c := range []struct{ field, code, display string }{
		{"PV1-4", "2A", "Emergency Admission: Emergency Care Department of another provider where the Patient had not been admitted"},
		{"PV1-4", "27", "Emergency Admission: Via NHS Direct Services"},
		{"PID-8", "X", "Not Known (not recorded)"},
		{"PID-15", "EN", "English"},
		{"PV1-4", "2", ""},
		{"PV1-4", "", ""},
	} {
		got, ok := LookupCode(c.field, c.code)
		if ok != (c.display != "") || !strings.HasPrefix(got.Display, c.display) {
			t.Errorf("%s %s is %q, want %q", c.field, c.code, got.Display, c.display)
		}
	}
	for code, want := range map[string]bool{"91936005": true, "119364003": true, "1022431000000105": true, "91936006": false, "123456": false, "12345": false, "0123456": false, "9193600a": false, "": false} {
		if isSCTID(code) != want {
			t.Errorf("isSCTID(%q) is %t", code, !want)
		}
	}
	for code, want := range map[string]Register{"C9900419": GMC, "9900419": GMC, "G9900418": GMP, "U9900417": NoRegister, "C990041": NoRegister, "": NoRegister} {
		if RegisterOf(code) != want {
			t.Errorf("RegisterOf(%q) is %s", code, RegisterOf(code))
		}
	}
	for code, want := range map[string]bool{"RXQ": true, "RXQ55": true, "Y06601": true, "7A4BV": true, "B82999001": true, "RX": false, "rxq": false, "RXQ-1": false, "B829990011": false} {
		if IsODS(code) != want {
			t.Errorf("IsODS(%q) is %t", code, !want)
		}
	}
}

// TestMessages validates the messages of the command and of the corpus of
// conversions: admissions, transfers, discharges and merges of the NHS have no
// error.
func TestMessages(t *testing.T) {
	v := Validator()
	check := func(file string, clean bool) {
		m := parseFile(t, file)
		errors := 0
		for _, i := range v.Validate(m) {
			if i.Severity <= hl7v2.Error {
				errors++
			}
			if clean && i.Severity <= hl7v2.Error || i.Code == schema.CodeTable {
				t.Errorf("%s: %s %v", filepath.Base(file), i.Code, i)
			}
		}
		if !clean && errors == 0 {
			t.Errorf("%s has no error", filepath.Base(file))
		}
	}
	files, _ := filepath.Glob(filepath.Join("..", "..", "examples", "nhskit", "messages", "*.hl7"))
	if len(files) != 7 {
		t.Errorf("%d messages", len(files))
	}
	for i, file := range files {
		check(file, i+1 != 4 && i+1 != 7)
	}
	files, _ = filepath.Glob(filepath.Join(corpus.Path(t, "v2-to-fhir"), "messages", "uk", "adt-*.hl7"))
	if len(files) != 11 {
		t.Errorf("%d messages of the corpus", len(files))
	}
	for _, file := range files {
		check(file, true)
	}
}

func TestTooMany(t *testing.T) {
	m := parse(t, header+"PID|1||"+strings.Repeat("1^^^NHS^NH~", 900)+"\r")
	issues := Check(m)
	worst := hl7v2.Information
	for _, i := range issues {
		worst = min(worst, i.Severity)
	}
	if len(issues) != maxFindings+1 || issues[maxFindings].Code != hl7v2.CodeTooMany || issues[maxFindings].Severity != worst {
		t.Errorf("%d findings", len(issues))
	}
}

// TestUsualDialect holds the short way of kindOf to the table of dialects.
func TestUsualDialect(t *testing.T) {
	if id, err := nhsnumber.FromCX(probe, "NHS", "", ""); err != nil || id.Scheme != nhsnumber.SchemeNHS || id.Unverified {
		t.Error(id.Scheme, err)
	}
}

func TestAllocations(t *testing.T) {
	m := parse(t, admission)
	if n := testing.AllocsPerRun(100, func() { PatientOf(m) }); n > 4 {
		t.Errorf("%v allocations to read a patient", n)
	}
}

// TestManyIdentifiers holds the comparison of lists to their first hundred:
// what differs only behind that is not reported, and 5,000 by 5,000 is quick.
func TestManyIdentifiers(t *testing.T) {
	many := func(n int) string { return strings.TrimSuffix(strings.Repeat("A1^^^RXQ^MR~", n), "~") }
	for n, want := range map[int]int{98: 1, maxCompared: 0, 4999: 0} {
		m := parse(t, pid(many(n)+"~B1^^^RXQ^MR", many(n), "", "", ""))
		if got := codes(Check(m)); len(got) != want {
			t.Errorf("%d identifiers: %q", n, got)
		}
	}
	merge := strings.Replace(pid("", many(5000), "", "", ""), "A01", "A40", 1) + "MRG|" + many(5000) + "\r"
	if got := Check(parse(t, merge)); len(got) != maxCompared {
		t.Errorf("%d findings", len(got))
	}
}

func TestNothing(t *testing.T) {
	var m hl7v2.Message
	p := PatientOf(&m)
	if _, state := p.NHSNumber(); state != Absent || p.TraceStatus().State != Absent || p.Findings() != nil || Check(&m) != nil {
		t.Error("the empty message has something")
	}
}

func FuzzCheck(f *testing.F) {
	for _, c := range identifierCases {
		f.Add([]byte(pid(c.two, c.three, c.four, c.nineteen, "NSTS01~01~ED")))
	}
	f.Add([]byte(admission))
	f.Add([]byte("MSH|^~\\&|||||||ADT^A40|||2.4\rMRG|1^^^NHS\rPID|||\"\"^^^NHS\rZU1|\rZU1\rZ\rMRG\r"))
	v := Validator()
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := hl7v2.Parse(bytes.Clone(in))
		if err != nil {
			return
		}
		for _, i := range append(Check(m), v.Validate(m)...) {
			if i.Offset < -1 || i.Offset > int64(len(m.Bytes())) {
				t.Fatalf("%s: offset %d outside the message", i.Code, i.Offset)
			}
		}
		for p := range Patients(m) {
			for _, id := range p.Identifiers {
				if (id.Kind != Local && id.State == Valid) == id.Number.IsZero() {
					t.Fatalf("%s is %s and has number: %t", id.At.Path(), id.State, !id.Number.IsZero())
				}
			}
			if id, state := p.NHSNumber(); (state == Valid) == id.Number.IsZero() {
				t.Fatalf("NHS number %s, present: %t", state, !id.Number.IsZero())
			}
		}
		for g := range Merges(m) {
			g.SupersededNHSNumber()
		}
		for z := range ZSegments(m) {
			_, _ = z.Title(), z.FieldName(z.NumFields())
		}
	})
}
