// Package load generates HTTP/1.1 load and measures what the client sees.
//
// A closed loop keeps a number of connections busy: each sends its next request
// when it has its answer. An open loop plans the send times first (single
// requests, pairs or bursts), and a slow answer never changes the plan: a
// request without a free connection waits, and that wait is part of its
// latency. Latency counts from the planned send, service time from the actual
// one. In a closed loop the two differ only by the generator's own delay.
//
// A request belongs to the measured time if it was planned in it. In a closed
// loop the planned time is when its connection became free. Run waits for later
// answers, at most for the timeout. Every such request has one outcome and
// counts once in the latency. A request without an answer (refused, reset,
// closed, timed out, not sent) counts in the latency and the service time with
// the time that it has waited, but at least the timeout, so that no quantile
// hides it. A request that was never sent has no service time. If the load was
// stopped, requests in progress count with the time that they have waited.
// Throughput counts only the successful answers that came within the measured
// time. A request of the warm-up counts nowhere, but Held names those that took
// a part of the measured time, and Starved the connections without answers.
//
// The package uses epoll by raw system calls on a few locked threads. It knows
// nothing about the servers of this project. It measures itself: its send lag
// and CPU use show whether its figures can be trusted.
package load

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Arrivals is the rule for an open loop's planned send times.
type Arrivals string

const (
	Poisson Arrivals = "poisson" // exponential gaps, drawn from the seed
	Fixed   Arrivals = "fixed"   // equal gaps

	// Paired arrivals are two requests, on two connections, Config.Spacing
	// apart. Pairs come at equal gaps with a jitter drawn from the seed. Each
	// begins within the first half of the time in which it could begin without
	// overlapping the next pair. So pairs never overlap, and yet are not in
	// step with a timer.
	Paired Arrivals = "paired"

	// Burst arrivals are Config.Burst requests at the same time, with
	// exponential gaps between bursts.
	Burst Arrivals = "burst"
)

// Config describes one load.
type Config struct {
	URL         string        // http://host:port/path
	Connections int           // connections open at once; in an open loop, the most that may be
	Threads     int           // generator threads; 0 means 1
	Duration    time.Duration // the measured time, after the warm-up
	Warmup      time.Duration // time in which requests are sent and answered but not counted
	Rate        float64       // requests per second of an open loop; 0 selects a closed loop
	Arrivals    Arrivals      // for an open loop; empty means Poisson
	Spacing     time.Duration // for Paired arrivals: from the first planned send to the second
	Burst       int           // for Burst arrivals: requests in each burst
	Close       bool          // a new connection for each request, with "Connection: close"
	Seed        uint64        // for arrivals that are drawn: all but Fixed
	CPUs        []int         // the generator threads are bound to these in turn; empty for no binding
	Timeout     time.Duration // a request without an answer for so long is an error; 0 means 10 s

	// Begin and End, if set, are each called once as the measured time begins
	// and ends, so that the caller can read its counters. Run's own goroutine
	// calls them, not a generator thread. They should take much less than 1 ms.
	// A run that its context ends does not call End.
	Begin, End func()

	// Background, if set, describes clients that are connected from before the
	// warm-up until after the end. Run's own goroutine calls Opened when they
	// are, or when no more of them will be.
	Background *Background
	Opened     func()

	// Progress, if set, is called about four times a second, not on a generator
	// thread.
	Progress func(elapsed, total time.Duration, requests uint64)

	// Waiting, if set, is called by Run's own goroutine if answers are missing
	// half a second after the measured time. Run waits for them at most for
	// `most`.
	Waiting func(most time.Duration)
}

// Second holds the times of those requests of pairs that were written after
// their partners. Result's own histograms also contain them.
type Second struct {
	Latency, Service *hdrhistogram.Histogram
}

// Bins divide the measured time into equal parts, to show whether it was
// steady: up to 100 parts of 1, 2 or 5 times a power of ten ns. An incomplete
// part at the end is left out.
type Bins struct {
	Width    time.Duration
	Requests []uint64  // successful answers in each part
	Mean     []float64 // their mean latency, ns; 0 if there are none
	P50      []float64 // their median latency to 1 %, but not finer than 1 µs; 0 if they are fewer than 20
}

// Result holds the measurements of a load.
type Result struct {
	Requests  uint64            // planned in the measured time and answered with a status of 200 to 299
	Errors    map[string]uint64 // planned but not successful, by kind: connect_refused, timeout, reset, closed, protocol, not_sent, status_4xx, ...
	Statuses  map[int]uint64    // statuses of the answers to requests planned in the measured time
	Within    uint64            // successful answers that came within the measured time, whenever they were planned
	Bytes     uint64            // received, including heads
	Began     time.Time         // when the measured time began
	Duration  time.Duration     // actual length of the measured time
	Achieved  float64           // Within per second
	Offered   float64           // the planned rate of an open loop, 0 in a closed one
	Planned   uint64            // requests planned in the measured time: Requests and all Errors
	Latency   *hdrhistogram.Histogram
	Service   *hdrhistogram.Histogram
	SendLag   *hdrhistogram.Histogram // from the planned send, or from when its connection became free, until the request could be written
	CPU       time.Duration           // of the generator's threads, user and system
	CPUShare  float64                 // CPU / (Duration x Threads): 1 is a saturated generator
	Sent      uint64                  // requests written in the whole run, including warm-up and the time after the measured time
	Answered  uint64                  // of these, answered
	Opened    uint64                  // connections opened in the whole run
	PerSecond []float64               // requests per second in each 100 ms of the measured time
	Bins      Bins                    // the measured time in equal parts

	Unanswered      uint64        // of Errors, those without an answer
	UnansweredLeast time.Duration // the least time with which one of them counted in Latency: quantiles from here on are lower bounds
	Late            uint64        // of Planned, those sent after the measured time because no connection was free, and answered
	Carried         uint64        // requests beside Planned that were planned before the measured time and sent within it
	CarriedLongest  time.Duration // the longest service time of these
	Grace           time.Duration // after the measured time, for requests that were planned near its end
	Overdue         uint64        // of Planned in an open loop, those that had no answer by the end of the grace
	Unasked         uint64        // how often a server sent something on a connection without a request
	Beyond          uint64        // values beyond the histograms' range, which count as its end
	Starved         Starved
	Held            Held

	// For Paired arrivals, otherwise nil or 0. With one generator thread the
	// second request is sent after the first is written, however small the
	// spacing. With two or more, another thread sends it.
	PairSpacing *hdrhistogram.Histogram // the actual spacing, between the beginnings of the two writes
	Reversed    uint64                  // pairs whose second was written first
	Second      *Second

	Background *Presences // of Config.Background; may be nil

	cfg Config // the Config of the run, with defaults
}

// Of the time after the end in which answers to planned requests are awaited,
// these are the least length and the least share of the measured time.
const (
	leastGrace      = 10 * time.Millisecond
	leastGraceShare = 0.01
)

// Grace returns how long after the measured time an open loop's answers are in
// time: 10 ms, 1 % of the measured time, or the share of it that equals three
// standard deviations of the number of planned requests, whichever is longest.
// It is 0 in a closed loop.
func (c Config) Grace() time.Duration {
	n := c.Rate * c.Duration.Seconds()
	if n <= 0 {
		return 0
	}
	share := max(leastGraceShare, 3/math.Sqrt(n))
	return max(leastGrace, time.Duration(share*float64(c.Duration)))
}
