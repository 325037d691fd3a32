package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/rf2"
	"github.com/nhskit/nhskit/snomed/sctid"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// snomedCommands build and ask SNOMED CT stores.
func snomedCommands() []command {
	return []command{
		{
			name:    "snomed generate",
			args:    "[-scale X] [-seed S] [-release R] [-layout L] DIR|FILE.zip",
			summary: "Write a synthetic RF2 release of the shape of the UK Monolith, with invented terms",
			example: "nhskit snomed generate -scale 0.001 -seed 1 release",
			setup: func(f *flag.FlagSet) runner {
				scale := f.Float64("scale", 0.001, "size, from 0.001 to 1, which is that of the UK edition")
				seed := f.Uint64("seed", 1, "the same seed gives the same release")
				kind := f.String("release", "Snapshot", "Snapshot, Full or Delta")
				layout := f.String("layout", "monolith", "monolith, clinical-plus-drug or international")
				return func(c *console, args []string) error { return snomedGenerate(args, *scale, *seed, *kind, *layout) }
			},
		},
		{
			name:    "snomed build",
			args:    "[-full] [-as-of DATE] [-delta RELEASE] [-row-ids] [-strict] RELEASE... STORE",
			summary: "Build one store file from releases, zip archives or folders; the latest version of everything wins",
			example: "nhskit snomed build uk_sct2mo_42.5.0.zip uk.store",
			setup: func(f *flag.FlagSet) runner {
				var opt snomed.BuildOptions
				var deltas []string
				full := f.Bool("full", false, "read the Full files instead of the Snapshot files")
				f.Func("as-of", "leave out versions after this `date`, YYYYMMDD", func(s string) error {
					date, err := time.Parse("20060102", s)
					if err != nil {
						return errors.New("not a date YYYYMMDD")
					}
					opt.AsOf = uint32(date.Year()*10000 + int(date.Month())*100 + date.Day())
					return nil
				})
				f.Func("delta", "read the Delta files of this `release` as well; may be repeated", func(s string) error {
					deltas = append(deltas, s)
					return nil
				})
				f.BoolVar(&opt.KeepRowIDs, "row-ids", false, "keep the ids of relationships and members")
				f.BoolVar(&opt.Strict, "strict", false, "stop at the first error")
				return func(c *console, args []string) error {
					if *full {
						opt.Release = "Full"
					}
					return snomedBuild(c, args, deltas, opt)
				}
			},
		},
		{
			name:    "snomed id",
			args:    "SCTID...",
			summary: "Check SNOMED CT identifiers and take them apart; needs no store",
			example: "nhskit snomed id 22298006 999000011000000103",
			setup: func(f *flag.FlagSet) runner {
				return snomedID
			},
		},
		{
			name:    "snomed lookup",
			args:    "STORE ID...",
			summary: "Print what a store says about concepts: terms, parents, properties, reference sets",
			example: "nhskit snomed lookup uk.store 404684003",
			setup: func(f *flag.FlagSet) runner {
				return func(c *console, args []string) error {
					return withStore(args, 1, "snomed lookup: takes STORE ID...", func(s *snomed.Store, args []string) error { return snomedLookup(c, s, args) })
				}
			},
		},
		{
			name:    "snomed subsumes",
			args:    "STORE A B",
			summary: "Tell whether one concept is a subtype of another",
			example: "nhskit snomed subsumes uk.store 404684003 73211009",
			setup: func(f *flag.FlagSet) runner {
				return func(c *console, args []string) error {
					return withStore(args, 2, "snomed subsumes: takes STORE A B", func(s *snomed.Store, args []string) error { return snomedSubsumes(c, s, args) })
				}
			},
		},
		{
			name:    "snomed history",
			args:    "STORE ID...",
			summary: "Print what became of inactive concepts, and what concepts stand for",
			example: "nhskit snomed history uk.store 155304006",
			setup: func(f *flag.FlagSet) runner {
				return func(c *console, args []string) error {
					return withStore(args, 1, "snomed history: takes STORE ID...", func(s *snomed.Store, args []string) error { return snomedHistory(c, s, args) })
				}
			},
		},
		{
			name:    "snomed map",
			args:    "[-with ID] [-age DAYS] [-current-age DAYS] STORE REFSET ID...",
			summary: "Map concepts to another classification, evaluating the rules of the map",
			example: "nhskit snomed map uk.store 999002271000000101 73211009",
			setup: func(f *flag.FlagSet) runner {
				var ctx snomed.MapContext
				f.Func("with", "a `concept` that the record has beside, sex included; may be repeated", func(s string) error {
					id, err := sctid.Parse(s)
					ctx.Concepts = append(ctx.Concepts, id)
					return err
				})
				age := func(name, usage string, to *snomed.Age) {
					f.Func(name, usage, func(s string) error {
						days, err := strconv.ParseFloat(s, 64)
						if err != nil || !(days >= 0) || days > 1e6 {
							return errors.New("not a number of days")
						}
						*to = snomed.AgeInDays(days)
						return nil
					})
				}
				age("age", "age at onset in `days`, if known", &ctx.AgeAtOnset)
				age("current-age", "age now in `days`, if known", &ctx.CurrentAge)
				return func(c *console, args []string) error {
					return withStore(args, 2, "snomed map: takes STORE REFSET ID...", func(s *snomed.Store, args []string) error { return snomedMap(c, s, args, ctx) })
				}
			},
		},
		{
			name:    "snomed search",
			args:    "[-limit N] [-fuzzy] [-inactive] [-below ID] STORE TEXT",
			summary: "Find concepts by the beginnings of words in any order, best first",
			example: "nhskit snomed search -limit 5 uk.store 'hea att'",
			setup: func(f *flag.FlagSet) runner {
				q := snomed.Query{}
				f.IntVar(&q.Limit, "limit", 20, "how `many` hits")
				f.BoolVar(&q.Fuzzy, "fuzzy", false, "find misspelt words too")
				f.BoolVar(&q.Inactive, "inactive", false, "find inactive concepts too")
				below := f.String("below", "", "only this `concept` and what is below it")
				return func(c *console, args []string) error {
					return withStore(args, 1, "snomed search: takes STORE TEXT", func(s *snomed.Store, args []string) error { return snomedSearch(c, s, args, q, *below) })
				}
			},
		},
	}
}

