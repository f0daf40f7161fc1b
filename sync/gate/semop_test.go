package gate

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// childHolds is an environment variable that names the semaphore which a child
// process of this test should acquire.
const childHolds = "GATE_TEST_SEMAPHORE"

// child acquires the semaphore and keeps it until the child is killed or its
// parent ends.
func child(semaphore string) {
	runtime.LockOSThread()
	id, err := strconv.Atoi(semaphore)
	if err != nil {
		panic(err)
	}
	s := &semop{id: id, take: sembuf{add: -1, flags: semUndo}}
	s.Acquire(0)
	fmt.Println("holds")
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(1)
}

// TestSemopHolderDies kills a process that holds the gate while a thread of
// this process waits.
func TestSemopHolderDies(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g := make1(t, semopKind, 2)
	c := exec.Command(exe)
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d", childHolds, g.(*semop).id))
	in, errIn := c.StdinPipe()
	out, errOut := c.StdoutPipe()
	if err := errors.Join(errIn, errOut, c.Start()); err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer func() {
		_ = c.Process.Kill() // for a test that failed before the kill
		_ = c.Wait()
	}()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "holds\n" {
		t.Fatalf("child process says %q, %v", line, err)
	}
	m := start(t, 1, func() {
		g.Acquire(1)
		g.Release(1)
	})
	m.waits(g, internalsOf["semop"])
	if err := c.Process.Signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	m.ends()
}
