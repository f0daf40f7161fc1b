package httpd

import (
	"encoding/json"
	"fmt"
	"runtime/metrics"

	"github.com/valyala/fasthttp"
)

// Counters are the counts that the lab asks a server for beside its status.
// They start with the server.
type Counters struct {
	HeapAllocations uint64   `json:"heap_allocations"` // objects, of this process
	ServedBy        []uint64 `json:"served_by"`        // requests, by thread
}

// counters answers /lab/counters. The answer itself allocates some dozens of
// objects.
func (s *Server) counters(x *Exchange) {
	if s.config.Flight == nil || s.config.Status == nil {
		notFound(x)
		return
	}
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/tiny/allocs:objects"}}
	metrics.Read(samples)
	c := Counters{HeapAllocations: samples[0].Value.Uint64() + samples[1].Value.Uint64()}
	for _, p := range s.config.Status().Processes {
		for _, r := range p.Rows {
			c.ServedBy = append(c.ServedBy, r.Requests)
		}
	}
	body, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Sprintf("encode the counters: %v", err))
	}
	x.Answer(fasthttp.StatusOK, "application/json", body)
}
