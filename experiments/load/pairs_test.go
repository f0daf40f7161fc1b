package load

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The second request of a pair never uses the connection of the first. It waits
// for another one even if that connection is free again.
func TestPlace(t *testing.T) {
	g := &generator{conns: make([]conn, 3), pairs: new(pairTable)}
	g.free.ring = make([]*conn, len(g.conns))
	a, b, c := &g.conns[0], &g.conns[1], &g.conns[2]
	take := func(number, next uint64) *conn {
		t.Helper()
		if !g.placed() {
			t.Fatalf("no place for request %d", number)
		}
		g.next.number = next
		return g.place(arrival{number: number})
	}
	for _, one := range []*conn{a, b, c} {
		g.free.push(one)
	}
	if first := take(0, 1); first != a {
		t.Fatal("the first does not go to the connection that was free longest")
	}
	g.free.pop()
	g.free.pop()
	if g.placed() {
		t.Error("nothing is free, and there is a place")
	}
	g.free.push(a) // answered before the second request is due
	if g.placed() {
		t.Error("the second may go where the first went")
	}
	g.free.push(b)
	if second := take(1, 2); second != b {
		t.Error("the second does not go to the other connection")
	}
	if first := take(2, 3); first != a {
		t.Error("the next pair may not use the connection that is free")
	}
	// Requests of other pairs may use it: a second one whose first another
	// thread has sent, and a first one whose second another thread sends.
	g.free.push(a)
	g.firstOn = nil
	if take(4, 6) != a || g.firstOn != nil {
		t.Error("a pair that another thread completes keeps a connection from its use")
	}
}

// Two connections A and B carry pairs. While the answer on A is held back, both
// requests of the next pair are due: the second waits for A. The server sees
// three requests, on A, B and B, until it answers on A.
func TestPairsHaveTwoConnections(t *testing.T) {
	var mu sync.Mutex
	var order []string
	var seen int // requests seen while the answer to the first was held back
	third := make(chan struct{})
	s := serve(t, "127.0.0.1:0", func(c *net.TCPConn, request int64) bool {
		mu.Lock()
		order = append(order, c.RemoteAddr().String())
		n := len(order)
		mu.Unlock()
		switch n {
		case 1:
			<-third
			time.Sleep(20 * time.Millisecond) // time for a second request that does not wait
			mu.Lock()
			seen = len(order)
			mu.Unlock()
		case 3:
			close(third)
		}
		return say(hello)(c, request)
	})
	r := mustRun(t, Config{
		URL: s.url(), Connections: 2, Duration: 100 * time.Millisecond, Rate: 200, Arrivals: Paired, Spacing: time.Millisecond,
	})
	if r.Answered != r.Planned || len(order) < 4 {
		t.Fatalf("%d of %d requests answered, %d seen, errors %v", r.Answered, r.Planned, len(order), r.Errors)
	}
	if order[0] == order[1] || order[2] != order[1] {
		t.Errorf("the first requests came on %v, want A, B, B", order[:3])
	}
	if seen != 3 {
		t.Errorf("%d requests came while A was busy, want 3: the second of the next pair waits for A", seen)
	}
}

// If each request has a new connection, each request of a pair has one too.
func TestPairsOnNewConnections(t *testing.T) {
	s := serve(t, "127.0.0.1:0", sayAndClose("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
	r := mustRun(t, Config{URL: s.url(), Connections: 4, Duration: 100 * time.Millisecond, Rate: 400, Arrivals: Paired, Close: true})
	eventually(t, "the server has accepted every connection", func() bool { return s.accepted.Load() == int64(r.Opened) })
	if r.Planned != 40 || r.Sent != 40 || s.accepted.Load() != 40 {
		t.Errorf("%d planned, %d sent, on %d connections: want 40 each", r.Planned, r.Sent, s.accepted.Load())
	}
}

// answered is a request of a pair in the state in which its answer finds it.
type answered struct {
	number  uint64
	written int64 // 0: neither it nor its partner has been written
}

func TestCountPair(t *testing.T) {
	const later = 2 * pairSlots // the number of the next pair in the same slot
	for name, test := range map[string]struct {
		written  []answered // the state before the answers
		answers  []uint64   // request numbers in the order of their answers
		spacings []int64
		seconds  []uint64
		reversed uint64
	}{
		"in order":           {[]answered{{0, 100}, {1, 130}}, []uint64{0, 1}, []int64{30}, []uint64{1}, 0},
		"answered crosswise": {[]answered{{0, 100}, {1, 130}}, []uint64{1, 0}, []int64{30}, []uint64{1}, 0},
		"reversed":           {[]answered{{0, 150}, {1, 130}}, []uint64{0, 1}, []int64{20}, []uint64{0}, 1},
		"one instant":        {[]answered{{0, 100}, {1, 100}}, []uint64{0, 1}, []int64{1}, []uint64{1}, 0}, // the histogram's smallest value
		"the other failed":   {[]answered{{0, 100}}, []uint64{0}, nil, nil, 0},
		"written, no answer": {[]answered{{0, 100}, {1, 130}}, []uint64{0}, []int64{30}, nil, 0},
		"withdrawn":          {[]answered{{0, 100}, {1, 130}, {1, 0}}, []uint64{0}, nil, nil, 0},
		"two pairs":          {[]answered{{0, 100}, {1, 130}, {2, 200}, {3, 240}}, []uint64{3, 0, 1, 2}, []int64{30, 40}, []uint64{1, 3}, 0},
		"long ago":           {[]answered{{1, 130}, {later, 9000}}, []uint64{later}, nil, nil, 0},
		"slot used again":    {[]answered{{0, 100}, {1, 130}, {later, 9000}, {later + 1, 9050}}, []uint64{later + 1, later}, []int64{50}, []uint64{later + 1}, 0},
		"overtaken":          {[]answered{{0, 100}, {later, 9000}, {later + 1, 9050}, {1, 9100}}, []uint64{1}, nil, nil, 0},
	} {
		g := &generator{pairs: new(pairTable), tally: newTally(Config{Duration: 1e6, Rate: 1, Arrivals: Paired})}
		times := map[uint64]int64{}
		for _, one := range test.written {
			if one.written == 0 {
				g.pairs.withdraw(one.number)
				continue
			}
			g.pairs.write(one.number, one.written)
			times[one.number] = one.written
		}
		const now, sooner, started = 50_000, 1000, 400 // each second request has a latency of its own, by which the test recognises it
		for _, number := range test.answers {
			planned := now - int64(number%1000) - sooner
			g.countPair(&conn{planned: arrival{number: number}, written: times[number]}, now-planned, now-planned-started)
		}
		var latencies, services []int64
		for _, number := range test.seconds {
			latencies = append(latencies, int64(number%1000)+sooner)
			services = append(services, int64(number%1000)+sooner-started)
		}
		p := g.tally.pairs
		checkValues(t, name+", spacings", p.spacing, test.spacings)
		checkValues(t, name+", latencies of seconds", p.latency, latencies)
		checkValues(t, name+", service times of seconds", p.service, services)
		if p.reversed != test.reversed {
			t.Errorf("%s: %d pairs reversed, want %d", name, p.reversed, test.reversed)
		}
	}
}

// checkValues checks that h has exactly these values, in ascending order, each
// once. They must be small enough for the histogram to be exact.
func checkValues(t *testing.T, what string, h *hdrhistogram.Histogram, want []int64) {
	t.Helper()
	var got []int64
	for _, bar := range h.Distribution() {
		for range bar.Count {
			got = append(got, bar.From)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}
