package control

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lflab/lf/httpd"
	"lflab/lf/mpm"
)

// asker is a client of a server's socket for snapshots.
func asker(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	c, err := net.DialUnix("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "asker"), Net: "unixgram"}, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// told asks for the snapshots.
func told(t *testing.T, c *net.UnixConn) (all []httpd.Counters) {
	t.Helper()
	if _, err := c.Write([]byte(tellSnapshots)); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 1<<20)
	n, err := c.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text[:n], &all); err != nil {
		t.Fatalf("%v in %.200q", err, text[:n])
	}
	return all
}

// requestsOf returns the number of requests in the status of a snapshot.
func requestsOf(t *testing.T, c httpd.Counters) (n int) {
	t.Helper()
	for line := range strings.Lines(c.Status) {
		if text, ok := strings.CutPrefix(line, "Total Accesses: "); ok {
			if err := json.Unmarshal([]byte(text), &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no number of requests in %q", c.Status)
	return 0
}

// TestSnapshots takes a snapshot before and one after some requests.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	const requests = 30
	for _, kind := range mpm.Kinds() {
		t.Run("mpm="+kind.Name, func(t *testing.T) {
			t.Parallel()
			many(t, kind.Name)
			p := run(t, order{MPM: kind.Name, Lab: true})
			lab := p.dial()
			var counters struct{ Snapshots string }
			if err := json.Unmarshal([]byte(lab.get("/lab/counters")), &counters); err != nil {
				t.Fatal(err)
			}
			c := asker(t, counters.Snapshots)
			take := func() {
				if _, err := c.Write([]byte(takeSnapshot)); err != nil {
					t.Fatal(err)
				}
			}
			now := func() httpd.Counters {
				take()
				all := told(t, c)
				if len(all) != 1 {
					t.Fatalf("%d snapshots, want 1", len(all))
				}
				return all[0]
			}
			begin := now()
			for range requests {
				one := p.dial()
				one.get("/hello")
				one.Close()
			}
			end := now()
			if n := requestsOf(t, end) - requestsOf(t, begin); n != requests || end.At <= begin.At {
				t.Errorf("%d requests between the snapshots, want %d", n, requests)
			}
			if len(end.ServedBy) == 0 || end.HeapBefore < begin.HeapAfter || end.HeapAfter < end.HeapBefore {
				t.Errorf("%+v after %+v", end, begin)
			}
			if again := told(t, c); len(again) != 0 {
				t.Errorf("%d snapshots were told twice", len(again))
			}
		})
	}
}

// TestSnapshotsAreBounded asks for more than are kept, and says nonsense.
func TestSnapshotsAreBounded(t *testing.T) {
	c := plain("leader")
	c.Lab = true
	s := begin(t, c)
	name := s.snapshots.name
	a := asker(t, name)
	for _, message := range append([]string{"", "nonsense", "taketake"}, make([]string, mostSnapshots+3)...) {
		if message == "" {
			message = takeSnapshot
		}
		if _, err := a.Write([]byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	all := told(t, a)
	if len(all) != mostSnapshots {
		t.Errorf("%d snapshots, want %d", len(all), mostSnapshots)
	}
	for i := range all[1:] {
		if all[i+1].At < all[i].At {
			t.Errorf("snapshot %d is older than the one before", i+1)
		}
	}
	if err := s.Drain(); err != nil {
		t.Error(err)
	}
	if _, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"}); err == nil {
		t.Error("the socket is left after the server has ended")
	}
	if !strings.HasPrefix(name, "@lflab-") || os.Getpid() == 0 {
		t.Errorf("the socket is called %s", name)
	}
}