func snomedGenerate(args []string, scale float64, seed uint64, kind, layout string) error {
	opt := snomedtest.Options{Scale: scale, Seed: seed}
	switch kind {
	case "Snapshot":
	case "Full":
		opt.Release = snomedtest.Full
	case "Delta":
		opt.Release = snomedtest.Delta
	default:
		return usagef("snomed generate: -release is Snapshot, Full or Delta, not %q", kind)
	}
	switch layout {
	case "monolith":
	case "clinical-plus-drug":
		opt.Layout = snomedtest.ClinicalPlusDrug
	case "international":
		opt.Layout = snomedtest.International
	default:
		return usagef("snomed generate: -layout is monolith, clinical-plus-drug or international, not %q", layout)
	}
	switch {
	case len(args) != 1:
		return usagef("snomed generate: takes one DIR, or a name that ends in .zip")
	case scale < 0.001 || scale > 1:
		return usagef("snomed generate: -scale is from 0.001 to 1")
	}
	return snomedtest.Generate(args[0], opt)
}

// snomedBuilt is the line that a build prints.
type snomedBuilt struct {
	Store        string   `json:"store"`
	Concepts     int      `json:"concepts"`
	Active       int      `json:"active"`
	Descriptions int      `json:"descriptions"`
	Latest       string   `json:"latest"`
	Packages     []string `json:"packages"`
	Rows         int64    `json:"rows"`
	Size         int64    `json:"size"`
	Seconds      float64  `json:"seconds"`
	Errors       int      `json:"errors"`
	Issues       []issue  `json:"issues"`
	Suppressed   int      `json:"suppressed"`
}

