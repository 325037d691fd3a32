package mllp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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
