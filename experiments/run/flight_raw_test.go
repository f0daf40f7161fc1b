package run

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"lflab/experiments/probe"
	"lflab/experiments/probe/stage"
	"lflab/experiments/run/process"
)

// answers returns a server that gives every request the same answer.
func answers(t *testing.T, body string) control {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "record=off&raw=1&from=17&to=23" {
			t.Errorf("asked for %s", r.URL)
		}
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return control{address: s.Listener.Addr().String()}
}

// Columns are found by name, in any order. Unknown columns do no harm.
func TestStopFlightRaw(t *testing.T) {
	const rest = `"unmatched": 3, "overwritten": 4, "columns": ["h1","h0","new","seq","promoted","a1","u0","p0","p1","p3","f5","f6"]`
	f, user, err := answers(t, `{`+rest+`, "threads": [{"tid": 7, "records": [[1,2,99,3,1,5,6,7,8,9,10,11], [0,0,0,0,0,0,0,0,0,0,0,1]]}, {"tid": 8, "records": [[0,0,0,1,0,0,0,0,0,0,0,0]]}]}`).stopFlightRaw(t.Context(), window{17, 23})
	if err != nil {
		t.Fatal(err)
	}
	want := []probe.UserRecord{
		{TID: 7, H1: 1, H0: 2, Seq: 3, Promoted: true, A1: 5, U0: 6, P0: 7, P1: 8, P3: 9, F5: 10, F6: 11},
		{TID: 7, F6: 1}, {TID: 8, Seq: 1},
	}
	if !reflect.DeepEqual(user, want) || f.unmatched != 3 || f.overwritten != 4 {
		t.Errorf("%+v and %+v, want %+v", f, user, want)
	}
	for body, want := range map[string]string{
		`{` + rest + `, "threads": [{"tid": 7, "records": [[1,2]]}]}`: "thread 7 has a row of 2 numbers for 12 columns",
		`{"columns": ["h1"], "threads": []}`:                          "there is no column ",
		`{}`:                                                          "there is no column ",
		`{` + rest + `, "threads": [{"tid": 7, "records": [[1,2,99,3,1,5,6,7,-8,9,10,11]]}]}`: "read flight records: ",
		`{` + rest + `, "threads": [`: "read flight records: ",
		`{"H": "none", "columns": ["h1","h0","seq","promoted","a1","u0","p0","p1","p3","f5","f6"]}`: "decode histogram H",
	} {
		if _, _, err := answers(t, body).stopFlightRaw(t.Context(), window{17, 23}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
	if n := reflect.TypeFor[probe.UserRecord]().NumField(); n != len(flightColumns)+1 {
		t.Errorf("%d columns for %d fields, of which one is the thread", len(flightColumns), n)
	}
}

// get requests /hello on a new connection.
func get(address string) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	answer, err := io.ReadAll(c)
	if err == nil && !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") {
		err = fmt.Errorf("the answer is %.100q", answer)
	}
	return err
}

const (
	threads     = 4
	warmup      = 20 * 2 * threads
	connections = 500
)

