package record

import "math"

// Series is what was seen of a server, look by look, in a phase that is a step.
// Times are in seconds since the first look. The slices have one length but
// Served, which has a value for each tenth of a second from UpS on.
type Series struct {
	UpS       float64   `json:"up_s"`      // when the clients came
	DownS     float64   `json:"down_s"`    // when they went
	Clients   int       `json:"clients"`   // that came
	IdleMost  int       `json:"idle_most"` // threads that may be idle in the end
	TimeS     []float64 `json:"time_s"`
	Processes []int     `json:"processes"` // that live, the control process included
	Threads   []int     `json:"threads"`   // of all of them, whatever they do
	Busy      []int     `json:"busy"`      // workers, as the status page has it; -1: it did not answer in time
	Idle      []int     `json:"idle"`
	Served    []float64 `json:"served"`  // requests served at a time: answers per second times the shortest service time
	Started   int       `json:"started"` // processes that were not there at the first look
}

// Unanswered stands in Busy and Idle where the status page was not had.
const Unanswered = -1

const (
	servedWidth = 0.1  // s, of a value of Served
	servedShare = 0.95 // of the clients that are served at a time: as good as all
)

// ScaleUp is how long it took, in s, until as good as all clients were served
// at a time: an answer is never sooner than its service time after its request
// was begun, so that the answers of a tenth of a second of a handler that takes
// as long are the requests that were served at its beginning.
func (s *Series) ScaleUp() (float64, bool) {
	for i, n := range s.Served {
		if n >= servedShare*float64(s.Clients) {
			return float64(i) * servedWidth, true
		}
	}
	return 0, false
}

// ScaleDown is how long it took, in s, after the clients had gone, until no more
// threads were idle than may be, and none of the processes that were too many
// was left. A server that does not come there has none.
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

// MostProcesses and MostThreads are the largest numbers that were seen.
func (s *Series) MostProcesses() int { return most(s.Processes) }
func (s *Series) MostThreads() int   { return most(s.Threads) }

func most(xs []int) (m int) {
	for _, x := range xs {
		m = max(m, x)
	}
	return m
}

// Still reports whether nothing has happened for that many looks in a row, and
// nothing is to be expected.
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

// SetServed fills Served from the answers of each tenth of a second.
func (s *Series) SetServed(perSecond []float64, shortest float64) {
	s.Served = make([]float64, len(perSecond))
	for i, rate := range perSecond {
		s.Served[i] = math.Round(10*rate*shortest) / 10
	}
}

// stepped is a number of a phase that was watched look by look.
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
