package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/mllp"
)

func mllpCommands() []command {
	return []command{
		{
			name:    "hl7 send",
			args:    "-addr HOST:PORT FILE…",
			summary: "Send messages over MLLP and report their acknowledgements",
			example: "nhskit hl7 send -addr tie.example:2575 admission.hl7",
			setup: func(flags *flag.FlagSet) runner {
				addr := flags.String("addr", "", "the receiver, `HOST:PORT`")
				timeout := flags.Duration("timeout", 30*time.Second, "how long one exchange may take")
				secure := tlsFlags(flags)
				return func(c *console, args []string) error {
					if *addr == "" {
						return usagef("hl7 send needs -addr HOST:PORT")
					}
					config, err := secure.client()
					if err != nil {
						return err
					}
					client := &mllp.Client{Addr: *addr, Timeout: *timeout, TLS: config}
					defer client.Close()
					return c.eachInput(args, func(name string, data []byte) error { return c.send(client, name, data) })
				}
			},
		},
		{
			name:    "hl7 listen",
			args:    "-addr HOST:PORT -dir DIR",
			summary: "Receive messages over MLLP, each stored in a file before it is acknowledged",
			example: "nhskit hl7 listen -addr :2575 -dir inbox",
			setup: func(flags *flag.FlagSet) runner {
				addr := flags.String("addr", "", "where to listen, `HOST:PORT`")
				dir := flags.String("dir", "", "the `folder` to store messages in")
				secure := tlsFlags(flags)
				return func(c *console, args []string) error {
					if *addr == "" || *dir == "" || len(args) > 0 {
						return usagef("hl7 listen needs -addr HOST:PORT and -dir DIR, and takes no files")
					}
					config, err := secure.server()
					if err != nil {
						return err
					}
					ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
					defer stop()
					return c.listen(ctx, *addr, *dir, config)
				}
			},
		},
	}
}

// sent is what hl7 send prints for a message.
type sent struct {
	File      string `json:"file"`
	ControlID string `json:"controlId"`
	Code      string `json:"code"` // MSA-1; empty where none was asked for or came
	Accepted  bool   `json:"accepted"`
	Text      string `json:"text,omitempty"` // why not
}

// send sends the messages of one file.
func (c *console) send(client *mllp.Client, name string, data []byte) error {
	refused, failed := false, false
	for m, err := range hl7v2.Messages(data) {
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		line := sent{File: name, ControlID: m.Segment("MSH", 1).Field(10).Text()}
		reply, err := client.Send(context.Background(), m.Bytes())
		switch {
		case err != nil:
			line.Text = err.Error()
			failed = true
		case !reply.Accepted():
			line.Code, line.Text = reply.Code, faultText(reply.Message)
			refused = true
		default:
			line.Code, line.Accepted = reply.Code, true
		}
		if c.text {
			state := "accepted"
			if !line.Accepted {
				state = "NOT accepted: " + line.Text
			}
			fmt.Fprintf(c.out, "%s: message %s: %s\n", name, line.ControlID, strings.TrimSpace(line.Code+" "+state))
		} else if err := c.json(line); err != nil {
			return err
		}
	}
	switch {
	case failed:
		return errReported
	case refused:
		return errFindings
	}
	return nil
}

// faultText is what a negative acknowledgement says, from its ERR or MSA.
func faultText(answer []byte) string {
	m, err := hl7v2.Parse(answer)
	if err != nil {
		return "unreadable acknowledgement"
	}
	e := m.Segment("ERR", 1)
	for _, v := range []hl7v2.Value{e.Field(8), e.Field(1).Component(4).Sub(2), e.Field(3).Component(2), m.Segment("MSA", 1).Field(3)} {
		if text := v.Text(); text != "" {
			return text
		}
	}
	return "no reason given"
}

// listen receives until ctx ends, then finishes what is under way.
func (c *console) listen(ctx context.Context, addr, dir string, config *tls.Config) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return plainPathError(dir, err)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	fmt.Fprintf(c.err, "listening on %s, storing in %s\n", l.Addr(), dir)
	server := &mllp.Server{Handler: func(_ context.Context, r *mllp.Request) ([]byte, error) {
		return nil, storeMessage(dir, r.Message)
	}}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(drain)
	}()
	if err := server.Serve(l); !errors.Is(err, mllp.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// storeMessage writes a message to a file that is named after its content, so
// that one sent twice is stored once. It returns when the file is on the disk
// under its name, and not before.
func storeMessage(dir string, message []byte) error {
	sum := sha256.Sum256(message)
	name := filepath.Join(dir, fmt.Sprintf("%x.hl7", sum[:12]))
	f, err := os.CreateTemp(dir, ".receiving-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(message)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return err
	}
	return syncFolder(dir)
}

// syncFolder makes a rename last. Not every system can sync a folder; those
// that cannot say so, and do not need it.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// tlsOptions are the flags of an encrypted connection.
type tlsOptions struct {
	on            *bool
	cert, key, ca *string
}

func tlsFlags(flags *flag.FlagSet) tlsOptions {
	return tlsOptions{
		on:   flags.Bool("tls", false, "encrypt the connection"),
		cert: flags.String("tls-cert", "", "own certificate, a PEM `file`: needed to listen, or for mutual TLS"),
		key:  flags.String("tls-key", "", "its private key, a PEM `file`"),
		ca:   flags.String("tls-ca", "", "the authorities to trust, a PEM `file`; to listen with it demands a certificate of each peer"),
	}
}

// client returns the configuration for sending, nil for a plain connection.
func (o tlsOptions) client() (*tls.Config, error) {
	if !*o.on {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	pool, err := o.authorities()
	if err != nil {
		return nil, err
	}
	config.RootCAs = pool
	return config, o.own(config, false)
}

// server returns the configuration for listening, nil for a plain connection.
func (o tlsOptions) server() (*tls.Config, error) {
	if !*o.on {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	pool, err := o.authorities()
	if err != nil {
		return nil, err
	}
	if pool != nil {
		config.ClientCAs, config.ClientAuth = pool, tls.RequireAndVerifyClientCert
	}
	return config, o.own(config, true)
}

func (o tlsOptions) own(config *tls.Config, needed bool) error {
	if *o.cert == "" && *o.key == "" {
		if needed {
			return usagef("listening with -tls needs -tls-cert and -tls-key")
		}
		return nil
	}
	pair, err := tls.LoadX509KeyPair(*o.cert, *o.key)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	config.Certificates = []tls.Certificate{pair}
	return nil
}

func (o tlsOptions) authorities() (*x509.CertPool, error) {
	if *o.ca == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(*o.ca)
	if err != nil {
		return nil, plainPathError(*o.ca, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in it", *o.ca)
	}
	return pool, nil
}
