package main

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A port that is taken ends run --live before it has made anything; a plan needs
// no port.
func TestLiveNeedsAFreePort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	out := filepath.Join(t.TempDir(), "out")
	args := []string{"run", "handoff", "--live=" + taken.Addr().String(), "--out", out}
	var stdout, stderr strings.Builder
	if status := execute(&stdout, &stderr, args); status != exitFailed || !strings.Contains(stderr.String(), taken.Addr().String()+": the port is taken (name another one") {
		t.Errorf("status %d: %s", status, &stderr)
	}
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) || stdout.Len() > 0 {
		t.Errorf("it made %s (%v) and said %q", out, err, &stdout)
	}
	if status := execute(&stdout, &stderr, append(args, "--dry-run")); status != exitDone {
		t.Errorf("the plan: status %d: %s", status, &stderr)
	}
}
