package consent

import (
	"time"
)

// choices fills the facts that rest on records, and returns those records'
// additions that no fact can carry: labels to redact.
//
// A record counts if it was recorded by known, no later version of it was,
// no record that counts and has begun says that it supersedes it, and it was
// not entered in error. Records that cannot be relied on come first and leave open what they
// would have said; of the others only what protects the patient settles it.
func (f *facts) choices(r *Request, records []Record, known time.Time, redact []string) []string {
	// The records that count are remembered for the second pass; of more
	// than there is room for each is judged again.
	var counts [128]bool
	for i := range records {
		rec := &records[i]
		if rec.RecordedAt.After(known) || rec.State == EnteredInError {
			continue
		}
		if rec.Subject != r.Subject {
			f.subjectMismatch()
			continue
		}
		switch f.standing(records, i, known) {
		case contradicted:
			f.broken(rec.Kind, causeConflict)
		case current:
			if rec.malformed() || rec.Kind == NoKind || int(rec.Kind) >= len(kindNames) {
				f.broken(rec.Kind, causeRecord)
			} else if yes, doubtful := f.superseded(records, i, r.AsAt, known); doubtful && !yes {
				f.broken(rec.Kind, causeConflict)
			} else if i < len(counts) {
				counts[i] = !yes
			}
		}
	}
	c := chooser{facts: f, r: r, records: records, scr: -1}
	for i := range records {
		rec := &records[i]
		if i < len(counts) {
			if !counts[i] {
				continue
			}
		} else if rec.RecordedAt.After(known) || rec.State == EnteredInError || rec.Subject != r.Subject || rec.malformed() || f.standing(records, i, known) != current {
			continue
		} else if yes, doubtful := f.superseded(records, i, r.AsAt, known); yes || doubtful {
			continue
		}
		redact = c.record(rec, i, redact)
	}
	if f.set[fNDO] == 1<<1 {
		f.is(fNDOEntry, 1)
		if !c.timely {
			f.is(fNDOEntry, 3)
		}
	}
	return redact
}

// malformed reports whether the times of a record make no sense, or its state
// or effect is none of the constants: whichever way it is read may be wrong.
func (r *Record) malformed() bool {
	return r.From.IsZero() || r.RecordedAt.IsZero() || !r.Until.IsZero() && r.Until.Before(r.From) ||
		r.State == NoState || r.State > EnteredInError || r.Effect > Permits
}

// chooser goes through the records that count.
type chooser struct {
	*facts
	r       *Request
	records []Record
	timely  bool      // an opt-out in force was known at the time asked about
	type2   time.Time // the latest Type 2 objection
	scr     int       // the latest preference, -1 for none
}

func (c *chooser) record(rec *Record, i int, redact []string) []string {
	f, r := c.facts, c.r
	until := rec.until()
	started := !r.AsAt.Before(rec.From)
	inForce := started && (until.IsZero() || r.AsAt.Before(until)) && rec.State != Proposed
	switch rec.Kind {
	case NationalDataOptOut:
		if inForce {
			f.is(fNDO, 1)
			f.why[fNDO], f.from[fNDO] = causeNone, int16(i)
			c.timely = c.timely || known(c.records, i, r.AsAt)
		}
	case Type1OptOut:
		f.type1(rec, i, started, until, r.AsAt)
	case Type2Objection:
		if started && !rec.From.Before(c.type2) {
			c.type2 = rec.From
			f.is(fType2, 1)
			if rec.From.Unix() >= october2018 {
				f.is(fType2, 2)
			}
			f.from[fType2] = int16(i)
		}
	case SCRPreference:
		if inForce {
			c.scr = f.scrPreference(c.records, i, c.scr)
		}
	case SCRPermissionToView:
		if inForce {
			f.permissionToView(rec, i)
		}
	case GPDissentToShare:
		if inForce && rec.Effect == Denies {
			f.settle(fDissent, i)
		}
	case PDSConfidentiality:
		if inForce {
			f.strictestPDS(rec.Code.Value, i)
		}
	case StudyConsent:
		f.studyConsent(r, rec, i, started, inForce)
	case LocalOptOut:
		if inForce && rec.Effect == Denies && (rec.Scope == nil || len(rec.Scope.Studies) == 0 || contains(rec.Scope.Studies, r.Evidence.Exemption) || contains(rec.Scope.Studies, r.Study)) {
			f.settle(fLocal, i)
		}
	case ProxyAccess:
		f.proxy(r, rec, i, started, inForce)
	case PrivacyDirective:
		if inForce {
			redact = f.directive(r, rec, i, redact)
		}
	}
	return redact
}