func snomedBuild(c *console, args, deltas []string, opt snomed.BuildOptions) error {
	if len(args) < 2 {
		return usagef("snomed build: takes RELEASE... STORE")
	}
	open := func(names []string) (releases []*rf2.Release, err error) {
		for _, name := range names {
			r, err := rf2.Open(name)
			if e := (*os.PathError)(nil); errors.As(err, &e) {
				err = plainPathError(name, err)
			}
			if err != nil {
				return releases, err
			}
			releases = append(releases, r)
		}
		return releases, nil
	}
	store := args[len(args)-1]
	if err := replaceable(store); err != nil {
		return err
	}
	releases, err := open(args[:len(args)-1])
	defer func() {
		for _, r := range append(releases, opt.Deltas...) {
			r.Close()
		}
	}()
	if err != nil {
		return err
	}
	if opt.Deltas, err = open(deltas); err != nil {
		return err
	}
	var packages []string
	for _, r := range slices.Concat(releases, opt.Deltas) {
		packages = append(packages, r.Name())
	}
	opt.Progress = snomedProgress(c.err, isTerminal(c.err), time.Now)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second one ends the program at once
	report, err := snomed.Build(ctx, releases, store, opt)
	if isTerminal(c.err) {
		fmt.Fprint(c.err, "\r\x1b[K")
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: interrupted; what was there is unchanged", store)
	}
	if errors.Is(err, snomed.ErrNoConcepts) && opt.Release == "" {
		for _, r := range releases {
			if len(r.Select("Full")) > 0 {
				return fmt.Errorf("%w, but Full files: see -full", err)
			}
		}
	}
	if err != nil {
		if found := (*rf2.Issue)(nil); errors.As(err, &found) {
			out := snomedBuilt{Store: store, Packages: packages, Rows: report.Rows, Errors: report.Errors, Issues: snomedIssues(report.Issues), Suppressed: report.Suppressed}
			if c.text {
				snomedPrintIssues(c, out.Issues)
			} else if jsonErr := c.json(out); jsonErr != nil {
				return jsonErr
			}
			fmt.Fprintf(c.err, "nhskit: %v\n", err)
			if found.Code == rf2.CodeRead {
				return errReported
			}
			return errFindings
		}
		return err
	}
	s, err := snomed.Open(store)
	if err != nil {
		return err
	}
	defer s.Close()
	info := s.Info()
	out := snomedBuilt{store, info.Concepts, info.Active, info.Descriptions, fmt.Sprint(info.Latest), packages, report.Rows, report.Size,
		float64(report.Duration.Milliseconds()) / 1000, report.Errors, snomedIssues(report.Issues), report.Suppressed}
	if c.text {
		snomedPrintIssues(c, out.Issues)
		_, err = fmt.Fprintf(c.out, "%s: %d concepts, %d of them active, %d descriptions, up to %s; %d MiB in %.1f s\n", store, info.Concepts, info.Active, info.Descriptions,
			out.Latest, report.Size>>20, report.Duration.Seconds())
	} else {
		err = c.json(out)
	}
	if err == nil && report.Errors > 0 {
		return errFindings
	}
	return err
}

// replaceable refuses what a build must not overwrite: anything but a store.
// Who forgets STORE would lose a release otherwise.
func replaceable(store string) error {
	info, err := os.Stat(store)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Dir(store)); err != nil {
			return plainPathError(filepath.Dir(store), err)
		}
		return nil
	}
	switch {
	case err != nil:
		return plainPathError(store, err)
	case info.IsDir():
		return usagef("snomed build: STORE %s is a folder; takes RELEASE... STORE", store)
	case info.Size() == 0:
		return nil
	}
	s, err := snomed.Open(store)
	if err == nil {
		return s.Close()
	}
	if errors.Is(err, snomed.ErrNotStore) {
		return usagef("snomed build: STORE %s is there and no store, it stays as it is; takes RELEASE... STORE", store)
	}
	return nil // one that is damaged or of another version
}

func snomedIssues(found []rf2.Issue) []issue {
	out := []issue{}
	for _, is := range found {
		text := ""
		if is.Err != nil {
			text = is.Err.Error()
		}
		out = append(out, issue{Severity: is.Severity.String(), Code: string(is.Code), Path: is.Path, Offset: is.Offset, Line: is.Line, Col: is.Col, Clause: is.Clause, Text: text})
	}
	return out
}

// snomedPrintIssues prints findings for people, the file once.
func snomedPrintIssues(c *console, issues []issue) {
	for _, is := range issues {
		file, column, _ := strings.Cut(is.Path, "#")
		is.Path = column
		c.printIssue(file, nil, is)
	}
}

