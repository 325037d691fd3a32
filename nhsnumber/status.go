package nhsnumber

// Status is an NHS NUMBER STATUS INDICATOR: what a trace said about a number.
// The zero value is "not stated". A status of present and verified is what a
// sender claims; it is not part of the number.
type Status uint8

// The statuses, with their codes in the NHS Data Dictionary.
const (
	StatusVerified       Status = iota + 1 // 01 number present and verified
	StatusNotTraced                        // 02 number present but not traced
	StatusTraceRequired                    // 03 trace required
	StatusTraceAttempted                   // 04 trace attempted, no match or multiple match found
	StatusConflict                         // 05 trace needs to be resolved
	StatusInProgress                       // 06 trace in progress
	StatusNotPresent                       // 07 number not present and trace not required
	StatusPostponed                        // 08 trace postponed, baby under six weeks old
	StatusTracedWelshAR                    // nn traced using the Welsh NHS administrative register; Wales and UK Core only
)

// statuses holds code, UK Core code and display of each status from 1.
var statuses = [...][3]string{
	{"01", "number-present-and-verified", "Number present and verified"},
	{"02", "number-present-but-not-traced", "Number present but not traced"},
	{"03", "trace-required", "Trace required"},
	{"04", "trace-attempted", "Trace attempted - No match or multiple match found"},
	{"05", "trace-needs-to-be-resolved", "Trace needs to be resolved - (NHS number or patient detail conflict)"},
	{"06", "trace-in-progress", "Trace in progress"},
	{"07", "number-not-present-and-trace-not-required", "Number not present and trace not required"},
	{"08", "trace-postponed", "Trace postponed (baby under six weeks old)"},
	{"nn", "number-present-and-traced-using-welsh-nhs-ar", "Number present and traced using Welsh NHS AR"},
}

// StatusSystem is a code system of trace statuses, by its FHIR URL.
type StatusSystem string

// The code systems. [StatusDataDictionary] is the plain code of the NHS Data
// Dictionary, as in commissioning data sets and HL7 v2.
const (
	StatusDataDictionary StatusSystem = ""
	StatusUKCore         StatusSystem = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus"
	StatusEngland        StatusSystem = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
	StatusWales          StatusSystem = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusWales"
)

// StatusExtension is the URL of the UK Core extension on Patient.identifier
// that holds a trace status.
const StatusExtension = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"

// ParseStatus reads a code of a code system. An unknown system or code is
// refused with [ErrStatus].
func ParseStatus(system StatusSystem, code string) (Status, error) {
	for s := StatusVerified; s <= StatusTracedWelshAR; s++ {
		if c, ok := s.Code(system); ok && c == code {
			return s, nil
		}
	}
	return 0, &Error{Class: ErrStatus, Clause: "NHS Data Dictionary, NHS NUMBER STATUS INDICATOR CODE"}
}

// Code returns the code of the status in a code system, false where it has
// none.
func (s Status) Code(system StatusSystem) (string, bool) {
	if s < StatusVerified || s > StatusTracedWelshAR {
		return "", false
	}
	row := statuses[s-1]
	switch system {
	case StatusUKCore:
		return row[1], true
	case StatusWales:
		return row[0], true
	case StatusEngland, StatusDataDictionary:
		return row[0], s != StatusTracedWelshAR
	}
	return "", false
}

// String returns the two character code, such as "01"; "" if not stated.
func (s Status) String() string {
	code, _ := s.Code(StatusWales)
	return code
}

// Display returns the words of the code system, "" if not stated.
func (s Status) Display() string {
	if s < StatusVerified || s > StatusTracedWelshAR {
		return ""
	}
	return statuses[s-1][2]
}

// Verified reports whether the number is present and verified by a trace.
func (s Status) Verified() bool { return s == StatusVerified || s == StatusTracedWelshAR }

// Present reports whether the status goes with a number: 07 says that there
// is none.
func (s Status) Present() bool { return s != 0 && s != StatusNotPresent }

// DataSet is an information standard that carries the status.
type DataSet string

// The data sets whose list of codes is shorter than the Data Dictionary's,
// and the commissioning data sets, which take all of it.
const (
	DataSetCommissioning DataSet = "CDS"
	DataSetMaternity     DataSet = "MSDS"
	DataSetMentalHealth  DataSet = "MHSDS"
)

// ValidIn reports whether a data set of England takes the status: 01 to 08,
// without 08 in the maternity and mental health data sets. A data set that is
// not listed here is taken to follow the Data Dictionary.
func (s Status) ValidIn(d DataSet) bool {
	if s == StatusPostponed && (d == DataSetMaternity || d == DataSetMentalHealth) {
		return false
	}
	_, ok := s.Code(StatusDataDictionary)
	return ok
}

// UnavailableReason is why a patient has no NHS number, a code of UK Core.
type UnavailableReason string

// The codes of UKCore-NHSNumberUnavailableReason.
const (
	NumberNotKnown  UnavailableReason = "nhs-number-not-known"
	OverseasPatient UnavailableReason = "overseas-patient"
	DevolvedNation  UnavailableReason = "devolved-nation"
)

// Known reports whether r is one of the three codes.
func (r UnavailableReason) Known() bool {
	return r == NumberNotKnown || r == OverseasPatient || r == DevolvedNation
}
