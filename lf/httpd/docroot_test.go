package httpd

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// releases makes the directories r1 and r2 and a link to the first, and returns
// the link.
func releases(t *testing.T) (dir, link string) {
	t.Helper()
	dir = t.TempDir()
	for _, r := range []string{"r1", "r2"} {
		put(t, filepath.Join(dir, r, "v"), r)
		put(t, filepath.Join(dir, r, "page", "index.html"), r)
	}
	link = filepath.Join(dir, "current")
	point(t, link, "r1")
	return dir, link
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// point redirects the link in one step, as mv -T does.
func point(t *testing.T, link, to string) {
	t.Helper()
	if err := os.Symlink(to, link+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link+".new", link); err != nil {
		t.Fatal(err)
	}
}

// The server serves the files that the path leads to when a request arrives,
// however they came there.
func TestDocumentRootMoves(t *testing.T) {
	dir, link := releases(t)
	server := newServer(t, Config{DocRoot: link, Log: slog.New(slog.DiscardHandler)})
	expect := func(what string, code int, body string) {
		t.Helper()
		if a := one(t, server, ask("GET", "/v", "", "")); a.code != code || code == 200 && a.body != body {
			t.Errorf("%s: %d %q, want %d %q", what, a.code, a.body, code, body)
		}
	}
	open := descriptors(t)
	expect("at the start", 200, "r1")
	point(t, link, "r2")
	expect("a link that was moved", 200, "r2")
	if err := os.RemoveAll(filepath.Join(dir, "r2")); err != nil {
		t.Fatal(err)
	}
	expect("a directory that was removed", 503, "")
	put(t, filepath.Join(dir, "r2", "v"), "new")
	expect("a directory that was made again", 200, "new")
	if err := os.Rename(filepath.Join(dir, "r2"), filepath.Join(dir, "r3")); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "r2"), "a file")
	expect("a file in its place", 503, "")
	if err := os.Remove(filepath.Join(dir, "r2")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "r3"), filepath.Join(dir, "r2")); err != nil {
		t.Fatal(err)
	}
	expect("the directory again", 200, "new")
	if n := descriptors(t); n != open {
		t.Errorf("%d descriptors are open, %d were", n, open)
	}
}

// While the link is switched, each request gets a file from one release, and no
// descriptor stays open.
func TestDocumentRootMovesUnderLoad(t *testing.T) {
	_, link := releases(t)
	server := newServer(t, Config{DocRoot: link})
	open := descriptors(t)
	var over atomic.Bool
	var served atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !over.Load() {
				for _, target := range []string{"/v", "/page/"} {
					a := one(t, server, ask("GET", target, "", ""))
					if a.code != 200 || a.body != "r1" && a.body != "r2" {
						t.Errorf("%s: %d %q", target, a.code, a.body)
						over.Store(true)
					}
					served.Add(1)
				}
			}
		})
	}
	for i := 0; i < 200 || served.Load() < 400; i++ {
		point(t, link, fmt.Sprintf("r%d", 1+i%2))
	}
	over.Store(true)
	wg.Wait()
	if n := descriptors(t); n != open {
		t.Errorf("%d descriptors are open, %d were", n, open)
	}
}

// DocRootMayBeAway, set for a server that joins running ones, lets it start
// without its document root.
func TestDocumentRootAwayAtStart(t *testing.T) {
	dir, link := releases(t)
	away := filepath.Join(dir, "away")
	server := newServer(t, Config{DocRoot: away, DocRootMayBeAway: true, Log: slog.New(slog.DiscardHandler)})
	if a := one(t, server, ask("GET", "/v", "", "")); a.code != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("%v", a)
	}
	if a := one(t, server, ask("GET", "/hello", "", "")); a.code != 200 {
		t.Errorf("%v", a)
	}
	if err := os.Rename(link, away); err != nil {
		t.Fatal(err)
	}
	if a := one(t, server, ask("GET", "/v", "", "")); a.code != 200 || a.body != "r1" {
		t.Errorf("%v", a)
	}
}

// Only an error that says so counts as a missing file.
func TestReasons(t *testing.T) {
	wrapped := func(errno syscall.Errno) error { return &fs.PathError{Op: "open", Path: "x", Err: errno} }
	tests := []struct {
		err  error
		want int
	}{
		{wrapped(unix.ENOENT), 404}, {wrapped(unix.ENOTDIR), 404}, {wrapped(unix.ELOOP), 404}, {wrapped(unix.ENAMETOOLONG), 404},
		{wrapped(unix.EACCES), 403}, {wrapped(unix.EPERM), 403},
		{wrapped(unix.EMFILE), 503}, {wrapped(unix.ENFILE), 503}, {wrapped(unix.ENOMEM), 503},
		{wrapped(unix.EIO), 500}, {wrapped(unix.ESTALE), 500}, {wrapped(unix.EINVAL), 500}, {errors.New("another"), 500},
		{fmt.Errorf("%w: %w", errRootAway, wrapped(unix.ENOENT)), 503},
		{&fs.PathError{Op: "open", Path: "..", Err: errEscapes}, 404},
	}
	for _, test := range tests {
		if got := reasonOf(test.err); got != test.want {
			t.Errorf("%v: %d, want %d", test.err, got, test.want)
		}
	}
}

// While the process has no descriptor left, the server does not call an
// existing file missing. It serves the file again when a descriptor is free.
func TestFileWithoutDescriptors(t *testing.T) {
	server := newServer(t, Config{DocRoot: tree(t), Log: slog.New(slog.DiscardHandler)})
	var held []int
	defer func() {
		for _, fd := range held {
			unix.Close(fd)
		}
	}()
	var limit, was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	limit = unix.Rlimit{Cur: uint64(descriptors(t) + 20), Max: was.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &was)
	for {
		fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			break
		}
		held = append(held, fd)
	}
	for _, target := range []string{"/a.txt", "/down/down/x.json", "/page/"} {
		if a := one(t, server, ask("GET", target, "", "")); a.code != 503 || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %v", target, a)
		}
	}
	for _, fd := range held {
		unix.Close(fd)
	}
	held = nil
	if a := one(t, server, ask("GET", "/down/down/x.json", "", "")); a.code != 200 || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", a)
	}
}

func TestVersions(t *testing.T) {
	server := newServer(t, Config{})
	for version, want := range map[string]int{
		"HTTP/1.1": 200, "HTTP/1.2": 200, "HTTP/1.9": 200, "HTTP/1.0": 200,
		"HTTP/2.0": 505, "HTTP/0.9": 505, "HTTP/3.0": 505, "HTTP/9.9": 505,
		"http/1.1": 400, "HTTP/1.10": 400, "HTTP/11.1": 400, "HTTP/1": 400, "HTTP/1.": 400, "HTTP/1,1": 400, "HTTP/1.x": 400, "HTTP/ 1.1": 400, "": 400,
	} {
		a := one(t, server, "GET /hello "+version+"\r\nHost: h\r\n\r\n")
		if a.code != want {
			t.Errorf("%q: %d, want %d", version, a.code, want)
		}
		// A later minor version is treated as 1.1, which keeps connections.
		if keeps := want == 200 && version != "HTTP/1.0"; keeps == a.close {
			t.Errorf("%q: closes is %v", version, a.close)
		}
	}
}
