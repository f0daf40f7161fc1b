package httpd

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/serve"
)

// tree makes a document root with a secret beside it.
func tree(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	root := filepath.Join(top, "root")
	for name, text := range map[string]string{
		"secret":                "secret",
		"root/a.txt":            alphabet,
		"root/empty.css":        "",
		"root/large":            letters(200000),
		"root/page/index.html":  "<p>",
		"root/bare/file":        "x",
		"root/a b%.txt":         "odd",
		"root/caf\xe9.txt":      "latin",
		"root/line\nend":        "newline",
		`root/back\slash`:       "backslash",
		"root/down/down/x.json": "{}",
	} {
		name = filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{
		"out": "../secret", "outdir": "..", "absolute": filepath.Join(top, "secret"), "in": "a.txt", "loop": "loop", "indir": "down",
	} {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(filepath.Join(root, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	changed := time.Date(2024, 2, 29, 12, 0, 0, 500, time.UTC)
	if err := os.Chtimes(filepath.Join(root, "a.txt"), changed, changed); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestFiles(t *testing.T) {
	root := tree(t)
	tests := []struct {
		target string
		code   int
		body   string
		ctype  string
	}{
		{"/a.txt", 200, alphabet, "text/plain; charset=utf-8"},
		{"/a.txt?query", 200, alphabet, ""},
		{"/%61.txt", 200, alphabet, ""},
		{"/a%20b%25.txt", 200, "odd", ""},
		{"/caf%E9.txt", 200, "latin", ""},
		{"/line%0aend", 200, "newline", ""},
		{"/back%5cslash", 200, "backslash", ""},
		{"/%ff", 404, "", ""},
		{"/empty.css", 200, "", "text/css; charset=utf-8"},
		{"/large", 200, letters(200000), "application/octet-stream"},
		{"/page/", 200, "<p>", "text/html; charset=utf-8"},
		{"/page", 301, "", ""},
		{"/down/down/x.json", 200, "{}", "application/json"},
		{"/in", 200, alphabet, ""},
		{"/indir/down/x.json", 200, "{}", ""},
		{"http://h/a.txt", 200, alphabet, ""},
		{"/", 404, "", ""},
		{"http://h", 404, "", ""},
		{"/bare/", 404, "", ""},
		{"/a.txt/", 404, "", ""},
		{"/a.txt/x", 404, "", ""},
		{"/missing", 404, "", ""},
		{"/out", 404, "", ""},
		{"/outdir/secret", 404, "", ""},
		{"/outdir/", 404, "", ""},
		{"/absolute", 404, "", ""},
		{"/loop", 404, "", ""},
		{"/pipe", 404, "", ""},
		{"/../secret", 404, "", ""},
		{"/page/../../secret", 404, "", ""},
		{"/page/../a.txt", 404, "", ""},
		{"/%2e%2e/secret", 404, "", ""},
		{"/..%2fsecret", 404, "", ""},
		{"/page%2findex.html", 404, "", ""},
		{"//a.txt", 404, "", ""},
		{"/./a.txt", 404, "", ""},
		{"/.", 404, "", ""},
		{"/..", 404, "", ""},
		{"/a.txt%00", 404, "", ""},
		{"/" + strings.Repeat("n", 300), 404, "", ""},
	}
	for _, test := range tests {
		t.Run(test.target[:min(len(test.target), 40)], func(t *testing.T) {
			input := ask("GET", test.target, "", "") + lastHello
			onAllKinds(t, Config{DocRoot: root}, input, false, func(t *testing.T, f *fake, transcript string) {
				a := answers(t, transcript)
				if len(a) != 2 || a[0].code != test.code || test.code == 200 && a[0].body != test.body || a[1].body != helloWords {
					t.Fatalf("%.300q", transcript)
				}
				if strings.Contains(transcript, "secret") {
					t.Errorf("%.300q", transcript)
				}
				if got := a[0].header.Get("Content-Type"); test.ctype != "" && got != test.ctype {
					t.Errorf("Content-Type %s", got)
				}
			})
		})
	}
}

func TestFileFields(t *testing.T) {
	server := newServer(t, Config{DocRoot: tree(t)})
	const changed = "Thu, 29 Feb 2024 12:00:00 GMT"
	get := func(target, fields string) answer { return one(t, server, ask("GET", target, fields, "")) }

	if a := get("/a.txt", ""); a.header.Get("Last-Modified") != changed || a.header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("%v", a)
	}
	if a := get("/page?q=1", ""); a.code != 301 || a.header.Get("Location") != "/page/?q=1" {
		t.Errorf("%v", a)
	}
	if a := one(t, server, ask("HEAD", "/large", "", "")); a.code != 200 || a.header.Get("Content-Length") != "200000" {
		t.Errorf("%v", a)
	}
	if a := get("/large", "Range: bytes=100000-199999\r\n"); a.code != 206 || a.body != letters(200000)[100000:] {
		t.Errorf("%d, %d bytes", a.code, len(a.body))
	}
}

// A file's modification time may be in the future. Last-Modified then shows the
// present, and for a client with that time the file counts as changed.
func TestFileOfTomorrow(t *testing.T) {
	dir := tree(t)
	ahead := time.Now().Add(24 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "a.txt"), ahead, ahead); err != nil {
		t.Fatal(err)
	}
	server := newServer(t, Config{DocRoot: dir})
	a := one(t, server, ask("GET", "/a.txt", "", ""))
	told, err := http.ParseTime(a.header.Get("Last-Modified"))
	if err != nil {
		t.Fatal(err)
	}
	if date, err := http.ParseTime(a.header.Get("Date")); err != nil || told.After(date) {
		t.Errorf("Last-Modified %v, Date %v (%v)", told, date, err)
	}
	if a := one(t, server, ask("GET", "/a.txt", "If-Modified-Since: "+told.Format(httpDate)+"\r\n", "")); a.code != 200 {
		t.Errorf("the answer says that it has not changed: %d", a.code)
	}
}

// If a file shrinks while it is sent, the connection is closed, so that the
// peer notices the missing bytes. No descriptor stays open.
func TestFileThatShrinks(t *testing.T) {
	root := tree(t)
	server := newServer(t, Config{DocRoot: root, Log: slog.New(slog.DiscardHandler)})
	before := descriptors(t)
	f := &fake{t: t, pieces: [][]byte{[]byte(ask("GET", "/large", "", ""))}, takes: []int{1000, 1 << 20}}
	s := server.newSession()
	th := serve.Thread{Row: new(serve.Row)}
	s.Reset(f)
	if next := s.Serve(&th); next != serve.WriteMore {
		t.Fatalf("next is %d", next)
	}
	if err := os.Truncate(filepath.Join(root, "large"), 10); err != nil {
		t.Fatal(err)
	}
	if next := s.Serve(&th); next != serve.Close {
		t.Errorf("next is %d", next)
	}
	if n := f.written.Len(); n == 0 || n > pieceSize {
		t.Errorf("%d bytes were sent", n)
	}
	if s.x.source != nil || descriptors(t) != before {
		t.Error("the file is still open")
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}
