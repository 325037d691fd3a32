package schema

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
)

// report is a report of results of 10 kB, in the shape of NHS laboratories,
// without a finding.
func report() []byte {
	var b bytes.Buffer
	b.WriteString("MSH|^~\\&|LIMS^2.16.840.1.113883.2.1.8.1.5.999^ISO|CAV^2.16.840.1.113883.2.1.8.1.5.154^ISO|EPR|RXX|20250102102527+0000||ORU^R01^ORU_R01|U15|P|2.5.1|||AL|NE||UNICODE UTF-8\r")
	b.WriteString("PID|||403281375^^^154^PI~9991202226^^^NHS^NH||PATEL^ASHA^^^Mrs||19800229|F\rPV1||O\r")
	for i := 1; b.Len() < 10_200; i++ {
		if i%20 == 1 {
			fmt.Fprintf(&b, "ORC|RE||F%d|||||||||C3456789^Darwin^Samuel^^^Dr^^^GMC\r", i)
			fmt.Fprintf(&b, "OBR|%d|P1|F%d|26604007^Full blood count^SCT^423..00^FBC^RC|||20250102093000+0000|||||||||C3456789^Darwin^Samuel^^^Dr^^^GMC||||||20250102102417+0000|||F\r", i/20+1, i)
		}
		fmt.Fprintf(&b, "OBX|%d|NM|1022431000000105^Haemoglobin estimation^SCT^423..00^Haemoglobin^RC||%d|g/L^g/L^UCUM|115-165|N|||F|||20250102093000+0000\r", i, 100+i)
		if i%7 == 0 {
			fmt.Fprintf(&b, "NTE|%d|L|Specimen slightly haemolysed; result may be affected\\.br\\Please repeat\r", i)
		}
	}
	return b.Bytes()
}

func parsed(t testing.TB, data []byte) *hl7v2.Message {
	t.Helper()
	m, err := hl7v2.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestValidateDoesNotAllocate holds validation without a finding to nothing
// but a few bytes of working space, which is used again.
func TestValidateDoesNotAllocate(t *testing.T) {
	for _, data := range [][]byte{report(), message(t, "2.4", "ADT^A01^ADT_A01", append(admit, "ZU1|x")...).Bytes()} {
		m := parsed(t, data)
		rule := Rule{Check: func(g *Grouping, report RuleReporter) {
			if g.Structure() == "" {
				report("x", hl7v2.Value{}, "")
			}
		}}
		v := Validator{Rules: []Rule{rule}}
		for _, i := range v.Validate(m) {
			t.Error(i)
		}
		if n := testing.AllocsPerRun(100, func() { v.Validate(m) }); n > 0 && !forgets() {
			t.Errorf("%v allocations", n)
		}
	}
}

// TestProfileDoesNotAllocate holds checking by a profile to the same, with
// conditions, codes and groups.
func TestProfileDoesNotAllocate(t *testing.T) {
	// What a profile leaves to people is told, which costs something.
	checked := func(name string) []byte {
		return regexp.MustCompile(`Usage="CE?"`).ReplaceAll(readTestdata(t, name), []byte(`Usage="O"`))
	}
	for _, c := range []struct {
		name    string
		profile []byte
		m       *hl7v2.Message
	}{
		{"admission", checked("adt_a01.xml"), edited(t, admissionLines)},
		{"result", checked("oru_r01.xml"), edited(t, resultLines)},
		{"result by JSON", readTestdata(t, "oru_r01.json"), edited(t, resultLines)},
		{"long result", readTestdata(t, "oru_r01.json"), resultMessageOf(t, 500)},
	} {
		p, _ := ParseProfile(c.profile)
		for _, i := range p.Validate(c.m) {
			t.Errorf("%s: %v", c.name, i)
		}
		if n := testing.AllocsPerRun(100, func() { p.Validate(c.m) }); n > 0 && !forgets() {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
	// Nor does the validator's for both.
	m := parsed(t, report())
	v := Validator{Profile: profileOf(t, []byte(`{"hl7Version":"2.5.1","messages":[{"type":"ORU","content":[{"segment":"MSH","usage":"R"},{"segment":"PID","usage":"R"},{"segment":"PV1","usage":"R"},
		{"group":"ORDER","usage":"R","max":"*","content":[{"segment":"ORC","usage":"R"},{"segment":"OBR","usage":"R"},{"group":"OBSERVATION","usage":"R","max":"*","content":[{"segment":"OBX","usage":"R"},{"segment":"NTE","usage":"O"}]}]}]}]}`)),
		Suppress: []Suppression{{Code: "x", Reason: "x"}}}
	for _, i := range v.Validate(m) {
		t.Error(i)
	}
	if n := testing.AllocsPerRun(100, func() { v.Validate(m) }); n > 0 && !forgets() {
		t.Errorf("with a profile and suppressions: %v allocations", n)
	}
}

// forgets reports whether pools lose things at random, as they do under the
// race detector.
func forgets() bool {
	var p sync.Pool
	for range 1000 {
		if p.Put(new(int)); p.Get() == nil {
			return true
		}
	}
	return false
}

// TestValidateSpeed measures validation beside the evaluator that looks
// everything up by name. It takes the best of many short runs, and fails only
// with NHSKIT_LONG=1, when the machine is known to be quiet enough.
func TestValidateSpeed(t *testing.T) {
	gate := os.Getenv("NHSKIT_LONG") != ""
	if testing.Short() && !gate {
		t.Skip("measures time")
	}
	m := parsed(t, report())
	var v Validator
	best := func(fn func()) time.Duration {
		least := time.Hour
		for range 200 {
			start := time.Now()
			fn()
			least = min(least, time.Since(start))
		}
		return least
	}
	took, slow := best(func() { v.Validate(m) }), best(func() { oracleValidate(&v, m) })
	t.Logf("%d bytes: %v, by name %v", len(m.Bytes()), took, slow)
	if gate && took > 100*time.Microsecond {
		t.Error("want at most 100µs")
	}
}

// BenchmarkValidate compares validation with the evaluator of the tests, which
// looks everything up by name, and with a scan of the bytes, in one run.
func BenchmarkValidate(b *testing.B) {
	data := report()
	m := parsed(b, data)
	var v Validator
	run := func(name string, fn func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				fn()
			}
		})
	}
	run("validate", func() { v.Validate(m) })
	run("wire", func() { m.Check(false) })
	run("plan", func() { makePlan(opened(6), true) })
	version, _ := VersionOf(m)
	run("group", func() { version.Group(m, Keep) })
	run("by name", func() { oracleValidate(&v, m) })
	run("scan of bytes", func() {
		n := 0
		for _, c := range data {
			if c == '|' || c == '^' || c == '~' || c == '&' || c == '\r' {
				n++
			}
		}
		if n == 0 {
			b.Fatal()
		}
	})
}
