package control

import (
	"log/slog"
	"os"
)

// openPoller has the Go runtime open its network poller, an epoll set and an
// eventfd, which it does for the first file or timer. It ends the process where
// it cannot, so a server would end by the first request for a file, or by
// SIGTERM, at its limit of descriptors. No thread waits in the poller as long as
// nothing is to be waited for.
func openPoller() {
	r, w, err := os.Pipe()
	if err != nil {
		slog.Warn("short of descriptors from the start", "error", err)
		return
	}
	_ = r.Close()
	_ = w.Close()
}
