package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// hosts is net/http's server with the paths that a background asks for.
type hosts struct {
	url             string
	open, addresses atomic.Int64
	conns           sync.Map // net.Conn, all since the start
}

const bigAnswer = 8 << 20

func host(t *testing.T, set func(*http.Server)) *hosts {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hosts{url: "http://" + l.Addr().String() + "/"}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "Hello, World!") })
	mux.HandleFunc("/busy", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(2 * time.Millisecond) // stands for a blocking handler
		fmt.Fprint(w, "done")
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(bigAnswer))
		_, _ = w.Write(make([]byte, bigAnswer))
	})
	s := &http.Server{Handler: mux, ConnState: func(c net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			h.open.Add(1)
			h.conns.Store(c, nil)
			if !strings.HasPrefix(c.RemoteAddr().String(), "127.0.0.1:") {
				h.addresses.Add(1)
			}
		case http.StateClosed:
			h.open.Add(-1)
		}
	}}
	if set != nil {
		set(s)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
	return h
}

func TestBackgroundIsThereUntilTheEnd(t *testing.T) {
	t.Parallel()
	h := host(t, nil)
	var whenOpened int64
	r := mustRun(t, Config{URL: h.url, Connections: 2, Duration: 300 * time.Millisecond,
		Background: &Background{Idle: 300, SlowSenders: 40, SlowReaders: 20, Blocking: 2, Path: "/busy", Unread: "/big"},
		Opened:     func() { whenOpened = h.open.Load() },
	})
	b := r.Background
	if b == nil {
		t.Fatal("the result has no background")
	}
	for kind, got := range map[string][2]Presence{
		"idle": {b.Idle, {300, 300, 300}}, "slow senders": {b.SlowSenders, {40, 40, 40}},
		"slow readers": {b.SlowReaders, {20, 20, 20}}, "blocking": {b.Blocking, {2, 2, 2}},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %+v, want %+v (%s)", kind, got[0], got[1], b.Fault)
		}
	}
	if whenOpened < 362 || h.addresses.Load() < 361 {
		t.Errorf("when the background was open the server had %d connections, and %d from other addresses", whenOpened, h.addresses.Load())
	}
	if b.Answered == 0 || b.Answered > 2*1000 || r.Requests == 0 || len(r.Errors) > 0 {
		t.Errorf("%d blocking requests were answered, %d others, %v", b.Answered, r.Requests, r.Errors)
	}
	eventually(t, "the background is closed", func() bool { return h.open.Load() == 0 })
}

// A slow sender sends one byte a second. The sends of all are spread over the
// second, and the bytes of each make one head.
func TestSlowSendersSendOneByteASecond(t *testing.T) {
	t.Parallel()
	const senders = 50
	var sent atomic.Int64
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	head := make(chan []byte, senders+8)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				var got []byte
				buf := make([]byte, 1000)
				for {
					n, err := c.Read(buf)
					if err != nil {
						if len(got) > 0 {
							head <- got
						}
						return
					}
					got = append(got, buf[:n]...)
					if bytes.HasSuffix(got, []byte("\r\n\r\n")) { // the measured client's
						_, _ = c.Write([]byte(hello))
						got = got[:0]
						continue
					}
					sent.Add(int64(n))
				}
			}()
		}
	}()
	begin := time.Now()
	r := mustRun(t, Config{URL: "http://" + l.Addr().String() + "/x", Connections: 1, Duration: 2500 * time.Millisecond, Rate: 20,
		Background: &Background{SlowSenders: senders}})
	// On a busy machine the run takes longer, and more bytes come.
	if n, most := sent.Load(), senders*(2+int64(time.Since(begin).Seconds())); n < 2*senders || n > most {
		t.Errorf("%d bytes of %d senders came in 2.5 s or more, want %d to %d", n, senders, 2*senders, most)
	}
	if p := r.Background.SlowSenders; p.Open != senders {
		t.Errorf("%+v, %s", p, r.Background.Fault)
	}
	for range senders {
		select {
		case got := <-head:
			if !bytes.HasPrefix([]byte("GET /x HTTP/1.1\r\nHost: "), got) {
				t.Fatalf("a slow sender sent %q", got)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a slow sender's connection stays open")
		}
	}
}

// Connections that the server closes do not count as open. This server closes
// them all when they are established, before the measured time.
func TestBackgroundThatIsClosed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		cfg    Background
		closed func(*Presences) Presence
		fault  string
	}{
		{"idle", Background{Idle: 20}, func(p *Presences) Presence { return p.Idle }, "an idle connection: closed"},
		{"sender", Background{SlowSenders: 20}, func(p *Presences) Presence { return p.SlowSenders }, "a slow sender: "},
		{"reader", Background{SlowReaders: 20, Unread: "/big"}, func(p *Presences) Presence { return p.SlowReaders }, "a slow reader: closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := host(t, nil)
			r := mustRun(t, Config{URL: h.url, Connections: 1, Duration: 200 * time.Millisecond, Timeout: time.Minute, Background: &c.cfg,
				Opened: func() {
					eventually(t, "the server to have accepted all", func() bool {
						n := 0
						h.conns.Range(func(_, _ any) bool { n++; return true })
						return n >= 20
					})
					h.conns.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
				}})
			if p := c.closed(r.Background); p.Asked != 20 || p.Opened != 20 || p.Open != 0 {
				t.Errorf("%+v", p)
			}
			if r.Background.Missing() != 20 || !strings.HasPrefix(r.Background.Fault, c.fault) {
				t.Errorf("%d missing, %q", r.Background.Missing(), r.Background.Fault)
			}
		})
	}
}

