package control

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// A server that is ready keeps two descriptors for the runtime's poller, which
// a timer may need when clients have all others. The test uses leader, because
// it has no epoll set of its own.
func TestPollerHasItsReserve(t *testing.T) {
	t.Parallel()
	p := run(t, order{MPM: "leader"})
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, l := range links {
		if to, err := os.Readlink(l); err == nil {
			count[to]++
		}
	}
	if count["anon_inode:[eventpoll]"] != 0 || count["anon_inode:[eventfd]"] != 2 {
		t.Errorf("descriptors %v: want two eventfds, and no set", count)
	}
}
