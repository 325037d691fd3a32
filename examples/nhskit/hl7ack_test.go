package main

import (
	"strings"
	"testing"
)

func TestHL7Ack(t *testing.T) {
	const head = "MSH|^~\\&|PAS|RXQ|ROUTE|HUB|20260714||ADT^A08^ADT_A01|DUN1|P|2.4\r"
	good := head + "EVN||20260714\rPID|1||9990042101^^^NHS^NH||LEE^ANN\rPV1|1|I\r"
	for _, c := range []struct {
		name, in string
		args     []string
		code     int
		want     []string
	}{
		{"good", good, nil, exitOK, []string{"MSH|^~\\&|ROUTE|HUB|PAS|RXQ|", "\rMSA|AA|DUN1\r"}},
		{"a fault", strings.Replace(good, "LEE^ANN", "", 1), nil, exitFindings, []string{"\rMSA|AE|DUN1\r", "\rERR|PID^1^5^101"}},
		{"rejected", good, []string{"-code", "AR"}, exitOK, []string{"\rMSA|AR|DUN1\r"}},
		{"two messages", good + good, nil, exitOK, []string{"MSA|AA|DUN1\rMSH|"}},
		{"no message", "hello", nil, exitFindings, []string{"MSA|AR|\rERR|"}},
	} {
		got := nhskit(c.in, append([]string{"hl7", "ack"}, c.args...)...)
		if got.code != c.code {
			t.Errorf("%s: exit %d: %s", c.name, got.code, got.errOut)
		}
		for _, want := range c.want {
			if !strings.Contains(got.out, want) {
				t.Errorf("%s: %q is not in %q", c.name, want, got.out)
			}
		}
	}
	if got := nhskit(good, "hl7", "ack", "-code", "XX"); got.code != exitUsage {
		t.Errorf("another code: exit %d", got.code)
	}
}
