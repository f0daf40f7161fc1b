package lf

import (
	"context"
	"errors"
)

// Run starts the pool and blocks until every thread has left, as Start and Wait
// do. When ctx is done it stops the pool; events under way are handled to
// their end. It returns nil if the source ended by itself, the cause of ctx if
// that ended the pool, and what Wait returns joined to either. If ctx is done
// already, no thread starts. It panics if the pool was started before.
//
// When Run returns, the pool does not use its sources any more, so they may be
// closed.
func (p *Pool[E]) Run(ctx context.Context) error {
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), p.Wait())
	}
	p.Start()
	stopped := make(chan struct{})
	keep := context.AfterFunc(ctx, func() {
		defer close(stopped)
		p.Stop()
	})
	err := p.Wait()
	if keep() {
		return err
	}
	<-stopped // otherwise Stop could interrupt a source that the caller has closed
	return errors.Join(context.Cause(ctx), err)
}
