package fhirconsent

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nhskit/nhskit/consent"
	"github.com/nhskit/nhskit/fhir"
)

// Redactor takes out of FHIR R4 resources in JSON what obligations forbid to
// disclose. It is immutable and safe for concurrent use.
//
// It removes resources by their security labels, from Bundles with their
// entries, contained ones too; elements with an inline label (HL7 DS4P); and
// elements of a Patient and its contacts that an obligation names. A label
// without a code counts as any; a Bundle with a label for which nothing within
// accounts is withheld. What would still tell of what was removed goes as well:
// the narrative of every resource that lost something or links to it;
// references, conditional ones and addresses too; contained resources and
// Binaries that were its content; Provenance and AuditEvent resources about
// nothing else; the count in Bundle.total, and the label in the Bundle's own
// meta. Nothing else changes: all other bytes are copied. A required element is
// masked with a data-absent-reason, so that the result stays valid. Signatures
// of what lost something are taken out, those that a Provenance has of it too:
// they no longer verify, and may hold what was signed.
type Redactor struct {
	selectors []selector
	elements  []string   // names of elements of Patient
	except    [][]string // labels, of which one of each list must be proven
	withheld  func(reference string) bool
	subsumes  func(system, ancestor, code string) consent.Tri
	names     names
}

// selector is what one obligation takes out: all its criteria must hold.
type selector struct {
	labels  []string
	classes []string
	codes   []string // system|code
}

// RedactOptions changes how a Redactor works.
type RedactOptions struct {
	// Handled lists the kinds of obligation that the caller carries out
	// itself ("alert-privacy-officer"); "*" stands for all that are not
	// about redaction.
	Handled []string
	// Withheld reports whether a resource outside of the input was removed,
	// by its reference without version; references to it, and narratives that
	// link to it, are then removed as well. It is asked about "Type/id" as well
	// where that is the end of an absolute one. nil says no.
	Withheld func(reference string) bool
	// Subsumes answers whether a code is a kind of another, for obligations
	// about a concept and its descendants ("code:http://snomed.info/sct|<<123").
	// Without it they cannot be met. What it does not know is taken out. It
	// must be safe for concurrent use.
	Subsumes func(system, ancestor, code string) consent.Tri
}

// ErrObligation is wrapped by NewRedactor's error for an obligation that
// neither it nor the caller can carry out. Nothing may then be disclosed.
var ErrObligation = errors.New("fhirconsent: an obligation that cannot be met")

// ErrWithheld is returned by Apply for a resource that may not be disclosed at
// all.
var ErrWithheld = errors.New("fhirconsent: the whole resource is withheld")

