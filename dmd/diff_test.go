package dmd_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/dmd/dmdtest"
)

// TestDiff compares two releases whose differences are known.
func TestDiff(t *testing.T) {
	c := dmdtest.New(0.03, 3)
	if testing.Short() {
		c.AMPPs = 1500
	}
	older, _ := build(t, c)
	c.Revision = 1
	newer, _ := build(t, c)
	want := c.Changes()
	d := dmd.Diff(older, newer)
	if d.From.String() != "2026-11-02" || d.To.String() != "2026-11-09" {
		t.Errorf("from %s to %s", d.From, d.To)
	}
	if len(d.Prices) != want.Prices {
		t.Errorf("%d prices, want %d", len(d.Prices), want.Prices)
	}
	for _, p := range d.Prices {
		if p.After != p.Before+11 {
			t.Errorf("%+v", p)
		}
	}
	removed, renamed, replaced, moved := 0, 0, 0, 0
	for _, ch := range d.Changes {
		switch {
		case ch.Table == dmd.TableAMPP && ch.Kind == dmd.Removed:
			removed++
		case ch.Table == dmd.TableVMP && ch.Kind == dmd.Changed:
			renamed++
			if len(ch.Fields) != 1 || ch.Fields[0].Tag != "NM" {
				t.Errorf("%+v", ch)
			}
		case ch.Table == dmd.TableVMP && ch.Kind == dmd.Replaced:
			replaced++
			if ch.Key != want.By || ch.Former != want.Replaced {
				t.Errorf("%+v", ch)
			}
		case ch.Table == dmd.TableVMP:
			t.Errorf("virtual product %s: %+v", ch.Kind, ch)
		case (ch.Table == dmd.TableAMP || ch.Table == dmd.TableVMPP) && ch.Kind == dmd.Moved:
			moved++
		case ch.Kind == dmd.Added:
			t.Errorf("added: %+v", ch)
		}
	}
	if removed != want.Removed || renamed != want.Renamed || replaced != 1 || moved != want.Referrer {
		t.Errorf("removed %d renamed %d replaced %d moved %d; want %+v", removed, renamed, replaced, moved, want)
	}
	if n := d.Count[dmd.TableVMP][dmd.Removed]; n != 0 {
		t.Errorf("%d spurious deletes", n)
	}
	// Backwards nothing says what was replaced: one is gone and one is new.
	back := dmd.Diff(newer, older)
	if back.Count[dmd.TableVMP][dmd.Removed] != 1 || back.Count[dmd.TableVMP][dmd.Added] != 1 || back.Count[dmd.TableAMPP][dmd.Added] != want.Removed {
		t.Errorf("backwards: %v", back.Count[dmd.TableVMP])
	}
}

// TestDiffDates: records that only a date tells apart are compared with each other
// and not with their neighbours.
func TestDiffDates(t *testing.T) {
	release := func(gtins ...string) *dmd.Store {
		t.Helper()
		var b strings.Builder
		for _, g := range gtins {
			start, end, _ := strings.Cut(g, " ")
			fmt.Fprintf(&b, "<GTINDATA><GTIN>5012617019844</GTIN><STARTDT>%s</STARTDT><ENDDT>%s</ENDDT></GTINDATA>", start, end)
		}
		return buildFS(t, fstest.MapFS{"f_gtin2_0260821.xml": {Data: []byte("<GTIN_DETAILS><AMPPS><AMPP><AMPPID>37365911000001107</AMPPID>" + b.String() + "</AMPP></AMPPS></GTIN_DETAILS>")}})
	}
	older := release("2015-06-01 2015-12-31", "2019-03-13 2019-12-31")
	newer := release("2012-01-01 2012-12-31", "2015-06-01 2015-12-31", "2019-03-13 2020-12-31")
	d := dmd.Diff(older, newer)
	if got := d.Count[dmd.TableGTIN]; got != [5]int{dmd.Added: 1, dmd.Changed: 1} {
		t.Errorf("%v: %+v", got, d.Changes)
	}
}
