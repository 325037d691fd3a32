//go:build unix

package mllp

import (
	"crypto/tls"
	"net"
	"syscall"
)

// quiet reports whether a connection that nobody reads from is still open and
// has nothing to read. It looks without waiting and takes nothing away. On
// TLS bytes may wait that are the protocol's own, so only the end counts.
func quiet(conn net.Conn) bool {
	encrypted := false
	if t, ok := conn.(*tls.Conn); ok {
		conn, encrypted = t.NetConn(), true
	}
	s, ok := conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	good := false
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		good = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK || encrypted && n > 0
		return true
	})
	return err == nil && good
}
