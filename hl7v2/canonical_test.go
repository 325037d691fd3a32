package hl7v2

import "testing"

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"delimiters with nothing behind them", "MSH|^~\\&|A|||\nPID|1||x&^^~~|\n", "MSH|^~\\&|A\rPID|1||x\r"},
		{"empty repetitions between others", "MSH|^~\\&|A\rPID|~~x~^y^\r", "MSH|^~\\&|A\rPID|~~x~^y\r"},
		{"blanks before a segment", "MSH|^~\\&|A\r  PID|1\r", "MSH|^~\\&|A\rPID|1\r"},
		{"half a character is no delimiter", header18("BIG-5") + "PID|1||\xa5\x7c^||\r", header18("BIG-5") + "PID|1||\xa5\x7c\r"},
		{"a value like padding, before segments of nothing", "MSH|^~\\&|C\x1c\r|||\r", "MSH|^~\\&|C\x1c|\r"},
	} {
		m, err := Parse([]byte(c.in))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := string(m.AppendCanonical([]byte("before "))); got != "before "+c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}
