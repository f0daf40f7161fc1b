package sock

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/sync/block"
)

// ErrEnded is returned by Accept once the listener has been shut down.
var ErrEnded = errors.New("listener is shut down")

// ErrNoConnection is returned by Accept when it has no connection this time:
// the peer vanished (ECONNABORTED), a signal came, nothing is pending on a
// listener that does not wait, or the system was short of something and Accept
// has waited a while. Call it again.
var ErrNoConnection = errors.New("no connection this time")

// ErrShort is returned by Accept on a listener that does not wait, when
// descriptors or memory have run out: call it again after ShortPause. It is an
// ErrNoConnection.
var ErrShort = fmt.Errorf("short of descriptors or memory: %w", ErrNoConnection)

// ShortPause is how long not to accept when descriptors or memory have run out.
const ShortPause = 100 * time.Millisecond

// Options are a listener's parameters.
type Options struct {
	Address string // host:port; port 0 lets the kernel choose
	Backlog int    // 0 means 4096; the kernel caps it at net.core.somaxconn

	// DeferAccept is TCP_DEFER_ACCEPT of tcp(7): a connection is handed out
	// when its first data has come, so that no thread is woken for a peer
	// that has not said anything. 0 is off.
	DeferAccept time.Duration

	// SendBuffer is SO_SNDBUF of socket(7) for the connections, bytes; 0 leaves
	// it to the system. One that the system does not grant is a line in the log.
	SendBuffer int

	// ReusePort is SO_REUSEPORT of socket(7): the address may be listened on
	// more than once, see Sibling. Another process of the same user may then
	// do so, too, unnoticed.
	ReusePort bool
}

// DefaultDefer is how long the kernel waits for the first data of a deferred
// connection before it is handed out without.
const DefaultDefer = 10 * time.Second

// Listener is a listening TCP socket. All its methods may be called by any
// thread; several may block in Accept, and the kernel hands each connection to
// the one that has waited longest.
type Listener struct {
	fd       int
	addr     netip.AddrPort
	ended    atomic.Bool
	stamping atomic.Bool
	heldOff  atomic.Bool
	nextLog  atomic.Int64
	noWait   bool
	shared   bool // with other processes, see Adopt
	opt      Options
	onShort  func(error)
	first    *Listener // whose sibling this is
	siblings siblings
	membership

	// Short counts Accepts that found the process or the system without
	// descriptors or memory; Aborted those whose peer had gone. Those of
	// siblings are counted at the first.
	Short, Aborted atomic.Uint64
}

// Listen opens a listening socket with SO_REUSEADDR and TCP_NODELAY, which
// connections inherit.
func Listen(opt Options) (*Listener, error) {
	addr, err := ParseAddress(opt.Address)
	if err != nil {
		return nil, err
	}
	fd, sa, err := socket(addr, strings.HasPrefix(opt.Address, ":"))
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", opt.Address, err)
	}
	l := &Listener{fd: fd, opt: opt}
	if err := l.listen(sa, opt); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("listen on %s: %w", opt.Address, err)
	}
	return l, nil
}

// Bindable binds host:port for a moment and does not listen on it. It returns
// what keeps a listening socket from being bound there, EADDRINUSE too; with
// shares it is one that lets others of the same user have the address, too
// (SO_REUSEPORT).
func Bindable(address string, shares bool) error {
	addr, err := ParseAddress(address)
	if err != nil {
		return err
	}
	fd, sa, err := socket(addr, strings.HasPrefix(address, ":"))
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	if shares {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return err
		}
	}
	return unix.Bind(fd, sa)
}

// ParseAddress resolves host:port. An empty host is all addresses.
func ParseAddress(address string) (netip.AddrPort, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err == nil && address == "" { // which package net takes for any address and any port
		err = errors.New("missing address")
	}
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("resolve %q: %w (want host:port, as in 127.0.0.1:8080)", address, err)
	}
	if addr := tcp.AddrPort(); addr.Addr().IsValid() {
		return addr, nil
	}
	return netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(tcp.Port)), nil
}

// socket opens a socket for that address. All addresses (any) are those that
// the system has: IPv4's alone, where there is no IPv6.
func socket(addr netip.AddrPort, anyAddress bool) (fd int, sa unix.Sockaddr, err error) {
	const kind = unix.SOCK_STREAM | unix.SOCK_CLOEXEC
	ip, port := addr.Addr().Unmap(), int(addr.Port())
	if ip.Is4() {
		fd, err = unix.Socket(unix.AF_INET, kind, 0)
		return fd, &unix.SockaddrInet4{Port: port, Addr: ip.As4()}, err
	}
	zone, err := zoneID(ip.Zone())
	if err != nil {
		return -1, nil, err
	}
	fd, err = unix.Socket(unix.AF_INET6, kind, 0)
	if err == unix.EAFNOSUPPORT && anyAddress {
		slog.Warn("this system has no IPv6: listening on all addresses of IPv4", "port", port)
		fd, err = unix.Socket(unix.AF_INET, kind, 0)
		return fd, &unix.SockaddrInet4{Port: port}, err
	}
	if err == unix.EAFNOSUPPORT {
		return -1, nil, fmt.Errorf("this system has no IPv6: %w (use an address of IPv4)", err)
	}
	if err == nil && ip.IsUnspecified() {
		// Whatever net.ipv6.bindv6only says, these are all of IPv4, too.
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
	}
	return fd, &unix.SockaddrInet6{Port: port, Addr: ip.As16(), ZoneId: zone}, err
}

