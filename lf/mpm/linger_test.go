package mpm

import (
	"io"
	"strings"
	"testing"
	"time"

	"lflab/lf/httpd"
)

// E6: if a client sends all of a refused body before it reads, it gets the
// whole answer and no reset.
func TestRefusedBody(t *testing.T) {
	const size = 3_000_000
	someVariants(t, setup{limits: httpd.Limits{Body: 1000, LingerShort: patience}}, func(t *testing.T, r *rig) {
		c := r.dial()
		c.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
		for range size / 100_000 {
			c.send(string(letters(100_000)))
		}
		res, body := c.answer("POST")
		if res.StatusCode != 413 || !res.Close || !strings.Contains(body, "too large") {
			t.Errorf("%s, close %v, %q", res.Status, res.Close, body)
		}
		c.end()
		c.Close()
		r.idle() // at once, because the peer has closed its side
	})
}

// E6: the same holds for a client that sends more requests without waiting,
// when the server ends the connection in between.
func TestAnswersBeforeTheEnd(t *testing.T) {
	someVariants(t, setup{limits: httpd.Limits{MaxKeepAliveRequests: 2, LingerShort: patience}}, func(t *testing.T, r *rig) {
		c := r.dial()
		c.send(getHello)
		c.hello("GET")
		c.send(bytesRequest(1_000_000))
		c.send(getHello)
		if _, body := c.answer("GET"); body != string(letters(1_000_000)) {
			t.Errorf("%d bytes of 1000000, or they differ", len(body))
		}
		c.send(getHello)
		c.end()
		c.Close()
		r.idle()
	})
}

// E6: the server waits for a peer that does not close until its deadline. If
// connections wait without a thread, this one does, too; otherwise its thread
// shows C on the scoreboard. A wait for the next request shows K.
func TestSilentLinger(t *testing.T) {
	const limit = 300 * time.Millisecond
	each(t, plainKinds(), func(t *testing.T, v variant) {
		kind := v.kind
		limits := httpd.Limits{LingerTimeout: patience, LingerShort: limit}
		if kind.Async {
			limits = httpd.Limits{LingerTimeout: limit, LingerShort: limit / 100}
		}
		threads := 3
		if kind.MaxThreads != 0 {
			threads = kind.MaxThreads
		}
		r := start(t, kind.Name, setup{threads: threads, limits: limits})
		kept := r.dial()
		kept.send(getHello)
		kept.hello("GET")
		shows := func(letter string, n int) {
			t.Helper()
			until(t, letter+" on the scoreboard", func() bool {
				st := r.m.Status()
				return !kind.Async && strings.Count(st.Scoreboard, letter) == n ||
					kind.Async && (letter == "K" && st.AsyncKeepAlive == n || letter == "C" && st.AsyncClosing == n)
			})
		}
		shows("K", 1)
		if threads == 1 {
			kept.Close()
		}
		began := time.Now()
		c := r.dial()
		c.send("nonsense\r\n\r\n")
		if res, _ := c.answer("GET"); res.StatusCode != 400 {
			t.Errorf("answer %s", res.Status)
		}
		c.end() // our side only
		shows("C", 1)
		if kind.Async {
			r.check()
		}
		kept.Close()
		r.idle()
		if took := time.Since(began); took < limit {
			t.Errorf("closed after %v, limit %v", took, limit)
		}
	})
}

// E6: in a drain it waits only for a short time.
func TestLingerInADrain(t *testing.T) {
	someVariants(t, setup{limits: httpd.Limits{LingerTimeout: 10 * patience}}, func(t *testing.T, r *rig) {
		c := r.dial()
		c.send("nonsense\r\n\r\n")
		io.Copy(io.Discard, c.in)
		if r.kind.Async {
			until(t, "it to linger", func() bool { return r.m.Status().AsyncClosing == 1 })
		}
		r.stop()
	})
}
