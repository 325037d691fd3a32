package mllp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"sync"
	"time"
)

// MediaType is the type of an HL7 v2 message in its ER7 encoding over HTTP.
const MediaType = "application/hl7-v2+er7"

// HTTPHandler serves a Handler over HTTP: a POST whose body is one message
// without framing bytes, answered with its acknowledgement and status 200,
// whatever that says. Only what is no message at all gets another status:
// 405, 413, 415, or 400 for a body without a header; and 503 one whose client
// gave up waiting for the end of its first attempt. The same contract holds
// as for a Server: the answer goes out after the handler has returned, and a
// message that comes again is marked as a duplicate. Its fields must not change
// once it serves.
type HTTPHandler struct {
	// Handler is called for each message. It must be set.
	Handler Handler

	// MaxMessage limits the bytes of a body. 0 is DefaultMaxFrame, negative
	// is no limit.
	MaxMessage int

	// RememberIDs is how many acknowledged control ids are kept to mark
	// duplicates. 0 is 10,000, negative is none.
	RememberIDs int

	// Now gives the time for acknowledgements. nil is time.Now.
	Now func() time.Time

	// Logger, if set, is told of handlers that panic.
	Logger *slog.Logger

	remember sync.Once
	seen     *idMemory
}

// ServeHTTP answers one request.
func (h *HTTPHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "send messages with POST", http.StatusMethodNotAllowed)
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != MediaType {
		http.Error(w, "the content type must be "+MediaType, http.StatusUnsupportedMediaType)
		return
	}
	body := r.Body
	if n := limit(h.MaxMessage, DefaultMaxFrame); n > 0 {
		body = http.MaxBytesReader(w, body, int64(n))
	}
	message, err := io.ReadAll(body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		http.Error(w, "message larger than this receiver takes", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the body ended early", http.StatusBadRequest)
		return
	}
	head := readHeader(message)
	if head.controlID == "" {
		http.Error(w, "not an HL7 v2 message with a control id (MSH-10)", http.StatusBadRequest)
		return
	}
	h.remember.Do(func() {
		if n := limit(h.RememberIDs, defaultRememberIDs); n > 0 {
			h.seen = newIDMemory(n)
		}
	})
	key := head.key()
	duplicate, err := h.seen.begin(r.Context(), key)
	if err != nil {
		http.Error(w, "the same message is still being handled", http.StatusServiceUnavailable)
		return
	}
	reply, err := h.call(r.Context(), &Request{Message: message, ControlID: head.controlID, Duplicate: duplicate, Remote: httpAddr(r.RemoteAddr), TLS: r.TLS})
	h.seen.end(key, err == nil && !refuses(reply))
	if reply == nil {
		now := time.Now
		if h.Now != nil {
			now = h.Now
		}
		reply = acknowledge(message, err, now())
	}
	if reply == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", MediaType)
	w.Write(reply)
}

// call runs the handler and turns a panic into an error.
func (h *HTTPHandler) call(ctx context.Context, r *Request) (reply []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			reply, err = nil, errInternal
			if h.Logger != nil {
				h.Logger.Warn("handler panicked", "remote", r.Remote.String(), "error", fmt.Sprintf("%T", p))
			}
		}
	}()
	reply, err = h.Handler(ctx, r)
	if err != nil {
		reply = nil // which may claim that the message is stored
	}
	return reply, err
}

// httpAddr is the address of an HTTP client as a net.Addr.
type httpAddr string

// Network is "tcp".
func (httpAddr) Network() string { return "tcp" }

// String is the address as HTTP gives it.
func (a httpAddr) String() string { return string(a) }

var _ net.Addr = httpAddr("")

// Post sends one message over HTTP and returns the answer, as Client.Send
// does over MLLP, with the same errors. A nil client is
// http.DefaultClient.
func Post(ctx context.Context, client *http.Client, url string, message []byte) (*Reply, error) {
	h := readHeader(message)
	if h.controlID == "" {
		return nil, errNoControlID
	}
	if client == nil {
		client = http.DefaultClient
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(message))
	if err != nil {
		return nil, fmt.Errorf("mllp: %w", err)
	}
	request.Header.Set("Content-Type", MediaType)
	request.Header.Set("Accept", MediaType)
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("mllp: %w: %w", ErrNotAcknowledged, err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNoContent:
		if h.accept == "" && h.appAck == "" {
			return nil, fmt.Errorf("mllp: %w: the answer is empty", ErrNotAcknowledged)
		}
		return &Reply{}, nil // in enhanced mode success may be silent
	default:
		return nil, fmt.Errorf("mllp: %w: HTTP status %d", ErrNotAcknowledged, response.StatusCode)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, DefaultMaxFrame+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("mllp: %w: %w", ErrNotAcknowledged, err)
	case len(answer) > DefaultMaxFrame:
		return nil, fmt.Errorf("mllp: %w: the answer is larger than %d bytes", ErrNotAcknowledged, DefaultMaxFrame)
	}
	return matchReply(answer, h)
}
