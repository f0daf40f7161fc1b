package thread

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"testing"
)

const childVar = "LFLAB_THREAD_TEST_CHILD"

// attempts is how many counts may be tried, because the machine can spoil one:
// other processes take the CPU in the middle of a hand-off, and the runtime's
// monitor then takes Ps away. A design that breaks a rule breaks it each time.
// If the machine spoils one count of 100, it spoils all three once in 10^6.
const attempts = 3

// alone runs check in a process of its own, where it may set GOMAXPROCS and
// count what the whole process does. One success in three attempts is enough.
func alone(t *testing.T, check func(t *testing.T)) {
	t.Helper()
	if os.Getenv(childVar) == t.Name() {
		check(t)
		return
	}
	for i := 1; i <= attempts; i++ {
		out, err := child(t).CombinedOutput()
		switch {
		case err != nil && !errors.As(err, new(*exec.ExitError)):
			t.Fatalf("run the test again as a process: %v", err)
		case err != nil:
			t.Logf("attempt %d of %d failed:\n%s", i, attempts, out)
		case bytes.Contains(out, []byte("--- SKIP")):
			t.Skipf("skipped in its process:\n%s", out)
		default:
			t.Logf("attempt %d of %d:\n%s", i, attempts, out)
			return
		}
	}
	t.Fail()
}

// child prepares this test to run as a process. It turns garbage collection
// off, unless the test starts one, because the collector's workers would count
// as wake-ups.
func child(t *testing.T) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), childVar+"="+t.Name(), "GOGC=off")
	return cmd
}
