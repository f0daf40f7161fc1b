package load

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Some tests need a server or a generator in a process of its own. They start
// this test binary again and name its role in the variable roleVar.
const roleVar = "LFLAB_LOAD_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVar) {
	case "":
		os.Exit(m.Run())
	case "server":
		work, err := time.ParseDuration(os.Args[1])
		fatalIf(err)
		fatalIf(floor(os.Stdout, 1, work))
	case "generator":
		r, err := Run(context.Background(), Config{
			URL: os.Args[1], Connections: 32, Duration: 2 * time.Second, Close: os.Args[2] == "true",
		})
		fatalIf(err)
		fatalIf(json.NewEncoder(os.Stdout).Encode(r.Report()))
	}
}

func fatalIf(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// floorProcess starts the floor server in a process of its own and returns its
// URL. The server computes for the duration `work` on each request. The process
// ends when its standard input is closed, at the latest by the end of this
// process.
func floorProcess(t *testing.T, work time.Duration) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], work.String())
	cmd.Env = append(os.Environ(), roleVar+"=server")
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		_ = cmd.Wait()
	})
	var url string
	if _, err := fmt.Fscanln(output, &url); err != nil || !strings.HasPrefix(url, "http://") {
		t.Fatalf("read the server's URL %q: %v", url, err)
	}
	return url
}

// eventually waits until holds returns true, and fails the test after a time
// limit.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
