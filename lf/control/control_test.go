package control

import (
	"errors"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// begin starts a server in this process. The test ends it.
func begin(t *testing.T, c Config) *Server {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// A server can be started and ended without signals, and leaves nothing open.
func TestInProcess(t *testing.T) {
	everyKind(t, func(t *testing.T, name string) {
		before := descriptors(t)
		c := plain(name)
		c.HTTP.DocRoot = t.TempDir()
		c.Lab = true
		s := begin(t, c)
		p := dial(t, s.Addr())
		if got := p.get("/hello"); got != "Hello, World!" {
			t.Errorf("/hello: %q", got)
		}
		if status := p.get("/server-status?auto"); !strings.Contains(status, "\nServerMPM: "+name+"\n") {
			t.Errorf("/server-status: %q", status)
		}
		if err := s.Drain(); err != nil {
			t.Error(err)
		}
		p.Close()
		until(t, "the descriptors to come free", func() bool { return descriptors(t) <= before })
	})
}

// The error for a bad configuration names the value, and nothing stays open.
func TestBadConfig(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tests := map[string]func(*Config){
		`unknown mpm "thread"`:                            func(c *Config) { c.MPM = "thread" },
		`unknown primitive "semaphore"`:                   func(c *Config) { c.Primitive = "semaphore" },
		`unknown order "order(99)"`:                       func(c *Config) { c.Order = 99 },
		`unknown promotion "promotion(99)"`:               func(c *Config) { c.Promotion = 99 },
		"0 threads are too few for mpm leader":            func(c *Config) { c.Threads = 0 },
		`resolve "nowhere"`:                               func(c *Config) { c.Listen = []string{"nowhere"} },
		"listen on " + l.Addr().String() + ": address":    func(c *Config) { c.Listen = []string{l.Addr().String()} },
		"open the document root: stat /nonexistent/files": func(c *Config) { c.HTTP.DocRoot = "/nonexistent/files" },
		"limit Head: 1 is out of range":                   func(c *Config) { c.HTTP.Limits.Head = 1 },
	}
	before := descriptors(t)
	for want, spoil := range tests {
		c := plain("leader")
		c.HTTP.DocRoot = t.TempDir()
		spoil(&c)
		_, err := New(c)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	if n := descriptors(t); n != before {
		t.Errorf("%d descriptors, %d before", n, before)
	}
	c := plain("leader")
	c.Listen = []string{l.Addr().String()}
	if _, err := New(c); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("an address in use: %v", err)
	}
}

// The status can be read before Start.
func TestStatusBeforeStart(t *testing.T) {
	s, err := New(plain("kernel"))
	if err != nil {
		t.Fatal(err)
	}
	if st := s.status(); st.MPM != "kernel" || st.Threads != 0 {
		t.Errorf("status %+v", st)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if st := s.status(); st.Threads != 6 || st.Started == 0 {
		t.Errorf("status %+v", st)
	}
	if err := s.Drain(); err != nil {
		t.Error(err)
	}
}
