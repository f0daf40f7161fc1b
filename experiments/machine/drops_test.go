package machine

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestListenDrops(t *testing.T) {
	read := func(text string) (uint64, error) {
		return listenDrops(fstest.MapFS{"proc/net/netstat": {Data: []byte(text)}})
	}
	const page = "TcpExt: SyncookiesSent ListenOverflows ListenDrops TW\nTcpExt: 1 22 23 4\nIpExt: InNoRoutes\nIpExt: 9\n"
	if n, err := read(page); err != nil || n != 23 {
		t.Errorf("%d drops, %v", n, err)
	}
	if _, err := read("TcpExt: A\nTcpExt: 1\n"); err == nil || !strings.Contains(err.Error(), "no ListenDrops") {
		t.Errorf("a page without it: %v", err)
	}
	if _, err := ListenDrops(); err != nil {
		t.Error(err)
	}
}
