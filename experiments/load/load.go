// Package load generates HTTP/1.1 load and measures what the client sees.
//
// A closed loop keeps a number of connections busy: each sends its next
// request when it has its answer. An open loop plans the send times first
// (single requests, pairs or bursts) and never lets a slow answer delay a plan: a
// request whose connection is not free waits, and that wait is part of its
// latency. Latency runs from the planned send, service time from the actual
// one; in a closed loop the two differ only by the generator's own delay.
//
// A request belongs to the measured time if it was planned in it: in a closed
// loop that is when its connection was free for it. Answers that come later are
// waited for, at most for the timeout. Every such request has one outcome and
// enters the latency once. One without an answer (refused, reset, closed, timed
// out, not sent) enters it and the service time with what it has waited, but at
// least the timeout, so that no quantile hides it; one that was never sent has
// no service time. Where the load was stopped, what is under way enters with
// what it has waited. Throughput alone is of the successful answers that came
// within the measured time.
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

	// Waiting, when set, is called by Run's own goroutine where answers are still
	// missing half a second after the measured time. They are waited for so long.
	Waiting func(most time.Duration)
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

// Starved tells of connections on which there was no answer in the whole run. A
// connection that waits in a server's backlog is connected and takes a request.
type Starved struct {
	Asked       int `json:"asked"`       // connections that were given a request
	Unanswered  int `json:"unanswered"`  // of these, that never had an answer
	Unconnected int `json:"unconnected"` // of these, that never took a request
}

func (s *Starved) count(c *conn) {
	if !c.asked {
		return
	}
	s.Asked++
	if !c.served {
		s.Unanswered++
	}
	if !c.took {
		s.Unconnected++
	}
}

// Result is what a load measured.
type Result struct {
	Requests  uint64            // planned in the measured time and answered with success: a status of 200 to 299
	Errors    map[string]uint64 // the others, by kind: connect_refused, timeout, reset, closed, protocol, not_sent, status_4xx, ...
	Statuses  map[int]uint64    // of the answers to requests planned in the measured time
	Within    uint64            // successful answers that came within the measured time, whenever they were planned
	Bytes     uint64            // received, heads included
	Duration  time.Duration     // of the measured time, as it was
	Achieved  float64           // Within per second
	Offered   float64           // the planned rate of an open loop, 0 in a closed one
	Planned   uint64            // requests whose planned send lay in the measured time: Requests and all Errors
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

	Unanswered      uint64        // of Errors, those without an answer
	UnansweredLeast time.Duration // with which they entered Latency at least: quantiles from here on are lower bounds
	Late            uint64        // of Planned, those sent after the measured time, for no connection was free before, and answered
	Unasked         uint64        // times that a server sent something on a connection without a request
	Beyond          uint64        // values that lay beyond the histograms' range, and count at its end
	Starved         Starved

	// Of Paired arrivals, nil or 0 with others. With one generator thread the
	// second is sent once the first is written, however small the spacing that was
	// asked for; with two or more, another thread sends it.
	PairSpacing *hdrhistogram.Histogram // as it was: between the beginnings of the two writes
	Reversed    uint64                  // pairs whose second was written first
	Second      *Second

	Background *Presences // of Config.Background, nil without

	cfg Config // that was run, with its defaults
}
