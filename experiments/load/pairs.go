package load

import (
	"sync/atomic"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// placed reports whether there is a connection for the next request. A pair's
// second does not go where its first went.
func (g *generator) placed() bool {
	return g.free.n > 1 || g.free.n == 1 && g.free.ring[g.free.head] != g.firstOn
}

// place takes a connection for the planned request, of which g.next is the
// successor.
func (g *generator) place(planned arrival) *conn {
	c := g.free.pop()
	if c == g.firstOn {
		g.free.push(c)
		c = g.free.pop()
	}
	g.firstOn = nil
	if g.pairs != nil && planned.number%2 == 0 && g.next.number == planned.number+1 {
		g.firstOn = c
	}
	return c
}

// A pairTally is what one thread has counted of pairs in the measured time.
type pairTally struct {
	spacing          *hdrhistogram.Histogram
	latency, service *hdrhistogram.Histogram // of the seconds
	reversed         uint64
}

func (t *pairTally) merge(o *pairTally) {
	t.spacing.Merge(o.spacing)
	t.latency.Merge(o.latency)
	t.service.Merge(o.service)
	t.reversed += o.reversed
}

// countPair counts what the outcome of c's request tells of its pair. Who was the
// second is not what was planned but what came to be, and the outcome that comes
// first may come before the other request is written.
func (g *generator) countPair(c *conn, latency, service int64) {
	partner, written := g.pairs.partner(c.planned.number)
	if !written {
		return
	}
	t, planned := g.tally.pairs, c.planned.number%2 == 1
	second := c.written > partner || c.written == partner && planned
	if second {
		g.tally.record(t.latency, latency)
		g.tally.record(t.service, service)
	}
	if g.pairs.note(c.planned.number) {
		g.tally.record(t.spacing, max(c.written-partner, partner-c.written))
		if second != planned {
			t.reversed++
		}
	}
}

// A pairBook is where the generator threads of a run tell each other when they
// have written the requests of pairs. It has room for the latest pairs only: one
// whose requests are written or answered so many pairs apart is not counted, and
// says nothing of simultaneous requests.
type pairBook struct{ pages [bookPages]bookPage }

const (
	bookPages = 1 << 12
	stampBits = 48 // 3 days in ns, the longest run that Validate allows
)

// A bookPage has the stamps of a pair's two requests: above stampBits the low
// bits of its number of earlier pairs on this page, below them when the write
// began. 0 is no stamp.
type bookPage struct {
	written [2]atomic.Uint64
	noted   atomic.Uint64 // the last pair that was, from 1
}

func (b *pairBook) page(request uint64) *bookPage { return &b.pages[request/2%bookPages] }

// turn tells the pairs of one page apart.
func turn(request uint64) uint64 { return request / 2 / bookPages << stampBits }

// write is called before a write, so that no answer to it is read sooner.
func (b *pairBook) write(request uint64, now int64) {
	b.page(request).written[request%2].Store(turn(request) | uint64(now))
}

// withdraw takes back what was not written after all.
func (b *pairBook) withdraw(request uint64) {
	b.page(request).written[request%2].Store(0)
}

// partner returns when the write of the other request of the pair began, and
// whether it did.
func (b *pairBook) partner(request uint64) (int64, bool) {
	stamp := b.page(request).written[1-request%2].Load()
	at := stamp & (1<<stampBits - 1)
	return int64(at), at != 0 && stamp-at == turn(request)
}

// note reports whether nobody has noted the request's pair before.
func (b *pairBook) note(request uint64) bool {
	return b.page(request).noted.Swap(request/2+1) != request/2+1
}
