package hl7v2test

import (
	"bytes"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/mllp"
)

// Fault is something that a receiver does wrong.
type Fault uint8

// The faults of a Peer. Those up to RefusesConnection leave the message
// unstored; with the others it is stored, whatever the sender gets to know.
const (
	ErrorAnswer             Fault = iota + 1 // AE: the message could not be stored
	RejectAnswer                             // AR: the message is not wanted
	ClosesWithoutReading                     // closes when the frame has begun
	ResetsWithoutReading                     // resets when the frame has begun
	RefusesConnection                        // closes each connection before anything is read
	NoAnswer                                 // stores and stays silent
	ClosesBeforeAnswer                       // stores and closes
	ResetBeforeAnswer                        // stores and resets
	ClosesWithinAnswer                       // closes after half of the answer
	ResetsWithinAnswer                       // resets after half of the answer
	StalledAnswer                            // sends half of the answer and stays silent
	LateAnswer                               // answers after the peer's Delay
	WrongControlID                           // acknowledges a message nobody sent
	PreviousAnswer                           // repeats the answer to the message before
	AnswerWithoutMSA                         // a header alone
	UnframedAnswer                           // no framing bytes
	AnswerWithoutStart                       // no start block
	AnswerWithoutEnd                         // no end block, then silence
	AnswerWithoutReturn                      // no carriage return behind the end block
	SplitAnswer                              // a byte a write
	NoiseBeforeAnswer                        // CR, LF and NUL before the frame
	NoiseAfterAnswer                         // CR, LF and NUL behind the frame
	TwoAnswers                               // the answer twice
	EmptyAnswer                              // an empty frame
	GarbageAnswer                            // a frame of something else
	OversizeAnswer                           // a frame of 32 MiB
	AnswerWithLineFeeds                      // segments end in LF
	ClosesAfterAnswer                        // a right answer, then the connection is closed
	SlowReading                              // reads a byte a millisecond for a while
	AnswerInOtherDelimiters                  // declares and uses delimiters of its own
	numFaults               = iota
)

var faultNames = [...]string{
	"ErrorAnswer", "RejectAnswer", "ClosesWithoutReading", "ResetsWithoutReading", "RefusesConnection", "NoAnswer", "ClosesBeforeAnswer", "ResetBeforeAnswer",
	"ClosesWithinAnswer", "ResetsWithinAnswer", "StalledAnswer", "LateAnswer", "WrongControlID", "PreviousAnswer", "AnswerWithoutMSA", "UnframedAnswer",
	"AnswerWithoutStart", "AnswerWithoutEnd", "AnswerWithoutReturn", "SplitAnswer", "NoiseBeforeAnswer", "NoiseAfterAnswer", "TwoAnswers", "EmptyAnswer",
	"GarbageAnswer", "OversizeAnswer", "AnswerWithLineFeeds", "ClosesAfterAnswer", "SlowReading", "AnswerInOtherDelimiters",
}

// Faults returns all faults, in the order of their declaration.
func Faults() []Fault {
	out := make([]Fault, numFaults)
	for i := range out {
		out[i] = Fault(i + 1)
	}
	return out
}

// String is the fault's name, such as "NoAnswer".
func (f Fault) String() string {
	if f == 0 || int(f) > len(faultNames) {
		return "none"
	}
	return faultNames[f-1]
}

// Peer is a receiver of messages. Its methods may be called from any
// goroutine.
type Peer struct {
	listener net.Listener
	group    sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]bool
	messages [][]byte
	faults   []everyNth
	count    int
	delay    time.Duration
	previous []byte
	closed   bool
}

// everyNth is a fault and how often it strikes.
type everyNth struct {
	fault Fault
	n     int
	first int // the message that it strikes first, from 1
}

// NewPeer starts a receiver on a free port of the loopback interface and
// closes it when the test ends. Where there is no loopback the test is
// skipped.
func NewPeer(t testing.TB) *Peer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no loopback interface here: %v", err)
	}
	p := &Peer{listener: l, conns: make(map[net.Conn]bool), delay: 100 * time.Millisecond}
	p.group.Go(p.serve)
	t.Cleanup(p.close)
	return p
}

// Addr is the peer's address, for mllp.Client.Addr.
func (p *Peer) Addr() string { return p.listener.Addr().String() }

// Fault makes every nth message, the nth being the first, suffer a fault.
// Several may be set; where two strike the same message the earlier one does.
func (p *Peer) Fault(f Fault, n int) { p.FaultFrom(f, n, n) }

// FaultFrom is Fault with another first message to strike, from 1.
func (p *Peer) FaultFrom(f Fault, n, first int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, everyNth{f, max(n, 1), first})
}

// Delay sets how late LateAnswer is: 100 ms where nothing is said.
func (p *Peer) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Messages returns the messages that were stored, in the order of their
// arrival. One that was sent again is there again.
func (p *Peer) Messages() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.messages)
}

func (p *Peer) close() {
	p.mu.Lock()
	p.closed = true
	p.listener.Close()
	for c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.group.Wait()
}

func (p *Peer) serve() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			conn.Close()
			return
		}
		p.conns[conn] = true
		p.mu.Unlock()
		p.group.Go(func() {
			defer func() {
				conn.Close()
				p.mu.Lock()
				delete(p.conns, conn)
				p.mu.Unlock()
			}()
			p.talk(conn)
		})
	}
}

