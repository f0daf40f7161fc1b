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
	c := Choice{Name: "form", Doc: "how the listener hands connections to workers"}
	for _, f := range queue.Forms() {
		c.Values = append(c.Values, lf.Named{Name: f.Name, Doc: f.Doc})
	}
	return c
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
// and hands the connection over; the others serve whole connections.
type worker struct {
	*server
	queue    queue.Handoff[accepted]
	acceptor sock.Acceptor
}

// accepted is the item that crosses from the listener to a worker.
type accepted struct {
	fd  int
	seq uint64 // number of the hand-off
}

func newWorker(cfg Config) (MPM, error) {
	q, err := queue.Make[accepted](cfg.choose(workerForm), cfg.Threads-1, cfg.Parker, cfg.Park)
	if err != nil {
		return nil, err
	}
	m := &worker{server: newServer("worker", cfg, cfg.Threads), queue: q}
	m.owns(closer(q.Free))
	all, err := m.acceptors(workerAccept, 1)
	if err != nil {
		return nil, errors.Join(err, m.close())
	}
	m.acceptor, m.handoffs, m.body = all[0], q.Stats, m.run
	return m, nil
}

// refuseWorker tells what the chosen form has against the parker.
func refuseWorker(cfg Config) error {
	name := cfg.choose(workerForm)
	for _, f := range queue.Forms() {
		if f.Name == name {
			return f.Suits(cfg.Parker)
		}
	}
	return nil
}

func (m *worker) run(id int) {
	if id == 0 {
		m.listen()
	} else {
		m.work(id)
	}
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
			m.queue.Put(accepted{fd, seq})
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
		c, slept, ok := m.queue.Take(id - 1)
		if !ok {
			return
		}
		s.Log.Leads(c.seq, slept)
		s.Handoffs.Add(1)
		m.serve(id, c.fd)
	}
}
