package control

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/mpm"
)

// recording holds the answer to /lab/flight?record=off.
type recording struct {
	Unmatched, Overwritten, Unstamped, Unfinished uint64
	histograms                                    map[string]*hdrhistogram.Histogram
}

func (p *peer) recordingOff() (r recording) {
	p.t.Helper()
	body := p.get("/lab/flight?record=off")
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		p.t.Fatalf("%v in %.200q", err, body)
	}
	r.histograms = map[string]*hdrhistogram.Histogram{}
	for name, raw := range fields {
		var err error
		switch name {
		case "unmatched":
			err = json.Unmarshal(raw, &r.Unmatched)
		case "overwritten":
			err = json.Unmarshal(raw, &r.Overwritten)
		case "unstamped":
			err = json.Unmarshal(raw, &r.Unstamped)
		case "unfinished":
			err = json.Unmarshal(raw, &r.Unfinished)
		default:
			var encoded string
			if err = json.Unmarshal(raw, &encoded); err == nil {
				r.histograms[name], err = hdrhistogram.Decode([]byte(encoded))
			}
		}
		if err != nil {
			p.t.Fatalf("%s: %v", name, err)
		}
	}
	return r
}

func (r recording) count(name string) int64 {
	if h := r.histograms[name]; h != nil {
		return h.TotalCount()
	}
	return 0
}

// TestFlight records requests of a real process and decodes the answer.
func TestFlight(t *testing.T) {
	t.Parallel()
	const requests = 60
	for _, kind := range mpm.Kinds() {
		t.Run("mpm="+kind.Name, func(t *testing.T) {
			t.Parallel()
			many(t, kind.Name)
			o := order{MPM: kind.Name, Lab: true}
			if kind.Pool {
				o.Promotion = lf.Handoff // once for each event
			}
			p := run(t, o)
			lab := p.dial()
			if got := lab.get("/lab/flight?record=on"); got != "{}" {
				t.Errorf("on: %q", got)
			}
			handsOff := kind.Shape != flight.NoHandoff
			var r recording
			// Repeat if the kernel did not stamp yet, or if threads had no time
			// to fall asleep between requests.
			until(t, "the distributions", func() bool {
				lab.get("/lab/flight?record=on")
				for range requests {
					one := p.dial()
					one.get("/hello")
					one.Close()
				}
				r = lab.recordingOff()
				return r.count("D") >= requests/2 && (!handsOff || r.count("H") >= requests/4 && r.count("G")+r.count("G_none") > 0)
			})
			if r.Overwritten != 0 || r.Unmatched > 4 {
				t.Errorf("%d overwritten, %d unmatched", r.Overwritten, r.Unmatched)
			}
			// A thread that has not returned at the end loses its record.
			if n := r.count("handler"); n < requests-6 {
				t.Errorf("%d handlers recorded of %d", n, requests)
			}
			if !handsOff && r.count("H")+r.count("G") != 0 {
				t.Errorf("hand-offs where there can be none: %d, %d", r.count("H"), r.count("G"))
			}
			for name, h := range r.histograms {
				if h.Min() < 1 || h.TotalCount() == 0 {
					t.Errorf("%s: %d values from %d on", name, h.TotalCount(), h.Min())
				}
			}
			// A second "off" also counts the request of the first.
			if again := lab.recordingOff(); again.count("D") < r.count("D") {
				t.Errorf("off again: %d values of %d", again.count("D"), r.count("D"))
			}
		})
	}
}

// The raw records hold every request's handler, on a thread of the process. The
// rest of the answer is as without them.
func TestRawFlight(t *testing.T) {
	t.Parallel()
	const requests = 20
	for _, kind := range mpm.Kinds() {
		t.Run("mpm="+kind.Name, func(t *testing.T) {
			t.Parallel()
			many(t, kind.Name)
			p := run(t, order{MPM: kind.Name, Lab: true})
			lab := p.dial()
			lab.get("/lab/flight?record=on")
			for range requests {
				one := p.dial()
				one.get("/hello")
				one.Close()
			}
			var raw struct {
				Columns []string
				Threads []struct {
					TID     int
					Records [][]int64
				}
				Unmatched, Overwritten *uint64
			}
			body := lab.get("/lab/flight?record=off&raw=1")
			if err := json.Unmarshal([]byte(body), &raw); err != nil {
				t.Fatalf("%v in %.200q", err, body)
			}
			if raw.Unmatched == nil || raw.Overwritten == nil || !slices.Equal(raw.Columns, flight.Columns) {
				t.Errorf("columns %q in %.200q", raw.Columns, body)
			}
			handlers, h0 := 0, slices.Index(raw.Columns, "h0")
			for _, thread := range raw.Threads {
				if wanders := kind.Name == "goroutine"; wanders != (thread.TID == 0) {
					t.Errorf("thread %d", thread.TID)
				} else if _, err := os.Stat(fmt.Sprintf("/proc/%d/task/%d", p.cmd.Process.Pid, thread.TID)); !wanders && err != nil {
					t.Error(err)
				}
				for _, row := range thread.Records {
					if len(row) != len(raw.Columns) {
						t.Fatalf("row %v of columns %q", row, raw.Columns)
					}
					if row[h0] != 0 {
						handlers++
					}
				}
			}
			// A thread that has not returned at the end loses its record.
			if handlers < requests-6 || handlers > requests {
				t.Errorf("%d handlers recorded of %d", handlers, requests)
			}
		})
	}
}

func TestFlightErrors(t *testing.T) {
	for _, lab := range []bool{false, true} {
		c := plain("leader")
		c.Lab = lab
		s := begin(t, c)
		for action, want := range map[string]int{"on": 200, "off": 200, "": 400, "ON": 400, "on&record=off": 200} {
			if !lab {
				want = 404
			}
			p := dial(t, s.Addr())
			p.send("/lab/flight?record=" + action)
			if res, body := p.answer(); res.StatusCode != want {
				t.Errorf("lab %v, record=%s: %s, %q", lab, action, res.Status, body)
			}
			p.Close()
		}
		if _, err := s.flight("sideways", flight.Window{}, false); lab && err == nil {
			t.Error("an unknown action was taken")
		}
		if err := s.Drain(); err != nil {
			t.Error(err)
		}
	}
}

// Several clients may switch the recorder at once while requests are recorded.
func TestFlightIsSwitchedByMany(t *testing.T) {
	everyKind(t, func(t *testing.T, name string) {
		many(t, name)
		c := plain(name)
		c.Lab = true
		s := begin(t, c)
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport, Timeout: patience}
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				for n := range 40 {
					path := "/hello"
					if i >= 2 {
						path = "/lab/flight?record=" + []string{"on", "off"}[n%2]
					}
					res, err := client.Get("http://" + s.Addr() + path)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != 200 {
						t.Errorf("%s: %s, %v", path, res.Status, err)
					}
					res.Body.Close()
				}
			})
		}
		all.Wait()
		if err := s.Drain(); err != nil {
			t.Error(err)
		}
	})
}