// next counts a message and returns the fault that strikes it.
func (p *Peer) next() Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	for _, f := range p.faults {
		if p.count >= f.first && (p.count-f.first)%f.n == 0 {
			return f.fault
		}
	}
	return 0
}

// talk receives and answers on one connection.
func (p *Peer) talk(conn net.Conn) {
	source := &pacedReader{conn: conn}
	reader := mllp.NewReader(source, mllp.ReaderOptions{})
	for {
		fault := p.next()
		switch fault {
		case RefusesConnection:
			return
		case ClosesWithoutReading, ResetsWithoutReading:
			conn.Read(make([]byte, 1))
			if fault == ResetsWithoutReading {
				reset(conn)
			}
			return
		case SlowReading:
			source.slow = 50
		}
		message, err := reader.Next()
		if err != nil {
			p.mu.Lock()
			p.count-- // no message came after all
			p.mu.Unlock()
			return
		}
		if !p.answer(conn, bytes.Clone(message), fault) {
			return
		}
	}
}

// answer stores a message and answers it. It reports whether the connection
// lives on.
func (p *Peer) answer(conn net.Conn, message []byte, fault Fault) bool {
	a := hl7v2.Acknowledgement{}
	switch fault {
	case ErrorAnswer:
		a.Code = hl7v2.AckError
	case RejectAnswer:
		a.Code = hl7v2.AckReject
	default:
		p.mu.Lock()
		p.messages = append(p.messages, message)
		p.mu.Unlock()
	}
	answer, due := a.Append(nil, message)
	if !due {
		if a.Code == "" {
			a.Code = hl7v2.AckCommitAccept
		} else {
			a.Code = "C" + a.Code[1:]
		}
		if answer, due = a.Append(nil, message); !due {
			return true
		}
	}
	p.mu.Lock()
	previous, delay := p.previous, p.delay
	p.previous = answer
	p.mu.Unlock()
	frame := mllp.AppendFrame(nil, answer)
	half := frame[:len(frame)/2]
	switch fault {
	case NoAnswer:
	case ClosesBeforeAnswer:
		return false
	case ResetBeforeAnswer:
		reset(conn)
		return false
	case ClosesWithinAnswer:
		conn.Write(half)
		return false
	case ResetsWithinAnswer:
		conn.Write(half)
		reset(conn)
		return false
	case StalledAnswer:
		conn.Write(half)
	case LateAnswer:
		time.Sleep(delay)
		conn.Write(frame)
	case WrongControlID:
		conn.Write(mllp.AppendFrame(nil, replaceMSA2(answer, "NOBODY-SENT-THIS")))
	case PreviousAnswer:
		if previous == nil {
			previous = replaceMSA2(answer, "BEFORE-THE-FIRST")
		}
		conn.Write(mllp.AppendFrame(nil, previous))
	case AnswerWithoutMSA:
		conn.Write(mllp.AppendFrame(nil, answer[:bytes.IndexByte(answer, '\r')+1]))
	case UnframedAnswer:
		conn.Write(answer)
	case AnswerWithoutStart:
		conn.Write(frame[1:])
	case AnswerWithoutEnd:
		conn.Write(frame[:len(frame)-2])
	case AnswerWithoutReturn:
		conn.Write(frame[:len(frame)-1])
		return false // the end of the stream ends the frame
	case SplitAnswer:
		for i := range frame {
			if _, err := conn.Write(frame[i : i+1]); err != nil {
				return false
			}
		}
	case NoiseBeforeAnswer:
		conn.Write(append([]byte("\r\n\x00"), frame...))
	case NoiseAfterAnswer:
		conn.Write(append(frame, "\r\n\x00"...))
	case TwoAnswers:
		conn.Write(append(frame, frame...))
	case EmptyAnswer:
		conn.Write(mllp.AppendFrame(nil, nil))
	case GarbageAnswer:
		conn.Write(mllp.AppendFrame(nil, []byte("HTTP/1.1 400 Bad Request\r\n\r\n")))
	case OversizeAnswer:
		conn.Write(mllp.AppendFrame(nil, bytes.Repeat([]byte("x"), 32<<20)))
		return false
	case AnswerWithLineFeeds:
		conn.Write(mllp.AppendFrame(nil, bytes.ReplaceAll(answer, []byte("\r"), []byte("\n"))))
	case AnswerInOtherDelimiters:
		conn.Write(mllp.AppendFrame(nil, []byte(strings.NewReplacer("|", "$", "^", "*", "~", "!", "\\", "@", "&", "?").Replace(string(answer)))))
	case ClosesAfterAnswer:
		conn.Write(frame)
		return false
	default:
		if _, err := conn.Write(frame); err != nil {
			return false
		}
	}
	return true
}

// replaceMSA2 puts another control id into an answer of the usual delimiters.
func replaceMSA2(answer []byte, id string) []byte {
	m, err := hl7v2.Parse(bytes.Clone(answer))
	if err != nil || m.Set("MSA-2", id) != nil {
		return answer
	}
	return m.Bytes()
}

// reset closes a connection so that the other side gets a reset.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// pacedReader reads from a connection, some bytes slowly.
type pacedReader struct {
	conn net.Conn
	slow int // bytes still to be read one by one
}

func (r *pacedReader) Read(b []byte) (int, error) {
	if r.slow > 0 && len(b) > 0 {
		r.slow--
		time.Sleep(time.Millisecond)
		b = b[:1]
	}
	return r.conn.Read(b)
}
