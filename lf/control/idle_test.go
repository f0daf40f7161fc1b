package control

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"lflab/sync/block"
)

var switchCount = regexp.MustCompile(`(?m)^(?:non)?voluntary_ctxt_switches:\t(\d+)$`)

// TestIdleServerSleeps: once nobody is connected, no thread of the server runs
// any more: neither a timer of ours nor one of the Go runtime fires.
func TestIdleServerSleeps(t *testing.T) {
	if !block.Direct {
		t.Skip("built with -tags stdsyscall: the runtime looks around in an idle process")
	}
	everyKind(t, func(t *testing.T, name string) {
		if name == "goroutine" {
			t.Skip("its threads are the runtime's affair")
		}
		p := run(t, order{MPM: name})
		c := p.dial()
		if got := c.get("/hello"); got != "Hello, World!" {
			t.Fatalf("/hello: %q", got)
		}
		c.Close()
		const window = 300 * time.Millisecond // of quiet, that is to come
		last := uint64(0)
		for end := time.Now().Add(patience); ; {
			n := p.switches()
			if n == last {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("still %d switches in %v", n-last, window)
			}
			last = n
			time.Sleep(window)
		}
	})
}

// switches are those of all threads of the process since they began.
func (p *process) switches() (n uint64) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p.cmd.Process.Pid))
	if err != nil || len(files) == 0 {
		p.t.Fatalf("no threads: %v", err)
	}
	for _, file := range files {
		status, err := os.ReadFile(file)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, m := range switchCount.FindAllSubmatch(status, -1) {
			v, err := strconv.ParseUint(string(m[1]), 10, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			n += v
		}
	}
	return n
}
