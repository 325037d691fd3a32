package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// receiver starts hl7 listen on a free port and returns its address and
// folder.
func receiver(t *testing.T) (addr, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "inbox")
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	c := &console{out: bufio.NewWriter(io.Discard), err: write}
	done := make(chan error, 1)
	go func() { done <- c.listen(ctx, "127.0.0.1:0", dir, nil) }()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, read)
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("listen: %v", err)
		}
	})
	return strings.TrimSuffix(strings.Fields(line)[2], ","), dir
}

func TestHL7SendAndListen(t *testing.T) {
	addr, dir := receiver(t)
	message, err := os.ReadFile("messages/1-admission.hl7")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is the same file
		got := nhskit(string(message), "hl7", "send", "-addr", addr)
		if got.code != exitOK || !strings.Contains(got.out, `"controlId":"DUN0001","code":"CA","accepted":true`) {
			t.Fatalf("exit %d, %s%s", got.code, got.out, got.errOut)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	stored, err := os.ReadFile(files[0])
	if err != nil || !bytes.Equal(stored, message) {
		t.Errorf("stored %d of %d bytes: %v", len(stored), len(message), err)
	}
}

func TestHL7SendFails(t *testing.T) {
	if got := nhskit("MSH|^~\\&|A", "hl7", "send"); got.code != exitUsage {
		t.Errorf("without an address: exit %d", got.code)
	}
	got := nhskit("MSH|^~\\&|A|B|C|D|2026||ADT^A08|1|P|2.4\r", "hl7", "send", "-addr", "127.0.0.1:1", "-timeout", "2s")
	if got.code != exitIO || !strings.Contains(got.out, "connecting") {
		t.Errorf("nobody there: exit %d, %s", got.code, got.out)
	}
	if got := nhskit("", "hl7", "listen", "-addr", "127.0.0.1:0", "-dir", t.TempDir(), "-tls"); got.code != exitUsage {
		t.Errorf("TLS without a certificate: exit %d, %s", got.code, got.errOut)
	}
}
