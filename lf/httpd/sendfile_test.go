package httpd

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/lf/serve"
)

// sender is a fake that can send files, and that reports whether it waits.
type sender struct {
	*fake
	refuses bool // to send any file
	files   int  // calls of SendFile
	most    int64
}

func (s *sender) Waits() bool { return s.waits }

func (s *sender) SendFile(head []byte, src int, offset, n int64) (int64, error) {
	s.files++
	s.most = max(s.most, n)
	var done int64
	if len(head) > 0 {
		got, err := s.Write(head)
		if done = int64(got); err != nil {
			return done, err
		}
	}
	if s.refuses {
		return done, errors.ErrUnsupported
	}
	for n > 0 {
		p := make([]byte, min(n, 10000))
		got, err := unix.Pread(src, p, offset)
		if err != nil || got == 0 {
			return done, errors.Join(err, io.ErrUnexpectedEOF)
		}
		wrote, err := s.Write(p[:got])
		done, offset, n = done+int64(wrote), offset+int64(wrote), n-int64(wrote)
		if err != nil {
			return done, err
		}
		if s.waits && len(s.takes) > 0 {
			return done, nil // the peer is slow
		}
	}
	return done, nil
}

// The stream sends large files if it can; the bytes are the same. A head is
// sent together with its file. Small files, and bodies that are no files, are
// written.
func TestFilesAreSent(t *testing.T) {
	root := tree(t)
	input := getHello + ask("GET", "/large", "", "") + ask("GET", "/a.txt", "", "") + ask("HEAD", "/large", "", "") +
		ask("GET", "/large", "Range: bytes=100000-199998\r\n", "") + ask("GET", "/bytes?n=100000", "", "") + lastHello
	for _, k := range []struct {
		name    string
		waits   bool
		refuses bool
		takes   []int
	}{
		{"waits", true, false, nil},
		{"waits-slow", true, false, []int{1}},
		{"waits-refuses", true, true, nil},
		{"blocks", false, false, nil},
		{"blocks-slow", false, false, []int{0, 100, 0, 0, 70000, 1}},
		{"blocks-refuses", false, true, []int{0, 70000, 0, 100}},
	} {
		t.Run(k.name, func(t *testing.T) {
			f := &fake{t: t, waits: k.waits, pieces: [][]byte{[]byte(input)}, ended: true, takes: k.takes}
			st := &sender{fake: f, refuses: k.refuses}
			before := descriptors(t)
			s := newServer(t, Config{DocRoot: root}).newSession()
			th := serve.Thread{Row: new(serve.Row)}
			s.Reset(st)
			for s.Serve(&th) != serve.Close {
			}
			a := answers(t, f.written.String(), "GET", "GET", "GET", "HEAD", "GET", "GET", "GET")
			if len(a) != 7 {
				t.Fatalf("%d answers", len(a))
			}
			want := []string{helloWords, letters(200000), alphabet, "", letters(200000)[100000:199999], letters(100000), helloWords}
			for i, w := range want {
				if a[i].body != w {
					t.Errorf("answer %d has %d bytes, want %d", i, len(a[i].body), len(w))
				}
			}
			if a[4].code != 206 || a[3].header.Get("Content-Length") != "200000" {
				t.Errorf("%d, %v", a[4].code, a[3].header)
			}
			if st.files < 2 || k.takes == nil && st.files != 2 {
				t.Errorf("asked to send a file %d times", st.files)
			}
			if got := th.Bytes.Load(); got != uint64(f.written.Len()) {
				t.Errorf("counted %d bytes of %d", got, f.written.Len())
			}
			if n := descriptors(t) - 1; n != before { // without the document root's own
				t.Errorf("%d descriptors, had %d", n, before)
			}
		})
	}
}

// A session whose writes never block lets other threads have their turn after
// each chunk. A chunk has at most as many bytes as one turn allows.
func TestTurns(t *testing.T) {
	root := t.TempDir()
	const size = 5*turn + 1000
	if err := os.WriteFile(filepath.Join(root, "huge"), make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	server := newServer(t, Config{DocRoot: root, Limits: apart})
	for _, target := range []string{"/huge", "/bytes?n=10486760"} {
		for _, waits := range []bool{true, false} {
			yields := 0
			th := serve.Thread{Row: new(serve.Row), Yield: func() { yields++ }}
			f := &fake{t: t, waits: waits, pieces: [][]byte{[]byte(ask("GET", target, "Connection: close\r\n", ""))}}
			st := &sender{fake: f}
			s := server.newSession()
			s.Reset(st)
			turns := 0
			for next := s.Serve(&th); next != serve.Close; next = s.Serve(&th) {
				if turns++; next != serve.WriteMore || s.Deadline() == 0 || s.Empty() {
					t.Fatalf("next is %d, deadline %d, empty %v", next, s.Deadline(), s.Empty())
				}
			}
			want := 0
			if !waits {
				want = size / turn
			}
			if turns != want || st.most > turn || f.written.Len() < size {
				t.Errorf("%s waits=%v: %d turns, want %d; %d bytes at once, %d in all", target, waits, turns, want, st.most, f.written.Len())
			}
			if yields == 0 {
				t.Error("others wait for the thread meanwhile")
			}
		}
	}
}

func TestSentFileThatShrinks(t *testing.T) {
	root := tree(t)
	server := newServer(t, Config{DocRoot: root, Log: slog.New(slog.DiscardHandler)})
	before := descriptors(t)
	for _, waits := range []bool{true, false} {
		if err := os.WriteFile(filepath.Join(root, "large"), make([]byte, 3*turn), 0o644); err != nil {
			t.Fatal(err)
		}
		f := &fake{t: t, waits: waits, pieces: [][]byte{[]byte(ask("GET", "/large", "", ""))}, takes: []int{1000}}
		st := &shrinking{sender{fake: f}, filepath.Join(root, "large")}
		s := server.newSession()
		th := serve.Thread{Row: new(serve.Row)}
		s.Reset(st)
		for s.Serve(&th) != serve.Close {
		}
		if n := f.written.Len(); n == 0 || n > turn {
			t.Errorf("%d bytes were sent", n)
		}
		if s.x.source != nil || descriptors(t) != before {
			t.Error("the file is still open")
		}
	}
}

// shrinking truncates the file after it has sent a part.
type shrinking struct {
	sender
	name string
}

func (s *shrinking) SendFile(head []byte, src int, offset, n int64) (int64, error) {
	if offset > 0 {
		if err := os.Truncate(s.name, 10); err != nil {
			s.t.Fatal(err)
		}
	}
	return s.sender.SendFile(head, src, offset, n)
}
