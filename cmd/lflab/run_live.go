package main

import (
	"errors"
	"fmt"
	"io"

	"lflab/experiments/live"
	"lflab/experiments/run"
)

// watched calls do while the live page is served, if --live asks for it. The
// page's port is open before the first trial, or do is not called.
func (fl *runFlags) watched(stderr io.Writer, do func() error) error {
	if fl.live == "" || fl.dryRun {
		return do()
	}
	page, err := live.Listen(fl.live)
	if err != nil {
		return err
	}
	fl.page = page
	fmt.Fprintf(stderr, "live: %s\n", page.URL())
	return errors.Join(do(), page.Close())
}

// shown returns the function that the run in a results directory reports its
// progress to: show, and the live page if there is one.
func (fl *runFlags) shown(dir string, show func(run.Progress)) func(run.Progress) {
	if fl.page == nil {
		return show
	}
	fl.page.Follow(dir)
	return func(p run.Progress) {
		show(p)
		now := live.Progress{Done: p.Done, Total: p.Total, Left: p.Left, Trial: p.Trial}
		if p.Busy > 0 {
			now.Waiting = fmt.Sprintf("Other programs use %.0f %% of the machine's CPU time: waiting for them to end", 100*p.Busy)
		}
		fl.page.Show(now)
	}
}