// settle says yes to a fact that protects the patient, on the word of one
// record and whatever the others say.
func (f *facts) settle(k fact, i int) {
	f.yes(k, true)
	f.why[k], f.from[k] = causeNone, int16(i)
}

// unsettle leaves a fact open that nothing settles. Of several causes the
// first in the table stays, so that the order of records does not matter.
func (f *facts) unsettle(k fact, set values, why cause) {
	if f.why[k] != causeNone && f.why[k] <= why {
		return
	}
	f.openTo(k, set, why)
}

// known reports whether a choice was recorded by a time, be it in an earlier
// version: a later one may only tell how it ended.
func known(records []Record, i int, at time.Time) bool {
	for j := range records {
		if o := &records[j]; o.ID == records[i].ID && o.Subject == records[i].Subject && !o.RecordedAt.After(at) {
			return true
		}
	}
	return false
}

// standing says whether a record is the current version of itself.
type standing uint8

const (
	current standing = iota
	replaced
	contradicted // the same version twice, with different content
)

func (f *facts) standing(records []Record, i int, known time.Time) standing {
	rec := &records[i]
	twice := current
	for j := range records {
		if j == i {
			continue
		}
		o := &records[j]
		if !sameID(o.ID, rec.ID) || o.RecordedAt.After(known) || o.Subject != rec.Subject {
			continue
		}
		switch {
		case o.Version > rec.Version:
			return replaced
		case o.Version == rec.Version && !sameRecord(o, rec):
			twice = contradicted
		}
	}
	return twice
}

// sameID compares ids. Those of different records mostly differ at the end.
func sameID(a, b string) bool {
	n := len(a)
	return n == len(b) && (n == 0 || a[n-1] == b[n-1]) && a == b
}

// sameRecord compares what a decision rests on; it is called only for records
// with the same id and version.
func sameRecord(a, b *Record) bool {
	return string(a.AppendJSON(nil)) == string(b.AppendJSON(nil))
}

// superseded reports whether another record names this one among those it
// supersedes, as of the other's beginning, and whether that can be relied on.
// The other must be the current version of itself, and have been in force at
// some time; it is not to be relied on if its own times or versions make no
// sense, if it speaks of another kind of choice, or if the two name each other.
func (f *facts) superseded(records []Record, i int, asAt, known time.Time) (yes, doubtful bool) {
	rec := &records[i]
	for j := range records {
		o := &records[j]
		if len(o.Supersedes) == 0 || j == i || o.State == EnteredInError || o.State == Proposed || o.RecordedAt.After(known) || asAt.Before(o.From) || o.Subject != rec.Subject ||
			sameID(o.ID, rec.ID) || !contains(o.Supersedes, rec.ID) {
			continue
		}
		stands := f.standing(records, j, known)
		switch {
		case stands == replaced:
		case stands == contradicted, o.malformed(), o.Kind != rec.Kind, supersedesBack(records, i, j, asAt, known):
			doubtful = true
		default:
			yes = true
		}
	}
	return yes, doubtful
}

// supersedesBack reports whether record i, directly or through others,
// supersedes record j in turn.
func supersedesBack(records []Record, i, j int, asAt, known time.Time) bool {
	if len(records[i].Supersedes) == 0 {
		return false
	}
	seen := make([]bool, len(records))
	todo := []int{i}
	for len(todo) > 0 {
		at := &records[todo[len(todo)-1]]
		todo = todo[:len(todo)-1]
		for k := range records {
			o := &records[k]
			if seen[k] || o.RecordedAt.After(known) || asAt.Before(o.From) || o.Subject != at.Subject || !contains(at.Supersedes, o.ID) {
				continue
			}
			if k == j {
				return true
			}
			seen[k] = true
			todo = append(todo, k)
		}
	}
	return false
}

