package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
	"github.com/nhskit/nhskit/dmd/tofhir"
	"github.com/nhskit/nhskit/fhir/r4"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// dmdCommands build, query and compare releases of dm+d.
func dmdCommands() []command {
	return append([]command{
		{
			name: "dmd build", args: "RELEASE STORE",
			summary: "Build a store from a release of dm+d: a folder, or the zip from TRUD",
			example: "nhskit dmd build nhsbsa_dmd.zip dmd.store",
			setup:   func(f *flag.FlagSet) runner { return withArgs(f, 2, 2, dmdBuild) },
		},
		{
			name: "dmd show", args: "STORE ID...",
			summary: "Show products with every field under its dm+d tag",
			example: "nhskit dmd show dmd.store 318136009",
			setup:   func(f *flag.FlagSet) runner { return withArgs(f, 2, -1, dmdShow) },
		},
		{
			name: "dmd search", args: "[-kind K] [-limit N] [-invalid] STORE TEXT...",
			summary: "Find products by name and strength, as people type them",
			example: "nhskit dmd search -kind VMP dmd.store 'amox 250 cap'",
			setup: func(f *flag.FlagSet) runner {
				kind := f.String("kind", "", "only VTM, VMP, AMP, VMPP or AMPP; several with commas")
				limit := f.Int("limit", 20, "how `many`")
				invalid := f.Bool("invalid", false, "also what is no longer in use")
				return withArgs(f, 2, -1, func(c *console, args []string) error {
					return dmdSearch(c, args, *kind, *limit, *invalid)
				})
			},
		},
		{
			name: "dmd gtin", args: "STORE GTIN... [-on DATE]",
			summary: "Find the packs of a bar code, or of the whole string of a DataMatrix",
			example: "nhskit dmd gtin dmd.store 5012617019844 -on 2019-03-12",
			setup: func(f *flag.FlagSet) runner {
				on := f.String("on", "", "the day, YYYY-MM-DD; any day if left out")
				return withArgs(f, 2, -1, func(c *console, args []string) error { return dmdGTIN(c, args, *on) })
			},
		},
		{
			name: "dmd fhir", args: "[-knowledge] [-eps] STORE ID...",
			summary: "Write products as FHIR Medication or MedicationKnowledge",
			example: "nhskit dmd fhir dmd.store 318136009",
			setup: func(f *flag.FlagSet) runner {
				knowledge := f.Bool("knowledge", false, "write MedicationKnowledge")
				eps := f.Bool("eps", false, "codes in the system of SNOMED CT, as the Electronic Prescription Service wants them")
				return withArgs(f, 2, -1, func(c *console, args []string) error { return dmdFHIR(c, args, *knowledge, *eps) })
			},
		},
		{
			name: "dmd diff", args: "OLD NEW",
			summary: "Compare two releases or stores field by field",
			example: "nhskit dmd diff october.store november.store",
			setup:   func(f *flag.FlagSet) runner { return withArgs(f, 2, 2, dmdDiff) },
		},
		{
			name: "dmd write", args: "STORE DIR",
			summary: "Write a store's release as XML files",
			example: "nhskit dmd write dmd.store release",
			setup:   func(f *flag.FlagSet) runner { return withArgs(f, 2, 2, dmdWrite) },
		},
		{
			name: "dmd generate", args: "[-scale X] [-seed S] [-faults] [-later] DIR",
			summary: "Make a synthetic release in which no product is real",
			example: "nhskit dmd generate -scale 0.01 -seed 1 release",
			setup: func(f *flag.FlagSet) runner {
				scale := f.Float64("scale", 0.01, "share of the real dictionary's size")
				seed := f.Uint64("seed", 1, "other seeds make other products")
				faults := f.Bool("faults", false, "with records that are wrong")
				later := f.Bool("later", false, "the release of the week after")
				return withArgs(f, 1, 1, func(c *console, args []string) error {
					cfg := dmdtest.New(*scale, *seed)
					cfg.Faults = *faults
					if *later {
						cfg.Revision = 1
					}
					if err := cfg.WriteDir(args[0]); err != nil {
						return err
					}
					return c.json(map[string]any{"dir": args[0], "counts": cfg.Counts()})
				})
			},
		},
	}, dmdDoseCommands()...)
}

