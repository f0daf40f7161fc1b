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

// servedPeers returns the clients whose connections the server at t has not
// closed, by localName, from the kernel's list of sockets. It returns nil if
// the server's sockets are not visible here.
func servedPeers(t *target) map[string]bool {
	served, listens := map[string]bool{}, false
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // there is no IPv6 here
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

// peerName returns the address of an IPv4 client at an IPv6 socket in IPv4
// form.
func peerName(address string) string {
	const mapped = "0000000000000000FFFF0000"
	return strings.TrimPrefix(address, mapped)
}

// localName returns the connection's own end in the form of the kernel's list.
func localName(fd int) string {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return ""
	}
	words := func(ip []byte) (s string) { // each word is in the machine's byte order
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
