package consent

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/nhskit/nhskit/nhsnumber"
)

// Families of the codes that GP systems record choices with.
const (
	familyType1 = iota
	familyType2
	familySCR
)

// Values of fSCR.
const (
	scrImpliedCore       = 1
	scrExpressCore       = 2
	scrExpressAdditional = 3
	scrDissent           = 4
	scrLegacyConsent     = 5
	scrLegacyDissent     = 6
)

// gpCode is a code that a GP system records a choice with. withdraws marks
// the end of an opt-out.
type gpCode struct {
	system, value  string
	family, choice uint8
	withdraws      bool
}

// gpCodes are the codes of Cegedim's, RCGP's and NHS Digital's lists. The
// code for the withdrawal of a Type 1 opt-out was not found in a published
// list, only its check digit agrees; a wrong one would be an unknown code and
// make decisions indeterminate, never permit.
var gpCodes = [...]gpCode{
	{"read2", "9Nu0.", familyType1, 0, false},
	{"ctv3", "XaZ89", familyType1, 0, false},
	{snomedSystem, "827241000000103", familyType1, 0, false},
	{snomedSystem, "827261000000102", familyType1, 0, true},
	{"read2", "9Nu4.", familyType2, 0, false},
	{"ctv3", "XaaVL", familyType2, 0, false},
	{snomedSystem, "881561000000100", familyType2, 0, false},
	{"read2", "9Ndl.", familySCR, scrImpliedCore, false},
	{"read2", "9Ndm.", familySCR, scrExpressCore, false},
	{"read2", "9Ndn.", familySCR, scrExpressAdditional, false},
	{"read2", "9Ndo.", familySCR, scrDissent, false},
	{"ctv3", "XaXj6", familySCR, scrDissent, false},
	{"read2", "93C2.", familySCR, scrLegacyConsent, false},
	{"read2", "93C3.", familySCR, scrLegacyDissent, false},
	{"ctv3", "XaKRy", familySCR, scrLegacyDissent, false},
	{snomedSystem, "416308001", familySCR, scrLegacyDissent, false},
	{snomedSystem, "417370002", familySCR, scrLegacyConsent, false},
}

// lookupGPCode finds a code, letter case and all.
func lookupGPCode(c Code) *gpCode {
	for i := range gpCodes {
		if g := &gpCodes[i]; g.value == c.Value && g.system == c.System {
			return g
		}
	}
	return nil
}

// JournalEntry is a dated code from a GP record that is about a patient's
// choices.
type JournalEntry struct {
	Code Code
	// Date is when the entry takes effect. A day without a time is its first
	// instant in London, see LondonDay.
	Date time.Time
}

// FromJournal turns the choices in a GP record into records: Type 1 opt-outs
// with their withdrawals, Type 2 objections, and Summary Care Record
// preferences. kind says what the entries are believed to be about
// (Type1OptOut or SCRPreference); an entry with a code that is not known
// becomes a record of that kind, so that decisions which would rest on it are
// indeterminate. Ids are derived from the content: the same journal gives the
// same records.
func FromJournal(subject nhsnumber.Number, kind Kind, entries []JournalEntry) []Record {
	sorted := slices.Clone(entries)
	// On one day an opt-out comes before its withdrawal, so that the
	// withdrawal ends it where it began and the conflict stays visible.
	slices.SortStableFunc(sorted, func(a, b JournalEntry) int {
		if c := a.Date.Compare(b.Date); c != 0 {
			return c
		}
		ea, eb := lookupGPCode(a.Code), lookupGPCode(b.Code)
		if wa, wb := ea != nil && ea.withdraws, eb != nil && eb.withdraws; wa != wb {
			if wb {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Code.Value, b.Code.Value)
	})
	var out []Record
	for i, e := range sorted {
		r := Record{
			ID: "gp-" + kind.String() + "-" + strconv.Itoa(i+1), Version: 1, Kind: kind, Subject: subject, Effect: Denies, State: InForce,
			From: e.Date, RecordedAt: e.Date, RecordedBy: "gp-system", DecidedBy: ByPatient,
			Source: Source{Channel: "gp-system"}, Policy: []PolicyRef{{"urn:nhs:gp-choice-codes", "1"}}, Code: e.Code,
		}
		entry := lookupGPCode(e.Code)
		switch {
		case entry == nil:
		case entry.withdraws:
			out = withdraw(out, e.Date)
			continue
		case entry.family == familyType2:
			r.Kind = Type2Objection
		case entry.family == familyType1:
			r.Kind = Type1OptOut
		case entry.family == familySCR:
			r.Kind = SCRPreference
			if entry.choice != scrDissent && entry.choice != scrLegacyDissent {
				r.Effect = Permits
			}
		}
		out = append(out, r)
	}
	return out
}

// withdraw ends every Type 1 opt-out in the list as of a date, by a new
// version of its record. One that ended where it began ends again: the later
// withdrawal is not of the same day.
func withdraw(records []Record, at time.Time) []Record {
	for i := range records {
		r := records[i]
		entry := lookupGPCode(r.Code)
		if entry == nil || entry.family != familyType1 || slices.ContainsFunc(records, func(o Record) bool { return o.ID == r.ID && o.Version > r.Version }) {
			continue
		}
		if r.State == InForce || r.Until.Equal(r.From) && at.After(r.From) {
			r.State, r.Until, r.RecordedAt = Withdrawn, at, at
			r.Version++
			records = append(records, r)
		}
	}
	return records
}
