package queue

import "lflab/sync/park"

var lifoForm = Form{
	Name: "lifo",
	Doc:  "an idle worker is reserved before a connection is accepted, the one that came home last; it is woken by name",
}

func newLIFO[T any](workers int, kind park.Kind, opt park.Options) (Handoff[T], error) {
	q, err := New[T](workers, kind, opt)
	if err != nil {
		return nil, err
	}
	return q, nil
}
