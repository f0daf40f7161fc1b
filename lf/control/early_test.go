package control

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestPollerIsOpenFromTheStart: a server that is ready has the runtime's poller,
// so that no file and no timer needs two more descriptors at a time when clients
// may have them all. The leader has no epoll set of its own.
func TestPollerIsOpenFromTheStart(t *testing.T) {
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
	if count["anon_inode:[eventpoll]"] != 1 || count["anon_inode:[eventfd]"] != 1 {
		t.Errorf("descriptors %v: want the set and the eventfd of the runtime's poller", count)
	}
}