// withArgs runs fn with the arguments that are no flags, wherever the flags
// stand, if there are at least and at most so many (-1: any number).
func withArgs(f *flag.FlagSet, least, most int, fn runner) runner {
	return func(c *console, args []string) error {
		var plain []string
		for len(args) > 0 {
			if args[0] == "--" {
				plain = append(plain, args[1:]...)
				break
			}
			if args[0] == "-" || !strings.HasPrefix(args[0], "-") {
				plain, args = append(plain, args[0]), args[1:]
				continue
			}
			if err := f.Parse(args); err != nil {
				return usagef("%s: %s", f.Name(), flagProblem(f, err))
			}
			args = f.Args()
		}
		if len(plain) < least || most >= 0 && len(plain) > most {
			return usagef("%s: wrong number of arguments; see: nhskit help %s", f.Name(), f.Name())
		}
		return fn(c, plain)
	}
}

// dmdIssue is a finding as the commands print them.
func dmdIssue(i dmd.Issue) issue {
	out := issue{Severity: i.Severity.String(), Code: string(i.Code), Path: i.Path, Offset: i.Offset, Line: i.Line, Col: i.Col, Clause: i.Clause}
	if i.File != "" {
		out.Path = i.File + ": " + i.Path
	}
	if i.Err != nil {
		out.Text = i.Err.Error()
	}
	return out
}

// buildStore builds a store in memory, with progress on standard error.
func buildStore(c *console, name string) (*dmd.Store, *dmd.Report, error) {
	rel, err := dmd.OpenRelease(name)
	if err != nil {
		return nil, nil, plainPathError(name, err)
	}
	defer rel.Close()
	last := int64(-1)
	return dmd.Build(context.Background(), rel, dmd.WithProgress(func(p dmd.Progress) {
		if p.Total > 32<<20 && p.Bytes*10/p.Total != last {
			last = p.Bytes * 10 / p.Total
			fmt.Fprintf(c.err, "%3d%% %d records\n", last*10, p.Records)
		}
	}))
}

// openStore opens a store, or builds one of a release.
func openStore(c *console, name string) (*dmd.Store, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, plainPathError(name, err)
	}
	if !info.IsDir() {
		s, err := dmd.Open(name)
		if err == nil || !errors.Is(err, dmd.ErrNotStore) {
			return s, err
		}
	}
	s, _, err := buildStore(c, name)
	return s, err
}

func dmdBuild(c *console, args []string) error {
	s, report, err := buildStore(c, args[0])
	if err != nil {
		return err
	}
	if err := s.Save(args[1]); err != nil {
		return err
	}
	out := struct {
		Release string         `json:"release"`
		Store   string         `json:"store"`
		Date    string         `json:"date"`
		Counts  map[string]int `json:"counts"`
		Issues  []issue        `json:"issues"`
	}{args[0], args[1], s.Date().String(), make(map[string]int), []issue{}}
	for _, t := range dmd.Tables() {
		out.Counts[t.String()] = s.Count(t)
	}
	for _, i := range report.Issues {
		out.Issues = append(out.Issues, dmdIssue(i))
	}
	if c.text {
		for _, i := range out.Issues {
			c.printIssue(args[0], nil, i)
		}
		fmt.Fprintf(c.out, "dm+d of %s: %d VTM, %d VMP, %d AMP, %d VMPP, %d AMPP\n", out.Date, out.Counts["VTM"], out.Counts["VMP"], out.Counts["AMP"], out.Counts["VMPP"], out.Counts["AMPP"])
	} else if err := c.json(out); err != nil {
		return err
	}
	if hasErrors(out.Issues) {
		return errFindings
	}
	return nil
}

// dmdID reads an identifier. Its check digit is not asked for: what is in the
// release is found.
func dmdID(s string) (sctid.ID, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || len(s) > 18 {
		return 0, usagef("%q is not an identifier", s)
	}
	return sctid.ID(n), nil
}

// eachProduct opens the store named first and calls fn for the products named
// after it. Identifiers that name none are reported as a line of JSON with what
// replaced them.
func eachProduct(c *console, args []string, fn func(*dmd.Store, dmd.Product) error) error {
	s, err := openStore(c, args[0])
	if err != nil {
		return err
	}
	defer s.Close()
	var worst error
	for _, arg := range args[1:] {
		id, err := dmdID(arg)
		if err != nil {
			return err
		}
		if p, ok := s.Product(id); ok {
			switch err := fn(s, p); {
			case errors.Is(err, errFindings):
				worst = err
			case err != nil:
				return err
			}
			continue
		}
		if err := unknownID(c, s, id); err != nil {
			if !errors.Is(err, errFindings) {
				return err
			}
			worst = err
		}
	}
	return worst
}

