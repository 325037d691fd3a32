package mllp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/hl7v2test"
	"github.com/nhskit/nhskit/hl7v2/mllp"
)

// faultRun is how many messages go over how many connections.
func faultRun() (messages, connections int) {
	switch {
	case os.Getenv("NHSKIT_LONG") != "":
		return 100_000, 64
	case testing.Short():
		return 2000, 16
	}
	return 4000, 16
}

func adt(id string) []byte {
	return fmt.Appendf(nil, "MSH|^~\\&|PAS|RXQ|TIE|RXQ|20260714093105||ADT^A08^ADT_A01|%s|P|2.4\rPID|1||9990042101^^^NHS^NH\r", id)
}

// sendUntilAccepted sends messages over many connections, each again under
// the same control id until it is accepted, and reports which were and how
// many exchanges it took.
func sendUntilAccepted(t *testing.T, client *mllp.Client, messages, connections int) (accepted []bool, exchanges int) {
	accepted = make([]bool, messages)
	counts := make([]int, connections)
	var group sync.WaitGroup
	for c := range connections {
		group.Go(func() {
			for i := c; i < messages; i += connections {
				for range 200 {
					counts[c]++
					if reply, err := client.Send(t.Context(), adt(fmt.Sprintf("M%d", i))); err == nil && reply.Accepted() {
						accepted[i] = true
						break
					}
				}
			}
		})
	}
	group.Wait()
	for _, n := range counts {
		exchanges += n
	}
	return accepted, exchanges
}

// settle waits until no more goroutines run than before.
func settle(t *testing.T, before int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines are left", runtime.NumGoroutine()-before)
}

// TestClientLosesNothing sends to a receiver that does something wrong with
// one message in twenty, in all the ways it knows: what the client calls
// accepted must be stored.
func TestClientLosesNothing(t *testing.T) {
	messages, connections := faultRun()
	peer := hl7v2test.NewPeer(t)
	peer.Delay(120 * time.Millisecond)
	faults := hl7v2test.Faults()
	if len(faults) < 25 {
		t.Fatalf("only %d faults", len(faults))
	}
	for i, f := range faults {
		if f == hl7v2test.OversizeAnswer { // 32 MiB each
			peer.FaultFrom(f, messages/2, messages/4)
			continue
		}
		peer.FaultFrom(f, 20*len(faults), 20*(i+1))
	}
	client := &mllp.Client{Addr: peer.Addr(), Timeout: 100 * time.Millisecond, MaxIdle: connections}
	defer client.Close()
	accepted, exchanges := sendUntilAccepted(t, client, messages, connections)

	stored := make(map[string]int)
	for _, m := range peer.Messages() {
		h, err := hl7v2.ReadHeader(m)
		if err != nil || !bytes.Equal(m, adt(string(h.Field(10)))) {
			t.Fatalf("a stored message differs from the one sent: %v", err)
		}
		stored[string(h.Field(10))]++
	}
	lost, unstored, again := 0, 0, 0
	for i, ok := range accepted {
		n := stored[fmt.Sprintf("M%d", i)]
		switch {
		case !ok:
			lost++
		case n == 0:
			unstored++
		default:
			again += n - 1
		}
	}
	t.Logf("%d messages, %d faults: %d exchanges, %d lost, %d accepted and not stored, %d stored again", messages, len(faults), exchanges, lost, unstored, again)
	if lost+unstored > 0 {
		t.Error("messages are lost")
	}
	if exchanges-messages < messages/50 {
		t.Errorf("only %d exchanges failed: the faults do not strike", exchanges-messages)
	}
}

// A line between a client and a server has faults of its own. Each strikes
// a connection that it belongs to after some bytes.
var lineFaults = [...]string{
	"cut before the message", "reset before the message", "cut within the message", "reset within the message", "stall within the message", "cut behind the message",
	"reset behind the message", "cut within the answer", "reset within the answer", "stall within the answer", "answer lost", "answer late",
	"bytes one by one to the server", "bytes one by one to the client", "noise before the message", "noise before the answer",
}

// The handler has faults, too.
var handlerFaults = [...]string{
	"storage full", "rejection", "panic before storing", "panic behind storing", "error behind storing", "slow before storing", "slow behind storing", "own negative answer", "own answer",
}

// TestServerLosesNothing sends through a faulty line to a server whose handler
// fails as well: what it acknowledges must be stored, and what it has
// acknowledged must be marked when it comes again.
func TestServerLosesNothing(t *testing.T) {
	if n := len(lineFaults) + len(handlerFaults); n < 25 {
		t.Fatalf("only %d faults", n)
	}
	messages, connections := faultRun()
	before := runtime.NumGoroutine()
	store := &journal{stored: make(map[string]int), acknowledged: make(map[string]bool)}
	server := &mllp.Server{Handler: store.handle, FrameTimeout: 60 * time.Millisecond, RememberIDs: messages}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no loopback interface here: %v", err)
	}
	var group sync.WaitGroup
	group.Go(func() { server.Serve(l) })
	line := &faultyLine{}
	client := &mllp.Client{Addr: l.Addr().String(), Timeout: 100 * time.Millisecond, MaxIdle: connections, Dial: line.dial}

	accepted, exchanges := sendUntilAccepted(t, client, messages, connections)
	client.Close()
	server.Close()
	group.Wait()
	settle(t, before)

	lost, unstored := 0, 0
	for i, ok := range accepted {
		switch {
		case !ok:
			lost++
		case store.stored[fmt.Sprintf("M%d", i)] == 0:
			unstored++
		}
	}
	t.Logf("%d messages, %d faults: %d exchanges, %d lost, %d acknowledged and not stored, %d came again when acknowledged, %d of them not marked, %d marked in error",
		messages, len(lineFaults)+len(handlerFaults), exchanges, lost, unstored, store.again, store.unmarked, store.mismarked)
	if lost+unstored > 0 {
		t.Error("messages are lost")
	}
	if store.unmarked+store.mismarked > 0 {
		t.Error("duplicates are marked wrongly")
	}
	if store.again == 0 || exchanges-messages < messages/50 {
		t.Errorf("%d came again, %d exchanges failed: the faults do not strike", store.again, exchanges-messages)
	}
}

