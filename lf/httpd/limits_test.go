package httpd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lflab/lf/serve"
)

func TestLimitsAreExact(t *testing.T) {
	head := func(size int) string {
		h := ask("GET", "/hello", "X: ", "")
		return strings.Replace(h, "X: ", "X: "+strings.Repeat("y", size-len(h)-2)+"\r\n", 1)
	}
	line := func(size int) string {
		h := "GET /hello? HTTP/1.1\r\nHost: h\r\n\r\n"
		return strings.Replace(h, "?", "?"+strings.Repeat("y", size-len(h)), 1)
	}
	fields := func(n int) string {
		var b strings.Builder
		for i := range n - 1 { // Host is one more
			fmt.Fprintf(&b, "X-%d: y\r\n", i)
		}
		return ask("GET", "/hello", b.String(), "")
	}
	body := func(n int) string {
		return ask("POST", "/echo", fmt.Sprintf("Content-Length: %d\r\n", n), letters(n))
	}
	chunked := func(n, size int) string {
		var b strings.Builder
		for rest := letters(n); rest != ""; {
			piece := rest[:min(size, len(rest))]
			fmt.Fprintf(&b, "%x\r\n%s\r\n", len(piece), piece)
			rest = rest[len(piece):]
		}
		return ask("POST", "/echo", "Transfer-Encoding: chunked\r\n", b.String()+"0\r\n\r\n")
	}
	tests := []struct {
		name  string
		input string
		want  int
	}{
		{"head", head(8192), 200},
		{"head-over", head(8193), 431},
		{"line", line(8192), 200},
		{"line-over", line(8193), 431},
		{"fields", fields(maxFields), 200},
		{"fields-over", fields(maxFields + 1), 431},
		{"body", body(1 << 20), 200},
		{"body-over", body(1<<20 + 1), 413},
		{"chunked", chunked(1<<20, 1<<20), 200},
		{"chunked-over", chunked(1<<20+1, 1<<20+1), 413},
		{"chunked-pieces", chunked(1<<20, 1000), 200},
		{"chunked-pieces-over", chunked(1<<20+1, 1000), 413},
		{"chunked-framing-over", chunked(1<<18, 1), 413},
		{"chunked-framing", chunked(1<<16, 1), 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := Config{}
			if strings.Contains(test.name, "framing") {
				c.Limits.Body = 1 << 18
				if test.want == 200 {
					c.Limits.Body = 1 << 19
				}
			}
			onAllKinds(t, c, test.input+lastHello, false, func(t *testing.T, f *fake, transcript string) {
				a := answers(t, transcript)
				n := 1
				if test.want == 200 {
					n = 2
				}
				if len(a) != n || a[0].code != test.want || !a[n-1].close {
					t.Errorf("want %d: %.200q", test.want, transcript)
				}
			})
		})
	}
}

// A peer that announces much and sends little gets little memory.
func TestMemoryFollowsWhatArrives(t *testing.T) {
	s := newServer(t, Config{}).newSession()
	f := &fake{t: t, pieces: [][]byte{[]byte(ask("POST", "/echo", "Content-Length: 1048576\r\n", "x"))}}
	s.Reset(f)
	th := serve.Thread{Row: new(serve.Row)}
	if next := s.Serve(&th); next != serve.ReadMore || cap(s.in) > inSize {
		t.Errorf("asks for %d with %d bytes of buffer", next, cap(s.in))
	}
	for range 10 {
		f.pieces = append(f.pieces, []byte(letters(100000)))
	}
	f.pieces = append(f.pieces, []byte(letters(1048576-1000001)))
	for s.Serve(&th) == serve.ReadMore {
	}
	if len(answers(t, f.written.String())) != 1 {
		t.Fatalf("%.200q", f.written.String())
	}
	if cap(s.in) > inKeep || cap(s.out) > outKeep {
		t.Errorf("keeps buffers of %d and %d bytes", cap(s.in), cap(s.out))
	}
}

func TestConfigIsChecked(t *testing.T) {
	tests := []struct {
		config Config
		want   string
	}{
		{Config{Limits: Limits{Head: 10}}, "limit Head: 10 is out of range (want 256 to 1048576)"},
		{Config{Limits: Limits{Body: -1}}, "limit Body: -1 is out of range (want 1 to 1073741824)"},
		{Config{Limits: Limits{MaxKeepAliveRequests: -1}}, "limit MaxKeepAliveRequests: -1"},
		{Config{Limits: Limits{WriteTimeout: -5}}, "limit WriteTimeout: -5ns"},
		{Config{Slow: -time.Second}, "slow: -1s is negative (0 means the default, 50µs)"},
		{Config{DocRoot: "/nonexistent/place"}, "open the document root: stat /nonexistent/place: no such file or directory"},
	}
	for _, test := range tests {
		if _, err := New(test.config); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q, want %q", err, test.want)
		}
	}
}
