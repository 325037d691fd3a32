package mllp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
)

// ErrServerClosed is what Serve returns after Shutdown or Close.
var ErrServerClosed = errors.New("mllp: server closed")

// Request is one message that a peer has sent.
type Request struct {
	// Message is the payload of the frame, as it came. It is the server's own
	// memory and valid until the handler returns.
	Message []byte

	// ControlID is MSH-10, by which the acknowledgement is matched. It is
	// empty where the message has no readable header.
	ControlID string

	// Duplicate says that this server has already acknowledged a message with
	// the same control id from the same sending application and facility.
	// What to do about it is the handler's choice; most answer as before. One
	// that comes while the first is still being handled waits for its end.
	Duplicate bool

	// Remote is the peer's address.
	Remote net.Addr

	// TLS describes the connection, with the peer's certificates; nil on a
	// plain one.
	TLS *tls.ConnectionState
}

// Handler takes a message and returns when it is stored safely: the peer is
// told so right after, and will not send it again.
//
// With a nil reply the server answers with a positive acknowledgement (AA, or
// CA in enhanced mode; nothing where the sender wants none). A reply that is
// not nil is sent as it is: a query response, or an acknowledgement of the
// handler's own; where its MSA-1 is negative the message counts as not stored.
// With an error the message counts as not stored and the
// answer is AE without the error's text, or what a *Rejection says. A panic is
// an error, too.
//
// Handlers are called from many goroutines at once, one per connection. The
// context is cancelled when the server is closed or its shutdown runs out of
// time.
type Handler func(ctx context.Context, r *Request) (reply []byte, err error)

// Server receives messages over MLLP. Its fields must not change once it
// serves. The zero value of each is a safe default.
type Server struct {
	// Handler is called for each message. It must be set.
	Handler Handler

	// TLS, if set, is used by ListenAndServe. For mutual TLS set its
	// ClientAuth and ClientCAs.
	TLS *tls.Config

	// Reader holds the limits and the strictness of the frames.
	Reader ReaderOptions

	// FrameTimeout limits the time from the first to the last byte of one
	// frame. 0 is 30 s, negative is no limit.
	FrameTimeout time.Duration

	// IdleTimeout limits the silence between frames, which is normal for
	// hours: 0 is no limit.
	IdleTimeout time.Duration

	// WriteTimeout limits the time an answer may take to be written. 0 is
	// 30 s, negative is no limit.
	WriteTimeout time.Duration

	// MaxConnections limits the connections served at once; more wait to be
	// accepted. 0 is 1024, negative is no limit.
	MaxConnections int

	// RememberIDs is how many acknowledged control ids are kept to mark
	// duplicates. 0 is 10,000, negative is none.
	RememberIDs int

	// Release2 speaks MLLP release 2: the peer gets a commit acknowledgement
	// (06) when the handler has stored the message, or a negative one (15)
	// when it has not, before any other answer.
	Release2 bool

	// Now gives the time for acknowledgements. nil is time.Now.
	Now func() time.Time

	// Logger, if set, is told of connections that fail and of handlers that
	// panic. Nothing of a message is logged.
	Logger *slog.Logger

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	conns     map[*serverConn]struct{}
	closing   bool
	running   sync.WaitGroup
	seen      *idMemory
	base      context.Context
	cancel    context.CancelFunc
}

const (
	defaultTimeout        = 30 * time.Second
	defaultMaxConnections = 1024
	defaultRememberIDs    = 10_000
	// trailerGrace is how long the CR after an FS may take before the frame
	// counts as ended without it.
	trailerGrace = 250 * time.Millisecond
)

// ListenAndServe listens on a TCP address such as ":2575" and serves until
// Shutdown or Close, with TLS if the field is set.
func (s *Server) ListenAndServe(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	if s.TLS != nil {
		l = tls.NewListener(l, s.TLS)
	}
	return s.Serve(l)
}

// Serve accepts connections from l, which it closes, until Shutdown or Close;
// then it returns ErrServerClosed.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if s.Handler == nil {
		return errors.New("mllp: server without a handler")
	}
	if !s.register(l) {
		return ErrServerClosed
	}
	slots := make(chan struct{}, max(1, limit(s.MaxConnections, defaultMaxConnections)))
	for {
		if s.MaxConnections >= 0 {
			slots <- struct{}{}
		}
		conn, err := s.accept(l)
		if err != nil {
			s.mu.Lock()
			closing := s.closing
			delete(s.listeners, l)
			s.mu.Unlock()
			if closing {
				return ErrServerClosed
			}
			return fmt.Errorf("mllp: accept: %w", err)
		}
		c := &serverConn{server: s, conn: conn}
		if !s.track(c) {
			conn.Close()
			return ErrServerClosed
		}
		go func() {
			defer s.running.Done()
			defer func() {
				if s.MaxConnections >= 0 {
					<-slots
				}
			}()
			c.serve()
		}()
	}
}

