// Package load generates HTTP/1.1 load and measures what the client sees.
//
// A closed loop keeps a number of connections busy: each sends its next
// request when it has its answer. An open loop plans the send times first
// (Poisson or fixed arrivals) and never lets a slow answer delay a plan: a
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
	Close       bool          // a new connection for each request, with "Connection: close"
	Seed        uint64        // of the Poisson arrivals
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

	Background *Presences // of Config.Background, nil without

	cfg Config // that was run, with its defaults
}
