package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A target is the address that requests go to, and the request.
type target struct {
	name    string // the address, for people
	host    string // the Host field of requests
	family  int
	port    uint16
	addr    unix.RawSockaddrAny
	addrLen uint32
	request []byte // the complete request, which is always the same
	close   bool
}

// resolve finds the addresses of cfg's host once, and builds the request. If
// the host is a name it asks the system's resolver.
func resolve(ctx context.Context, cfg Config) ([]*target, error) {
	u, err := parseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	port := uint64(80)
	if p := u.Port(); p != "" {
		if port, err = strconv.ParseUint(p, 10, 16); err != nil || port == 0 {
			return nil, &ConfigError{"URL", strconv.Quote(cfg.URL), "http://host:port/path [the port is 1 to 65535]"}
		}
	}
	var ips []netip.Addr
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		ips = []netip.Addr{ip}
	} else if ips, err = net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname()); err != nil {
		return nil, fmt.Errorf("resolve %q: %w", u.Hostname(), err)
	}
	var targets []*target
	for _, ip := range ips {
		ip = ip.Unmap() // the resolver returns IPv4 addresses in IPv6 form
		t := &target{
			name:    netip.AddrPortFrom(ip, uint16(port)).String(),
			port:    uint16(port),
			host:    hostOf(u),
			request: request(hostOf(u), u.RequestURI(), cfg.Close),
			close:   cfg.Close,
		}
		if err := t.setAddress(ip, uint16(port)); err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// hostOf returns the Host field. It leaves out a zone, which has a meaning only
// on this machine.
func hostOf(u *url.URL) string {
	name, zone, found := strings.Cut(u.Host, "%")
	if !found {
		return u.Host
	}
	_, port, _ := strings.Cut(zone, "]")
	return name + "]" + port
}

// request returns the complete text of a request.
func request(host, path string, closes bool) []byte {
	r := "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n"
	if closes {
		r += "Connection: close\r\n"
	}
	return []byte(r + "\r\n")
}

func (t *target) setAddress(ip netip.Addr, port uint16) error {
	network := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, port))
	if ip.Is4() {
		t.family, t.addrLen = unix.AF_INET, unix.SizeofSockaddrInet4
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&t.addr)) = unix.RawSockaddrInet4{
			Family: unix.AF_INET, Port: network, Addr: ip.As4(),
		}
		return nil
	}
	var scope uint32
	if zone := ip.Zone(); zone != "" {
		link, err := net.InterfaceByName(zone)
		if err != nil {
			return fmt.Errorf("find interface %q of address %s: %w", zone, ip, err)
		}
		scope = uint32(link.Index)
	}
	t.family, t.addrLen = unix.AF_INET6, unix.SizeofSockaddrInet6
	*(*unix.RawSockaddrInet6)(unsafe.Pointer(&t.addr)) = unix.RawSockaddrInet6{
		Family: unix.AF_INET6, Port: network, Addr: ip.As16(), Scope_id: scope,
	}
	return nil
}

// reach opens the first connection of a run, to the first target that accepts
// one within timeout. The run then uses this connection, so the server sees no
// connection without a request.
func reach(ctx context.Context, targets []*target, timeout time.Duration) (*target, int, error) {
	var first error
	for _, t := range targets {
		fd, err := t.dial(ctx, timeout)
		if err == nil {
			return t, fd, nil
		}
		if ctx.Err() != nil {
			return nil, -1, fmt.Errorf("connect to %s: %w", t.name, ctx.Err())
		}
		if first == nil {
			first = fmt.Errorf("connect to %s: %w [%s]", t.name, err, hint(err))
		}
	}
	return nil, -1, first
}

// loopback reports whether the target is on the IPv4 loopback network.
func (t *target) loopback() bool {
	if t.family != unix.AF_INET {
		return false
	}
	return (*unix.RawSockaddrInet4)(unsafe.Pointer(&t.addr)).Addr[0] == 127
}

func (t *target) dial(ctx context.Context, timeout time.Duration) (int, error) {
	fd, errno := t.connect()
	if errno == 0 {
		return fd, nil
	}
	if errno != unix.EINPROGRESS {
		return -1, errno
	}
	for deadline := time.Now().Add(timeout); ; {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		n, err := unix.Poll(poll, int(min(50*time.Millisecond, time.Until(deadline)+time.Millisecond)/time.Millisecond))
		switch {
		case err != nil && err != unix.EINTR:
			closeFd(fd)
			return -1, err
		case n == 1:
			soerr, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
			if err == nil && soerr != 0 {
				err = unix.Errno(soerr)
			}
			if err != nil {
				closeFd(fd)
				return -1, err
			}
			return fd, nil
		case ctx.Err() != nil, time.Now().After(deadline):
			closeFd(fd)
			return -1, unix.ETIMEDOUT
		}
	}
}

// connect opens a non-blocking socket and starts to connect it. With 0 or
// EINPROGRESS the caller owns the descriptor; otherwise there is none.
func (t *target) connect() (int, unix.Errno) {
	fd, errno := socket(t.family)
	if errno != 0 {
		return -1, errno
	}
	if !t.close {
		// A request is one small write. The next one on a kept connection must
		// not wait until the first is acknowledged (Nagle's algorithm).
		setNoDelay(fd)
	}
	errno = connect(fd, &t.addr, t.addrLen)
	if errno != 0 && errno != unix.EINPROGRESS {
		closeFd(fd)
		return -1, errno
	}
	return fd, errno
}

func hint(err error) string {
	switch {
	case errors.Is(err, unix.ECONNREFUSED):
		return "nothing listens there: is the server started, and on this port?"
	case errors.Is(err, unix.ETIMEDOUT):
		return "no answer: is a firewall or a full backlog in the way?"
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return "raise the limit with ulimit -n"
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return "no free local port: see net.ipv4.ip_local_port_range"
	}
	return "can this machine reach that address?"
}
