package scoreboard

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/lf/serve"
)

// newBoard makes a board that is closed at the end of the test.
func newBoard(t *testing.T, slots, rows int, file string) *Board {
	t.Helper()
	b, err := Create(slots, rows, file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// TestSize checks that sizes are exact, and that sizes which overflow are
// refused.
func TestSize(t *testing.T) {
	tests := []struct {
		slots, rows int
		want        int64
	}{
		{16, 64, 1024 + 16*512 + 16*64*256},
		{256, 1, 1024 + 256*(512+256)},
		{20000, 64, 1024 + 20000*512 + 20000*64*256},
		{20000, 20000, 1024 + 20000*512 + 20000*20000*256},
		{0, 64, 0}, {16, 0, 0}, {-1, 64, 0},
		{math.MaxInt, 1, 0}, {1, math.MaxInt, 0}, {math.MaxInt32, math.MaxInt32, 0},
		{math.MaxInt64 / 768, 1, 0}, // too large by the header
	}
	for _, tt := range tests {
		got, err := sizeOf(tt.slots, tt.rows)
		if got != tt.want || (err == nil) != (tt.want > 0) {
			t.Errorf("Size(%d, %d) = %d, %v; want %d", tt.slots, tt.rows, got, err, tt.want)
		}
	}
}

// TestLargeBoard checks that a board for the largest number of processes can be
// mapped, and that only the used part takes memory.
func TestLargeBoard(t *testing.T) {
	b := newBoard(t, 20000, 64, "")
	b.Seat(19999, 64, 0).PID.Store(1)
	b.Row(19999, 63).State.Store(uint32(serve.Writing))
	if c := b.Summary().Count; c.Busy != 1 || c.Processes != 1 {
		t.Errorf("counts %+v", c)
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(b.File().Fd()), &st); err != nil {
		t.Fatal(err)
	}
	// A reader looks at the slots, 10 MB of them, but not at their rows.
	if used := st.Blocks * 512; used > 12<<20 {
		t.Errorf("%d bytes in use of %d", used, st.Size)
	}
}

// TestRefused checks that a file which is not a whole scoreboard of this build
// is refused with a reason, and that no descriptor stays open.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	newBoard(t, 2, 3, filepath.Join(dir, "good"))
	image, err := os.ReadFile(filepath.Join(dir, "good"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		spoil func([]byte) []byte
		want  string
	}{
		"empty":         {func(b []byte) []byte { return nil }, "0 bytes"},
		"short":         {func(b []byte) []byte { return b[:headerSize-1] }, "1023 bytes"},
		"text":          {func(b []byte) []byte { return []byte(strings.Repeat("#!/bin/sh\n", 200)) }, ErrNotBoard.Error()},
		"another magic": {func(b []byte) []byte { b[0] ^= 1; return b }, ErrNotBoard.Error()},
		"version":       {func(b []byte) []byte { b[8] = 77; return b }, "version 77"},
		"truncated":     {func(b []byte) []byte { return b[:len(b)-1] }, "for 2 slots with 3 rows"},
		"longer":        {func(b []byte) []byte { return append(b, 0) }, "for 2 slots with 3 rows"},
		"more slots":    {func(b []byte) []byte { b[16] = 3; return b }, "for 3 slots with 3 rows"},
		"no rows":       {func(b []byte) []byte { b[24] = 0; return b }, "for 2 slots with 0 rows"},
		"huge":          {func(b []byte) []byte { b[23], b[31] = 0xff, 0xff; return b }, ErrNotBoard.Error()},
	}
	for name, tt := range tests {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, tt.spoil(append([]byte(nil), image...)), 0o600); err != nil {
			t.Fatal(err)
		}
		before := descriptors(t)
		b, err := OpenFile(path)
		if err == nil {
			_ = b.Close()
		}
		if !errors.Is(err, ErrNotBoard) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if n := descriptors(t); n != before {
			t.Errorf("%s: %d descriptors, %d before", name, n, before)
		}
	}
	if _, err := OpenFile(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := OpenFile(dir); !errors.Is(err, ErrNotBoard) {
		t.Errorf("a directory: %v", err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(pipe); !errors.Is(err, ErrNotBoard) {
		t.Errorf("a pipe: %v", err)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// TestFile checks that only its owner may read a board's file, that it replaces
// a board left behind but neither that of a running server nor any other file,
// and that Close removes it.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "board")
	b, err := Create(1, 1, path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := Create(1, 1, path); !errors.Is(err, ErrInUse) {
		t.Errorf("a second server: %v", err)
	}
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close: %v", err)
	}

	// The copy names a running process as its parent, but with another start
	// time: its parent has ended, and the ID was used again.
	image[40]++
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	again := newBoard(t, 1, 1, path)
	if !again.Alive() {
		t.Error("the board of a running parent is not alive")
	}

	other := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(other, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(1, 1, other); !errors.Is(err, ErrNotBoard) {
		t.Errorf("a file that is no board: %v", err)
	}
	if text, err := os.ReadFile(other); err != nil || string(text) != "precious" {
		t.Errorf("it is now %q, %v", text, err)
	}
}

// TestSealed checks that a process which has the board in memory cannot shrink
// it for the others.
func TestSealed(t *testing.T) {
	b := newBoard(t, 1, 1, "")
	for _, size := range []int64{0, 1 << 20} {
		if err := b.File().Truncate(size); !errors.Is(err, unix.EPERM) {
			t.Errorf("truncated to %d bytes: %v", size, err)
		}
	}
}
