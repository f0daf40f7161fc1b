package httpd

import (
	"fmt"
	"log/slog"
	"time"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// Limits bound what a peer may send and how long it may take. A field that is 0
// has its default. Only MaxKeepAliveRequests can be switched off.
type Limits struct {
	Head             int           // bytes of request line and fields; beyond it 431. Default 8 KiB
	Body             int           // bytes of a decoded request body; beyond it 413. Default 1 MiB
	HeadTimeout      time.Duration // for the whole head from its first byte, or from the connection's start. Default 10 s
	BodyTimeout      time.Duration // for the whole body from the end of the head. Default 30 s
	KeepAliveTimeout time.Duration // from a response to the next request's first byte. Default 5 s
	WriteTimeout     time.Duration // for the peer to take any of the response. Default 30 s

	// LingerTimeout is how long to wait, after the last response, for a peer
	// that may still send, before the connection is closed. LingerShort
	// replaces it when the server drains. On a stream that blocks, LingerShort
	// also bounds the time without data. Defaults 30 s, 2 s
	LingerTimeout, LingerShort time.Duration

	// MaxKeepAliveRequests is the number of responses after which a connection
	// is closed. 0 means no limit; 1 closes after each response.
	MaxKeepAliveRequests int
}

// Config configures a Server. The zero value serves the built-in handlers and
// no files.
type Config struct {
	// DocRoot is the directory whose files are served; empty for none. The path
	// is resolved again for each request.
	DocRoot string

	// DocRootMayBeAway makes New succeed while DocRoot cannot be opened. Until
	// it can be, requests for files are answered 503. Use it for a process that
	// is added to running ones: they survive a short absence of DocRoot, so the new
	// one should, too.
	DocRootMayBeAway bool

	Limits Limits

	// Slow is how long a handler may take before it counts as slow. Before a
	// slow handler the thread gives up what others wait for
	// (serve.Thread.BeforeLong). The default, 50 µs, is several times what it
	// takes to wake a thread.
	Slow time.Duration

	// Status returns the data of /server-status, which answers 404 if it is
	// nil. Any thread may call it.
	Status func() serve.Status `json:"-"`

	// Flight implements /lab/flight?record=on|off, which answers 404 if it is
	// nil. action is "on" or "off"; window is what from=NS and to=NS ask for,
	// and all time without them; raw says that raw=1 asks for single records,
	// too. The result is sent as JSON.
	Flight func(action string, window flight.Window, raw bool) (any, error) `json:"-"`

	// Snapshots is the name of the socket on which a client may ask for
	// snapshots of the counters; /lab/counters tells it. Empty means that there
	// is none.
	Snapshots string `json:"-"`

	// Debug adds /panic, a handler that panics.
	Debug bool

	// Log gets the panics of handlers. nil means slog.Default().
	Log *slog.Logger `json:"-"`
}

const (
	defaultHead = 8 << 10
	defaultBody = 1 << 20
	defaultSlow = 50 * time.Microsecond
	// The request line and fields of a small browser must fit. The buffer is
	// doubled until they do.
	leastHead = 256
	mostHead  = 1 << 20
	mostBody  = 1 << 30
)

// complete checks l and fills in the defaults.
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
			return l, fmt.Errorf("limit %s: %d is out of range (want %d to %d)", s.name, *s.value, s.least, s.most)
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
			return l, fmt.Errorf("limit %s: %v is out of range (want 0 to 24h; 0 means the default, %v)", t.name, *t.value, t.byDefault)
		}
	}
	return l, nil
}
