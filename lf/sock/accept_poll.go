package sock

import (
	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

var pollMode = AcceptMode{
	Name:   "poll",
	Doc:    "ppoll, then an accept4 that does not block: as Apache httpd does; with several threads, all of them wake for each connection",
	Shared: true,
	New: func(l *Listener) (Acceptor, error) {
		return polled{l}, l.DoNotWait()
	},
}

type polled struct{ l *Listener }

func (a polled) Accept() (int, error) {
	set := [1]unix.PollFd{{Fd: int32(a.l.fd), Events: unix.POLLIN}}
	if _, err := block.Poll(set[:], nil); err != nil {
		return -1, a.l.judge(errnoOf(err))
	}
	fd, err := a.l.Accept()
	return fd, a.l.orPause(err)
}

func (a polled) Close() error { return nil }
