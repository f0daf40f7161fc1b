package run

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"lflab/experiments/load"
	"lflab/experiments/record"
)

// stillFor is how long nothing must happen after a step to end it.
const stillFor = 2 * time.Second

// step watches the server before, during and after its load. Counts per request
// cover the measured time of the load.
func (s *session) step(ctx context.Context, p record.Phase) (*record.PhaseResult, []record.Gate, error) {
	cfg := s.load(p)
	if err := s.meter.Discover(); err != nil {
		return nil, nil, err
	}
	w := newSampler(s.server.Root(), s.address, p.Step, cfg.Connections)
	var up, down, over atomic.Int64 // ns after w.began; 0 means not yet
	since := func() int64 { return int64(time.Since(w.began)) }
	looks := max(1, int(stillFor/w.every))
	looking, stop := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	var unseen error
	watcher.Go(func() {
		unseen = w.watch(looking, func(seen *record.Series) bool {
			gone, end := down.Load(), over.Load()
			if len(seen.TimeS) == 0 {
				return false
			}
			last := int64(seen.TimeS[len(seen.TimeS)-1] * 1e9) // the look's own time, because a look may take long
			return end > 0 && (since() > end || last > gone+int64(stillFor) && seen.Still(looks))
		})
	})
	defer watcher.Wait()
	defer stop()

	var begin, end reading
	cfg.Begin = func() { up.Store(since()); begin = s.read() }
	cfg.End = func() {
		down.Store(since())
		if err := s.meter.Discover(); err != nil { // finds children started since
			end.err = err
			return
		}
		end = s.read()
		if end.err == nil {
			end.rss, end.err = s.meter.RSS()
		}
	}
	select {
	case <-time.After(seconds(p.Step.BeforeS)):
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	runtime.GC()
	res, err := load.Run(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	over.Store(down.Load() + int64(seconds(p.Step.AfterS)))
	watcher.Wait()
	if err := errors.Join(unseen, begin.err, end.err, ctx.Err()); err != nil {
		return nil, nil, fmt.Errorf("watch the server: %w", err)
	}
	r := result(p.Name, cfg, res, begin, end)
	w.series.UpS, w.series.DownS = time.Duration(up.Load()).Seconds(), time.Duration(down.Load()).Seconds()
	w.series.SetServed(res.PerSecond, float64(res.Service.Min())/1e9)
	r.Series = &w.series
	return r, phaseGates(p, res, begin, end, nil, r), nil
}
