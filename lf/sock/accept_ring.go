package sock

var uringMode = AcceptMode{
	Name:      "uring",
	Doc:       "one multishot accept request stays in a ring of io_uring, and connections come as completions: without a system call while there are any (Linux 5.19)",
	Available: UringAvailable,
	New: func(ls ...*Listener) (Acceptor, error) {
		a, err := newRing("uring", ls)
		if err != nil {
			return nil, err
		}
		return a, nil
	},
}

// With a multishot request each, the first thread would be given every
// connection, as the requests keep their places in the listener's queue, and
// its connections would wait behind the one that it serves.
var uringSingleMode = AcceptMode{
	Name:      "uring-single",
	Doc:       "each thread has a ring of its own and makes one accept request at a time: what a blocking accept4 costs by way of io_uring (Linux 5.19)",
	Available: UringAvailable,
	New: func(ls ...*Listener) (Acceptor, error) {
		a, err := newRing("uring-single", ls)
		if err != nil {
			return nil, err
		}
		a.flags = 0
		return a, nil
	},
}

func newRing(mode string, ls []*Listener) (*UringAcceptor, error) {
	l, err := only(mode, ls)
	if err != nil {
		return nil, err
	}
	if err := l.waits(); err != nil {
		return nil, err
	}
	return NewUringAcceptor(l)
}
