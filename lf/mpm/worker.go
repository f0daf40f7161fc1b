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
// and hands the connection over; the others serve whole connections.
type worker struct {
	*crew
	queue    queue.Handoff[connection]
	acceptor sock.Acceptor
}

// connection is the item that crosses from the listener to a worker.
type connection struct {
	fd  int
	seq uint64 // number of the hand-off
}

func newWorker(cfg Config) (MPM, error) {
	q, err := queue.Make[connection](cfg.choose(workerForm), cfg.Threads-1, cfg.Parker, cfg.Park)
	if err != nil {
		return nil, err
	}
	a, err := cfg.acceptMode(workerAccept).New(cfg.Listeners...)
	if err != nil {
		return nil, errors.Join(err, q.Free())
	}
	m := &worker{newCrew("worker", cfg, cfg.Threads), q, a}
	m.blocks = true
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

func (m *worker) Start() error {
	m.spawn(func(id int) {
		if id == 0 {
			m.listen()
		} else {
			m.work(id)
		}
	})
	return nil
}

func (m *worker) Wait() {
	m.crew.Wait()
	_ = m.queue.Free() // what is left of the parkers ends with the process
	_ = m.acceptor.Close()
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
			m.queue.Put(connection{fd, seq})
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

func (m *worker) Status() serve.Status {
	st := m.status()
	st.Primitive = m.cfg.Parker.Name
	addQueueStats(st, m.queue.Stats())
	return st
}

func addQueueStats(st serve.Status, q queue.Stats) {
	st.Counters["wakes_issued"] = q.WakesIssued
	st.Counters["wakes_wasted"] = q.WakesWasted
	st.Counters["reserve_waits"] = q.ReserveWaits
}

// Look implements MPM.
func (m *worker) Look() { looks(m.acceptor) }