// joined runs a server and joins the records of the probe and the server.
func joined(t *testing.T, command []string) *probe.UserSide {
	t.Helper()
	server, err := process.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Kill()
	line, err := server.FirstLine(t.Context(), readyAfter)
	if err != nil {
		t.Fatal(err)
	}
	address, ok := strings.CutPrefix(line, "listening on ")
	if !ok {
		t.Fatalf("the server says %q first", line)
	}
	ctl := control{address: address}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := ctl.startFlight(ctx); err != nil {
		t.Fatal(err)
	}
	// A thread's first record allocates the memory of its log, which leads
	// through the runtime and causes switches that are not the server's
	// hand-offs.
	var all sync.WaitGroup
	for range 2 * threads {
		all.Go(func() {
			for range warmup / (2 * threads) {
				if err := get(address); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	p, err := probe.Open(probe.Options{PIDs: []int{server.PID()}, Requests: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for range connections {
		if err := get(address); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	_, user, err := ctl.stopFlightRaw(ctx, window{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(readyAfter); err != nil {
		t.Error(err)
	}
	return probe.Join(p.Records(), user)
}

// TestJoinedWithTheServersOwnRecords tests the real command: a server under
// load, watched by the kernel and by itself.
func TestJoinedWithTheServersOwnRecords(t *testing.T) {
	requireProbe(t)
	lflab := filepath.Join(t.TempDir(), "lflab")
	if out, err := exec.Command("go", "build", "-o", lflab, "lflab/cmd/lflab").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, mpm := range []string{"leader", "worker", "event", "kernel"} {
		t.Run("mpm="+mpm, func(t *testing.T) {
			s := joined(t, []string{lflab, "serve", "--lab", "--listen=127.0.0.1:0", "--mpm=" + mpm, fmt.Sprintf("--threads=%d", threads)})
			t.Logf("%d requests, %d hand-offs, %d gaps; unmatched %+v, edge %+v, contradicted %d, unstamped %d", s.Requests, s.Handoffs, s.Gaps, s.Unmatched, s.Edge, s.Contradicted, s.Unstamped)
			count := func(g stage.Group, stage string) uint64 { return s.Histogram(g, stage).Count }

			// A client goes on before the server has noted that its handler
			// returned, so each thread may miss one request at the end.
			if s.Requests < connections*98/100 || s.Requests > connections {
				t.Errorf("%d requests joined of %d", s.Requests, connections)
			}
			checkShare(t, 0.98, "requests", s.Requests, max(s.Unmatched.KernelRequests, s.Unmatched.UserRequests)+s.Contradicted)
			// The probe began after the warm-up, the server's records before.
			if e := s.Edge; e.KernelRequests > threads || e.KernelHandoffs > threads || e.UserRequests < warmup || e.UserRequests > warmup+threads || e.UserHandoffs > warmup+threads {
				t.Errorf("at the edges, with %d requests before the probe: %+v", warmup, e)
			}
			if handsOff := mpm != "kernel"; handsOff != (s.Handoffs > 0) {
				t.Errorf("%d hand-offs", s.Handoffs)
			} else if handsOff {
				checkShare(t, 0.98, "kernel's hand-offs", s.Handoffs, s.Unmatched.KernelHandoffs+s.Contradicted)
				// A thread that is woken on its way to sleep has slept by its
				// own records, but not by the kernel's.
				checkShare(t, 0.8, "server's hand-offs", s.Handoffs, s.Unmatched.UserHandoffs+s.Contradicted)
				checkShare(t, 0.98, "gaps", s.Gaps, s.Unmatched.KernelGaps)
			}
			checkSums(t, s)

			// Check on which requests' path the hand-off lies. The return from
			// accept lies on all of them.
			if passed := count(stage.UserD, "wake-return"); (mpm == "worker" || mpm == "event") != (passed > connections/2) || mpm == "leader" && passed != 0 {
				t.Errorf("%d of %d requests have a hand-off on their path", passed, s.Requests)
			}
			if promotes := count(stage.UserD, "wake-woke"); (mpm == "leader") != (promotes > connections/2) {
				t.Errorf("%d of %d readers woke another thread first", promotes, s.Requests)
			}
			// Requests whose data came after their accept lack this stage.
			if n := count(stage.UserD, "return-user"); n < s.Requests/2 {
				t.Errorf("%d of %d requests have a way from the kernel to user code", n, s.Requests)
			}
			if n := count(stage.UserD, "read-handler"); n != s.Requests {
				t.Errorf("%d of %d requests have a way from the read to the handler", n, s.Requests)
			}
		})
	}
}

func checkShare(t *testing.T, least float64, what string, joined, unmatched uint64) {
	t.Helper()
	if share := float64(joined) / float64(joined+unmatched); share < least {
		t.Errorf("%.1f %% of the %s are joined (%d, and %d are not)", 100*share, what, joined, unmatched)
	}
}

// checkSums checks that the stages of each group add up exactly to its total.
// They do so only if no stage is negative and each pair has its stamps in
// order. No stage of a hand-off that begins or ends in user code may be
// missing, so that H measured at both ends there is never less than the
// kernel's.
func checkSums(t *testing.T, s *probe.UserSide) {
	t.Helper()
	sums := map[stage.Group]uint64{}
	for _, one := range stage.User {
		h := s.Histogram(one.Group, one.Name)
		switch total := s.Histogram(one.Group, "total"); {
		case one.Name == "total":
			sums[one.Group] -= h.Sum
		case one.Group == stage.UserH && h.Count != total.Count:
			t.Errorf("%s is in %d of %d hand-offs", one.Name, h.Count, total.Count)
			fallthrough
		default:
			sums[one.Group] += h.Sum
		}
	}
	for g, rest := range sums {
		if rest != 0 {
			t.Errorf("%s: the stages add up to the total and %d ns", g, int64(rest))
		}
	}
}