// until returns the end of the effective time. A withdrawal without one
// counts from when it was recorded.
func (r *Record) until() time.Time {
	if r.Until.IsZero() && r.State == Withdrawn {
		return r.RecordedAt
	}
	return r.Until
}

// subjectMismatch opens every choice: the store gave somebody else's records,
// so what it says of this patient cannot be relied on.
func (f *facts) subjectMismatch() {
	for k := Kind(1); int(k) < len(kindNames); k++ {
		f.broken(k, causeSubject)
	}
}

// broken opens what a record of a kind would have said. What a record of an
// unknown kind says may be anything.
func (f *facts) broken(k Kind, why cause) {
	if k == NoKind || int(k) >= len(kindNames) {
		for k := Kind(1); int(k) < len(kindNames); k++ {
			f.broken(k, why)
		}
		return
	}
	open := func(k fact) { f.unsettle(k, k.anyValue(), why) }
	switch k {
	case NationalDataOptOut:
		open(fNDO)
	case Type1OptOut:
		open(fType1)
	case SCRPreference:
		open(fSCR)
	case SCRPermissionToView:
		open(fACS)
	case GPDissentToShare:
		open(fDissent)
	case PDSConfidentiality:
		open(fPDS)
	case StudyConsent:
		open(fExplicit)
		open(fObjection)
	case LocalOptOut:
		open(fLocal)
	case ProxyAccess:
		open(fProxy)
	case PrivacyDirective:
		open(fObjection)
	}
}

// type1 takes a Type 1 opt-out. One in force settles the matter; the day's
// conflict and a withdrawal count for less.
func (f *facts) type1(rec *Record, i int, started bool, until, asAt time.Time) {
	if !started || rec.State == Proposed {
		return
	}
	v := uint8(1)
	switch {
	case until.IsZero() || asAt.Before(until):
	case until.Equal(rec.From):
		v = 2 // both on one day without a time: the protective one wins
	default:
		v = 3
	}
	inForce := f.why[fType1] == causeNone && f.set[fType1]&(1<<1|1<<2) != 0
	if entry := lookupGPCode(rec.Code); entry == nil || entry.family != familyType1 {
		// Whatever it meant, it has ended; or nothing is in force without it.
		if v != 3 && !inForce {
			f.unsettle(fType1, 1|1<<1, causeCode)
			f.from[fType1] = int16(i)
		}
		return
	}
	switch {
	case v == 3 && (inForce || f.why[fType1] != causeNone), inForce && v == 2 && f.set[fType1] == 1<<1:
		return
	}
	f.is(fType1, v)
	f.why[fType1], f.from[fType1] = causeNone, int16(i)
}

// scrCaution orders preferences by how much they hold back.
var scrCaution = [...]uint8{scrDissent: 6, scrLegacyDissent: 5, scrExpressCore: 4, scrImpliedCore: 3, scrLegacyConsent: 2, scrExpressAdditional: 1}

// scrPreference keeps the latest preference; of those that begin together the
// most cautious.
func (f *facts) scrPreference(records []Record, i, before int) int {
	rec := &records[i]
	entry := lookupGPCode(rec.Code)
	if entry == nil || entry.family != familySCR {
		f.unsettle(fSCR, fSCR.anyValue(), causeCode)
		f.from[fSCR] = int16(i)
		return before
	}
	if before >= 0 {
		old := &records[before]
		was := lookupGPCode(old.Code)
		if rec.From.Before(old.From) || rec.From.Equal(old.From) && scrCaution[entry.choice] <= scrCaution[was.choice] {
			return before
		}
	}
	if f.why[fSCR] != causeNone {
		return i
	}
	f.is(fSCR, entry.choice)
	f.from[fSCR] = int16(i)
	return i
}

// permissionToView takes a standing answer: a no settles the matter, a yes
// only what is not otherwise open.
func (f *facts) permissionToView(rec *Record, i int) {
	switch {
	case rec.Effect == Denies:
		f.is(fACS, 2)
		f.why[fACS] = causeNone
	case f.why[fACS] != causeNone || f.set[fACS] == 1<<2:
		return
	default:
		f.is(fACS, 1)
	}
	f.from[fACS] = int16(i)
}