// unknownID prints what is known of an identifier that is no product's.
func unknownID(c *console, s *dmd.Store, id sctid.ID) error {
	type entry struct {
		List string `json:"list"`
		Text string `json:"text"`
	}
	type change struct {
		Current string `json:"current"`
		Start   string `json:"start,omitempty"`
		End     string `json:"end,omitempty"`
		Source  string `json:"source"`
	}
	out := struct {
		ID       string   `json:"id"`
		Kind     *string  `json:"kind"`
		Terms    []entry  `json:"terms,omitempty"`
		Replaced []change `json:"replaced,omitempty"`
	}{ID: id.String()}
	for _, t := range s.TermsOf(id) {
		out.Terms = append(out.Terms, entry{t.List, t.Text})
	}
	for _, r := range s.Replaced(id) {
		out.Replaced = append(out.Replaced, change{r.Current.String(), r.Start.String(), r.End.String(), r.Source})
	}
	if err := c.json(out); err != nil {
		return err
	}
	if out.Terms == nil {
		return errFindings
	}
	return nil
}

func dmdShow(c *console, args []string) error {
	return eachProduct(c, args, func(s *dmd.Store, p dmd.Product) error {
		o := newObject()
		o.add("id", p.ID().String())
		o.add("kind", p.Kind().String())
		o.add("name", p.Name())
		related := make(map[string][]*object)
		var tables []string
		first := true
		for r := range p.Records() {
			into := o
			if !first {
				into = newObject()
				name := r.Table.String()
				if related[name] == nil {
					tables = append(tables, name)
				}
				related[name] = append(related[name], into)
			}
			first = false
			for tag, v := range r.Fields() {
				into.add(tag, string(v))
			}
		}
		for _, t := range tables {
			o.add(t, related[t])
		}
		list := func(name string, ps []dmd.Product) {
			if len(ps) > 0 {
				o.add(name, productIDs(ps))
			}
		}
		list("parents", p.Parents())
		list("children", p.Children())
		list("contents", p.Contents())
		list("combinations", p.Combinations())
		if c.text {
			fmt.Fprintf(c.out, "%s %s %s\n", p.Kind(), p.ID(), p.Name())
			o.print(c, "  ")
			return nil
		}
		return c.json(o)
	})
}

func productIDs(ps []dmd.Product) []string {
	out := []string{}
	for _, p := range ps {
		out = append(out, p.ID().String())
	}
	return out
}

func dmdSearch(c *console, args []string, kind string, limit int, invalid bool) error {
	s, err := openStore(c, args[0])
	if err != nil {
		return err
	}
	defer s.Close()
	opts := []dmd.SearchOption{dmd.Limit(limit)}
	if kind != "" {
		var kinds []dmd.Kind
		for name := range strings.SplitSeq(strings.ToUpper(kind), ",") {
			k := kindNamed(name)
			if k == dmd.NoKind {
				return usagef("dmd search: %q is no kind of product", name)
			}
			kinds = append(kinds, k)
		}
		opts = append(opts, dmd.OfKind(kinds...))
	}
	if invalid {
		opts = append(opts, dmd.WithInvalid())
	}
	type hit struct {
		ID    string `json:"id"`
		Kind  string `json:"kind"`
		Name  string `json:"name"`
		Score int    `json:"score"`
	}
	for _, query := range args[1:] {
		out := struct {
			Query string `json:"query"`
			Hits  []hit  `json:"hits"`
		}{query, []hit{}}
		for _, h := range s.Search(query, opts...) {
			out.Hits = append(out.Hits, hit{h.Product.ID().String(), h.Product.Kind().String(), h.Product.Name(), h.Score})
			if c.text {
				fmt.Fprintf(c.out, "%-4s %-18s %s\n", h.Product.Kind(), h.Product.ID(), h.Product.Name())
			}
		}
		if !c.text {
			if err := c.json(out); err != nil {
				return err
			}
		}
	}
	return nil
}

func kindNamed(name string) dmd.Kind {
	for k := dmd.VTM; k <= dmd.Ingredient; k++ {
		if k.String() == name {
			return k
		}
	}
	return dmd.NoKind
}

