package control

import (
	"log/slog"
	"os"

	"golang.org/x/sys/unix"
)

// gracefulStopSignals are those that stop a parent gracefully. WINCH, which
// httpd has for it, is what a terminal sends whenever its size changes. From
// whom it comes is not told, and two changes may be one signal, so that it is
// ignored where there is a controlling terminal.
func gracefulStopSignals() []os.Signal {
	if !hasTerminal() {
		return []os.Signal{unix.SIGUSR2, unix.SIGWINCH}
	}
	slog.Info("SIGWINCH is ignored: the terminal sends it when its size changes (stop gracefully with -k graceful-stop or SIGUSR2)")
	return []os.Signal{unix.SIGUSR2}
}

// hasTerminal tells whether the process has a controlling terminal.
func hasTerminal() bool {
	fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	_ = unix.Close(fd)
	return true
}
