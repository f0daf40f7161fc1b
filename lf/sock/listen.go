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

// ErrNoConnection is returned by Accept when it has no connection: the peer has
// gone (ECONNABORTED), a signal came, none waits on a non-blocking listener, or
// the system was short of a resource and Accept has waited for a while. Call it
// again.
var ErrNoConnection = errors.New("no connection (accept again)")

// ErrShort is returned by Accept on a non-blocking listener when descriptors or
// memory have run out. Call it again after ShortPause. It is an
// ErrNoConnection.
var ErrShort = fmt.Errorf("short of descriptors or memory: %w", ErrNoConnection)

// ShortPause is how long to wait before accepting again when descriptors or
// memory have run out.
const ShortPause = 100 * time.Millisecond

// Options are a listener's parameters.
type Options struct {
	Address string // host:port; port 0 lets the kernel choose
	Backlog int    // 0 means 4096; the kernel caps it at net.core.somaxconn

	// DeferAccept is TCP_DEFER_ACCEPT of tcp(7): accept4 returns a connection
	// only when its first data has come, so a silent peer wakes no thread. 0 is
	// off.
	DeferAccept time.Duration

	// SendBuffer is SO_SNDBUF of socket(7) for the connections, in bytes. 0
	// means the system's default. If the system refuses it, a warning is
	// logged.
	SendBuffer int

	// ReusePort is SO_REUSEPORT of socket(7): several sockets may listen on the
	// address, see Sibling. Another process of the same user can then do so,
	// too, unnoticed.
	ReusePort bool
}

// DefaultDefer is how long the kernel waits for the first data of a deferred
// connection before accept4 returns it without.
const DefaultDefer = 10 * time.Second

// Listener is a listening TCP socket. Any thread may call its methods. Several
// may block in Accept; the kernel gives each connection to the thread that has
// waited longest.
type Listener struct {
	fd       int
	addr     netip.AddrPort
	ended    atomic.Bool
	stamping atomic.Bool
	heldOff  atomic.Bool
	nextLog  atomic.Int64
	noWait   bool
	shared   bool // other processes also have it, see Adopt
	opt      Options
	onShort  func(error)
	first    *Listener // the listener that this one is a sibling of; may be nil
	siblings siblings
	membership

	// Short counts the calls of Accept that found no descriptors or memory.
	// Aborted counts those whose peer had gone. A sibling's are counted at its
	// first listener.
	Short, Aborted atomic.Uint64
}

// Listen opens a listening socket with SO_REUSEADDR. Its connections inherit
// its TCP_NODELAY.
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

// Bindable binds a socket to host:port and closes it, without listening. It
// returns the error that prevents binding there, including EADDRINUSE. With
// shares it sets SO_REUSEPORT, so that other sockets of the user that share the
// address do not prevent it.
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

// ParseAddress resolves host:port. An empty host means all addresses.
func ParseAddress(address string) (netip.AddrPort, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err == nil && address == "" { // package net accepts this as any address and port
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

// socket opens a socket for that address. anyAddress says that no host was
// given: where there is no IPv6, it then opens one for all IPv4 addresses.
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
		// This includes all IPv4 addresses, whatever net.ipv6.bindv6only is.
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
	}
	return fd, &unix.SockaddrInet6{Port: port, Addr: ip.As16(), ZoneId: zone}, err
}

// zoneID returns the number of an IPv6 address's zone, which is an interface's
// name or number (RFC 4007, 11).
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

// bound reads the address that the socket is bound to.
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

// Share sets whether other sockets of this user may be bound to this listener's
// address (SO_REUSEPORT). It is used while one listener replaces another.
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

// Addr returns the address that the listener is bound to.
func (l *Listener) Addr() netip.AddrPort { return l.addr }

// FD returns the descriptor, for an epoll set or the net package.
func (l *Listener) FD() int { return l.fd }

// DoNotWait makes the listener non-blocking: Accept returns ErrNoConnection or
// ErrShort instead of blocking. Call it before the first Accept.
func (l *Listener) DoNotWait() error {
	if err := unix.SetNonblock(l.fd, true); err != nil {
		return fmt.Errorf("make the listener non-blocking: %w", err)
	}
	l.noWait = true
	return nil
}

