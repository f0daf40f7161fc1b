package httpd

import (
	"encoding/json"
	"fmt"
	"runtime/metrics"
	"time"

	"github.com/valyala/fasthttp"

	"lflab/lf/flight"
	"lflab/lf/httpd/status"
	"lflab/lf/serve"
)

// Counters are the counts of a server at one moment. They start with the
// server.
type Counters struct {
	At       int64    `json:"at"`        // ns of CLOCK_MONOTONIC
	ServedBy []uint64 `json:"served_by"` // requests, by thread
	Status   string   `json:"status"`    // the lines of /server-status?auto

	// The heap's counts are objects of this process, before and after the rest
	// was read. So what reading allocates belongs to no time between two
	// readings.
	HeapBefore uint64 `json:"heap_before"`
	HeapAfter  uint64 `json:"heap_after"`
}

// Snapshot is a server's counters as they were read, not yet in their written
// form.
type Snapshot struct {
	at            int64
	before, after uint64
	status        serve.Status
}

// heapAllocations reads how many objects this process has allocated.
func heapAllocations() uint64 {
	samples := [...]metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/tiny/allocs:objects"}}
	metrics.Read(samples[:])
	return samples[0].Value.Uint64() + samples[1].Value.Uint64()
}

// Snapshot reads the counters. It takes some 10 µs. The server must have a
// Status.
func (s *Server) Snapshot() Snapshot {
	c := Snapshot{at: flight.Now(), before: heapAllocations()}
	c.status = s.config.Status()
	c.after = heapAllocations()
	return c
}

// Counters converts a snapshot into its written form.
func (s *Server) Counters(from Snapshot) Counters {
	c := Counters{At: from.at, HeapBefore: from.before, HeapAfter: from.after}
	for _, p := range from.status.Processes {
		for _, r := range p.Rows {
			c.ServedBy = append(c.ServedBy, r.Requests)
		}
	}
	v := status.NewView(from.status, time.Now(), from.at)
	v.Panics, v.Draining = s.Panics(), s.draining.Load()
	c.Status = string(v.Lines())
	return c
}

// counters answers /lab/counters with the counters of now, and says where a
// snapshot is asked for (see Config.Snapshots).
func (s *Server) counters(x *Exchange) {
	if s.config.Flight == nil || s.config.Status == nil {
		notFound(x)
		return
	}
	body, err := json.Marshal(struct {
		Counters
		Snapshots string `json:"snapshots,omitempty"`
	}{s.Counters(s.Snapshot()), s.config.Snapshots})
	if err != nil {
		panic(fmt.Sprintf("encode the counters: %v", err))
	}
	x.Answer(fasthttp.StatusOK, "application/json", body)
}
