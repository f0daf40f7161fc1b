package queue

import "lflab/sync/park"

var lifoForm = Form{
	Name: "lifo",
	Doc:  "the worker that became idle last is reserved before a connection is accepted; only that one is woken",
}

func newLIFO[T any](workers int, kind park.Kind, opt park.Options) (Handoff[T], error) {
	q, err := New[T](workers, kind, opt)
	if err != nil {
		return nil, err
	}
	return q, nil
}