// strictestPDS takes the most protective of several flags.
func (f *facts) strictestPDS(code string, i int) {
	var g facts
	g.setPDS(code)
	switch {
	case g.why[fPDS] != causeNone:
		f.unsettle(fPDS, g.set[fPDS], g.why[fPDS])
	case f.why[fPDS] != causeNone || g.set[fPDS] <= f.set[fPDS]:
		return
	default:
		f.set[fPDS] = g.set[fPDS]
	}
	f.from[fPDS] = int16(i)
}

// explicitRank orders what several consents say of one use, weakest first.
var explicitRank = [...]uint8{0: 0, 6: 1, 2: 2, 5: 3, 4: 4, 3: 5, 1: 6}

func (f *facts) studyConsent(r *Request, rec *Record, i int, started, inForce bool) {
	covers := rec.covers(r)
	if rec.Effect == Denies {
		if inForce && covers {
			f.settle(fObjection, i)
		}
		return
	}
	var v uint8
	switch {
	case !covers:
		v = 2
	case rec.State == Proposed:
		v = 5
	case inForce:
		v = 1
	case !started:
		v = 5
	case rec.State == Withdrawn || rec.State == Superseded:
		v = 3
	default:
		v = 4
	}
	f.explicit(v, i)
}

// explicit keeps the strongest of what several consents say.
func (f *facts) explicit(v uint8, i int) {
	if f.why[fExplicit] != causeNone {
		return
	}
	old := uint8(0)
	for f.set[fExplicit] != 1<<old {
		old++
	}
	if explicitRank[v] > explicitRank[old] {
		f.is(fExplicit, v)
		f.from[fExplicit] = int16(i)
	}
}

// covers reports whether a record's scope reaches the study and all the
// purposes of a request. A permission must name what it covers; a refusal
// without a scope covers everything.
func (rec *Record) covers(r *Request) bool {
	s := rec.Scope
	if s == nil {
		return rec.Effect == Denies
	}
	if len(s.Studies) > 0 && r.Study != "" && !contains(s.Studies, r.Study) {
		return false
	}
	if len(s.Studies) > 0 && r.Study == "" && len(s.Purposes) == 0 {
		return false
	}
	if len(s.Purposes) == 0 {
		return len(s.Studies) > 0 || rec.Effect == Denies
	}
	if rec.Effect == Denies {
		for _, p := range r.Purposes {
			if purposeListed(s.Purposes, p) {
				return true
			}
		}
		return false
	}
	for _, p := range r.Purposes {
		if !purposeListed(s.Purposes, p) {
			return false
		}
	}
	return len(r.Purposes) > 0
}

func purposeListed(list []string, p Purpose) bool {
	for _, name := range list {
		if q, ok := PurposeOf(name); ok && q == p {
			return true
		}
	}
	return false
}

// proxy keeps the most favourable standing of the proxies that are the actor.
func (f *facts) proxy(r *Request, rec *Record, i int, started, inForce bool) {
	if rec.Scope == nil || r.Actor.Number.IsZero() {
		return
	}
	var digits [10]byte
	text, err := r.Actor.Number.AppendText(digits[:0])
	if err != nil || !containsBytes(rec.Scope.Actors, text) {
		return
	}
	v := uint8(0)
	switch {
	case rec.State != InForce:
		v = 2
	case !started:
		v = 4
	case !inForce:
		v = 3
	default:
		v = 1
		if rec.DecidedBy == ByGuardian {
			if age, known := r.Patient.ageAt(r.AsAt); known && age >= 18 {
				v = 5
			}
		}
	}
	active := f.set[fProxy] == 1<<1 && f.why[fProxy] == causeNone
	switch {
	case active:
		return
	case v == 1 && rec.DecidedBy == RoleUnknown:
		f.unsettle(fProxy, 1<<1|1<<2, causeProxyBasis)
	case v == 1:
		f.is(fProxy, v)
		f.why[fProxy] = causeNone
	case f.why[fProxy] != causeNone:
		return
	default:
		for old := range proxyRank {
			if f.set[fProxy] == 1<<old && proxyRank[old] >= proxyRank[v] {
				return
			}
		}
		f.is(fProxy, v)
	}
	f.from[fProxy] = int16(i)
}

