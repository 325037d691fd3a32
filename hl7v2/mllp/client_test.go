package mllp

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// script runs a peer by hand on the far ends of a client's connections: fn is
// called once a connection, in order.
func script(t *testing.T, fns ...func(conn net.Conn, r *Reader)) *Client {
	t.Helper()
	next := 0
	client := &Client{Dial: func(context.Context, string) (net.Conn, error) {
		if next == len(fns) {
			return nil, errors.New("no further connection expected")
		}
		fn := fns[next]
		next++
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			fn(far, NewReader(far, ReaderOptions{}))
		}()
		return near, nil
	}}
	t.Cleanup(func() {
		client.Close()
		if next != len(fns) {
			t.Errorf("%d connections, want %d", next, len(fns))
		}
	})
	return client
}

// answerAll answers every message positively.
func answerAll(conn net.Conn, r *Reader) {
	for {
		m, err := r.Next()
		if err != nil {
			return
		}
		conn.Write(AppendFrame(nil, acknowledge(m, nil, time.Now())))
	}
}

func TestClientReusesConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := script(t, answerAll)
		for _, id := range []string{"C1", "C2", "C3"} {
			reply, err := client.Send(t.Context(), message(id))
			if err != nil || !reply.Accepted() || reply.Code != "AA" {
				t.Fatalf("%s: %+v, %v", id, reply, err)
			}
		}
	})
}

func TestClientFaults(t *testing.T) {
	for _, c := range []struct {
		name string
		peer func(conn net.Conn, r *Reader)
		want string // in the error
	}{
		{"no answer", func(_ net.Conn, r *Reader) { r.Next(); r.Next() }, "none came in time"},
		{"closes before the answer", func(_ net.Conn, r *Reader) { r.Next() }, "closed the connection"},
		{"closes within the answer", func(conn net.Conn, r *Reader) { r.Next(); io.WriteString(conn, "\x0bMSH|^~") }, "cut off after 6 bytes"},
		{"answers another message", func(conn net.Conn, r *Reader) {
			r.Next()
			conn.Write(AppendFrame(nil, acknowledge(message("OTHER"), nil, time.Now())))
			r.Next()
		}, "for another message"},
		{"answers without a frame", func(conn net.Conn, r *Reader) {
			m, _ := r.Next()
			conn.Write(acknowledge(m, nil, time.Now()))
			r.Next()
		}, `without a frame: it sent "MSH|^~`},
		{"answers without MSA", func(conn net.Conn, r *Reader) {
			r.Next()
			conn.Write(AppendFrame(nil, []byte("MSH|^~\\&|x\r")))
			r.Next()
		}, "no MSA segment"},
		{"stalls within the answer", func(conn net.Conn, r *Reader) { r.Next(); io.WriteString(conn, "\x0bMSH"); r.Next() }, "none came in time"},
		{"an empty frame", func(conn net.Conn, r *Reader) { r.Next(); conn.Write(AppendFrame(nil, nil)); r.Next() }, "no MSA segment"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := script(t, c.peer, answerAll)
				_, err := client.Send(t.Context(), message("C1"))
				if !errors.Is(err, ErrNotAcknowledged) || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("error %v, want %q", err, c.want)
				}
				if strings.Contains(err.Error(), "999") {
					t.Errorf("the error shows data: %v", err)
				}
				// The connection is gone: the next message gets its own answer.
				if reply, err := client.Send(t.Context(), message("C2")); err != nil || !reply.Accepted() {
					t.Errorf("next message: %v", err)
				}
			})
		})
	}
}

func TestClientNeverTakesALateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := script(t, func(conn net.Conn, r *Reader) {
			m, _ := r.Next()
			time.Sleep(time.Minute)
			conn.Write(AppendFrame(nil, acknowledge(m, nil, time.Now())))
		}, answerAll)
		client.Timeout = 30 * time.Second
		if _, err := client.Send(t.Context(), message("C1")); !errors.Is(err, ErrNotAcknowledged) || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		reply, err := client.Send(t.Context(), message("C2"))
		if err != nil {
			t.Fatal(err)
		}
		if _, id, _ := readMSA(reply.Message); id != "C2" {
			t.Errorf("got the answer of %s", id)
		}
	})
}

func TestClientContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := script(t, func(_ net.Conn, r *Reader) { r.Next(); r.Next() })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begun := time.Now()
		if _, err := client.Send(ctx, message("C1")); !errors.Is(err, context.Canceled) || time.Since(begun) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

func TestClientOfSilentProtocol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := script(t, func(_ net.Conn, r *Reader) { r.Next(); r.Next() })
		m := []byte("MSH|^~\\&|PAS|RXQ|TIE|RXQ|20260714093105||ADT^A08^ADT_A01|C1|P|2.4|||NE|NE\r")
		reply, err := client.Send(t.Context(), m)
		if err != nil || reply.Message != nil || !reply.Accepted() {
			t.Errorf("%+v, %v", reply, err)
		}
	})
}

func TestClientRefusesWithoutControlID(t *testing.T) {
	if _, err := new(Client).Send(t.Context(), []byte("MSH|^~\\&|PAS\r")); err == nil || errors.Is(err, ErrNotAcknowledged) {
		t.Error(err)
	}
}

func TestClientSeesClosedConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no loopback here: %v", err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // one answer a connection
				defer conn.Close()
				if m, err := NewReader(conn, ReaderOptions{}).Next(); err == nil {
					conn.Write(AppendFrame(nil, acknowledge(m, nil, time.Now())))
				}
			}()
		}
	}()
	client := &Client{Addr: l.Addr().String()}
	defer client.Close()
	for range 20 {
		if _, err := client.Send(t.Context(), message("C1")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // the peer's FIN arrives
	}
}

func TestClientRelease2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &Server{Handler: new(store).handle, Release2: true}
		l := serve(t, server)
		client := &Client{Release2: true, Dial: func(context.Context, string) (net.Conn, error) { return l.dial(), nil }}
		defer client.Close()
		for _, id := range []string{"C1", "C2"} {
			if reply, err := client.Send(t.Context(), message(id)); err != nil || !reply.Accepted() {
				t.Fatal(reply, err)
			}
		}
	})
}
