package sock

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestWaitingForFirstData: a peer that has connected to a deferred listener and
// has sent nothing is not in the accept queue. The listener waits for it, up to
// a time limit. A peer that has sent data is in the queue.
func TestWaitingForFirstData(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", ":0"} {
		l := listen(t, Options{Address: address, DeferAccept: DefaultDefer})
		all := []*Listener{l}
		l.HoldOff()
		if Waiting(all, 0) {
			t.Errorf("%s: no peer has connected, and Waiting reports one", address)
		}
		l = listen(t, Options{Address: address, DeferAccept: DefaultDefer})
		all[0] = l
		peer := dial(t, l)
		l.HoldOff()
		if !Waiting(all, 0) {
			t.Errorf("%s: a peer that has connected is not waited for", address)
		}
		if Waiting(all, Settle) {
			t.Errorf("%s: a silent peer is waited for after %v", address, Settle)
		}
		send1(t, peer, "x")
		until(t, "the data", func() bool { return l.Queued() == 1 })
		if !Waiting(all, time.Hour) {
			t.Errorf("%s: a peer in the queue is not waited for", address)
		}
		unix.Close(peer)
	}
}
