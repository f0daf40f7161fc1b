package record

import (
	"math"
	"testing"
)

// coming returns a server that grows from 2 to 5 processes and shrinks again.
// Its clients are connected from second 1 to second 2.
func coming() *Series {
	return &Series{
		UpS: 1, DownS: 2, Clients: 40, IdleMost: 8,
		TimeS:     []float64{0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4},
		Processes: []int{2, 2, 2, 5, 5, 4, 4, 3, 3},
		Threads:   []int{9, 9, 9, 21, 20, 16, 16, 12, 12},
		Busy:      []int{1, 1, 1, -1, 30, 1, 1, 1, 1},
		Idle:      []int{7, 7, 7, -1, 2, 15, 7, 7, 7},
		Served:    []float64{0, 8, 8, 20, 37.9, 38, 40, 40, 30, 38},
	}
}

func TestSeriesInNumbers(t *testing.T) {
	s := coming()
	near := func(what string, got float64, ok bool, want float64) {
		t.Helper()
		if !ok || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v (%v), want %v", what, got, ok, want)
		}
	}
	up, ok := s.ScaleUp()
	near("time until 38 of 40 clients were served", up, ok, 0.5)
	// From 3 s on few threads are idle; one process too many lives until 3.5 s.
	down, ok := s.ScaleDown()
	near("time until threads were back", down, ok, 1.5)
	if s.MostProcesses() != 5 || s.MostThreads() != 21 {
		t.Errorf("most: %d processes and %d threads", s.MostProcesses(), s.MostThreads())
	}

	s.Idle[7] = Unanswered // no answer does not contradict
	down, ok = s.ScaleDown()
	near("time with a look that was not answered", down, ok, 1.5)

	s.Idle[8] = 9
	if down, ok := s.ScaleDown(); ok {
		t.Errorf("back after %v with 9 idle threads of 8 that may be", down)
	}
	s.Served = s.Served[:4]
	if up, ok := s.ScaleUp(); ok {
		t.Errorf("all were served after %v, and never were more than 20", up)
	}
	for _, m := range []string{"scale_up_s", "scale_down_s", "processes_most", "threads_most", "processes_started"} {
		if _, ok := MetricOf(m).Of(&PhaseResult{}); ok {
			t.Errorf("a phase that is no step has %s", m)
		}
		if x, ok := MetricOf(m).Of(&PhaseResult{Series: coming()}); m != "processes_started" && (!ok || x <= 0) {
			t.Errorf("%s is %v (%v)", m, x, ok)
		}
	}
	empty := &Series{Clients: 40}
	if _, ok := empty.ScaleDown(); ok {
		t.Error("a server that nobody looked at came back")
	}
}

// Without excess threads, a server is back at the first look after DownS.
func TestScaleDownOfNothing(t *testing.T) {
	s := &Series{DownS: 1.02, IdleMost: 8, TimeS: []float64{0, 1, 1.1}, Processes: []int{2, 2, 2}, Idle: []int{7, 1, 7}}
	if down, ok := s.ScaleDown(); !ok || math.Abs(down-0.08) > 1e-9 {
		t.Errorf("back after %v (%v), want the first look after the clients had gone", down, ok)
	}
}

func TestStill(t *testing.T) {
	s := coming()
	if !s.Still(1) || s.Still(2) || s.Still(len(s.TimeS)) {
		t.Errorf("still for 1, 2 and all looks: %v, %v, %v", s.Still(1), s.Still(2), s.Still(len(s.TimeS)))
	}
	s.Threads[7]++
	if s.Still(1) {
		t.Error("a thread has ended since")
	}
	s.Threads[7]--
	s.Idle[8] = Unanswered
	if s.Still(1) {
		t.Error("who does not answer is not still")
	}
}

func TestServedAtATime(t *testing.T) {
	s := &Series{}
	s.SetServed([]float64{0, 320, 2000}, 0.1003)
	for i, want := range []float64{0, 32.1, 200.6} {
		if math.Abs(s.Served[i]-want) > 1e-9 {
			t.Errorf("served %v, want %v in place %d", s.Served, want, i)
		}
	}
}