// zoneID is the number of an IPv6 address's zone, which is an interface's name
// or its number (RFC 4007, 11).
func zoneID(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index), nil
	}
	n, err := strconv.ParseUint(zone, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("there is no network interface %q", zone)
	}
	return uint32(n), nil
}

func (l *Listener) listen(sa unix.Sockaddr, opt Options) error {
	set := func(level, name, value int, what string) error {
		if err := unix.SetsockoptInt(l.fd, level, name, value); err != nil {
			return fmt.Errorf("set %s: %w", what, err)
		}
		return nil
	}
	if err := set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1, "SO_REUSEADDR"); err != nil {
		return err
	}
	if opt.ReusePort {
		if err := set(unix.SOL_SOCKET, unix.SO_REUSEPORT, 1, "SO_REUSEPORT"); err != nil {
			return err
		}
	}
	if err := set(unix.IPPROTO_TCP, unix.TCP_NODELAY, 1, "TCP_NODELAY"); err != nil {
		return err
	}
	if opt.DeferAccept > 0 {
		seconds := int((opt.DeferAccept + time.Second - 1) / time.Second)
		if err := set(unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, seconds, "TCP_DEFER_ACCEPT"); err != nil {
			return err
		}
	}
	if opt.SendBuffer > 0 {
		if err := unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_SNDBUF, opt.SendBuffer); err != nil {
			slog.Warn("cannot set the size of send buffers, going on with the system's", "bytes", opt.SendBuffer, "error", err)
		}
	}
	if err := unix.Bind(l.fd, sa); err != nil {
		return err
	}
	backlog := opt.Backlog
	if backlog == 0 {
		backlog = 4096
	}
	if err := unix.Listen(l.fd, backlog); err != nil {
		return err
	}
	return l.bound()
}

// bound reads the address that is listened on.
func (l *Listener) bound() error {
	bound, err := unix.Getsockname(l.fd)
	if err != nil {
		return fmt.Errorf("read the bound address: %w", err)
	}
	switch b := bound.(type) {
	case *unix.SockaddrInet4:
		l.addr = netip.AddrPortFrom(netip.AddrFrom4(b.Addr), uint16(b.Port))
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(b.Addr)
		if b.ZoneId != 0 {
			ip = ip.WithZone(zoneName(b.ZoneId))
		}
		l.addr = netip.AddrPortFrom(ip, uint16(b.Port))
	}
	return nil
}

func zoneName(id uint32) string {
	if i, err := net.InterfaceByIndex(int(id)); err == nil {
		return i.Name
	}
	return strconv.FormatUint(uint64(id), 10)
}

// Share sets whether another socket of this user may be bound to an address
// that has this one's among it (SO_REUSEPORT), for as long as one takes the
// other's place.
func (l *Listener) Share(on bool) error {
	value := 0
	if on {
		value = 1
	}
	if err := unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, value); err != nil {
		return fmt.Errorf("set SO_REUSEPORT of the listener: %w", err)
	}
	return nil
}

// Addr is the address that is listened on.
func (l *Listener) Addr() netip.AddrPort { return l.addr }

// FD is the descriptor, for an epoll set or for the net package.
func (l *Listener) FD() int { return l.fd }

// DoNotWait makes Accept return ErrNoConnection or ErrShort where it would
// block. Call it before the first Accept.
func (l *Listener) DoNotWait() error {
	if err := unix.SetNonblock(l.fd, true); err != nil {
		return fmt.Errorf("make the listener non-blocking: %w", err)
	}
	l.noWait = true
	return nil
}

// Accept blocks until there is a connection and returns its descriptor. After
// Shutdown it returns ErrEnded; any other error is ErrNoConnection, so that an
// accept loop never ends by accident. When descriptors or memory run out it
// waits ShortPause before it returns, and says so in the log once a second.
func (l *Listener) Accept() (fd int, err error) {
	if l.ended.Load() { // where others go on listening, the kernel would not tell
		return -1, ErrEnded
	}
	return l.accept()
}

// accept is Accept for who has been told of a connection.
func (l *Listener) accept() (fd int, err error) {
	var errno syscall.Errno
	if l.noWait {
		fd, errno = l.tryAccept()
	} else {
		var r uintptr
		r, _, errno = block.Syscall6(unix.SYS_ACCEPT4, uintptr(l.fd), 0, 0, unix.SOCK_CLOEXEC, 0, 0)
		fd = int(r)
	}
	if errno != 0 {
		return -1, l.judge(errno)
	}
	return fd, nil
}

