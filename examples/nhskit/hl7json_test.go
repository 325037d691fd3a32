package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Texts are written as package json writes them.
func TestAppendJSONText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{"", "plain", `"\`, "\b\f\n\r\t\x00\x1f\x7f", "<>&", "é€𝒜\u2028\u2029\ufffd", "\xff\xc3", "\xe2\x80", "\xed\xa0\x80"}
	for range 2000 {
		b := make([]byte, r.IntN(20))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		texts = append(texts, string(b), texts[r.IntN(len(texts))]+texts[r.IntN(len(texts))])
	}
	for _, text := range texts {
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(text); err != nil {
			t.Fatal(err)
		}
		if got := string(appendJSONText([]byte("x"), []byte(text))) + "\n"; got != "x"+want.String() {
			t.Fatalf("%q: got %swant %s", text, got, want.String())
		}
	}
}

// manyRepetitions is a message with n identifiers and as many observations.
func manyRepetitions(n int) string {
	return "MSH|^~\\&|PAS|RXX|TIE|RXX|20250102030405||ADT^A01^ADT_A01|C1|P|2.4\rPID|1||" + strings.Repeat("4032813^^^RXX^MR~", n) + "\r" + strings.Repeat("OBX|1|ST|a||x\r", n)
}

// What is printed for very many values is not gathered first: it takes no more
// memory than the message does.
func TestHL7PrintsAsItGoes(t *testing.T) {
	allocated := func(in string, args ...string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if code := run(append([]string{"hl7"}, args...), strings.NewReader(in), io.Discard, io.Discard); code != exitOK && code != exitFindings {
			t.Fatalf("%v: exit %d", args, code)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	in := manyRepetitions(50_000)
	message := allocated(in, "cat")
	for _, args := range [][]string{{"get", "PID-3"}, {"get", "OBX-5"}, {"get", "-text", "PID-3.1"}, {"get", "OBX[40000]-5"}, {"parse"}} {
		if got := allocated(in, args...); got > message+message/5+1<<20 {
			t.Errorf("%v: %d bytes, and %d for the message alone", args, got, message)
		}
	}
}

// Nor does the time for each grow with their number.
func TestHL7PrintsInLinearTime(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	for _, args := range [][]string{{"get", "PID-3"}, {"get", "-text", "OBX-5"}, {"parse"}, {"parse", "-text"}, {"validate"}} {
		took := func(n int) time.Duration {
			in := manyRepetitions(n)
			least := time.Hour
			for range 3 {
				start := time.Now()
				run(append([]string{"hl7"}, args...), strings.NewReader(in), io.Discard, io.Discard)
				least = min(least, time.Since(start))
			}
			return least
		}
		// What else runs on the machine can delay the test but not fail it.
		one, many := took(500), took(16_000)
		for until := time.Now().Add(20 * time.Second); many > 150*one && time.Now().Before(until); {
			one, many = min(one, took(500)), min(many, took(16_000))
		}
		if many > 150*one {
			t.Errorf("%v: 32 times the message takes %v, and once %v", args, many, one)
		}
	}
}
