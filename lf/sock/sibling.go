package sock

import (
	"errors"
	"slices"
	"sync"
)

// Sibling opens another listener on the address of this one, which was opened
// with ReusePort, and with the same options. The kernel divides new connections
// among the two and all other siblings, by a hash of the peer's address: each
// has an accept queue of its own, and what is in it when that listener is shut
// down is lost. The caller closes it, before it closes this one.
func (l *Listener) Sibling() (*Listener, error) {
	if !l.opt.ReusePort {
		return nil, errors.New("listen again on the same address: the first listener does not share it (set ReusePort of its options)")
	}
	opt := l.opt
	opt.Address = l.addr.String()
	s, err := Listen(opt)
	if err != nil {
		return nil, err
	}
	if l.Stamping() {
		if err := s.Stamp(true); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	s.first = l
	l.siblings.add(s)
	return s, nil
}

// eldest is the listener that this one is a sibling of, or itself.
func (l *Listener) eldest() *Listener {
	if l.first != nil {
		return l.first
	}
	return l
}

// siblings are a listener's that are open.
type siblings struct {
	mu   sync.Mutex
	open []*Listener
}

func (s *siblings) add(l *Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, l)
}

func (s *siblings) remove(l *Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.open, l); i >= 0 {
		s.open = slices.Delete(s.open, i, i+1)
	}
}

// each calls do for all that are open, which they stay meanwhile.
func (s *siblings) each(do func(*Listener) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.open {
		if err := do(l); err != nil {
			return err
		}
	}
	return nil
}