func dmdGTIN(c *console, args []string, on string) error {
	var day dmd.Date
	if on != "" {
		d, err := dmd.ParseDate(on)
		if err != nil {
			return usagef("dmd gtin: -on %s: %v", on, err)
		}
		day = d
	}
	s, err := openStore(c, args[0])
	if err != nil {
		return err
	}
	defer s.Close()
	type pack struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Start string `json:"start"`
		End   string `json:"end,omitempty"`
	}
	var worst error
	for _, code := range args[1:] {
		out := struct {
			GTIN  string `json:"gtin"`
			On    string `json:"on,omitempty"`
			Packs []pack `json:"packs"`
			Error string `json:"error,omitempty"`
		}{GTIN: code, On: on, Packs: []pack{}}
		scan, err := dmd.ParseScan(code)
		if err != nil {
			out.Error, worst = err.Error(), errFindings
		} else {
			for _, b := range s.AppendGTIN(nil, scan.GTIN) {
				if day == 0 || b.On(day) {
					out.Packs = append(out.Packs, pack{b.Pack.ID().String(), b.Pack.Name(), b.Start.String(), b.End.String()})
				}
			}
		}
		if err := c.json(out); err != nil {
			return err
		}
	}
	return worst
}

func dmdFHIR(c *console, args []string, knowledge, eps bool) error {
	var opts []tofhir.Option
	if eps {
		opts = append(opts, tofhir.WithSystem(dmd.SystemSNOMED))
	}
	return eachProduct(c, args, func(s *dmd.Store, p dmd.Product) error {
		if p.Kind() == dmd.Ingredient {
			return usagef("dmd fhir: %s is an ingredient", p.ID())
		}
		var r r4.Resource = tofhir.Medication(p, append(opts, tofhir.WithProfile())...)
		if knowledge {
			r = tofhir.MedicationKnowledge(p, opts...)
		}
		data, err := r4.Marshal(r)
		if err != nil {
			return err
		}
		c.out.Write(data)
		return c.out.WriteByte('\n')
	})
}

func dmdDiff(c *console, args []string) error {
	older, err := openStore(c, args[0])
	if err != nil {
		return err
	}
	defer older.Close()
	newer, err := openStore(c, args[1])
	if err != nil {
		return err
	}
	defer newer.Close()
	d := dmd.Diff(older, newer)
	type field struct {
		Tag    string  `json:"tag"`
		Before *string `json:"before"`
		After  *string `json:"after"`
	}
	type change struct {
		Table  string  `json:"table"`
		Change string  `json:"change"`
		ID     string  `json:"id"`
		Former string  `json:"former,omitempty"`
		Name   string  `json:"name,omitempty"`
		Fields []field `json:"fields,omitempty"`
	}
	type movement struct {
		ID     string `json:"id"`
		Table  string `json:"table"`
		Before int64  `json:"before"`
		After  int64  `json:"after"`
	}
	out := struct {
		From    string                    `json:"from"`
		To      string                    `json:"to"`
		Counts  map[string]map[string]int `json:"counts"`
		Changes []change                  `json:"changes"`
		Prices  []movement                `json:"prices"`
	}{d.From.String(), d.To.String(), make(map[string]map[string]int), []change{}, []movement{}}
	for t, counts := range d.Count {
		for k, n := range counts {
			if n > 0 {
				name := dmd.Table(t).String()
				if out.Counts[name] == nil {
					out.Counts[name] = make(map[string]int)
				}
				out.Counts[name][dmd.ChangeKind(k).String()] = n
			}
		}
	}
	for _, ch := range d.Changes {
		item := change{Table: ch.Table.String(), Change: ch.Kind.String(), ID: ch.Key, Former: ch.Former, Name: ch.Name}
		for _, f := range ch.Fields {
			x := field{Tag: f.Tag}
			if f.HadBefore {
				x.Before = &f.Before
			}
			if f.HasNow {
				x.After = &f.After
			}
			item.Fields = append(item.Fields, x)
		}
		out.Changes = append(out.Changes, item)
		if c.text {
			fmt.Fprintf(c.out, "%-9s %-14s %-18s %s\n", item.Change, item.Table, item.ID, item.Name)
		}
	}
	for _, p := range d.Prices {
		out.Prices = append(out.Prices, movement{p.Key, p.Table.String(), p.Before, p.After})
	}
	if c.text {
		return nil
	}
	return c.json(out)
}

func dmdWrite(c *console, args []string) error {
	s, err := openStore(c, args[0])
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.WriteRelease(args[1]); err != nil {
		return err
	}
	return c.json(map[string]string{"dir": args[1], "date": s.Date().String()})
}