// journal is a handler that keeps what it gets, and what it should have been
// told.
type journal struct {
	mu                         sync.Mutex
	stored                     map[string]int  // by control id
	acknowledged               map[string]bool // the handler said so
	count                      int
	again, unmarked, mismarked int
}

func (j *journal) handle(_ context.Context, r *mllp.Request) ([]byte, error) {
	j.mu.Lock()
	j.count++
	fault := ""
	if each := 40 * len(handlerFaults); j.count%40 == 0 {
		fault = handlerFaults[j.count%each/40]
	}
	switch was := j.acknowledged[r.ControlID]; {
	case was && r.Duplicate:
		j.again++
	case was:
		j.again++
		j.unmarked++
	case r.Duplicate:
		j.mismarked++
	}
	j.mu.Unlock()

	switch fault {
	case "storage full":
		return nil, errors.New("storage full")
	case "rejection":
		return nil, &mllp.Rejection{Code: hl7v2.AckReject}
	case "panic before storing":
		panic("before")
	case "slow before storing":
		time.Sleep(120 * time.Millisecond)
	case "own negative answer":
		answer, _ := hl7v2.Acknowledgement{Code: hl7v2.AckError}.Append(nil, r.Message)
		return answer, nil
	}
	j.mu.Lock()
	j.stored[r.ControlID]++
	j.mu.Unlock()
	switch fault {
	case "panic behind storing":
		panic("behind")
	case "error behind storing":
		return nil, errors.New("cannot say")
	case "slow behind storing":
		time.Sleep(120 * time.Millisecond)
	}
	j.mu.Lock()
	j.acknowledged[r.ControlID] = true
	j.mu.Unlock()
	if fault == "own answer" {
		answer, _ := hl7v2.Acknowledgement{}.Append(nil, r.Message)
		return answer, nil
	}
	return nil, nil
}

// faultyLine opens connections on which one exchange in forty goes wrong.
type faultyLine struct {
	mu    sync.Mutex
	count int
}

// next counts a message and returns the fault that strikes it.
func (f *faultyLine) next() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	if f.count%40 != 0 {
		return ""
	}
	return lineFaults[f.count/40%len(lineFaults)]
}

func (f *faultyLine) dial(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &faultyConn{TCPConn: conn.(*net.TCPConn), line: f}, nil
}

// faultyConn is the client's end of a connection: each Write is one message.
type faultyConn struct {
	*net.TCPConn
	line  *faultyLine
	fault string
	read  int // bytes of the answer
}

var errLine = errors.New("the line is broken")

// end closes the connection, with a reset if the fault is one.
func (c *faultyConn) end() error {
	if strings.HasPrefix(c.fault, "reset") {
		c.SetLinger(0)
	}
	c.TCPConn.Close()
	return errLine
}

func (c *faultyConn) Write(frame []byte) (int, error) {
	c.fault, c.read = c.line.next(), 0
	switch c.fault {
	case "cut before the message", "reset before the message":
		return 0, c.end()
	case "cut within the message", "reset within the message":
		c.TCPConn.Write(frame[:len(frame)/2])
		return 0, c.end()
	case "stall within the message":
		c.TCPConn.Write(frame[:len(frame)/2])
		time.Sleep(80 * time.Millisecond)
		return c.TCPConn.Write(frame[len(frame)/2:])
	case "bytes one by one to the server":
		for i := range frame {
			if n, err := c.TCPConn.Write(frame[i : i+1]); err != nil {
				return i + n, err
			}
		}
		return len(frame), nil
	case "noise before the message":
		c.TCPConn.Write([]byte("\r\n\x00"))
	}
	n, err := c.TCPConn.Write(frame)
	if strings.HasSuffix(c.fault, "behind the message") {
		return n, c.end()
	}
	return n, err
}

func (c *faultyConn) Read(p []byte) (int, error) {
	switch c.fault {
	case "answer lost":
		if n, err := c.TCPConn.Read(p); err != nil {
			return n, err
		}
	case "answer late":
		c.fault = ""
		time.Sleep(120 * time.Millisecond)
	case "noise before the answer":
		c.fault = ""
		return copy(p, "\n\x00"), nil
	case "bytes one by one to the client":
		p = p[:1]
	case "cut within the answer", "reset within the answer", "stall within the answer":
		if c.read > 20 {
			if c.fault != "stall within the answer" {
				return 0, c.end()
			}
			time.Sleep(120 * time.Millisecond)
			c.fault = ""
		}
		p = p[:min(len(p), 20)]
	}
	n, err := c.TCPConn.Read(p)
	c.read += n
	return n, err
}
