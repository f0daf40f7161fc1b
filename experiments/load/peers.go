package load

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// States of a TCP socket in /proc/net/tcp (include/net/tcp_states.h).
const (
	tcpEstablished = "01"
	tcpListen      = "0A"
)

// servedPeers are the clients whose connections the server at t has not closed,
// by localName, as the kernel's list of sockets has them. nil: the server's
// sockets are not to be seen from here.
func servedPeers(t *target) map[string]bool {
	served, listens := map[string]bool{}, false
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // no IPv6 here
		}
		for line := range bytes.Lines(text) {
			f := bytes.Fields(line)
			if len(f) < 4 || !bytes.HasSuffix(f[1], fmt.Appendf(nil, ":%04X", t.port)) {
				continue
			}
			switch string(f[3]) {
			case tcpListen:
				listens = true
			case tcpEstablished:
				served[peerName(string(f[2]))] = true
			}
		}
	}
	if !listens {
		return nil
	}
	return served
}

// peerName takes the address of an IPv4 client out of the form that it has at an
// IPv6 socket.
func peerName(address string) string {
	const mapped = "0000000000000000FFFF0000"
	return strings.TrimPrefix(address, mapped)
}

// localName is the own end of a connection as the kernel's list writes it.
func localName(fd int) string {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return ""
	}
	words := func(ip []byte) (s string) { // each in the machine's byte order
		for ; len(ip) > 0; ip = ip[4:] {
			s += fmt.Sprintf("%08X", binary.NativeEndian.Uint32(ip))
		}
		return s
	}
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return fmt.Sprintf("%s:%04X", words(a.Addr[:]), a.Port)
	case *unix.SockaddrInet6:
		return peerName(fmt.Sprintf("%s:%04X", words(a.Addr[:]), a.Port))
	}
	return ""
}
