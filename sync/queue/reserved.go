package queue

import "lflab/sync/park"

var reservedForm = Form{
	Name: "reserved",
	Doc:  "as lifo, but reserves the worker that has been idle longest: shows what the warm caches of lifo save",
}

func newReserved[T any](workers int, kind park.Kind, opt park.Options) (Handoff[T], error) {
	q, err := New[T](workers, kind, opt)
	if err != nil {
		return nil, err
	}
	q.idle = newFIFO(workers)
	return q, nil
}
