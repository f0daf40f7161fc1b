package manager

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A PidFile that is no regular file is refused at once, whatever it is used for.
// Opening a pipe would block.
func TestSpecialPidFile(t *testing.T) {
	dir := t.TempDir()
	pipe, socket := filepath.Join(dir, "pipe"), filepath.Join(dir, "socket")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pipe, link, socket, "/dev/null", dir} {
		f := PidFile(name)
		_, read := f.Read()
		_, server := f.Server()
		for what, err := range map[string]error{"Read": read, "Server": server, "SendSignal": SendSignal(f, "stop"), "Take": new(PidLock).Take(f)} {
			if !errors.Is(err, ErrSpecial) || err.Error() != "PidFile "+name+" is not a regular file" {
				t.Errorf("%s of %s: %v", what, name, err)
			}
		}
	}
}

func TestReadPidFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pid")
	for text, want := range map[string]int{"17\n": 17, "0": 0, "-3": 0, "": 0, "seventeen": 0} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := PidFile(name).Read(); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
}
