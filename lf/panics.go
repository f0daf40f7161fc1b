package lf

import (
	"errors"
	"log/slog"
	"runtime/debug"
)

// ErrGoexit is the value that Options.Panicked gets if the handler called
// runtime.Goexit, as t.FailNow of package testing does.
var ErrGoexit = errors.New("handler called runtime.Goexit")

// process calls the handler. If the handler panics, only its event is lost. If
// it calls runtime.Goexit, the thread ends, and live starts another one.
func (p *Pool[E]) process(s *seat[E]) {
	returned := false
	defer func() {
		s.processed.Add(1)
		if !returned {
			p.failed(s, recover())
		}
	}()
	p.handle(s.id, s.event)
	returned = true
}

// failed reports that the handler panicked with value, or called
// runtime.Goexit if value is nil.
func (p *Pool[E]) failed(s *seat[E], value any) {
	s.panics.Add(1)
	if value == nil {
		value = ErrGoexit
	}
	if p.opt.Panicked != nil {
		p.opt.Panicked(s.id, value, debug.Stack())
		return
	}
	slog.Error("handler panicked", "thread", s.id, "panic", value, "stack", string(debug.Stack()))
}
