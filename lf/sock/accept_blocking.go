package sock

var blockingMode = AcceptMode{
	Name:   "blocking",
	Doc:    "accept4 blocks: the kernel wakes the thread that has waited longest, and no other",
	Shared: true,
	New:    func(l *Listener) (Acceptor, error) { return blocking{l}, nil },
}

// blocking is the listener itself.
type blocking struct{ l *Listener }

func (a blocking) Accept() (int, error) { return a.l.Accept() }

func (a blocking) Close() error { return nil }
