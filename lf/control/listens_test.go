package control

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/lf/sock"
)

// A child serves sock.MostListeners lines of Listen. One line more is refused
// when the file is read.
func TestMostListens(t *testing.T) {
	for _, name := range []string{"leader", "percore"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := func(n int) string {
				var conf strings.Builder
				fmt.Fprintf(&conf, "MPM %s\nStartServers 1\nThreadsPerChild 2\n", name)
				for i := range n {
					fmt.Fprintf(&conf, "Listen 127.0.0.%d:0\n", 2+i)
				}
				return conf.String()
			}
			said, status := once(t, prepared(t, lines(sock.MostListeners+1)).conf)
			if status == exitDone || !strings.Contains(said, fmt.Sprint(sock.MostListeners+1, " lines of Listen")) {
				t.Errorf("status %d, %s", status, said)
			}
			s := control(t, beat, lines(sock.MostListeners))
			if got := s.dial().get("/hello"); got != "Hello, World!" {
				t.Errorf("/hello: %q", got)
			}
			s.signal(unix.SIGTERM)
			if status := s.wait(); status != exitDone {
				t.Errorf("exit status %d: %s", status, s.log.String())
			}
		})
	}
}
