package manager

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// notify tells systemd what the server does (sd_notify(3)). Without systemd it
// does nothing.
func notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		slog.Warn("cannot notify systemd", "state", state, "error", err)
	}
}

func NotifyReady() { notify(fmt.Sprintf("%s\nMAINPID=%d", daemon.SdNotifyReady, os.Getpid())) }

// NotifyReloading tells systemd that a restart begins. NotifyReady must follow.
// The message carries the time, which Type=notify-reload needs.
func NotifyReloading() {
	notify(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

func NotifyStopping() { notify(daemon.SdNotifyStopping) }

// PassedSockets returns, by address, the listening sockets that a service
// manager has passed (sd_listen_fds(3)). The caller must close them, and must
// not shut them down, because they stay open in the service manager.
func PassedSockets() (map[netip.AddrPort]int, error) {
	passed := map[netip.AddrPort]int{}
	for _, file := range activation.Files(true) {
		// A copy is kept, because the file closes its own descriptor.
		fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 3)
		name := file.Name()
		_ = file.Close() // the copy stays open
		if err != nil {
			return nil, fmt.Errorf("keep socket %s that was passed: %w", name, err)
		}
		addr, err := listeningAt(fd)
		if err != nil {
			unix.Close(fd)
			return nil, fmt.Errorf("socket %s that was passed: %w", name, err)
		}
		passed[addr] = fd
	}
	return passed, nil
}

// listeningAt returns the address of a socket. It returns an error unless that
// is a listening TCP socket.
func listeningAt(fd int) (netip.AddrPort, error) {
	listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("is not a socket: %w", err)
	}
	if listens == 0 {
		return netip.AddrPort{}, fmt.Errorf("does not listen (set ListenStream in the socket unit, and Accept=no)")
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("read its address: %w", err)
	}
	switch a := bound.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)), nil
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port)), nil
	}
	return netip.AddrPort{}, fmt.Errorf("is not a TCP socket")
}
