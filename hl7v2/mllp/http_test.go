package mllp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHTTP(t *testing.T) {
	server := httptest.NewServer(&HTTPHandler{MaxMessage: 1000, Handler: func(_ context.Context, r *Request) ([]byte, error) {
		switch r.ControlID {
		case "BAD":
			return nil, errors.New("disk full")
		case "PANIC":
			panic("no")
		}
		return nil, nil
	}})
	defer server.Close()
	for _, c := range []struct{ id, code string }{{"C1", "AA"}, {"BAD", "AE"}, {"PANIC", "AE"}} {
		reply, err := Post(t.Context(), server.Client(), server.URL, message(c.id))
		if err != nil || reply.Code != c.code {
			t.Errorf("%s: %+v, %v; want %s", c.id, reply, err, c.code)
		}
	}
	for _, c := range []struct {
		name, method, kind, body string
		status                   int
	}{
		{"GET", http.MethodGet, MediaType, "", http.StatusMethodNotAllowed},
		{"other type", http.MethodPost, "text/plain", "x", http.StatusUnsupportedMediaType},
		{"type with a charset", http.MethodPost, MediaType + "; charset=utf-8", string(message("C1")), http.StatusOK},
		{"no message", http.MethodPost, MediaType, "hello", http.StatusBadRequest},
		{"too large", http.MethodPost, MediaType, strings.Repeat("x", 1001), http.StatusRequestEntityTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), c.method, server.URL, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", c.kind)
			response, err := server.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != c.status {
				t.Errorf("status %d, want %d", response.StatusCode, c.status)
			}
		})
	}
	if _, err := Post(t.Context(), server.Client(), server.URL, append(message("BIG"), strings.Repeat("x", 1000)...)); !errors.Is(err, ErrNotAcknowledged) {
		t.Errorf("a refused message: %v", err)
	}
}

// A message that comes again is marked, unless it was refused, has been
// forgotten, or comes from another sender.
func TestHTTPMarksDuplicates(t *testing.T) {
	var marked []bool
	refuse := true
	handler := &HTTPHandler{RememberIDs: 2, Handler: func(_ context.Context, r *Request) ([]byte, error) {
		marked = append(marked, r.Duplicate)
		if r.ControlID == "BAD" && refuse {
			return nil, errors.New("disk full")
		}
		return nil, nil
	}}
	server := httptest.NewServer(handler)
	defer server.Close()
	send := func(body []byte) {
		if _, err := Post(t.Context(), server.Client(), server.URL, body); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"A", "A", "BAD", "BAD"} {
		send(message(id))
	}
	refuse = false
	for _, id := range []string{"BAD", "BAD", "B", "C", "A"} {
		send(message(id))
	}
	send([]byte(strings.Replace(string(message("A")), "|PAS|", "|LIMS|", 1)))
	if want := []bool{false, true, false, false, false, true, false, false, false, false}; !slices.Equal(marked, want) {
		t.Errorf("marked %v, want %v", marked, want)
	}
	forgetful := httptest.NewServer(&HTTPHandler{RememberIDs: -1, Handler: handler.Handler})
	defer forgetful.Close()
	for range 2 {
		if _, err := Post(t.Context(), forgetful.Client(), forgetful.URL, message("A")); err != nil || marked[len(marked)-1] {
			t.Errorf("%v; marked %t without a memory", err, marked[len(marked)-1])
		}
	}
}

// One that comes while the first is at work waits for its end.
func TestHTTPWaitsForTheFirst(t *testing.T) {
	entered, release := make(chan bool, 2), make(chan bool)
	server := httptest.NewServer(&HTTPHandler{Handler: func(_ context.Context, r *Request) ([]byte, error) {
		entered <- r.Duplicate
		<-release
		return nil, nil
	}})
	defer server.Close()
	answered := make(chan error, 2)
	post := func() {
		_, err := Post(t.Context(), server.Client(), server.URL, message("A"))
		answered <- err
	}
	go post()
	if <-entered {
		t.Error("the first is marked")
	}
	// A client that gives up while it waits is not handled at all.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Post(ctx, server.Client(), server.URL, message("A")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a client without patience: %v", err)
	}
	go post()
	select {
	case <-entered:
		t.Fatal("both are handled at once")
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	if !<-entered {
		t.Error("the second is not marked")
	}
	for range 2 {
		if err := <-answered; err != nil {
			t.Error(err)
		}
	}
}

// A nil *Rejection in an error is one without a reason, and no panic.
func TestNilRejection(t *testing.T) {
	const message = "MSH|^~\\&|PAS|RXX|EPR|RXX|20260714||ADT^A01|Q1|P|2.4\r"
	var none *Rejection
	answer := acknowledge([]byte(message), none, time.Unix(0, 0))
	code, id, ok := readMSA(answer)
	if !ok || code != "AE" || id != "Q1" {
		t.Errorf("%q", answer)
	}
}
