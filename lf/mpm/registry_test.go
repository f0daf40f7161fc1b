package mpm

import (
	"strings"
	"testing"

	"lflab/lf/httpd"
	"lflab/lf/sock"
	"lflab/sync/park"
)

func TestUnknownName(t *testing.T) {
	for _, name := range []string{"", "Leader", "preforking", "leader "} {
		_, err := Lookup(name)
		if err == nil {
			t.Errorf("%q is known", name)
			continue
		}
		var known []string
		for _, k := range Kinds() {
			known = append(known, k.Name)
		}
		want := "unknown mpm \"" + name + "\" (known: " + strings.Join(known, ", ") + ")"
		if err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}
		if _, err := New(name, Config{}); err == nil || err.Error() != want {
			t.Errorf("New: error %v", err)
		}
	}
}

func TestKindsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if k.Name == "" || k.Doc == "" || k.MinThreads < 1 || k.New == nil || seen[k.Name] {
			t.Errorf("%+v", k)
		}
		seen[k.Name] = true
	}
}

// TestBadConfig checks that New names what it refuses and leaves nothing open.
func TestBadConfig(t *testing.T) {
	web, err := httpd.New(httpd.Config{})
	if err != nil {
		t.Fatal(err)
	}
	broken := park.Kind{Name: "broken", New: func(park.Options) (park.Parker, error) { return nil, errBroken }}
	for _, kind := range Kinds() {
		l, err := sock.Listen(sock.Options{Address: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		before := descriptors(t)
		good := Config{Listeners: []*sock.Listener{l}, Service: web, Threads: 4, Parker: park.Kinds()[0]}
		bad := map[string]Config{}
		few := good
		few.Threads = kind.MinThreads - 1
		bad["too few"] = few
		if kind.Parks {
			many := good
			many.Threads = 1<<16 + 1
			bad["want 1 to"] = many
			parker := good
			parker.Parker = broken
			bad[errBroken.Error()] = parker
		}
		if kind.Name == "leader" {
			order := good
			order.Order = 99
			bad[`unknown order "order(99)"`] = order
			promotion := good
			promotion.Promotion = 99
			bad[`unknown promotion "promotion(99)"`] = promotion
		}
		for want, cfg := range bad {
			if _, err := New(kind.Name, cfg); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q in it", kind.Name, err, want)
			}
		}
		if n := descriptors(t); n != before {
			t.Errorf("%s: %d descriptors, %d before", kind.Name, n, before)
		}
		l.Close()
	}
}

type brokenParker struct{}

func (brokenParker) Error() string { return "no beds" }

var errBroken = brokenParker{}