// NewRedactor compiles the obligations of a decision. It must be given all of
// them: one that is not understood is refused.
func NewRedactor(obligations []consent.Obligation, o RedactOptions) (*Redactor, error) {
	r := &Redactor{withheld: o.Withheld, subsumes: o.Subsumes, names: namesOf(fhir.R4())}
	for _, ob := range obligations {
		if ob.Kind != "redact" {
			if !contains(o.Handled, ob.Kind) && !contains(o.Handled, "*") {
				return nil, fmt.Errorf("%w: %s", ErrObligation, ob.Kind)
			}
			continue
		}
		if err := r.add(ob.Detail); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Redactor) add(detail string) error {
	switch detail {
	case "address", "generalPractitioner", "telecom":
		r.elements = append(r.elements, detail)
		return nil
	}
	if labels, ok := strings.CutPrefix(detail, "except-label:"); ok && labels != "" {
		r.except = append(r.except, strings.Split(labels, ","))
		return nil
	}
	var s selector
	for part := range strings.SplitSeq(detail, ";") {
		kind, values, ok := strings.Cut(part, ":")
		if !ok || values == "" {
			return fmt.Errorf("%w: redact:%s", ErrObligation, detail)
		}
		list := strings.Split(values, ",")
		switch kind {
		case "label":
			s.labels = list
		case "class":
			for _, c := range list {
				if t, ok := fhir.R4().Type(c); !ok || t.Name() != c {
					return fmt.Errorf("%w: redact:%s, a class that is no type of resource", ErrObligation, detail)
				}
			}
			s.classes = list
		case "code":
			for _, c := range list {
				if strings.Contains(c, "|<<") && r.subsumes == nil {
					return fmt.Errorf("%w: redact:%s, without knowing which codes are kinds of others", ErrObligation, detail)
				}
			}
			s.codes = list
		default:
			return fmt.Errorf("%w: redact:%s", ErrObligation, detail)
		}
	}
	r.selectors = append(r.selectors, s)
	return nil
}

// RedactReport counts what was taken out.
type RedactReport struct {
	Resources  int `json:"resources"`  // removed, entries and contained ones
	Elements   int `json:"elements"`   // removed or masked
	References int `json:"references"` // masked
	Narratives int `json:"narratives"` // removed
	Signatures int `json:"signatures"` // removed, of what lost something
	Withheld   int `json:"withheld"`   // whole inputs
	Rejected   int `json:"rejected"`   // inputs that could not be read, so were not disclosed
	Passed     int `json:"passed"`     // inputs that were disclosed, changed or not
	// Issues are about the lines that ApplyNDJSON rejected: where each begins
	// and why. After 100 there is one that says so, and no more.
	Issues []consent.Issue `json:"-"`
}

const maxRedactIssues = 100

// reject adds what is wrong with the line read last. The position is that of
// the line, as what is within may be personal.
func (r *RedactReport) reject(l *lineReader, err error) {
	r.Issues = append(r.Issues, consent.Issue{Severity: consent.Error, Code: "LINE_REJECTED", Offset: l.start, Line: l.number, Col: 1, Clause: "https://hl7.org/fhir/R4/nd-json.html", Text: "the line cannot be read, and is left out", Err: err})
}

// Merge adds another report.
func (r *RedactReport) Merge(o RedactReport) {
	for _, i := range o.Issues {
		if len(r.Issues) == maxRedactIssues {
			r.Issues = append(r.Issues, consent.Issue{Severity: consent.Warning, Code: "TOO_MANY", Offset: -1, Text: "further lines were rejected"})
		}
		if len(r.Issues) > maxRedactIssues {
			break
		}
		r.Issues = append(r.Issues, i)
	}
	r.Resources += o.Resources
	r.Elements += o.Elements
	r.References += o.References
	r.Narratives += o.Narratives
	r.Signatures += o.Signatures
	r.Withheld += o.Withheld
	r.Rejected += o.Rejected
	r.Passed += o.Passed
}

// Apply returns the resource without what may not be disclosed. An input that
// has errors is refused: what cannot be read cannot be redacted. The result
// shares no memory with the input.
func (r *Redactor) Apply(data []byte) ([]byte, RedactReport, error) {
	x := redaction{r: r}
	return x.appendTo(make([]byte, 0, len(data)+64), data)
}

// appendTo appends the resource without what may not be disclosed.
func (x *redaction) appendTo(dst, data []byte) ([]byte, RedactReport, error) {
	tree, err := parser().Parse(data)
	if err != nil {
		return nil, RedactReport{Rejected: 1}, err
	}
	defer tree.Release()
	if tree.Format() != fhir.JSON {
		return nil, RedactReport{Rejected: 1}, errors.New("fhirconsent: redaction works on JSON")
	}
	for _, i := range tree.Issues() {
		if i.Severity <= fhir.Error || i.Code == fhir.CodeTooMany {
			return nil, RedactReport{Rejected: 1}, &fhir.ParseError{Issues: tree.Issues()}
		}
	}
	x.begin(tree)
	if x.root() {
		return nil, RedactReport{Withheld: 1}, ErrWithheld
	}
	x.report.Passed = 1
	if len(x.edits.list) == 0 {
		return append(dst, tree.Source()...), x.report, nil
	}
	return x.edits.apply(dst, tree), x.report, nil
}

// ApplyNDJSON copies resources, one a line, redacted and in order. Lines that
// are withheld or cannot be read are left out and counted; where the latter are
// is in RedactReport.Issues. A line of more than 64 MiB is one of them.
// References between lines are only removed as far as RedactOptions.Withheld
// knows. Only an error of the reader or writer, or the context, ends it.
func (r *Redactor) ApplyNDJSON(ctx context.Context, in io.Reader, out io.Writer) (RedactReport, error) {
	var total RedactReport
	w := bufio.NewWriterSize(out, 256<<10)
	lines := lineReader{in: bufio.NewReaderSize(in, 256<<10)}
	x := redaction{r: r}
	var buf []byte
	for {
		if err := ctx.Err(); err != nil {
			return total, errors.Join(err, w.Flush())
		}
		line, ok, err := lines.next()
		if !ok {
			// What came before an error of the reader is written all the same.
			if err == io.EOF {
				err = nil
			}
			return total, errors.Join(err, w.Flush())
		}
		if err == nil && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		data, report := []byte(nil), RedactReport{Rejected: 1}
		if err == nil {
			data, report, err = x.appendTo(buf[:0], line)
		}
		if report.Rejected > 0 {
			report.reject(&lines, err)
		}
		total.Merge(report)
		if err != nil {
			continue
		}
		buf = data
		w.Write(data)
		if err := w.WriteByte('\n'); err != nil {
			return total, err
		}
	}
}

// maxLine is the length of the longest line that is read.
const maxLine = 64 << 20

// ErrLineTooLong is the cause of the issue about a line of more than 64 MiB.
var ErrLineTooLong = errors.New("fhirconsent: a line of more than 64 MiB")

// lineReader reads lines, and goes on behind those that are too long.
type lineReader struct {
	in     *bufio.Reader
	number int   // of the line read last, from 1
	start  int64 // where it begins
	end    int64 // where the next one does
	long   []byte
}

// next returns the next line; false, with the reader's error, where there is
// none. ErrLineTooLong is about this line only. The line is valid until the next
// call.
func (l *lineReader) next() (line []byte, ok bool, err error) {
	l.number, l.start, l.long = l.number+1, l.end, l.long[:0]
	tooLong := false
	for {
		part, err := l.in.ReadSlice('\n')
		l.end += int64(len(part))
		if l.end-l.start > maxLine+int64(len("\r\n")) {
			tooLong, l.long = true, nil
		}
		switch {
		case err == bufio.ErrBufferFull:
			if !tooLong {
				l.long = append(l.long, part...)
			}
			continue
		case err != nil && err != io.EOF, l.end == l.start:
			return nil, false, err
		case tooLong:
			return nil, true, ErrLineTooLong
		case len(l.long) > 0:
			l.long = append(l.long, part...)
			part = l.long
		}
		if part = bytes.TrimSuffix(bytes.TrimSuffix(part, []byte("\n")), []byte("\r")); len(part) > maxLine {
			return nil, true, ErrLineTooLong
		}
		return part, true, nil
	}
}

// matches reports whether data with labels, which belongs to a resource, may
// not be disclosed.
func (r *Redactor) matches(labels []string, res fhir.Node) bool {
	for i := range r.selectors {
		s := &r.selectors[i]
		if len(s.classes) > 0 && !contains(s.classes, res.Type().Name()) {
			continue
		}
		if len(s.labels) > 0 && !deniedLabel(s.labels, labels) {
			continue
		}
		if len(s.codes) > 0 && !r.isAbout(res, s.codes) {
			continue
		}
		return true
	}
	return false
}

// isAbout reports whether one of some codes is found anywhere in a resource,
// but for its labels and other resources within, or may be: by a code of which
// it is not known whether it is a kind of one, or in a system that is perhaps
// written wrongly.
func (r *Redactor) isAbout(n fhir.Node, list []string) bool {
	for c := n.Cursor(); ; {
		k, ok := c.Next()
		switch {
		case !ok:
			return false
		case !k.HasChildren(), k.IsResource(), k.NameID() == r.names.meta && n.IsResource():
		case k.Type() == r.names.coding:
			if r.isOneOf(coding{child(k, "system"), child(k, "code")}, list) {
				return true
			}
		default:
			if r.isAbout(k, list) {
				return true
			}
		}
	}
}

func (r *Redactor) isOneOf(c coding, list []string) bool {
	for _, named := range list {
		system, code, _ := strings.Cut(named, "|")
		ancestor, descends := strings.CutPrefix(code, "<<")
		ancestor = strings.TrimSpace(ancestor)
		switch {
		case system != c.system:
			if (descends || code == c.code) && (system == "" || c.system == "" || nearMiss(system, c.system)) {
				return true
			}
		case code == c.code, descends && (c.code == ancestor || r.subsumes(system, ancestor, c.code) != consent.No):
			return true
		}
	}
	return false
}

// deniedLabel reports whether data bears a label that is named, one that is a
// kind of it or of which it is one, a confidentiality above one that is named,
// or a label without a code, which may be one.
func deniedLabel(named, labels []string) bool {
	if contains(labels, "") {
		return true
	}
	for _, n := range named {
		rank := consent.ConfidentialityRank(n)
		if contains(labels, n) || rank > 0 && highest(labels) > rank {
			return true
		}
		for _, l := range labels {
			if rank == 0 && (sensitivityCovers(n, l) || sensitivityCovers(l, n)) {
				return true
			}
		}
	}
	return false
}

// keeps reports whether labels prove that data may stay where only some may:
// it bears one that is named, or its highest confidentiality is not above one.
func (r *Redactor) keeps(labels []string) bool {
	top := highest(labels)
	unknown := contains(labels, "")
	for _, list := range r.except {
		if unknown || !slices.ContainsFunc(list, func(n string) bool {
			rank := consent.ConfidentialityRank(n)
			return rank == 0 && (contains(labels, n) || slices.ContainsFunc(labels, func(l string) bool { return sensitivityCovers(n, l) })) || rank > 0 && top > 0 && top <= rank
		}) {
			return false
		}
	}
	return true
}

// masked stands for a required element that may not be disclosed.
const masked = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}`
