package nhsnumber

import (
	_ "embed"
	"errors"
	"fmt"
	"iter"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Scheme is the numbering scheme that a number belongs to.
type Scheme string

// The schemes. SchemeNone is that of test, reserved and unallocated ranges.
const (
	SchemeNone Scheme = ""
	SchemeNHS  Scheme = "nhs" // England, Wales, Isle of Man
	SchemeCHI  Scheme = "chi" // Scotland, Community Health Index
	SchemeHSC  Scheme = "hsc" // Northern Ireland, Health and Care number
	SchemeIHI  Scheme = "ihi" // Republic of Ireland, ten of the digits of an IHI
)

// Region names a range of numbers, such as "england-wales-iom". A table of
// one's own may have other names than these.
type Region string

// The regions of [DefaultRanges].
const (
	RegionUnallocatedLow  Region = "unallocated-low"
	RegionScotland        Region = "scotland-chi"
	RegionUnallocatedMid  Region = "unallocated-mid"
	RegionNorthernIreland Region = "northern-ireland"
	RegionEnglandWalesIoM Region = "england-wales-iom"
	RegionReserved5       Region = "reserved-5"
	RegionIreland         Region = "ireland-ihi"
	RegionUnallocatedHigh Region = "unallocated-high"
	RegionTest9           Region = "test-9"
	RegionTest999         Region = "test-999"
)

// Range is one line of a range table.
type Range struct {
	First, Last uint32 // first nine digits, inclusive
	Region      Region
	Scheme      Scheme
	Use         string    // issued, test, reserved or unallocated
	ValidFrom   time.Time // first day of issue, zero where the source states none
	ValidTo     time.Time // last day of issue, zero where the source states none
	Source      string    // who says so
	SourceDate  string    // as of when, YYYY-MM or YYYY-MM-DD
}

// Test reports whether numbers of the range are for testing and never issued.
func (r Range) Test() bool { return r.Use == "test" }

// IssuableOn reports whether numbers of the range may be issued on a day. A
// bound that the source does not state does not bind.
func (r Range) IssuableOn(day time.Time) bool {
	return r.Use == "issued" &&
		(r.ValidFrom.IsZero() || !dayOf(day).Before(r.ValidFrom)) &&
		(r.ValidTo.IsZero() || !dayOf(day).After(r.ValidTo))
}

// dayOf drops the time of day.
func dayOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// RangeTable tells regions apart. It is immutable.
type RangeTable struct{ ranges []Range }

//go:embed ranges.csv
var rangesCSV string

var lazyRanges lazy[*RangeTable]

func defaultRanges() *RangeTable { return lazyRanges.get(readRanges) }

func readRanges() *RangeTable {
	t, err := ParseRangeTable(rangesCSV)
	if err != nil {
		panic("nhsnumber: embedded ranges.csv: " + err.Error())
	}
	return t
}

// DefaultRanges returns the table that the methods of [Number] use.
func DefaultRanges() *RangeTable { return defaultRanges() }

// ParseRangeTable reads a table in the form of this package's ranges.csv: a
// header line, then first9, last9, region, scheme, use, valid_from, valid_to,
// source, source_date, without quotes; lines that begin with # are comments.
// Ranges ascend and do not overlap.
func ParseRangeTable(text string) (*RangeTable, error) {
	t := &RangeTable{}
	line, header := 0, false
	for row := range strings.Lines(text) {
		line++
		row = strings.TrimRight(row, "\r\n")
		if row == "" || row[0] == '#' {
			continue
		}
		if !header {
			header = true
			continue
		}
		r, err := parseRange(strings.Split(row, ","))
		if err == nil && len(t.ranges) > 0 && r.First <= t.ranges[len(t.ranges)-1].Last {
			err = errors.New("ranges must ascend without overlap")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		t.ranges = append(t.ranges, r)
	}
	return t, nil
}

func parseRange(f []string) (Range, error) {
	if len(f) != 9 {
		return Range{}, fmt.Errorf("%d fields, want 9", len(f))
	}
	r := Range{Region: Region(f[2]), Scheme: Scheme(f[3]), Use: f[4], Source: f[7], SourceDate: f[8]}
	var err [4]error
	r.First, err[0] = parseNine(f[0])
	r.Last, err[1] = parseNine(f[1])
	r.ValidFrom, err[2] = parseDay(f[5])
	r.ValidTo, err[3] = parseDay(f[6])
	if e := errors.Join(err[:]...); e != nil {
		return Range{}, e
	}
	switch {
	case r.First > r.Last:
		return Range{}, errors.New("first9 after last9")
	case r.Region == "":
		return Range{}, errors.New("no region")
	case r.Use != "issued" && r.Use != "test" && r.Use != "reserved" && r.Use != "unallocated":
		return Range{}, fmt.Errorf("unknown use %q", r.Use)
	}
	return r, nil
}

func parseNine(s string) (uint32, error) {
	v, err := strconv.ParseUint(s, 10, 32)
	if err != nil || len(s) != 9 {
		return 0, fmt.Errorf("%q is not nine digits", s)
	}
	return uint32(v), nil
}

func parseDay(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, s)
}

// Lookup returns the range of a number. It reports false for no number and
// for one that the table does not cover.
func (t *RangeTable) Lookup(n Number) (Range, bool) {
	if n.IsZero() {
		return Range{}, false
	}
	if r := t.find(n.Nine()); r != nil {
		return *r, true
	}
	return Range{}, false
}

func (t *RangeTable) find(nine uint32) *Range {
	i := sort.Search(len(t.ranges), func(i int) bool { return t.ranges[i].Last >= nine })
	if i == len(t.ranges) || nine < t.ranges[i].First {
		return nil
	}
	return &t.ranges[i]
}

// All yields the ranges in ascending order.
func (t *RangeTable) All() iter.Seq[Range] {
	return func(yield func(Range) bool) {
		for _, r := range t.ranges {
			if !yield(r) {
				return
			}
		}
	}
}

// Region returns the range that the number lies in by [DefaultRanges], "" for
// no number.
func (n Number) Region() Region {
	r, _ := defaultRanges().Lookup(n)
	return r.Region
}

// Scheme returns the scheme that issues the number's range by
// [DefaultRanges]; [SchemeNone] for no number and for ranges nobody issues.
func (n Number) Scheme() Scheme {
	r, _ := defaultRanges().Lookup(n)
	return r.Scheme
}

// IsTest reports whether the number begins with 9, the ranges for testing and
// development that are never issued.
func (n Number) IsTest() bool {
	r, _ := defaultRanges().Lookup(n)
	return r.Test()
}

// IssuableOn reports whether the number lies in a range from which numbers
// may be issued on that day. That one was issued only a trace can tell.
func (n Number) IssuableOn(day time.Time) bool {
	r, _ := defaultRanges().Lookup(n)
	return r.IssuableOn(day)
}