// snomedProgress shows how far a build is, with an estimate of the time left,
// on one line of a terminal; elsewhere a line per stage.
func snomedProgress(w io.Writer, terminal bool, clock func() time.Time) func(snomed.BuildProgress) {
	start, last, stage := clock(), time.Time{}, ""
	return func(p snomed.BuildProgress) {
		now := clock()
		if !terminal {
			if p.Stage != stage {
				stage = p.Stage
				fmt.Fprintf(w, "%3.0f %%  %s\n", p.Fraction*100, p.Stage)
			}
			return
		}
		if p.Stage == stage && now.Sub(last) < 200*time.Millisecond {
			return
		}
		stage, last = p.Stage, now
		left := ""
		if elapsed := now.Sub(start); p.Fraction > 0.05 {
			left = fmt.Sprintf(", about %.0f s left", elapsed.Seconds()*(1-p.Fraction)/p.Fraction)
		}
		fmt.Fprintf(w, "\r\x1b[K%3.0f %%  %s, %d rows%s", p.Fraction*100, p.Stage, p.Rows, left)
	}
}

// snomedIdentifier is the line for one identifier.
type snomedIdentifier struct {
	ID        string `json:"id"`
	Valid     bool   `json:"valid"`
	Type      string `json:"type"`      // "" unless valid
	Partition string `json:"partition"` // two digits, "" unless valid
	Namespace string `json:"namespace"` // seven digits, "" for an international one
	Item      string `json:"item"`
	Code      string `json:"code"`   // what is wrong, "" if valid
	Offset    int    `json:"offset"` // of what is wrong, -1 if valid
}

func snomedID(c *console, args []string) error {
	if len(args) == 0 {
		return usagef("snomed id: takes SCTID...")
	}
	var worst error
	for _, arg := range args {
		line := snomedIdentifier{ID: arg, Offset: -1}
		id, err := sctid.Parse(arg)
		if e := (*sctid.Error)(nil); errors.As(err, &e) {
			worst = errFindings
			line.Code, line.Offset = string(e.Code), e.Offset
			if c.text {
				c.printIssue(arg, []byte(arg), issue{Severity: "error", Code: line.Code, Offset: int64(e.Offset), Text: e.Error()})
				continue
			}
		} else {
			line.Valid, line.Type, line.Partition = true, id.Kind().String(), fmt.Sprintf("%02d", id.Partition())
			line.Namespace, line.Item = id.Namespace(), fmt.Sprint(id.Item())
			if c.text {
				fmt.Fprintf(c.out, "%s: %s, item %s", id, line.Type, line.Item)
				if line.Namespace != "" {
					fmt.Fprintf(c.out, " of namespace %s", line.Namespace)
				}
				fmt.Fprintln(c.out)
				continue
			}
		}
		if err := c.json(line); err != nil {
			return err
		}
	}
	return worst
}

// withStore opens the store that the first argument names and hands the
// others on, of which there must be least.
func withStore(args []string, least int, usage string, fn func(s *snomed.Store, args []string) error) error {
	if len(args) < 1+least {
		return usagef("%s", usage)
	}
	s, err := snomed.Open(args[0])
	if err != nil {
		if e := (*os.PathError)(nil); errors.As(err, &e) {
			return plainPathError(args[0], err)
		}
		return err
	}
	defer s.Close()
	return fn(s, args[1:])
}

// eachConcept looks every argument up and hands it to fn. One that is no
// identifier, or not in the store, becomes a line with an error.
func eachConcept(c *console, s *snomed.Store, args []string, fn func(snomed.Concept) error) error {
	var worst error
	for _, arg := range args {
		id, err := sctid.Parse(arg)
		var concept snomed.Concept
		if err == nil {
			concept, err = s.Concept(id)
		}
		bad := (*sctid.Error)(nil)
		switch {
		case err == nil:
			err = fn(concept)
		case errors.As(err, &bad), errors.Is(err, snomed.ErrNotFound):
			worst = errFindings
			if c.text {
				is := issue{Severity: "error", Code: "snomed.not-found", Offset: -1, Text: err.Error()}
				if bad != nil {
					is.Code, is.Offset = string(bad.Code), int64(bad.Offset)
				}
				c.printIssue(arg, []byte(arg), is)
				err = nil
				break
			}
			err = c.json(struct {
				ID    string `json:"id"`
				Error string `json:"error"`
			}{arg, err.Error()})
		}
		if err != nil {
			return err
		}
	}
	return worst
}

