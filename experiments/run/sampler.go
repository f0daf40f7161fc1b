package run

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/run/process"
	"lflab/experiments/suite"
)

// sampler looks at a server at equal intervals. It counts processes and
// threads, and reads from the status page what the workers do.
type sampler struct {
	census *process.Census
	page   control
	every  time.Duration
	began  time.Time
	first  int // processes at the first look
	series record.Series
}

func newSampler(root int, address string, step *suite.Step, clients int) *sampler {
	return &sampler{
		census: process.NewCensus(root), page: control{address: address}, every: seconds(step.EveryS), began: time.Now(),
		series: record.Series{Clients: clients, IdleMost: step.IdleMost},
	}
}

// watch looks until ctx ends or enough returns true for the looks so far.
func (s *sampler) watch(ctx context.Context, enough func(*record.Series) bool) error {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		if err := s.look(ctx); err != nil {
			return err
		}
		if enough(&s.series) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *sampler) since() float64 { return math.Round(1e4*time.Since(s.began).Seconds()) / 1e4 }

func (s *sampler) look(ctx context.Context) error {
	at := s.since()
	processes, threads, err := s.census.Count()
	if err != nil {
		return err
	}
	busy, idle := s.ask(ctx)
	if ctx.Err() != nil { // the question was cancelled; the server is not to blame
		return nil
	}
	if len(s.series.TimeS) == 0 {
		s.first = s.census.Born()
	}
	s.series.TimeS = append(s.series.TimeS, at)
	s.series.Processes = append(s.series.Processes, processes)
	s.series.Threads = append(s.series.Threads, threads)
	s.series.Busy, s.series.Idle = append(s.series.Busy, busy), append(s.series.Idle, idle)
	s.series.Started = s.census.Born() - s.first
	return nil
}

// ask reads the numbers of workers from the status page. A worker must answer:
// a server whose workers are all busy does not answer in time.
func (s *sampler) ask(ctx context.Context) (busy, idle int) {
	ctx, cancel := context.WithTimeout(ctx, s.every*3/4)
	defer cancel()
	page, err := s.page.get(ctx, "/server-status?auto")
	if err != nil {
		return record.Unanswered, record.Unanswered
	}
	return parseWorkers(string(page))
}

// parseWorkers reads the numbers of busy and idle workers from a status page.
func parseWorkers(page string) (busy, idle int) {
	busy, idle = record.Unanswered, record.Unanswered
	for l := range strings.Lines(page) {
		key, value, _ := strings.Cut(l, ":")
		n, err := strconv.Atoi(strings.TrimSpace(value))
		switch {
		case err != nil || n < 0:
		case key == "BusyWorkers":
			busy = n
		case key == "IdleWorkers":
			idle = n
		}
	}
	if busy == record.Unanswered || idle == record.Unanswered {
		return record.Unanswered, record.Unanswered
	}
	return busy, idle
}
