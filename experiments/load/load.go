// Package load generates HTTP/1.1 load and measures what the client sees.
//
// A closed loop keeps a number of connections busy: each sends its next
// request when it has its answer. An open loop plans the send times first
// (single requests, pairs or bursts) and never lets a slow answer delay a plan: a
// request whose connection is not free waits, and that wait is part of its
// latency. Latency runs from the planned send, service time from the actual
// one; in a closed loop the two differ only by the generator's own delay.
//
// The package talks raw epoll on a few locked threads, knows nothing of the
// servers of this project, and measures itself: its send lag and its CPU use
// tell whether its figures can be believed.
package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Arrivals is the law of an open loop's planned send times.
type Arrivals string

const (
	Poisson Arrivals = "poisson" // exponential gaps, drawn from the seed
	Fixed   Arrivals = "fixed"   // equal gaps

	// Paired are two requests, on two connections, Config.Spacing apart. Pairs
	// come at equal gaps with a jitter drawn from the seed: each begins within the
	// first half of the time that it could begin in without running into the next,
	// so that pairs never overlap, and yet keep step with no timer.
	Paired Arrivals = "paired"

	// Burst are Config.Burst requests at one instant, with exponential gaps
	// between the bursts.
	Burst Arrivals = "burst"
)

// Config describes one load.
type Config struct {
	URL         string        // http://host:port/path
	Connections int           // connections open at once; in an open loop, the most there may be
	Threads     int           // generator threads; 0 means 1
	Duration    time.Duration // measured time, after the warm-up
	Warmup      time.Duration // sent and answered, not counted
	Rate        float64       // requests per second of an open loop; 0 is a closed loop
	Arrivals    Arrivals      // of an open loop; empty means Poisson
	Spacing     time.Duration // of Paired arrivals: from the first's planned send to the second's
	Burst       int           // of Burst arrivals: requests in each
	Close       bool          // a new connection for each request, with "Connection: close"
	Seed        uint64        // of the arrivals that are drawn: all but Fixed
	CPUs        []int         // the generator threads are bound to these in turn; empty: to none
	Timeout     time.Duration // a request unanswered for so long is an error; 0 means 10 s

	// Begin and End, when set, are called once each by Run's own goroutine (no
	// generator thread) as the measured time begins and as it ends, so that a
	// caller can read its counters around it. They should take well under a
	// millisecond. A run that ends early, by its context, does not call End.
	Begin, End func()

	// Background, when set, are clients that are there from before the warm-up
	// until after the end. Opened is called by Run's own goroutine once they are,
	// or once no more of them come to be.
	Background *Background
	Opened     func()

	// Progress, when set, is called about four times a second from outside
	// the generator's threads.
	Progress func(elapsed, total time.Duration, requests uint64)
}

// Second is what was measured of those requests of pairs that were written
// after their partners; Result's own histograms have them as well.
type Second struct {
	Latency, Service *hdrhistogram.Histogram
}

// Bins are what was answered in equal parts of the measured time, for one who
// wants to know whether it was steady: 40 to 100 parts of 1, 2 or 5 times a
// power of ten, in ns. What is left at the end and fills no part is in none.
type Bins struct {
	Width    time.Duration
	Requests []uint64  // answered
	Mean     []float64 // latency of these, ns; 0 where there are none
	P50      []float64 // the same, to 1 %, but not finer than 1 us
}

// Result is what a load measured.
type Result struct {
	Requests  uint64            // answered within the measured time
	Errors    map[string]uint64 // by kind: connect, timeout, reset, closed, status_4xx, status_5xx, protocol
	Bytes     uint64            // received, heads included
	Duration  time.Duration     // of the measured time, as it was
	Achieved  float64           // requests per second
	Offered   float64           // the planned rate of an open loop, 0 in a closed one
	Planned   uint64            // requests whose planned send lay in the measured time (open loop)
	Latency   *hdrhistogram.Histogram
	Service   *hdrhistogram.Histogram
	SendLag   *hdrhistogram.Histogram // from the planned send until the request could be written, while its connection was free
	CPU       time.Duration           // of the generator's threads, user and system
	CPUShare  float64                 // CPU / (Duration x Threads): 1 is a saturated generator
	Sent      uint64                  // requests written in the whole run, warm-up and what follows the measured time included
	Answered  uint64                  // of these, answered
	Opened    uint64                  // connections opened in the whole run
	PerSecond []float64               // requests per second in each 100 ms of the measured time
	Bins      Bins                    // the measured time in equal parts

	// Of Paired arrivals, nil or 0 with others. With one generator thread the
	// second is sent once the first is written, however small the spacing that was
	// asked for; with two or more, another thread sends it.
	PairSpacing *hdrhistogram.Histogram // as it was: between the beginnings of the two writes
	Reversed    uint64                  // pairs whose second was written first
	Second      *Second

	Background *Presences // of Config.Background, nil without

	cfg Config // that was run, with its defaults
}
