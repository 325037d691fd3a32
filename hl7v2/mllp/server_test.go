package mllp

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
)

// pipeListener hands out the server ends of in-memory connections, so that
// the clock of a test may be a false one.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (l *pipeListener) dial() net.Conn {
	client, server := net.Pipe()
	l.conns <- server
	return client
}

// message returns a small ADT with the given control id.
func message(id string) []byte {
	return fmt.Appendf(nil, "MSH|^~\\&|PAS|RXQ|TIE|RXQ|20260714093105||ADT^A08^ADT_A01|%s|P|2.4\rPID|1||9990042101^^^NHS^NH\r", id)
}

// store is a handler that keeps what it gets.
type store struct {
	mu         sync.Mutex
	messages   []string
	duplicates int
}

func (s *store) handle(_ context.Context, r *Request) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, string(r.Message))
	if r.Duplicate {
		s.duplicates++
	}
	return nil, nil
}

// serve runs a server on pipes until the test ends.
func serve(t *testing.T, s *Server) *pipeListener {
	t.Helper()
	l := newPipeListener()
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; err != ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return l
}

// sendFrame writes one frame and returns the answer's MSA-1 and MSA-2.
func sendFrame(t *testing.T, conn net.Conn, r *Reader, payload []byte) (code, id string) {
	t.Helper()
	if _, err := conn.Write(AppendFrame(nil, payload)); err != nil {
		t.Fatal(err)
	}
	answer, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	code, id, ok := readMSA(answer)
	if !ok {
		t.Fatalf("answer without MSA: %q", answer)
	}
	return code, id
}

func TestServerAnswers(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler Handler
		code    string
	}{
		{"stored", func(context.Context, *Request) ([]byte, error) { return nil, nil }, "AA"},
		{"not stored", func(context.Context, *Request) ([]byte, error) { return nil, errors.New("disk full") }, "AE"},
		{"rejected", func(context.Context, *Request) ([]byte, error) {
			return nil, reject(hl7v2.AckReject, "201", "no such message here")
		}, "AR"},
		{"panic", func(context.Context, *Request) ([]byte, error) { panic("secret 9990042101") }, "AE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logged bytes.Buffer
				l := serve(t, &Server{Handler: c.handler, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
				conn := l.dial()
				defer conn.Close()
				r := NewReader(conn, ReaderOptions{})
				for _, id := range []string{"C1", "C2"} { // the connection lives on
					code, got := sendFrame(t, conn, r, message(id))
					if code != c.code || got != id {
						t.Errorf("answer %s for %s, want %s for %s", code, got, c.code, id)
					}
				}
				if strings.Contains(logged.String(), "999") {
					t.Errorf("the log shows data: %s", logged.String())
				}
			})
		})
	}
}

func TestServerDeadlines(t *testing.T) {
	t.Run("idle for hours is fine", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var logged bytes.Buffer
			l := serve(t, &Server{Handler: new(store).handle, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
			conn := l.dial()
			r := NewReader(conn, ReaderOptions{})
			for range 3 {
				if code, _ := sendFrame(t, conn, r, message("C1")); code != "AA" {
					t.Fatal(code)
				}
				time.Sleep(9 * time.Hour)
			}
			conn.Close()
			synctest.Wait()
			if logged.Len() > 0 {
				t.Errorf("logged: %s", logged.String())
			}
		})
	})
	t.Run("a byte every ten seconds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := new(store)
			l := serve(t, &Server{Handler: s.handle})
			conn := l.dial()
			defer conn.Close()
			begun := time.Now()
			for _, b := range AppendFrame(nil, message("C1")) {
				if _, err := conn.Write([]byte{b}); err != nil {
					break
				}
				time.Sleep(10 * time.Second)
			}
			if d := time.Since(begun); d > time.Minute {
				t.Errorf("closed after %v", d)
			}
			if len(s.messages) != 0 {
				t.Error("the handler was called")
			}
		})
	})
	t.Run("idle limit", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := serve(t, &Server{Handler: new(store).handle, IdleTimeout: time.Minute})
			conn := l.dial()
			defer conn.Close()
			begun := time.Now()
			if _, err := conn.Read(make([]byte, 1)); err != io.EOF || time.Since(begun) != time.Minute {
				t.Errorf("%v after %v", err, time.Since(begun))
			}
		})
	})
	t.Run("no CR after FS", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := serve(t, &Server{Handler: new(store).handle})
			conn := l.dial()
			defer conn.Close()
			frame := AppendFrame(nil, message("C1"))
			conn.Write(frame[:len(frame)-1])
			begun := time.Now()
			if _, err := NewReader(conn, ReaderOptions{}).Next(); err != nil || time.Since(begun) > time.Second {
				t.Errorf("%v after %v", err, time.Since(begun))
			}
		})
	})
}

func TestServerTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(store)
		l := serve(t, &Server{Handler: s.handle, Reader: ReaderOptions{MaxFrame: 200}})
		conn := l.dial()
		defer conn.Close()
		go conn.Write(AppendFrame(nil, append(message("BIG"), bytes.Repeat([]byte("x"), 10_000)...)))
		r := NewReader(conn, ReaderOptions{})
		answer, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if code, id, _ := readMSA(answer); code != "AR" || id != "BIG" {
			t.Errorf("answer %q", answer)
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("the connection is still open: %v", err)
		}
		if len(s.messages) != 0 {
			t.Error("the handler was called")
		}
	})
}

func TestServerMarksDuplicates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(store)
		l := serve(t, &Server{Handler: s.handle, RememberIDs: 2})
		conn := l.dial()
		defer conn.Close()
		r := NewReader(conn, ReaderOptions{})
		for i, id := range []string{"A", "A", "B", "C", "A"} { // A is forgotten by then
			sendFrame(t, conn, r, message(id))
			if want := map[bool]int{false: 0, true: 1}[i >= 1]; s.duplicates != want {
				t.Errorf("after message %d: %d duplicates", i, s.duplicates)
			}
		}
	})
}

func TestServerShutdown(t *testing.T) {
	t.Run("running handlers finish", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server := &Server{Handler: func(context.Context, *Request) ([]byte, error) {
				time.Sleep(5 * time.Second)
				return nil, nil
			}}
			l := serve(t, server)
			busy, idle := l.dial(), l.dial()
			defer busy.Close()
			busy.Write(AppendFrame(nil, message("C1")))
			synctest.Wait()
			answered := make(chan error, 1)
			go func() {
				_, err := NewReader(busy, ReaderOptions{}).Next()
				answered <- err
			}()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := server.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			if err := <-answered; err != nil {
				t.Errorf("the running message was not answered: %v", err)
			}
			if _, err := idle.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("idle connection: %v", err)
			}
		})
	})
	t.Run("not longer than the context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server := &Server{Handler: func(ctx context.Context, _ *Request) ([]byte, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}}
			l := serve(t, server)
			conn := l.dial()
			defer conn.Close()
			conn.Write(AppendFrame(nil, message("C1")))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	})
}

func TestServerLimitsConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := serve(t, &Server{Handler: new(store).handle, MaxConnections: 1})
		first := l.dial()
		accepted := make(chan net.Conn)
		go func() { accepted <- l.dial() }()
		synctest.Wait()
		select {
		case <-accepted:
			t.Fatal("a second connection was accepted")
		default:
		}
		first.Close()
		(<-accepted).Close()
	})
}

func TestServerHalfClose(t *testing.T) {
	server := &Server{Handler: new(store).handle}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no loopback here: %v", err)
	}
	go server.Serve(l)
	defer server.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write(AppendFrame(nil, message("C1")))
	conn.(*net.TCPConn).CloseWrite()
	if _, err := NewReader(conn, ReaderOptions{}).Next(); err != nil {
		t.Errorf("no answer: %v", err)
	}
}

func TestServerRelease2(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     error
		commit  byte
		answers bool
	}{{"stored", nil, commitACK, true}, {"not stored", errors.New("no"), commitNAK, false}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := serve(t, &Server{Release2: true, Handler: func(context.Context, *Request) ([]byte, error) { return nil, c.err }})
				conn := l.dial()
				defer conn.Close()
				conn.Write(AppendFrame(nil, message("C1")))
				r := NewReader(conn, ReaderOptions{})
				if f, err := r.Next(); err != nil || string(f) != string(c.commit) {
					t.Fatalf("commit %q, %v", f, err)
				}
				if !c.answers {
					return
				}
				first, err := r.Next()
				if err != nil {
					t.Fatal(err)
				}
				want := string(first)
				conn.Write(AppendFrame(nil, []byte{commitNAK})) // ask for it again
				if again, err := r.Next(); err != nil || string(again) != want {
					t.Errorf("not sent again: %q, %v", again, err)
				}
				conn.Write(AppendFrame(nil, []byte{commitACK}))
			})
		})
	}
}

