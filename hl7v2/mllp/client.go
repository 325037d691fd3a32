package mllp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// ErrClientClosed is what Send returns after Close.
var ErrClientClosed = errors.New("mllp: client closed")

// ErrNotAcknowledged is wrapped by every error of Send after which the peer
// may or may not have the message: send it again with the same control id.
var ErrNotAcknowledged = errors.New("no acknowledgement")

// Client sends messages over MLLP and waits for each one's acknowledgement.
// Connections are kept and reused; a connection on which anything went wrong
// is closed, so that a late answer can never be taken for that of another
// message. Its fields must not change once it sends. It is safe for
// concurrent use: as many connections are opened as sends are under way.
type Client struct {
	// Addr is the peer's TCP address, such as "tie.example:2575".
	Addr string

	// TLS, if set, is used on every connection. Its ServerName is taken from
	// Addr where empty.
	TLS *tls.Config

	// Dial, if set, opens connections in place of a net.Dialer; TLS is then
	// the function's own business.
	Dial func(ctx context.Context, addr string) (net.Conn, error)

	// Timeout limits one exchange: dialling, sending, and the wait for the
	// acknowledgement. 0 is 30 s, negative is no limit; the context of Send
	// may be shorter.
	Timeout time.Duration

	// MaxReply limits the bytes of a reply. 0 is DefaultMaxFrame, negative is
	// no limit.
	MaxReply int

	// MaxIdle is how many connections are kept open between sends. 0 is 4,
	// negative is none.
	MaxIdle int

	// Release2 speaks MLLP release 2: a commit acknowledgement comes before
	// any other answer and is enough where the message asks for none.
	Release2 bool

	mu     sync.Mutex
	idle   []*clientConn
	closed bool
}

const defaultMaxIdle = 4

var errNoControlID = errors.New("mllp: message without a control id (MSH-10), whose acknowledgement could not be matched")

// Reply is the answer to one message.
type Reply struct {
	// Message is the whole answer, the caller's own. It is nil where the
	// message asked for no answer.
	Message []byte

	// Code is MSA-1: AA or CA for accepted, AE or CE for an error, AR or CR
	// for rejected. It is empty without an answer.
	Code string
}

// Accepted reports whether the peer has taken responsibility for the message.
func (r *Reply) Accepted() bool {
	return r.Code == "AA" || r.Code == "CA" || r.Message == nil
}

// Send sends one message, without framing bytes, and returns the peer's
// answer, whose MSA-2 equals the message's MSH-10. A negative acknowledgement
// is an answer and not an error. A message that asks for no acknowledgement
// (MSH-15 and MSH-16 both NE) is answered with an empty Reply once written.
//
// An error that wraps ErrNotAcknowledged leaves open whether the peer has the
// message; any other error says that it was never sent.
func (c *Client) Send(ctx context.Context, message []byte) (*Reply, error) {
	h := readHeader(message)
	if h.controlID == "" {
		return nil, errNoControlID
	}
	if d := limit(c.Timeout, defaultTimeout); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	conn, err := c.get(ctx)
	if err != nil {
		return nil, err
	}
	reply, err := conn.exchange(ctx, message, h, c.Release2)
	if err != nil {
		conn.close()
		if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
			err = fmt.Errorf("%w (%w)", err, ctx.Err())
		}
		return nil, err
	}
	c.put(conn)
	return reply, nil
}

// Close closes the connections that are kept. Sends under way go on, and
// close theirs when done.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, conn := range c.idle {
		conn.close()
	}
	c.idle = nil
	return nil
}

// get returns a kept connection that is still good, or a new one.
func (c *Client) get(ctx context.Context) (*clientConn, error) {
	for {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return nil, ErrClientClosed
		}
		n := len(c.idle)
		if n == 0 {
			c.mu.Unlock()
			return c.dial(ctx)
		}
		conn := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		if conn.usable() {
			return conn, nil
		}
		conn.close()
	}
}

// put keeps a connection for the next send.
func (c *Client) put(conn *clientConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || conn.spent || len(c.idle) >= limit(c.MaxIdle, defaultMaxIdle) {
		conn.close()
		return
	}
	c.idle = append(c.idle, conn)
}

