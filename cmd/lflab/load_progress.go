package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/sys/unix"
)

// A loadProgress shows how far a load is: a bar on a terminal, now and then a
// line elsewhere. Its show is called by one goroutine.
type loadProgress struct {
	w     io.Writer
	every time.Duration // between lines
	next  time.Duration

	bars    *mpb.Progress // nil: lines
	bar     *mpb.Bar
	answers atomic.Uint64 // the bar is drawn by a goroutine of its own
}

func newLoadProgress(w io.Writer, total time.Duration) *loadProgress {
	every := max(time.Second, total/10)
	p := &loadProgress{w: w, every: every, next: every}
	file, ok := w.(*os.File)
	if !ok {
		return p
	}
	if _, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS); err != nil {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithRefreshRate(200*time.Millisecond))
	p.bar = p.bars.AddBar(total.Milliseconds(),
		mpb.PrependDecorators(decor.Name("load "), decor.Percentage(decor.WCSyncSpace)),
		mpb.AppendDecorators(
			decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace),
			decor.Any(func(decor.Statistics) string { return fmt.Sprintf(" %d answers", p.answers.Load()) }),
		))
	return p
}

func (p *loadProgress) show(elapsed, total time.Duration, requests uint64) {
	if p.bar != nil {
		p.answers.Store(requests)
		p.bar.SetCurrent(min(elapsed.Milliseconds(), total.Milliseconds()-1))
		return
	}
	if elapsed >= p.next && elapsed < total {
		p.next = elapsed.Truncate(p.every) + p.every
		fmt.Fprintf(p.w, "load: %.1f s of %.1f s, %d answers\n", elapsed.Seconds(), total.Seconds(), requests)
	}
}

// end takes the bar away.
func (p *loadProgress) end() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.bars.Wait()
	}
}
