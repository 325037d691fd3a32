package main

import (
	"os"
	"strings"
	"testing"
)

func TestHL7XML(t *testing.T) {
	message, err := os.ReadFile("messages/3-merge.hl7")
	if err != nil {
		t.Fatal(err)
	}
	there := nhskit(string(message), "hl7", "xml")
	if there.code != exitOK || !strings.Contains(there.out, "<ADT_A39.PATIENT><PID>") {
		t.Fatalf("exit %d, %s%s", there.code, there.out, there.errOut)
	}
	back := nhskit(there.out, "hl7", "er7")
	if back.code != exitOK || back.out != string(message) {
		t.Errorf("exit %d, got %q", back.code, back.out)
	}
	if got := nhskit("hello", "hl7", "xml"); got.code != exitFindings || got.errOut == "" {
		t.Errorf("no message: exit %d, %q", got.code, got.errOut)
	}
	if got := nhskit("<!DOCTYPE x><x/>", "hl7", "er7"); got.code != exitFindings || !strings.Contains(got.errOut, "document type") {
		t.Errorf("document type: exit %d, %q", got.code, got.errOut)
	}
}
