package control

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"lflab/sync/block"
)

var switchCount = regexp.MustCompile(`(?m)^(?:non)?voluntary_ctxt_switches:\t(\d+)$`)

// Once nobody is connected, no thread of the server runs. No timer of the
// server or of the Go runtime fires.
func TestIdleServerSleeps(t *testing.T) {
	if !block.Direct {
		t.Skip("built with -tags stdsyscall: the runtime looks around in an idle process")
	}
	t.Parallel()
	everyKind(t, func(t *testing.T, name string) {
		t.Parallel()
		if name == "goroutine" {
			t.Skip("its threads are the runtime's affair")
		}
		p := run(t, order{MPM: name})
		c := p.dial()
		if got := c.get("/hello"); got != "Hello, World!" {
			t.Fatalf("/hello: %q", got)
		}
		c.Close()
		const window = 300 * time.Millisecond // length of the silence
		last, ran := uint64(0), uint64(0)
		for end := time.Now().Add(patience); ; {
			n, now := p.switches(), p.ran()
			if n == last && now == ran {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("still %d switches and %d ns of CPU time in %v", n-last, now-ran, window)
			}
			last, ran = n, now
			time.Sleep(window)
		}
	})
}

// ran returns the CPU time of all threads in ns.
func (p *process) ran() (ns uint64) {
	for _, stat := range p.ofThreads("schedstat") {
		v, err := strconv.ParseUint(strings.Fields(stat)[0], 10, 64)
		if err != nil {
			p.t.Fatal(err)
		}
		ns += v
	}
	return ns
}

// switches returns the context switches of all threads since they began.
func (p *process) switches() (n uint64) {
	for _, status := range p.ofThreads("status") {
		for _, m := range switchCount.FindAllStringSubmatch(status, -1) {
			v, err := strconv.ParseUint(m[1], 10, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			n += v
		}
	}
	return n
}

// ofThreads returns the content of that file in /proc for each thread.
func (p *process) ofThreads(name string) (all []string) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/%s", p.cmd.Process.Pid, name))
	if err != nil || len(files) == 0 {
		p.t.Fatalf("no threads: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			p.t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}
