package mllp

import (
	"bytes"
	"fmt"
	"time"
)

type Rejection struct {
	Code      string
	Condition int
	Location  string
	Text      string
}

func (r *Rejection) Error() string { return r.Text }

type header struct {
	controlID, app, facility, accept, application string
}

func (h header) key() string {
	if h.controlID == "" {
		return ""
	}
	return h.app + "\x00" + h.facility + "\x00" + h.controlID
}
func (h header) wantsNoAnswer() bool { return h.accept == "NE" && h.application == "NE" }

func headerSegment(m []byte) []byte {
	if i := bytes.IndexAny(m, "\r\n"); i >= 0 {
		return m[:i]
	}
	return m
}

func readHeader(m []byte) header {
	f := bytes.Split(headerSegment(m), []byte("|"))
	g := func(i int) string {
		if i-1 < len(f) {
			return string(f[i-1])
		}
		return ""
	}
	return header{g(10), g(3), g(4), g(15), g(16)}
}

func readMSA(m []byte) (code, id string, ok bool) {
	for _, s := range bytes.Split(m, []byte("\r")) {
		if bytes.HasPrefix(s, []byte("MSA|")) {
			f := bytes.Split(s, []byte("|"))
			if len(f) < 3 {
				return "", "", false
			}
			return string(f[1]), string(f[2]), true
		}
	}
	return "", "", false
}

func acknowledge(request []byte, err error, now time.Time) []byte {
	code := "AA"
	if err != nil {
		code = "AE"
		if r, ok := err.(*Rejection); ok {
			code = r.Code
		}
	}
	return fmt.Appendf(nil, "MSH|^~\\&|||||||ACK|1|P|2.4\rMSA|%s|%s\r", code, readHeader(request).controlID)
}
