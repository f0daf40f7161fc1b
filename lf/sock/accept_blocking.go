package sock

var blockingMode = AcceptMode{
	Name:   "blocking",
	Doc:    "blocks in accept4: the kernel wakes only the thread that has waited longest (with several listeners, as poll)",
	Shared: true,
	New: func(ls ...*Listener) (Acceptor, error) {
		if len(ls) > 1 {
			return newPolled(ls)
		}
		return blocking{ls[0]}, ls[0].waits()
	},
}

// blocking uses the listener itself.
type blocking struct{ l *Listener }

func (a blocking) Accept() (int, error) { return a.l.Accept() }

func (a blocking) Close() error { return nil }