// accept waits for a connection, and out causes that pass: too many open
// files, a peer that is gone before its turn.
func (s *Server) accept(l net.Listener) (net.Conn, error) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		conn, err := l.Accept()
		passing, ok := err.(interface{ Temporary() bool })
		if err == nil || !ok || !passing.Temporary() {
			return conn, err
		}
		s.log("accepting again", l.Addr(), err)
		select {
		case <-time.After(wait):
		case <-s.base.Done():
			return nil, err
		}
	}
}

// register notes a listener and prepares the state that connections share.
func (s *Server) register(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	if s.listeners == nil {
		s.listeners = make(map[net.Listener]struct{})
		s.conns = make(map[*serverConn]struct{})
		s.base, s.cancel = context.WithCancel(context.Background())
		if n := limit(s.RememberIDs, defaultRememberIDs); n > 0 {
			s.seen = newIDMemory(n)
		}
	}
	s.listeners[l] = struct{}{}
	return true
}

// track notes a connection, unless the server is closing.
func (s *Server) track(c *serverConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.conns[c] = struct{}{}
	s.running.Add(1)
	return true
}

// Shutdown stops accepting, closes idle connections, lets messages that are
// being received or handled finish and their answers be written, and returns
// when all is done. If the context ends first the rest is cut off, and its
// error returned.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop(func(c *serverConn) { c.drain() })
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		s.cancelBase()
		return nil
	case <-ctx.Done():
		s.stop(func(c *serverConn) { c.conn.Close() })
		s.cancelBase()
		<-done
		return ctx.Err()
	}
}

// Close stops at once: listeners and connections are closed, the handlers'
// context is cancelled, and Close waits for them to return.
func (s *Server) Close() error {
	s.stop(func(c *serverConn) { c.conn.Close() })
	s.cancelBase()
	s.running.Wait()
	return nil
}

func (s *Server) cancelBase() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
}

// stop closes the listeners and calls end on each connection.
func (s *Server) stop(end func(*serverConn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	for l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		end(c)
	}
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// log writes to the logger, if there is one.
func (s *Server) log(text string, remote net.Addr, err error) {
	if s.Logger != nil {
		s.Logger.Warn(text, "remote", remote.String(), "error", err.Error())
	}
}

// serverConn is one connection being served.
type serverConn struct {
	server *Server
	conn   net.Conn

	mu       sync.Mutex
	waiting  bool // between frames
	draining bool
	broken   bool      // an answer could not be written
	frameEnd time.Time // deadline of the frame being read, zero between
}

// serve reads frames and answers them until the connection or the server
// ends.
func (c *serverConn) serve() {
	s := c.server
	defer func() {
		c.conn.Close()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()
	r := NewReader(c.conn, s.Reader)
	r.beforeRead = c.setReadDeadline
	var lastReply []byte
	resent := 0
	for {
		message, err := r.Next()
		if err != nil {
			c.fail(r, err)
			return
		}
		c.enterFrame()
		if s.Release2 && len(message) == 1 && (message[0] == commitACK || message[0] == commitNAK) {
			if message[0] == commitACK {
				lastReply = nil
			} else if lastReply != nil && resent < maxResend {
				resent++
				if c.write(lastReply) != nil {
					return
				}
			}
			continue
		}
		lastReply, resent = c.answer(message), 0
		if c.ending() {
			return
		}
	}
}

const (
	commitACK = 0x06
	commitNAK = 0x15
	maxResend = 3
)

// answer hands a message to the handler and writes what the peer is due. It
// returns the last frame payload written.
func (c *serverConn) answer(message []byte) []byte {
	s := c.server
	h := readHeader(message)
	key := h.key()
	duplicate, err := s.seen.begin(s.base, key)
	if err != nil {
		c.conn.Close()
		return nil
	}
	request := &Request{Message: message, ControlID: h.controlID, Remote: c.conn.RemoteAddr(), Duplicate: duplicate}
	if t, ok := c.conn.(*tls.Conn); ok {
		state := t.ConnectionState()
		request.TLS = &state
	}
	reply, err := c.call(request)
	s.seen.end(key, err == nil && !refuses(reply))
	if s.Release2 {
		commit := []byte{commitACK}
		if err != nil {
			commit[0] = commitNAK
		}
		if c.write(commit) != nil || err != nil {
			return nil
		}
	}
	if reply == nil {
		reply = acknowledge(message, err, s.now())
	}
	if reply == nil || c.write(reply) != nil {
		return nil
	}
	return reply
}

// call runs the handler and turns a panic into an error.
func (c *serverConn) call(r *Request) (reply []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			reply, err = nil, errInternal
			c.server.log("handler panicked", r.Remote, fmt.Errorf("%T", p))
		}
	}()
	reply, err = c.server.Handler(c.server.base, r)
	if err != nil {
		reply = nil // which may claim that the message is stored
	}
	return reply, err
}