// tryAccept is accept4 on a listener that does not wait.
func (l *Listener) tryAccept() (fd int, errno syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(l.fd), 0, 0, unix.SOCK_CLOEXEC, 0, 0)
	return int(r), errno
}

// judge tells what an errno of accept4 means to the caller.
func (l *Listener) judge(errno syscall.Errno) error {
	if l.ended.Load() {
		return ErrEnded
	}
	switch errno {
	case unix.EAGAIN:
		if !l.noWait {
			l.await()
		}
	case unix.EINTR:
	case unix.ECONNABORTED, unix.EPROTO, unix.ENOPROTOOPT, unix.ETIMEDOUT, unix.ENETDOWN,
		unix.ENETUNREACH, unix.EHOSTDOWN, unix.EHOSTUNREACH, unix.ENONET:
		// Of one connection: accept(2) passes on what has become of it.
		l.eldest().Aborted.Add(1)
	case unix.EBADF, unix.ENOTSOCK, unix.EINVAL, unix.EOPNOTSUPP, unix.EFAULT:
		// Not a listening socket (any more): trying again cannot help.
		return ErrEnded
	default:
		// EMFILE, ENFILE, ENOBUFS, ENOMEM; or one that the manual does not
		// know, which must not make the caller spin either.
		l.NoteShort(errno)
		if l.noWait {
			return ErrShort
		}
		l.backOff()
	}
	return ErrNoConnection
}

// await blocks until there is a connection, or a signal came. It is for a
// listener that ought to wait and does not, for another process has made it one
// that does not: the flag belongs to all of them.
func (l *Listener) await() {
	set := [1]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}
	_, _ = block.Poll(set[:], nil) // accept4 tells more
}

// backOff waits, in pieces, so that Shutdown is not kept waiting.
func (l *Listener) backOff() {
	const piece = 10 * time.Millisecond
	for range ShortPause / piece {
		if l.ended.Load() {
			return
		}
		pause(piece)
	}
}

// NoteShort counts an accept that failed for want of descriptors or memory,
// and logs it if none was logged within the last second. Accept calls it; so
// does whoever accepts from this listener's socket in another way.
func (l *Listener) NoteShort(err error) {
	l = l.eldest()
	l.Short.Add(1)
	if l.onShort != nil {
		l.onShort(err)
	}
	now := flight.Now()
	next := l.nextLog.Load()
	if now >= next && l.nextLog.CompareAndSwap(next, now+int64(time.Second)) {
		slog.Warn("cannot accept, waiting for resources to come free", "error", err, "times", l.Short.Load())
	}
}

// OnShort has f called with each shortage that is noted, by the thread that
// notes it. Call it before the first Accept.
func (l *Listener) OnShort(f func(error)) { l.onShort = f }

// Shutdown ends listening at once, its siblings' too: blocked Accepts return
// ErrEnded and peers are refused. It may be called more than once. shutdown(2)
// is used because close(2) would leave a thread blocked in accept4.
//
// A listener that other processes have, too, is left: they go on listening, and
// here each Accept that begins from now on returns ErrEnded. Those that are
// blocked do so when their thread is interrupted, which is the caller's to see
// to (thread.Interrupt, until they have returned: an interruption that comes
// just before the system call is lost). A connection that one of them gets
// before that is the caller's to serve.
func (l *Listener) Shutdown() {
	l.ended.Store(true)
	if !l.shared {
		_ = unix.Shutdown(l.fd, unix.SHUT_RDWR) // ENOTCONN when done before
	}
	_ = l.siblings.each(func(s *Listener) error {
		s.Shutdown()
		return nil
	})
}

// Ended reports that the listener has been shut down, or left.
func (l *Listener) Ended() bool { return l.ended.Load() }

// Shared reports that other processes have the listener, too.
func (l *Listener) Shared() bool { return l.shared }

// Close gives the descriptor back. No thread may be in Accept, and siblings
// have been closed before.
func (l *Listener) Close() error {
	if l.first != nil {
		l.first.siblings.remove(l)
	}
	return unix.Close(l.fd)
}

// Stamp switches kernel time stamps of received data on or off for the
// connections that arrive from now on (SO_TIMESTAMPNS of socket(7)), at its
// siblings too. If no socket of the system wanted any before, the kernel
// begins a moment later.
func (l *Listener) Stamp(on bool) error {
	value := 0
	if on {
		value = 1
	}
	if err := unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, value); err != nil {
		return fmt.Errorf("set SO_TIMESTAMPNS: %w", err)
	}
	l.stamping.Store(on)
	return l.siblings.each(func(s *Listener) error { return s.Stamp(on) })
}

// Stamping reports whether new connections bear time stamps.
func (l *Listener) Stamping() bool { return l.stamping.Load() }
