package control

import (
	"log/slog"
	"os"

	"golang.org/x/sys/unix"
)

// gracefulStopSignals returns the signals that stop a parent gracefully. httpd
// uses WINCH, but a terminal also sends it when its size changes. The parent
// cannot tell the sender, so WINCH is left out if there is a controlling
// terminal.
func gracefulStopSignals() []os.Signal {
	if !hasTerminal() {
		return []os.Signal{unix.SIGUSR2, unix.SIGWINCH}
	}
	slog.Info("SIGWINCH is ignored: the terminal sends it when its size changes (stop gracefully with -k graceful-stop or SIGUSR2)")
	return []os.Signal{unix.SIGUSR2}
}

// hasTerminal reports whether the process has a controlling terminal.
func hasTerminal() bool {
	fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	_ = unix.Close(fd)
	return true
}
