package sock

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestIPv6(t *testing.T) {
	l, err := Listen(Options{Address: "[::1]:0"})
	if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EAFNOSUPPORT) {
		t.Skipf("no IPv6 on this machine: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a := l.Addr(); !a.Addr().Is6() || a.Port() == 0 || !strings.HasPrefix(a.String(), "[::1]:") {
		t.Errorf("listens on %v", a)
	}
	exchange(t, l, l)
}

// TestAllAddresses checks that an empty host includes IPv4.
func TestAllAddresses(t *testing.T) {
	l, err := Listen(Options{Address: ":0"})
	if errors.Is(err, unix.EAFNOSUPPORT) {
		t.Skipf("no IPv6 on this machine: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	exchange(t, l, &Listener{addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), l.Addr().Port())})
}

// exchange accepts from l a connection to `to` and sends a byte through it.
func exchange(t *testing.T, l, to *Listener) {
	t.Helper()
	peer := dial(t, to)
	defer unix.Close(peer)
	fd, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	send1(t, peer, "x")
	arrived(t, fd)
	if n, err := unix.Read(fd, make([]byte, 2)); n != 1 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
}

func TestBadAddresses(t *testing.T) {
	before := descriptors(t)
	for address, want := range map[string]string{
		"":                `resolve ""`,
		"8080":            `resolve "8080"`,
		"127.0.0.1":       `resolve "127.0.0.1"`,
		"127.0.0.1:99999": `resolve "127.0.0.1:99999"`,
		"127.0.0.1:-1":    `resolve "127.0.0.1:-1"`,
		"127.0.0.1:http!": `resolve "127.0.0.1:http!"`,
		"[::1:80":         `resolve "[::1:80"`,
		"192.0.2.1:0":     "listen on 192.0.2.1:0", // TEST-NET-1: not an address of this machine
	} {
		l, err := Listen(Options{Address: address})
		if err == nil {
			l.Close()
			t.Errorf("listens on %q", address)
			continue
		}
		if !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %q does not have %q", address, err, want)
		}
	}
	if n := descriptors(t); n != before {
		t.Errorf("%d descriptors, %d before", n, before)
	}
}

func TestAddressInUse(t *testing.T) {
	l := listen(t, Options{})
	_, err := Listen(Options{Address: l.Addr().String()})
	if !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("listening twice: %v", err)
	}
}