// certificates returns a certificate for 127.0.0.1 that is its own authority.
func certificates(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tie.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestMutualTLS(t *testing.T) {
	cert, pool := certificates(t)
	var peer string
	server := &Server{Handler: func(_ context.Context, r *Request) ([]byte, error) {
		peer = r.TLS.PeerCertificates[0].Subject.CommonName
		return nil, nil
	}}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no loopback here: %v", err)
	}
	l := tls.NewListener(tcp, &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool})
	go server.Serve(l)
	defer server.Close()

	client := &Client{Addr: tcp.Addr().String(), TLS: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}}}
	defer client.Close()
	for range 3 { // the second and third reuse the connection
		reply, err := client.Send(t.Context(), message("C1"))
		if err != nil || !reply.Accepted() {
			t.Fatal(reply, err)
		}
	}
	if peer != "tie.example" {
		t.Errorf("peer %q", peer)
	}
	stranger := &Client{Addr: tcp.Addr().String(), TLS: &tls.Config{RootCAs: pool}, Timeout: 2 * time.Second}
	defer stranger.Close()
	if _, err := stranger.Send(t.Context(), message("C1")); err == nil {
		t.Error("a client without a certificate was served")
	}
}

// tiredListener fails three times before each connection.
type tiredListener struct {
	*pipeListener
	failed int
}

func (l *tiredListener) Accept() (net.Conn, error) {
	if l.failed++; l.failed%4 != 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept", syscall.EMFILE)}
	}
	return l.pipeListener.Accept()
}

// Too many open files are no reason to stop for good.
func TestServerSurvivesAFullTable(t *testing.T) {
	s := &Server{Handler: new(store).handle}
	l := &tiredListener{pipeListener: newPipeListener()}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	conn := l.dial()
	defer conn.Close()
	if code, id := sendFrame(t, conn, NewReader(conn, ReaderOptions{}), message("A")); code != "AA" || id != "A" {
		t.Errorf("%s %s", code, id)
	}
	s.Close()
	if err := <-done; err != ErrServerClosed {
		t.Error(err)
	}
}

// A message that comes again while the first is at work is handled after it.
func TestServerWaitsForTheFirst(t *testing.T) {
	entered, release := make(chan bool, 2), make(chan bool)
	s := &Server{Handler: func(_ context.Context, r *Request) ([]byte, error) {
		entered <- r.Duplicate
		<-release
		return nil, nil
	}}
	l := serve(t, s)
	first, second := l.dial(), l.dial()
	defer first.Close()
	defer second.Close()
	first.Write(AppendFrame(nil, message("A")))
	if <-entered {
		t.Error("the first is marked")
	}
	second.Write(AppendFrame(nil, message("A")))
	select {
	case <-entered:
		t.Fatal("both are handled at once")
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	if !<-entered {
		t.Error("the second is not marked")
	}
	for _, conn := range []net.Conn{first, second} {
		if _, err := NewReader(conn, ReaderOptions{}).Next(); err != nil {
			t.Error(err)
		}
	}
}

// A handler's own negative answer says that nothing is stored.
func TestServerForgetsRefusedMessages(t *testing.T) {
	refuse := true
	s := &Server{Handler: func(_ context.Context, r *Request) ([]byte, error) {
		if r.Duplicate {
			t.Error("a refused message is marked when it comes again")
		}
		if !refuse {
			return nil, nil
		}
		refuse = false
		answer, _ := hl7v2.Acknowledgement{Code: hl7v2.AckError}.Append(nil, r.Message)
		return answer, nil
	}}
	conn := serve(t, s).dial()
	defer conn.Close()
	r := NewReader(conn, ReaderOptions{})
	for _, want := range []string{"AE", "AA"} {
		if code, _ := sendFrame(t, conn, r, message("A")); code != want {
			t.Errorf("%s, want %s", code, want)
		}
	}
}

// An error outweighs a reply that claims success.
func TestServerBelievesTheError(t *testing.T) {
	handler := func(_ context.Context, r *Request) ([]byte, error) {
		answer, _ := hl7v2.Acknowledgement{}.Append(nil, r.Message)
		return answer, errors.New("the commit failed")
	}
	conn := serve(t, &Server{Handler: handler}).dial()
	defer conn.Close()
	if code, _ := sendFrame(t, conn, NewReader(conn, ReaderOptions{}), message("A")); code != "AE" {
		t.Errorf("answered %s", code)
	}
	web := httptest.NewServer(&HTTPHandler{Handler: handler})
	defer web.Close()
	if reply, err := Post(t.Context(), web.Client(), web.URL, message("A")); err != nil || reply.Code != "AE" {
		t.Errorf("%v, %v", reply, err)
	}
}

// An empty answer is no acknowledgement where one is due.
func TestPostWantsAnAnswer(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer web.Close()
	if reply, err := Post(t.Context(), web.Client(), web.URL, message("A")); !errors.Is(err, ErrNotAcknowledged) {
		t.Errorf("%v, %v", reply, err)
	}
	silent := []byte("MSH|^~\\&|PAS|RXQ|TIE|RXQ|20260714093105||ADT^A08^ADT_A01|A|P|2.4|||NE|NE\rPID|1\r")
	if reply, err := Post(t.Context(), web.Client(), web.URL, silent); err != nil || !reply.Accepted() {
		t.Errorf("%v, %v", reply, err)
	}
}
