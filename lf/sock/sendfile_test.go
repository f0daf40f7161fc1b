package sock

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// content makes a file of size varying bytes and opens it.
func content(t testing.TB, size int) (*os.File, []byte) {
	t.Helper()
	text := make([]byte, size)
	for i := range text {
		text[i] = byte(i % 251)
	}
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, text
}

// sendAll calls SendFile until everything is sent, and polls when it would
// block. It returns how often it did.
func sendAll(t *testing.T, c *Conn, head []byte, f *os.File, offset, n int64) (blocked int) {
	t.Helper()
	for done := int64(0); done < int64(len(head))+n; {
		at := max(done-int64(len(head)), 0)
		got, err := c.SendFile(head[min(done, int64(len(head))):], int(f.Fd()), offset+at, n-at)
		done += got
		switch {
		case errors.Is(err, serve.ErrWouldBlock):
			if c.Waits() || !c.Full() {
				t.Fatalf("would block after %d bytes; waits %v, full %v", done, c.Waits(), c.Full())
			}
			blocked++
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(c.FD()), Events: unix.POLLOUT}}, int(patience.Milliseconds())); err != nil && err != unix.EINTR {
				t.Fatal(err)
			}
		case err != nil:
			t.Fatalf("after %d bytes: %v", done, err)
		case got == 0:
			t.Fatal("nothing was sent, and no error")
		}
	}
	return blocked
}

func TestSendFile(t *testing.T) {
	f, text := content(t, 9<<20)
	head := []byte("head")
	tests := []struct{ offset, n int }{{0, len(text)}, {0, 1}, {1234567, 3 << 20}, {len(text) - 1, 1}}
	for _, wait := range []bool{true, false} {
		for _, test := range tests {
			c, peer := pair(t, wait)
			got := make(chan []byte)
			go func() { got <- readAll(peer) }()
			c.SetWriteDeadline(flight.Now() + int64(patience))
			sendAll(t, c, head, f, int64(test.offset), int64(test.n))
			if flags, err := unix.FcntlInt(uintptr(c.FD()), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK != 0 {
				t.Errorf("flags %#x, %v: reads that wait would not", flags, err)
			}
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if b := <-got; !bytes.Equal(b, append(head, text[test.offset:test.offset+test.n]...)) {
				t.Errorf("waits %v, %d bytes from %d: %d bytes came, or others", wait, test.n, test.offset, len(b))
			}
		}
	}
}

// readAll reads from a blocking descriptor until the end or an error.
func readAll(fd int) []byte {
	var all []byte
	p := make([]byte, 64<<10)
	for {
		n, err := unix.Read(fd, p)
		if err == unix.EINTR {
			continue
		}
		if n <= 0 {
			return all
		}
		all = append(all, p[:n]...)
	}
}

// The head is sent in one segment with the file's first bytes.
func TestHeadSharesASegment(t *testing.T) {
	f, text := content(t, 100)
	for _, wait := range []bool{true, false} {
		c, peer := pair(t, wait)
		sendAll(t, c, []byte("head"), f, 0, 100)
		arrived(t, peer)
		p := make([]byte, 200)
		if n, err := read(peer, p); err != nil || string(p[:n]) != "head"+string(text) {
			t.Errorf("the first read gets %d bytes, %v", n, err)
		}
		info, err := unix.GetsockoptTCPInfo(c.FD(), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			t.Fatal(err)
		}
		if info.Data_segs_out != 1 {
			t.Errorf("%d segments", info.Data_segs_out)
		}
	}
}

// A write to a peer that never reads ends at the deadline. On a Conn that does
// not wait it does not block the thread at all.
func TestSendFileToPeerThatNeverReads(t *testing.T) {
	f, _ := content(t, 1<<20)
	for _, wait := range []bool{true, false} {
		c, _ := pair(t, wait)
		if err := unix.SetsockoptInt(c.FD(), unix.SOL_SOCKET, unix.SO_SNDBUF, 64<<10); err != nil {
			t.Fatal(err)
		}
		waits := 0
		c.BeforeWait = func() { waits++ }
		var err error
		var calls int
		for sent := int64(0); err == nil; calls++ {
			c.SetWriteDeadline(flight.Now() + int64(20*time.Millisecond))
			var n int64
			n, err = c.SendFile(nil, int(f.Fd()), sent%(1<<20), 1<<20-sent%(1<<20))
			sent += n
		}
		want := serve.ErrWouldBlock
		if wait {
			want = serve.ErrDeadline
		}
		if !errors.Is(err, want) || wait != (waits > 0) || c.Full() == wait {
			t.Errorf("waits %v: %v after %d calls, %d waits, full %v", wait, err, calls, waits, c.Full())
		}
	}
}

func TestSendFileErrors(t *testing.T) {
	f, text := content(t, 1000)
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, wait := range []bool{true, false} {
		c, peer := pair(t, wait)
		c.SetWriteDeadline(flight.Now() + int64(patience))
		if n, err := c.SendFile([]byte("h"), int(f.Fd()), 900, 200); n != 101 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a file that has less: %d, %v", n, err)
		}
		if n, err := c.SendFile(nil, int(dir.Fd()), 0, 10); n != 0 || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("a directory: %d, %v", n, err)
		}
		arrived(t, peer)
		p := make([]byte, 200)
		if n, _ := read(peer, p); string(p[:n]) != "h"+string(text[900:]) {
			t.Errorf("%d bytes came", n)
		}
		unix.Shutdown(peer, unix.SHUT_RDWR)
		if err := unix.SetsockoptLinger(peer, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
			t.Fatal(err)
		}
		until(t, "the peer to be gone", func() bool {
			_, err := c.SendFile(nil, int(f.Fd()), 0, 1000)
			return errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET)
		})
	}
}

// BenchmarkSendFile sends files over loopback to a peer that reads all. rival
// copies through the process, as for a Stream without SendFile.
func BenchmarkSendFile(b *testing.B) {
	const size = 64 << 20
	f, _ := content(b, size)
	for _, way := range []string{"sendfile", "copy"} {
		b.Run("way="+way, func(b *testing.B) {
			l := listen(b, Options{})
			peer := dial(b, l)
			defer unix.Close(peer)
			fd, err := l.Accept()
			if err != nil {
				b.Fatal(err)
			}
			var c Conn
			c.Reset(fd, true, false, nil)
			ended := make(chan int)
			go func() {
				all, p := 0, make([]byte, 256<<10)
				for {
					n, err := read(peer, p)
					if n <= 0 && err != unix.EINTR {
						ended <- all
						return
					}
					all += max(n, 0)
				}
			}()
			b.SetBytes(size)
			piece := make([]byte, 64<<10)
			b.ResetTimer()
			for range b.N {
				for sent := int64(0); sent < size; {
					c.SetWriteDeadline(flight.Now() + int64(patience))
					if way == "sendfile" {
						n, err := c.SendFile(nil, int(f.Fd()), sent, min(size-sent, 2<<20))
						if sent += n; err != nil {
							b.Fatal(err)
						}
						continue
					}
					n, err := f.ReadAt(piece, sent)
					if err != nil && err != io.EOF {
						b.Fatal(err)
					}
					if _, err := c.Write(piece[:n]); err != nil {
						b.Fatal(err)
					}
					sent += int64(n)
				}
			}
			if err := c.Close(); err != nil {
				b.Fatal(err)
			}
			if all := <-ended; all != b.N*size {
				b.Fatalf("%d bytes came of %d", all, b.N*size)
			}
		})
	}
}
