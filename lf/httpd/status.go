package httpd

import (
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

//go:embed status.html
var statusText string

var statusPage = template.Must(template.New("status").Parse(statusText))

// statusView is what the page and the lines show.
type statusView struct {
	serve.Status
	Uptime   time.Duration
	Rate     float64 // requests per second since the start
	KBytes   uint64
	Panics   uint64
	Draining bool
	Names    []string // of the counters, sorted
}

// status answers what the server tells about itself: a page, or with ?auto
// lines with the names that Apache's mod_status uses, where it has one.
func (s *Server) status(x *Exchange) {
	if s.config.Status == nil {
		notFound(x)
		return
	}
	v := statusView{Status: s.config.Status(), Panics: s.Panics(), Draining: s.draining.Load()}
	v.Uptime = time.Duration(flight.Now() - v.Started)
	if v.Uptime > 0 {
		v.Rate = float64(v.Requests) / v.Uptime.Seconds()
	}
	v.KBytes = v.Bytes / 1024
	v.Names = slices.Sorted(maps.Keys(v.Counters))
	if x.Args().Has("auto") {
		x.Answer(fasthttp.StatusOK, "text/plain; charset=utf-8", v.lines())
		return
	}
	var page strings.Builder
	if err := statusPage.Execute(&page, v); err != nil {
		panic(fmt.Sprintf("render the status page: %v", err))
	}
	x.Answer(fasthttp.StatusOK, "text/html; charset=utf-8", []byte(page.String()))
}

func (v *statusView) lines() []byte {
	var b []byte
	line := func(name string, value any) { b = fmt.Appendf(b, "%s: %v\n", name, value) }
	line("ServerMPM", v.MPM)
	line("Primitive", v.Primitive)
	line("Threads", v.Threads)
	line("Total Accesses", v.Requests)
	line("Total kBytes", v.KBytes)
	line("Total Connections", v.Connections)
	line("Uptime", int64(v.Uptime.Seconds()))
	line("ReqPerSec", fmt.Sprintf("%.3f", v.Rate))
	if v.Requests > 0 {
		line("BytesPerReq", v.Bytes/v.Requests)
	}
	line("BusyWorkers", v.Busy)
	line("IdleWorkers", v.Idle)
	line("Panics", v.Panics)
	line("Draining", v.Draining)
	for _, n := range v.Names {
		line(n, v.Counters[n])
	}
	line("Scoreboard", v.Scoreboard)
	return b
}