// fail ends the connection after a read error. A frame over the limit gets a
// rejection if its header could be read.
func (c *serverConn) fail(r *Reader, err error) {
	s := c.server
	var frame *FrameError
	switch {
	case err == io.EOF || c.ending() && errors.Is(err, os.ErrDeadlineExceeded):
		return
	case errors.As(err, &frame) && frame.Kind == TooLarge:
		if h := readHeader(r.Buffered()); h.controlID != "" {
			c.write(acknowledge(headerSegment(r.Buffered()), reject(hl7v2.AckReject, "207", "message larger than this receiver takes"), s.now()))
		}
	}
	s.log("connection ended", c.conn.RemoteAddr(), err)
}

// write sends one frame. After an error no more is read.
func (c *serverConn) write(payload []byte) error {
	if payload == nil {
		return nil
	}
	deadline := time.Time{}
	if d := limit(c.server.WriteTimeout, defaultTimeout); d > 0 {
		deadline = time.Now().Add(d)
	}
	c.conn.SetWriteDeadline(deadline)
	_, err := c.conn.Write(AppendFrame(make([]byte, 0, len(payload)+3), payload))
	if err != nil {
		c.server.log("answer not written", c.conn.RemoteAddr(), err)
		c.mu.Lock()
		c.broken = true
		c.mu.Unlock()
	}
	return err
}

// setReadDeadline gives the next read the time that fits: any between frames,
// the rest of the frame's inside one, a moment for the CR after an FS.
func (c *serverConn) setReadDeadline(at state) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = at == between
	var deadline time.Time
	switch at {
	case between:
		c.frameEnd = time.Time{}
		if d := c.server.IdleTimeout; d > 0 {
			deadline = time.Now().Add(d)
		}
		if c.draining {
			deadline = time.Unix(1, 0)
		}
	case inside:
		if d := limit(c.server.FrameTimeout, defaultTimeout); d > 0 {
			if c.frameEnd.IsZero() {
				c.frameEnd = time.Now().Add(d)
			}
			deadline = c.frameEnd
		}
	case trailer:
		deadline = time.Now().Add(trailerGrace)
	}
	c.conn.SetReadDeadline(deadline)
}

// enterFrame notes that a frame is complete and being handled.
func (c *serverConn) enterFrame() {
	c.mu.Lock()
	c.waiting, c.frameEnd = false, time.Time{}
	c.mu.Unlock()
}

// drain asks the connection to end after the frame it is at; one that waits
// between frames ends at once.
func (c *serverConn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
	if c.waiting {
		c.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// ending reports whether no further frame is to be read.
func (c *serverConn) ending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.draining || c.broken
}

// limit applies the rule of all limits here: 0 is the default, negative is
// none, which is returned as 0.
func limit[T int | time.Duration](v, byDefault T) T {
	switch {
	case v == 0:
		return byDefault
	case v < 0:
		return 0
	}
	return v
}

// idMemory remembers the latest control ids, oldest forgotten first, and those
// being handled. A nil memory remembers nothing.
type idMemory struct {
	mu      sync.Mutex
	ids     map[string]struct{}
	handled map[string]chan struct{} // closed at the end; nil while nobody waits
	ring    []string
	next    int
}

func newIDMemory(n int) *idMemory {
	return &idMemory{ids: make(map[string]struct{}), handled: make(map[string]chan struct{}), ring: make([]string, n)}
}

// begin reports whether an id is known, once nobody else handles it: a sender
// that lost patience may send a message again while the first is at work.
// Where the error is nil the caller must call end.
func (m *idMemory) begin(ctx context.Context, id string) (known bool, err error) {
	if m == nil || id == "" {
		return false, nil
	}
	for {
		m.mu.Lock()
		other, busy := m.handled[id]
		if !busy {
			m.handled[id] = nil
			_, known = m.ids[id]
			m.mu.Unlock()
			return known, nil
		}
		if other == nil {
			other = make(chan struct{})
			m.handled[id] = other
		}
		m.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// end lets others handle an id, and remembers it if it was acknowledged.
func (m *idMemory) end(id string, acknowledged bool) {
	if m == nil || id == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if waiting := m.handled[id]; waiting != nil {
		close(waiting)
	}
	delete(m.handled, id)
	if _, ok := m.ids[id]; ok || !acknowledged {
		return
	}
	delete(m.ids, m.ring[m.next])
	m.ids[id] = struct{}{}
	m.ring[m.next] = id
	m.next = (m.next + 1) % len(m.ring)
}
