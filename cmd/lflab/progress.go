package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows the progress of a task of known duration: as a bar on a
// terminal, elsewhere as a line now and then. Only one goroutine may call show.
type progress struct {
	w     io.Writer
	what  string        // the task, as "load"
	noun  string        // the things counted, as "answers"
	every time.Duration // between lines
	next  time.Duration

	bars  *mpb.Progress // nil to write lines
	bar   *mpb.Bar
	count atomic.Uint64 // atomic, because another goroutine draws the bar
}

func newProgress(w io.Writer, what, noun string, total time.Duration) *progress {
	every := max(time.Second, total/10)
	p := &progress{w: w, what: what, noun: noun, every: every, next: every}
	if !screenOf(w).terminal {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithRefreshRate(200*time.Millisecond))
	p.bar = p.bars.AddBar(total.Milliseconds(),
		mpb.PrependDecorators(decor.Name(what+" "), decor.Percentage(decor.WCSyncSpace)),
		mpb.AppendDecorators(
			decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace),
			decor.Any(func(decor.Statistics) string { return fmt.Sprintf(" %d %s", p.count.Load(), noun) }),
		))
	return p
}

func (p *progress) show(elapsed, total time.Duration, count uint64) {
	if p.bar != nil {
		p.count.Store(count)
		p.bar.SetCurrent(min(elapsed.Milliseconds(), total.Milliseconds()-1))
		return
	}
	if elapsed >= p.next && elapsed < total {
		p.next = elapsed.Truncate(p.every) + p.every
		fmt.Fprintf(p.w, "%s: %.1f s of %.1f s, %d %s\n", p.what, elapsed.Seconds(), total.Seconds(), count, p.noun)
	}
}

// end removes the bar.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.bars.Wait()
	}
}
