package mpm

import (
	"errors"

	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/sync/queue"
)

var workerForm = func() Choice {
	var values []lf.Named
	for _, f := range queue.Forms() {
		values = append(values, lf.Named{Name: f.Name, Doc: f.Doc})
	}
	return choiceOf("form", values...)
}()

var workerAccept = acceptChoice("blocking", "epoll-exclusive")

var workerKind = Kind{
	Name:         "worker",
	Doc:          "a listener thread reserves an idle worker, accepts, queues; workers serve whole connections",
	MinThreads:   2,
	Parks:        true,
	ListenerSeat: true,
	Gated:        true,
	Choices:      []Choice{workerForm, workerAccept},
	Refuses:      refuseWorker,
	Shape:        flight.Items,
	New:          newWorker,
}

// worker has a listener thread (seat 0) that reserves an idle worker, accepts,
// and hands the connection over. The other threads serve whole connections.
type worker struct {
	*server
	queue    queue.Handoff[item[int]] // of descriptors
	acceptor sock.Acceptor
}

// item is what a listener thread hands to a worker.
type item[T any] struct {
	what T
	seq  uint64 // number of the hand-off
}

func newWorker(s *server) (MPM, error) {
	q, err := queue.Make[item[int]](workerForm.Text(&s.cfg.Policy), len(s.seats)-1, s.cfg.Parker, s.cfg.Park)
	if err != nil {
		return nil, err
	}
	s.owns(closer(q.Free))
	all, err := s.acceptors(workerAccept, 1)
	if err != nil {
		return nil, err
	}
	m := &worker{server: s, queue: q, acceptor: all[0]}
	m.handoffs, s.listen, m.body = q.Stats, m.listen, m.work
	return m, nil
}

// refuseWorker returns an error if the form of queue does not suit the parker.
func refuseWorker(cfg Config) error {
	name := workerForm.Text(&cfg.Policy)
	for _, f := range queue.Forms() {
		if f.Name == name {
			return f.Suits(cfg.Parker)
		}
	}
	return nil
}

func (m *worker) listen() {
	s := &m.seats[0]
	s.Set(serve.Leading)
	for seq := uint64(1); ; {
		m.queue.Reserve()
		s.Log.Arms()
		fd, err := m.accept(m.acceptor)
		switch {
		case err == nil:
			s.Log.Event(seq)
			s.Log.Passes()
			m.queue.Put(item[int]{fd, seq})
			s.Log.Published()
			m.queue.Wake()
			s.Log.Woke()
			seq++
		case errors.Is(err, sock.ErrEnded):
			m.queue.Close()
			return
		}
	}
}

func (m *worker) work(id int) {
	s := &m.seats[id]
	for {
		s.Log.Flush()
		it, slept, ok := m.queue.Take(id - 1)
		if !ok {
			return
		}
		s.Log.Leads(it.seq, slept)
		s.Handoffs.Add(1)
		m.serve(id, it.what)
	}
}