// snomedConcept is the line for one concept.
type snomedConcept struct {
	ID            sctid.ID            `json:"id"`
	Active        bool                `json:"active"`
	EffectiveTime string              `json:"effectiveTime"`
	Module        sctid.ID            `json:"module"`
	Status        sctid.ID            `json:"definitionStatus"`
	Term          string              `json:"term"`
	Name          string              `json:"fullySpecifiedName"`
	Descriptions  []snomedDescription `json:"descriptions"`
	Parents       []snomedTerm        `json:"parents"`
	Children      int                 `json:"children"`
	Descendants   int                 `json:"descendants"`
	Groups        []snomedGroup       `json:"groups"`
	Refsets       []sctid.ID          `json:"refsets"`
}

type snomedTerm struct {
	ID   sctid.ID `json:"id"`
	Term string   `json:"term"`
}

type snomedDescription struct {
	ID        sctid.ID   `json:"id"`
	Active    bool       `json:"active"`
	Type      sctid.ID   `json:"type"`
	Language  string     `json:"language"`
	Term      string     `json:"term"`
	Preferred []sctid.ID `json:"preferredIn"`
	Accepted  []sctid.ID `json:"acceptableIn"`
}

type snomedGroup struct {
	Group      int               `json:"group"`
	Attributes []snomedAttribute `json:"attributes"`
}

type snomedAttribute struct {
	Type  snomedTerm  `json:"type"`
	Value *snomedTerm `json:"value,omitempty"`
	Text  string      `json:"concrete,omitempty"` // as in the release, #10 or "text"
}

// termOf names a concept.
func termOf(s *snomed.Store, id sctid.ID) (snomedTerm, error) {
	o, err := s.Ordinal(id)
	if errors.Is(err, snomed.ErrNotFound) {
		return snomedTerm{ID: id}, nil
	}
	if err != nil {
		return snomedTerm{}, err
	}
	term, err := s.PreferredTerm(o)
	return snomedTerm{id, term}, err
}

func snomedLookup(c *console, s *snomed.Store, args []string) error {
	return eachConcept(c, s, args, func(k snomed.Concept) error {
		out, err := describeConcept(s, k)
		if err != nil {
			return err
		}
		if !c.text {
			return c.json(out)
		}
		fmt.Fprintf(c.out, "%s  %s\n    %s\n", out.ID, out.Term, out.Name)
		if !out.Active {
			fmt.Fprintln(c.out, "    inactive")
		}
		for _, p := range out.Parents {
			fmt.Fprintf(c.out, "    is a  %s  %s\n", p.ID, p.Term)
		}
		for _, g := range out.Groups {
			for _, a := range g.Attributes {
				if a.Value != nil {
					fmt.Fprintf(c.out, "    %2d  %s = %s  %s\n", g.Group, a.Type.Term, a.Value.ID, a.Value.Term)
				} else {
					fmt.Fprintf(c.out, "    %2d  %s = %s\n", g.Group, a.Type.Term, a.Text)
				}
			}
		}
		return nil
	})
}

func describeConcept(s *snomed.Store, k snomed.Concept) (out snomedConcept, err error) {
	o := k.Ordinal
	out = snomedConcept{ID: k.ID, Active: k.Active, EffectiveTime: fmt.Sprint(k.Time), Module: k.Module, Status: k.Status,
		Descriptions: []snomedDescription{}, Parents: []snomedTerm{}, Groups: []snomedGroup{}, Refsets: []sctid.ID{}}
	if out.Term, err = s.PreferredTerm(o); err != nil {
		return out, err
	}
	if out.Name, err = s.FullySpecifiedName(o); err != nil {
		return out, err
	}
	descriptions, err := s.Descriptions(o)
	if err != nil {
		return out, err
	}
	for _, d := range descriptions {
		line := snomedDescription{d.ID, d.Active, d.Type, d.Language, d.Term, []sctid.ID{}, []sctid.ID{}}
		for _, a := range d.Acceptability {
			if a.Preferred {
				line.Preferred = append(line.Preferred, a.Refset)
			} else {
				line.Accepted = append(line.Accepted, a.Refset)
			}
		}
		out.Descriptions = append(out.Descriptions, line)
	}
	parents, err := s.Parents(o)
	if err != nil {
		return out, err
	}
	for _, p := range parents {
		id, err := s.ID(p)
		if err != nil {
			return out, err
		}
		t, err := termOf(s, id)
		if err != nil {
			return out, err
		}
		out.Parents = append(out.Parents, t)
	}
	children, err := s.Children(o)
	if err != nil {
		return out, err
	}
	out.Children = len(children)
	if out.Descendants, err = s.DescendantCount(o); err != nil {
		return out, err
	}
	groups, err := s.Properties(o)
	if err != nil {
		return out, err
	}
	for _, g := range groups {
		line := snomedGroup{Group: g.Number}
		for _, a := range g.Attributes {
			kind, err := termOf(s, a.Type)
			if err != nil {
				return out, err
			}
			x := snomedAttribute{Type: kind}
			if a.Concrete {
				x.Text = a.Value.String()
			} else {
				v, err := termOf(s, a.Target)
				if err != nil {
					return out, err
				}
				x.Value = &v
			}
			line.Attributes = append(line.Attributes, x)
		}
		out.Groups = append(out.Groups, line)
	}
	refsets, err := s.Memberships(o)
	out.Refsets = append(out.Refsets, refsets...)
	return out, err
}