func TestBackgroundThatIsRefused(t *testing.T) {
	h := host(t, nil)
	r := mustRun(t, Config{URL: h.url, Connections: 1, Duration: 50 * time.Millisecond,
		Background: &Background{Blocking: 2, Path: "/none", SlowReaders: 3, Unread: "/none"}})
	if b := r.Background; b.Blocking != (Presence{2, 0, 0}) || b.SlowReaders != (Presence{3, 0, 0}) || !strings.Contains(b.Fault, "404") {
		t.Errorf("%+v", b)
	}
}

// A server that answers only as many connections as it has threads leaves the
// further ones unanswered. The generator waits for them once and counts them.
func TestBackgroundThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	var answered atomic.Int64
	s := serve(t, "127.0.0.1:0", func(c *net.TCPConn, request int64) bool {
		if host, _, _ := net.SplitHostPort(c.RemoteAddr().String()); host != "127.0.0.1" && answered.Add(1) > 5 {
			_, _ = c.Read(make([]byte, 1))
			return false
		}
		return say(hello)(c, request)
	})
	r := mustRun(t, Config{URL: s.url(), Connections: 1, Duration: 50 * time.Millisecond, Timeout: 200 * time.Millisecond, Background: &Background{Idle: 10}})
	if p := r.Background.Idle; p != (Presence{10, 6, 6}) { // 5, and the first, which has the address of the run
		t.Errorf("%+v, %s", p, r.Background.Fault)
	}
}

func TestBackgroundIsInterrupted(t *testing.T) {
	s := serve(t, "127.0.0.1:0", func(c *net.TCPConn, request int64) bool {
		_, _ = c.Read(make([]byte, 1))
		return false
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for s.requests.Load() < 4 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	_, err := Run(ctx, Config{URL: s.url(), Connections: 1, Duration: time.Minute, Background: &Background{Idle: 4}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestBackgroundIsChecked(t *testing.T) {
	for _, c := range []struct {
		b    Background
		want string
	}{
		{Background{}, "background 0: must be at least one client"},
		{Background{Idle: -1}, "-1 idle"},
		{Background{Idle: maxClients + 1}, "0 to 50000"},
		{Background{Blocking: 1}, `"" of 1 blocking`},
		{Background{SlowReaders: 1, Unread: "big"}, `"big" of 1 slow readers`},
	} {
		err := Config{URL: "http://x/", Connections: 1, Duration: time.Second, Background: &c.b}.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.b, err, c.want)
		}
	}
}

func TestRaiseFiles(t *testing.T) {
	if err := RaiseFiles(1 << 40); err == nil || !strings.Contains(err.Error(), "the hard limit is") {
		t.Errorf("more than there can be: %v", err)
	}
	if err := RaiseFiles(300); err != nil {
		t.Skip(err)
	}
	out, err := exec.Command("sh", "-c", "ulimit -n").Output()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(out))); err == nil && n < 300+spareFiles {
		t.Errorf("a process that is started has room for %d files", n)
	}
}

// The generator counts bodies longer than its buffer to the byte, whichever way
// they end, and the connection serves further requests.
func TestLongBodiesAreSkipped(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 3<<16) // 3 MiB
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(body))
	for _, c := range []struct {
		name, head string
		keep       bool
	}{
		{"length", head, true},
		{"end", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, "127.0.0.1:0", func(conn *net.TCPConn, _ int64) bool {
				_, err := conn.Write(append([]byte(c.head), body...))
				return err == nil && c.keep
			})
			cfg := Config{URL: s.url(), Connections: 1, Duration: 100 * time.Millisecond, Timeout: time.Minute}
			r := mustRun(t, cfg)
			for r.Within < 2 && cfg.Duration < 30*time.Second { // a busy machine needs longer for two
				cfg.Duration *= 2
				r = mustRun(t, cfg)
			}
			if r.Within < 2 || len(r.Errors) > 0 {
				t.Fatalf("%d answers, %v", r.Requests, r.Errors)
			}
			// A part of one more answer may have come.
			if each := uint64(len(c.head) + len(body)); r.Bytes < r.Within*each || r.Bytes > (r.Within+1)*each {
				t.Errorf("%d bytes in %d answers of %d", r.Bytes, r.Requests, each)
			}
			if c.keep && r.Opened != 1 {
				t.Errorf("%d connections were opened for kept answers", r.Opened)
			}
		})
	}
}
