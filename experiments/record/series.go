package record

import "math"

// Series records the looks at a server in a phase that is a step. Times are in
// seconds since the first look. All slices have one length, except Served,
// which has one value per tenth of a second from UpS on.
type Series struct {
	UpS       float64   `json:"up_s"`      // when the clients connected
	DownS     float64   `json:"down_s"`    // when they left
	Clients   int       `json:"clients"`   // number that connected
	IdleMost  int       `json:"idle_most"` // threads that may still be idle at the end
	TimeS     []float64 `json:"time_s"`
	Processes []int     `json:"processes"` // alive, control process included
	Threads   []int     `json:"threads"`   // of all processes, in any state
	Busy      []int     `json:"busy"`      // workers by the status page; Unanswered if it did not answer in time
	Idle      []int     `json:"idle"`
	Served    []float64 `json:"served"`  // requests in service at a time: answers per second times the shortest service time
	Started   int       `json:"started"` // processes that did not exist at the first look
}

// Unanswered stands in Busy and Idle when the status page did not answer.
const Unanswered = -1

const (
	servedWidth = 0.1  // s, covered by one value of Served
	servedShare = 0.95 // of the clients in service: counts as all of them
)

// ScaleUp returns the time in s until at least servedShare of the clients were
// served at once. No answer comes sooner than the service time after its
// request began. Therefore, if that time is a tenth of a second, the answers of
// one tenth are the requests in service at its beginning.
func (s *Series) ScaleUp() (float64, bool) {
	for i, n := range s.Served {
		if n >= servedShare*float64(s.Clients) {
			return float64(i) * servedWidth, true
		}
	}
	return 0, false
}

// ScaleDown returns the time in s from the clients' departure until the server
// had at most IdleMost idle threads and no more processes than at the last
// look. It returns false if the server had too many idle threads, or no answer,
// at the last look.
func (s *Series) ScaleDown() (float64, bool) {
	last := len(s.TimeS) - 1
	if last < 0 || s.Idle[last] == Unanswered || s.Idle[last] > s.IdleMost {
		return 0, false
	}
	first := last
	for first > 0 && s.TimeS[first-1] >= s.DownS && s.Processes[first-1] <= s.Processes[last] && s.Idle[first-1] <= s.IdleMost {
		first--
	}
	return max(0, s.TimeS[first]-s.DownS), true
}

// MostProcesses and MostThreads return the largest numbers seen.
func (s *Series) MostProcesses() int { return most(s.Processes) }
func (s *Series) MostThreads() int   { return most(s.Threads) }

func most(xs []int) (m int) {
	for _, x := range xs {
		m = max(m, x)
	}
	return m
}

// Still reports whether the last looks+1 looks show no change in processes and
// no fall in threads, with at most IdleMost threads idle in each: then nothing
// more is expected.
func (s *Series) Still(looks int) bool {
	last := len(s.TimeS) - 1
	if last < looks {
		return false
	}
	for i := last - looks; i <= last; i++ {
		if s.Processes[i] != s.Processes[last] || s.Threads[i] > s.Threads[last] || s.Idle[i] == Unanswered || s.Idle[i] > s.IdleMost {
			return false
		}
	}
	return true
}

// SetServed fills Served from the rate of answers in each tenth of a second and
// the shortest service time in s.
func (s *Series) SetServed(perSecond []float64, shortest float64) {
	s.Served = make([]float64, len(perSecond))
	for i, rate := range perSecond {
		s.Served[i] = math.Round(10*rate*shortest) / 10
	}
}

// stepped makes a metric from the looks of a step.
func stepped(of func(*Series) (float64, bool)) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		if p.Series == nil {
			return 0, false
		}
		return of(p.Series)
	}
}

func whole(of func(*Series) int) func(*Series) (float64, bool) {
	return func(s *Series) (float64, bool) { return float64(of(s)), len(s.TimeS) > 0 }
}