func (c *Client) dial(ctx context.Context) (*clientConn, error) {
	conn, err := c.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("mllp: connecting: %w", err)
	}
	cc := &clientConn{conn: conn}
	cc.reader = NewReader(conn, ReaderOptions{MaxFrame: c.MaxReply, MaxNoise: 4096})
	return cc, nil
}

func (c *Client) open(ctx context.Context) (net.Conn, error) {
	switch {
	case c.Dial != nil:
		return c.Dial(ctx, c.Addr)
	case c.TLS != nil:
		d := tls.Dialer{Config: c.TLS}
		return d.DialContext(ctx, "tcp", c.Addr)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", c.Addr)
}

// clientConn is one connection, used by one send at a time.
type clientConn struct {
	conn   net.Conn
	reader *Reader
	frame  []byte // scratch for the frame being sent
	spent  bool   // not to be used again
}

func (c *clientConn) close() { c.conn.Close() }

// usable reports whether a kept connection has neither been closed by the
// peer nor received bytes that nobody waits for.
func (c *clientConn) usable() bool {
	return len(c.reader.Buffered()) == 0 && quiet(c.conn)
}

// exchange sends a message and reads its answer. When ctx ends, reading and
// writing end.
func (c *clientConn) exchange(ctx context.Context, message []byte, h header, release2 bool) (*Reply, error) {
	c.conn.SetDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { c.conn.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		if !stop() {
			c.spent = true // the deadline may come upon another exchange
		}
	}()
	c.frame = AppendFrame(c.frame[:0], message)
	if _, err := c.conn.Write(c.frame); err != nil {
		return nil, fmt.Errorf("mllp: sending: %w: %w", ErrNotAcknowledged, err)
	}
	if release2 {
		if err := c.awaitCommit(h); err != nil {
			return nil, err
		}
	}
	if h.wantsNoAnswer() {
		return &Reply{}, nil
	}
	answer, err := c.read()
	if err != nil {
		return nil, err
	}
	reply, err := matchReply(answer, h)
	if err != nil {
		return nil, err
	}
	if release2 {
		if _, err := c.conn.Write(AppendFrame(nil, []byte{commitACK})); err != nil {
			c.spent = true // the answer holds all the same
		}
	}
	reply.Message = append([]byte(nil), answer...)
	return reply, nil
}

// matchReply checks that an answer belongs to the message with header h.
func matchReply(answer []byte, h header) (*Reply, error) {
	code, id, ok := readMSA(answer)
	switch {
	case !ok:
		return nil, fmt.Errorf("mllp: %w: the answer has no MSA segment", ErrNotAcknowledged)
	case id != h.controlID:
		return nil, fmt.Errorf("mllp: %w: the answer is for another message (MSA-2 differs from MSH-10)", ErrNotAcknowledged)
	}
	return &Reply{Message: answer, Code: code}, nil
}

// awaitCommit reads the commit acknowledgement of MLLP release 2.
func (c *clientConn) awaitCommit(h header) error {
	commit, err := c.read()
	switch {
	case err != nil:
		return err
	case len(commit) == 1 && commit[0] == commitACK:
		return nil
	case len(commit) == 1 && commit[0] == commitNAK:
		return fmt.Errorf("mllp: %w: the peer could not store the message (commit NAK)", ErrNotAcknowledged)
	}
	return fmt.Errorf("mllp: %w: the answer is no commit acknowledgement", ErrNotAcknowledged)
}

// read returns the next frame. A time-out or an end of the stream says
// whether the peer has answered without a frame.
func (c *clientConn) read() ([]byte, error) {
	before := c.reader.Offset()
	frame, err := c.reader.Next()
	if err == nil {
		return frame, nil
	}
	var fault *FrameError
	switch {
	case len(c.reader.noise) > 0 && c.reader.Offset() > before:
		return nil, fmt.Errorf("mllp: %w: the peer answered without a frame: it sent %q, not a start block (0B)", ErrNotAcknowledged, c.reader.noise)
	case errors.As(err, &fault):
		return nil, fmt.Errorf("mllp: %w: %w", ErrNotAcknowledged, err)
	case err == io.EOF:
		return nil, fmt.Errorf("mllp: %w: the peer closed the connection", ErrNotAcknowledged)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Errorf("mllp: %w: none came in time", ErrNotAcknowledged)
	}
	return nil, fmt.Errorf("mllp: %w: %w", ErrNotAcknowledged, err)
}
