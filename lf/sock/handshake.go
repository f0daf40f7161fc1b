package sock

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// shakesHands reports whether the kernel has an unfinished handshake at the
// listener's port. Its peer may have connected, and its first data may be on
// the way. If the system does not tell (sock_diag(7)), it returns true.
func (l *Listener) shakesHands() bool {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	family := byte(unix.AF_INET)
	if l.addr.Addr().Is6() {
		family = unix.AF_INET6 // includes IPv4 peers of an IPv6 socket
	}
	request := handshakesAt(family, l.addr.Port())
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return true
	}
	var answer [8 << 10]byte
	n, _, err := unix.Recvfrom(fd, answer[:], 0)
	if err != nil || n < unix.NLMSG_HDRLEN {
		return true
	}
	return binary.NativeEndian.Uint16(answer[4:]) != unix.NLMSG_DONE // a handshake, or an error
}

// handshakesAt returns a request for the handshakes at a port: struct nlmsghdr,
// then struct inet_diag_req_v2.
func handshakesAt(family byte, port uint16) []byte {
	const (
		byFamily   = 20 // SOCK_DIAG_BY_FAMILY
		received   = 3  // TCP_SYN_RECV
		requested  = 12 // TCP_NEW_SYN_RECV
		header     = unix.NLMSG_HDRLEN
		length     = header + 56
		statesAt   = header + 4
		ownPortAt  = header + 8
		protocolAt = header + 1
	)
	order := binary.NativeEndian
	m := make([]byte, length)
	order.PutUint32(m, length)
	order.PutUint16(m[4:], byFamily)
	order.PutUint16(m[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	m[header], m[protocolAt] = family, unix.IPPROTO_TCP
	order.PutUint32(m[statesAt:], 1<<received|1<<requested)
	binary.BigEndian.PutUint16(m[ownPortAt:], port)
	return m
}
