package mpm

import (
	"sync"
	"sync/atomic"

	"lflab/lf/serve"
)

// guard is between an MPM and a protocol. It counts sessions and streams that
// two threads use at once.
type guard struct {
	overlaps atomic.Uint64
	streams  sync.Map // serve.Stream -> *atomic.Bool: in use
}

func (g *guard) watch(s serve.Service) serve.Service { return guarded{s, g} }

type guarded struct {
	serve.Service
	g *guard
}

func (s guarded) NewSession() serve.Session {
	return &guardedSession{Session: s.Service.NewSession(), g: s.g}
}

type guardedSession struct {
	serve.Session
	g      *guard
	used   atomic.Bool
	stream *atomic.Bool
}

func (s *guardedSession) enter() {
	if s.used.Swap(true) || s.stream.Swap(true) {
		s.g.overlaps.Add(1)
	}
}

func (s *guardedSession) leave() {
	s.stream.Store(false)
	s.used.Store(false)
}

func (s *guardedSession) Reset(st serve.Stream) {
	if s.used.Load() {
		s.g.overlaps.Add(1)
	}
	used, _ := s.g.streams.LoadOrStore(st, new(atomic.Bool))
	s.stream = used.(*atomic.Bool)
	s.Session.Reset(st)
}

func (s *guardedSession) Serve(t *serve.Thread) serve.Next {
	s.enter()
	defer s.leave()
	return s.Session.Serve(t)
}

func (s *guardedSession) Expire(t *serve.Thread) {
	s.enter()
	defer s.leave()
	s.Session.Expire(t)
}