// Accept blocks until there is a connection and returns its descriptor. After
// Shutdown it returns ErrEnded. Any other error is an ErrNoConnection, so an
// accept loop never ends by accident. When descriptors or memory run out, it
// waits ShortPause before it returns, and logs that at most once a second.
func (l *Listener) Accept() (fd int, err error) {
	if l.ended.Load() { // while other processes listen, the kernel would not report the end
		return -1, ErrEnded
	}
	return l.accept()
}

// accept is Accept for a caller that knows that a connection waits.
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

// tryAccept is accept4 on a non-blocking listener.
func (l *Listener) tryAccept() (fd int, errno syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(l.fd), 0, 0, unix.SOCK_CLOEXEC, 0, 0)
	return int(r), errno
}

// judge translates an errno of accept4 into Accept's error.
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
		// These concern one connection: accept(2) returns its pending error.
		l.eldest().Aborted.Add(1)
	case unix.EBADF, unix.ENOTSOCK, unix.EINVAL, unix.EOPNOTSUPP, unix.EFAULT:
		// It is not, or no longer, a listening socket, so trying again cannot
		// help.
		return ErrEnded
	default:
		// EMFILE, ENFILE, ENOBUFS, ENOMEM, or an errno that the manual does not
		// list. The caller must not spin on any of them.
		l.NoteShort(errno)
		if l.noWait {
			return ErrShort
		}
		l.backOff()
	}
	return ErrNoConnection
}

// await blocks until there is a connection or a signal comes. It is used if
// another process has made a shared blocking listener non-blocking, because
// that flag belongs to the socket.
func (l *Listener) await() {
	set := [1]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}
	_, _ = block.Poll(set[:], nil) // accept4 returns the details
}

// backOff waits ShortPause in pieces, so that it ends soon after Shutdown.
func (l *Listener) backOff() {
	const piece = 10 * time.Millisecond
	for range ShortPause / piece {
		if l.ended.Load() {
			return
		}
		pause(piece)
	}
}

// NoteShort counts an accept that failed because descriptors or memory ran out,
// and logs it at most once a second. Accept calls it. A caller that accepts
// from this socket in another way must call it, too.
func (l *Listener) NoteShort(err error) {
	l = l.eldest()
	l.Short.Add(1)
	if l.onShort != nil {
		l.onShort(err)
	}
	now := flight.Now()
	next := l.nextLog.Load()
	if now >= next && l.nextLog.CompareAndSwap(next, now+int64(time.Second)) {
		slog.Warn("cannot accept, waiting until resources are free", "error", err, "times", l.Short.Load())
	}
}

// OnShort makes NoteShort call f, on the same thread. Call it before the first
// Accept.
func (l *Listener) OnShort(f func(error)) { l.onShort = f }

// Shutdown ends listening at once, also for siblings: blocked calls of Accept
// return ErrEnded, and peers are refused. It may be called more than once. It
// uses shutdown(2), because close(2) would leave threads blocked in accept4.
//
// If other processes have the listener, too, they go on listening. Here, each
// later Accept returns ErrEnded. A blocked Accept returns it when its thread is
// interrupted. The caller must interrupt the threads until they have returned
// (thread.Interrupt), because an interruption just before the system call is
// lost. If such an Accept still returns a connection, the caller must serve it.
func (l *Listener) Shutdown() {
	l.ended.Store(true)
	if !l.shared {
		_ = unix.Shutdown(l.fd, unix.SHUT_RDWR) // ENOTCONN if already shut down
	}
	_ = l.siblings.each(func(s *Listener) error {
		s.Shutdown()
		return nil
	})
}

// Ended reports whether Shutdown was called.
func (l *Listener) Ended() bool { return l.ended.Load() }

// Shared reports whether other processes have the listener, too.
func (l *Listener) Shared() bool { return l.shared }

// Close closes the descriptor. No thread may be in Accept, and siblings must be
// closed before.
func (l *Listener) Close() error {
	if l.first != nil {
		l.first.siblings.remove(l)
	}
	return unix.Close(l.fd)
}

// Stamp switches kernel time stamps of received data on or off for connections
// that arrive later (SO_TIMESTAMPNS of socket(7)), also for siblings. If no
// other socket of the system has them on, they start a moment later.
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

// Stamping reports whether new connections have time stamps.
func (l *Listener) Stamping() bool { return l.stamping.Load() }