// proxyRank orders the standings of several proxies that are the same person,
// by how much they tell.
var proxyRank = [...]uint8{0: 0, 1: 5, 2: 1, 3: 3, 4: 2, 5: 4}

func containsBytes(list []string, b []byte) bool {
	for _, s := range list {
		if s == string(b) {
			return true
		}
	}
	return false
}

// directive takes a free privacy directive. One that denies is an objection;
// where it only covers labelled data and the request is not about one item,
// the labels are to be redacted. One that permits named purposes counts as
// explicit consent to them.
func (f *facts) directive(r *Request, rec *Record, i int, redact []string) []string {
	s := rec.Scope
	if rec.Effect == Permits {
		if s != nil && len(s.Purposes) > 0 && rec.covers(r) && len(s.Labels)+len(s.Classes)+len(s.Codes)+len(s.Actors) == 0 {
			f.explicit(1, i)
		}
		return redact
	}
	if s == nil {
		f.settle(fObjection, i)
		return redact
	}
	if !rec.covers(r) || len(s.Actions) > 0 && !actionListed(s.Actions, r.Action) || len(s.Actors) > 0 && !contains(s.Actors, r.Actor.ID) {
		return redact
	}
	if len(s.Classes) > 0 && r.Data.Class != "" && !contains(s.Classes, r.Data.Class) {
		return redact
	}
	if len(s.Codes) > 0 && r.Data.Codes != nil && !overlap(s.Codes, r.Data.Codes) {
		return redact
	}
	open := len(s.Classes) > 0 && r.Data.Class == "" || len(s.Codes) > 0 && r.Data.Codes == nil || s.DataFrom != "" || s.DataTo != ""
	if len(s.Labels) > 0 {
		switch {
		case !r.Data.LabelsKnown && !open:
			return append(redact, s.Labels...)
		case !r.Data.LabelsKnown:
			open = true
		case len(r.Data.Labels) == 0:
			f.doubt(causeLabels, i)
			return redact
		case !overlap(s.Labels, r.Data.Labels) && !atOrAbove(s.Labels, r.Data.Labels):
			return redact
		}
	}
	if open {
		f.doubt(causeData, i)
		return redact
	}
	f.settle(fObjection, i)
	return redact
}

// doubt leaves open whether the patient objects.
func (f *facts) doubt(why cause, i int) {
	if f.set[fObjection] == bitYes {
		return
	}
	f.unsettle(fObjection, fObjection.anyValue(), why)
	f.from[fObjection] = int16(i)
}

func overlap(a, b []string) bool {
	for _, s := range a {
		if contains(b, s) {
			return true
		}
	}
	return false
}

// ConfidentialityRank returns the place of a code of HL7's Confidentiality on
// its scale, from 1 for U to 6 for V, and 0 for anything else.
func ConfidentialityRank(code string) int {
	switch code {
	case "U":
		return 1
	case "L":
		return 2
	case "M":
		return 3
	case "N":
		return 4
	case "R":
		return 5
	case "V":
		return 6
	}
	return 0
}

// atOrAbove reports whether data bears a confidentiality at or above one that
// is named: who denies R denies V.
func atOrAbove(named, labels []string) bool {
	for _, n := range named {
		rank := ConfidentialityRank(n)
		for _, l := range labels {
			if rank > 0 && ConfidentialityRank(l) >= rank {
				return true
			}
		}
	}
	return false
}

func actionListed(list []string, a Action) bool {
	for _, s := range list {
		switch {
		case s == "disclose" && (a == Disclose || a == GPConnect || a == UploadSCR),
			s == "access" && (a == Read || a == ViewSCR || a == ReadDemographics || a == GPConnect || a == ActFor),
			s == "upload" && a == UploadSCR,
			s == "extract" && a == Disclose,
			s == "use" && (a == Disclose || a == Read || a == ViewSCR):
			return true
		}
	}
	return false
}