func snomedSubsumes(c *console, s *snomed.Store, args []string) error {
	if len(args) != 2 {
		return usagef("snomed subsumes: takes STORE A B")
	}
	var ids []sctid.ID
	err := eachConcept(c, s, args, func(k snomed.Concept) error {
		ids = append(ids, k.ID)
		return nil
	})
	if err != nil {
		return err
	}
	down, err := s.Subsumes(ids[0], ids[1])
	if err != nil {
		return err
	}
	up, err := s.Subsumes(ids[1], ids[0])
	if err != nil {
		return err
	}
	outcome := "not-subsumed"
	switch {
	case down && up:
		outcome = "equivalent"
	case down:
		outcome = "subsumes"
	case up:
		outcome = "subsumed-by"
	}
	if c.text {
		_, err := fmt.Fprintf(c.out, "%s %s %s\n", ids[0], outcome, ids[1])
		return err
	}
	return c.json(struct {
		A       sctid.ID `json:"a"`
		B       sctid.ID `json:"b"`
		Outcome string   `json:"outcome"`
	}{ids[0], ids[1], outcome})
}

// snomedPast is the line for the history of one concept.
type snomedPast struct {
	ID            sctid.ID             `json:"id"`
	Active        bool                 `json:"active"`
	Associations  []snomedAssociation  `json:"associations"`  // what stands for it
	Predecessors  []snomedAssociation  `json:"predecessors"`  // what it stands for
	Substitutions []snomedSubstitution `json:"substitutions"` // active concepts, found by following associations
}

type snomedAssociation struct {
	Meaning string   `json:"meaning"`
	Refset  sctid.ID `json:"refset"`
	ID      sctid.ID `json:"id"`
	Active  bool     `json:"active"`
	Time    string   `json:"effectiveTime"`
}

type snomedSubstitution struct {
	ID      sctid.ID `json:"id"`
	Term    string   `json:"term"`
	Meaning string   `json:"meaning"`
	Steps   int      `json:"steps"`
}

func snomedHistory(c *console, s *snomed.Store, args []string) error {
	return eachConcept(c, s, args, func(k snomed.Concept) error {
		out := snomedPast{k.ID, k.Active, []snomedAssociation{}, []snomedAssociation{}, []snomedSubstitution{}}
		forward, err := s.History(k.Ordinal)
		if err != nil {
			return err
		}
		for _, a := range forward {
			out.Associations = append(out.Associations, snomedAssociation{a.Meaning.String(), a.Refset, a.To, a.Active, fmt.Sprint(a.Time)})
		}
		back, err := s.Predecessors(k.Ordinal)
		if err != nil {
			return err
		}
		for _, a := range back {
			out.Predecessors = append(out.Predecessors, snomedAssociation{a.Meaning.String(), a.Refset, a.From, a.Active, fmt.Sprint(a.Time)})
		}
		subs, err := s.Substitutions(k.Ordinal)
		if err != nil {
			return err
		}
		for _, x := range subs {
			t, err := termOf(s, x.To)
			if err != nil {
				return err
			}
			out.Substitutions = append(out.Substitutions, snomedSubstitution{x.To, t.Term, x.Meaning.String(), x.Steps})
		}
		if !c.text {
			return c.json(out)
		}
		fmt.Fprintf(c.out, "%s, active: %v\n", k.ID, k.Active)
		for _, x := range out.Substitutions {
			fmt.Fprintf(c.out, "    %s  %s  %s\n", x.Meaning, x.ID, x.Term)
		}
		for _, x := range out.Predecessors {
			if t, err := termOf(s, x.ID); err != nil {
				return err
			} else if x.Active {
				fmt.Fprintf(c.out, "    stands for  %s  %s, %s\n", x.ID, t.Term, x.Meaning)
			}
		}
		return nil
	})
}

