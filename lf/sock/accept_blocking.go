package sock

var blockingMode = AcceptMode{
	Name:   "blocking",
	Doc:    "accept4 blocks: the kernel wakes the thread that has waited longest, and no other (with several listeners: as poll)",
	Shared: true,
	New: func(ls ...*Listener) (Acceptor, error) {
		if len(ls) > 1 {
			return newPolled(ls)
		}
		return blocking{ls[0]}, ls[0].waits()
	},
}

// blocking is the listener itself.
type blocking struct{ l *Listener }

func (a blocking) Accept() (int, error) { return a.l.Accept() }

func (a blocking) Close() error { return nil }
