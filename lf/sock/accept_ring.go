package sock

var uringMode = AcceptMode{
	Name:      "uring",
	Doc:       "one multishot accept request stays in an io_uring; connections come as completions, without a system call while there are any (Linux 5.19)",
	Available: uringAvailable,
	New: func(ls ...*Listener) (Acceptor, error) {
		a, err := newRing("uring", ls)
		if err != nil {
			return nil, err
		}
		return a, nil
	},
}

// Each thread makes one request at a time. With multishot requests the first
// thread would get every connection, because a request keeps its place in the
// listener's queue, and those connections would wait while it serves another
// one.
var uringSingleMode = AcceptMode{
	Name:      "uring-single",
	Doc:       "each thread has its own ring and makes one accept request at a time: what a blocking accept4 costs through io_uring (Linux 5.19)",
	Available: uringAvailable,
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
	return newUringAcceptor(l)
}