// snomedMapped is the line for the map of one concept.
type snomedMapped struct {
	ID       sctid.ID       `json:"id"`
	Refset   sctid.ID       `json:"refset"`
	Selected []snomedTarget `json:"selected"` // one row per group
	Rows     []snomedTarget `json:"rows"`     // all active rows
	Error    string         `json:"error,omitempty"`
}

type snomedTarget struct {
	Block    int    `json:"block"` // -1 for a map without blocks
	Group    int    `json:"group"`
	Priority int    `json:"priority"`
	Rule     string `json:"rule"`
	Target   string `json:"target"` // "" for none
	Advice   string `json:"advice"`
}

func snomedMap(c *console, s *snomed.Store, args []string, ctx snomed.MapContext) error {
	refset, err := sctid.Parse(args[0])
	if err != nil {
		return usagef("snomed map: %v", err)
	}
	return eachConcept(c, s, args[1:], func(k snomed.Concept) error {
		out := snomedMapped{ID: k.ID, Refset: refset, Selected: []snomedTarget{}, Rows: []snomedTarget{}}
		rows, err := s.MapRows(refset, k.ID)
		switch {
		case errors.Is(err, snomed.ErrNotFound):
			return usagef("snomed map: REFSET %v is not in the store", refset)
		case errors.Is(err, snomed.ErrNotMap):
			return usagef("snomed map: REFSET %v is no map", refset)
		case err != nil:
			return err
		}
		line := func(r snomed.MapRow) snomedTarget {
			return snomedTarget{r.Block, r.Group, r.Priority, r.Rule, r.Target, r.Advice}
		}
		for _, r := range rows {
			if r.Active {
				out.Rows = append(out.Rows, line(r))
			}
		}
		selected, err := s.MapTargets(refset, k.ID, ctx)
		if err != nil {
			out.Error = err.Error()
		}
		for _, r := range selected {
			out.Selected = append(out.Selected, line(r))
		}
		if !c.text {
			err = c.json(out)
		} else {
			err = nil
			for _, r := range out.Selected {
				fmt.Fprintf(c.out, "%s  group %d  %s\n", k.ID, r.Group, r.Target)
			}
		}
		if err == nil && out.Error != "" {
			return errFindings
		}
		return err
	})
}

// snomedHit is the line for one hit.
type snomedHit struct {
	ID          sctid.ID `json:"id"`
	Term        string   `json:"term"`
	Description sctid.ID `json:"description"`
	Type        sctid.ID `json:"type"`
	Preferred   bool     `json:"preferred"`
	Distance    int      `json:"distance"`
	Highlights  [][2]int `json:"highlights"` // byte offsets in the term
}

func snomedSearch(c *console, s *snomed.Store, args []string, q snomed.Query, below string) error {
	if len(args) != 1 {
		return usagef("snomed search: takes STORE TEXT")
	}
	if q.Limit < 1 {
		return usagef("snomed search: -limit is at least 1")
	}
	if below != "" {
		id, err := sctid.Parse(below)
		if err != nil {
			return usagef("snomed search: -below: %v", err)
		}
		o, err := s.Ordinal(id)
		if errors.Is(err, snomed.ErrNotFound) {
			return usagef("snomed search: -below: %v is not in the store", id)
		}
		if err != nil {
			return err
		}
		set, err := s.DescendantsOrSelf(o)
		if err != nil {
			return err
		}
		q.Within = &set
	}
	q.Text = args[0]
	hits, err := s.Search(context.Background(), q)
	if err != nil {
		return err
	}
	for _, h := range hits {
		if c.text {
			fmt.Fprintf(c.out, "%s  %s\n", h.Concept, h.Term)
			continue
		}
		line := snomedHit{h.Concept, h.Term, h.Description, h.Type, h.Preferred, h.Distance, [][2]int{}}
		for _, x := range h.Highlights {
			line.Highlights = append(line.Highlights, [2]int{x.From, x.To})
		}
		if err := c.json(line); err != nil {
			return err
		}
	}
	return nil
}
