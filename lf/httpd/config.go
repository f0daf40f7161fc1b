package httpd

import (
	"fmt"
	"log/slog"
	"time"

	"lflab/lf/serve"
)

// Limits bound what a peer may send and how long it may take. A field that is
// 0 has its default; there is no way to switch a limit off, but for
// MaxKeepAliveRequests.
type Limits struct {
	Head             int           // bytes of request line and fields; beyond it 431. Default 8 KiB
	Body             int           // bytes of a decoded request body; beyond it 413. Default 1 MiB
	HeadTimeout      time.Duration // for the whole head from its first byte, or from the connection's start. Default 10 s
	BodyTimeout      time.Duration // for the whole body from the end of the head. Default 30 s
	KeepAliveTimeout time.Duration // from a response to the next request's first byte. Default 5 s
	WriteTimeout     time.Duration // for the peer to take any of the response. Default 30 s

	// LingerTimeout is how long a peer that may still send is waited for after
	// the last response, before the connection is closed. LingerShort bounds
	// that where the server drains; and where a thread waits, how long the peer
	// may be silent meanwhile. Defaults 30 s, 2 s
	LingerTimeout, LingerShort time.Duration

	// MaxKeepAliveRequests is after how many responses a connection is closed;
	// 0 is never, and 1 keeps no connection.
	MaxKeepAliveRequests int
}

// Config is what a Server is made from. The zero value serves the built-in
// handlers and no files.
type Config struct {
	// DocRoot is the directory whose files are served; empty for none. Where
	// the path leads is looked up for each request.
	DocRoot string

	// DocRootMayBeAway has New succeed while DocRoot cannot be opened: requests
	// for files are answered 503 until it can be. It is for a process that
	// joins others which have served DocRoot, and which a moment without it
	// does not end either.
	DocRootMayBeAway bool

	Limits Limits

	// Slow is from when on a handler is slow. Before a slow one the thread
	// gives up what others wait for (serve.Thread.BeforeLong); the default is
	// what it takes to wake a thread, several times over. Default 50 us
	Slow time.Duration

	// Status feeds /server-status, which answers 404 without it. It is called
	// by any thread.
	Status func() serve.Status `json:"-"`

	// Flight feeds /lab/flight?record=on|off, which answers 404 without it. It
	// is called with "on" or "off", and with whether raw=1 asks for single
	// records too; what it returns is answered as JSON.
	Flight func(action string, raw bool) (any, error) `json:"-"`

	// Debug adds /panic, a handler that panics.
	Debug bool

	// Log gets the panics of handlers; slog.Default() when nil.
	Log *slog.Logger `json:"-"`
}

const (
	defaultHead = 8 << 10
	defaultBody = 1 << 20
	defaultSlow = 50 * time.Microsecond
	// A request line and the fields of a small browser have to fit, and the
	// buffer for it is doubled on the way there.
	leastHead = 256
	mostHead  = 1 << 20
	mostBody  = 1 << 30
)

// complete checks l and fills in defaults.
func (l Limits) complete() (Limits, error) {
	sizes := []struct {
		name             string
		value            *int
		byDefault, least int
		most             int
	}{
		{"Head", &l.Head, defaultHead, leastHead, mostHead},
		{"Body", &l.Body, defaultBody, 1, mostBody},
		{"MaxKeepAliveRequests", &l.MaxKeepAliveRequests, 0, 0, 1 << 40},
	}
	for _, s := range sizes {
		if *s.value == 0 {
			*s.value = s.byDefault
		}
		if *s.value < s.least || *s.value > s.most {
			return l, fmt.Errorf("limit %s: %d is not in %d..%d", s.name, *s.value, s.least, s.most)
		}
	}
	times := []struct {
		name      string
		value     *time.Duration
		byDefault time.Duration
	}{
		{"HeadTimeout", &l.HeadTimeout, 10 * time.Second},
		{"BodyTimeout", &l.BodyTimeout, 30 * time.Second},
		{"KeepAliveTimeout", &l.KeepAliveTimeout, 5 * time.Second},
		{"WriteTimeout", &l.WriteTimeout, 30 * time.Second},
		{"LingerTimeout", &l.LingerTimeout, 30 * time.Second},
		{"LingerShort", &l.LingerShort, 2 * time.Second},
	}
	for _, t := range times {
		if *t.value == 0 {
			*t.value = t.byDefault
		}
		if *t.value < 0 || *t.value > 24*time.Hour {
			return l, fmt.Errorf("limit %s: %v is not in 0..24h (0 means the default, %v)", t.name, *t.value, t.byDefault)
		}
	}
	return l, nil
}
