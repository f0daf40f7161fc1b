package httpd

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"lflab/lf/flight"
	"lflab/lf/httpd/status"
	"lflab/sync/block"
)

const (
	maxSpin  = 1_000_000 // µs
	maxSleep = 60_000    // ms
	maxTouch = 16_384    // KiB
	maxBytes = 1 << 30
)

func (s *Server) builtIn() map[string]*route {
	r := map[string]*route{
		"/hello":         newRoute(get|head|post, hello),
		"/echo":          newRoute(get|head|post, echo),
		"/spin":          newRoute(get|head|post, spin),
		"/sleep":         newRoute(get|head|post, sleep),
		"/touch":         newRoute(get|head|post, touch),
		"/bytes":         newRoute(get|head, bytesOf),
		"/server-status": newRoute(get|head, s.status),
		"/lab/flight":    newRoute(get|head|post, s.flight),
		"/lab/counters":  newRoute(get|head, s.counters),
	}
	if s.config.Debug {
		r["/panic"] = newRoute(get|head|post, func(*Exchange) { panic("asked for by /panic") })
	}
	return r
}

var helloBody = []byte("Hello, World!")

func hello(x *Exchange) { x.Answer(fasthttp.StatusOK, "text/plain", helloBody) }

func echo(x *Exchange) { x.Answer(fasthttp.StatusOK, "application/octet-stream", x.Body()) }

// spin keeps the CPU busy for us µs.
func spin(x *Exchange) {
	us, ok := x.number("us", maxSpin)
	if !ok {
		return
	}
	x.willTake(us * 1000)
	for end := flight.Now() + us*1000; flight.Now() < end; {
	}
	x.Answer(fasthttp.StatusOK, "text/plain", spunBody)
}

// sleep blocks the thread in the kernel for ms milliseconds.
func sleep(x *Exchange) {
	ms, ok := x.number("ms", maxSleep)
	if !ok {
		return
	}
	x.willTake(ms * 1_000_000)
	block.SleepUntil(flight.Now() + ms*1_000_000)
	x.Answer(fasthttp.StatusOK, "text/plain", sleptBody)
}

// touch reads and writes every cache line of kib KiB that belong to the thread.
// How much of them is still in the CPU's caches depends on which thread got the
// request.
func touch(x *Exchange) {
	const line = 64
	kib, ok := x.number("kib", maxTouch)
	if !ok {
		return
	}
	if n := int(kib) << 10; len(x.thread.Scratch) < n {
		x.thread.Scratch = make([]byte, n)
	}
	private := x.thread.Scratch[:kib<<10]
	for i := 0; i < len(private); i += line {
		private[i]++
	}
	x.Answer(fasthttp.StatusOK, "text/plain", touchedBody)
}

var (
	touchedBody = []byte("touched\n")

	spunBody  = []byte("spun\n")
	sleptBody = []byte("slept\n")
)

// bytesOf answers with n bytes of a fixed pattern.
func bytesOf(x *Exchange) {
	if n, ok := x.number("n", maxBytes); ok {
		x.answerFrom(fasthttp.StatusOK, "application/octet-stream", pattern{}, n)
	}
}

// number returns the parameter `name` of the query as a whole number. If it is
// not one, or above most, number answers 400 and returns false.
func (x *Exchange) number(name string, most int64) (int64, bool) {
	args := x.Args()
	if !args.Has(name) {
		x.AnswerText(fasthttp.StatusBadRequest, "parameter %s is missing (want a whole number in 0..%d)", name, most)
		return 0, false
	}
	value := args.Peek(name)
	n, err := strconv.ParseUint(view(value), 10, 63)
	if err != nil || n > math.MaxInt64 || int64(n) > most {
		x.AnswerText(fasthttp.StatusBadRequest, "parameter %s: %q is not a whole number in 0..%d", name, value, most)
		return 0, false
	}
	return int64(n), true
}

// flight answers /lab/flight, which switches the recording of hand-offs.
func (s *Server) flight(x *Exchange) {
	if s.config.Flight == nil {
		notFound(x)
		return
	}
	action := string(x.Args().Peek("record"))
	if action != "on" && action != "off" {
		x.AnswerText(fasthttp.StatusBadRequest, "parameter record: %q is neither on nor off", action)
		return
	}
	raw := string(x.Args().Peek("raw"))
	if raw != "" && raw != "0" && raw != "1" {
		x.AnswerText(fasthttp.StatusBadRequest, "parameter raw: %q is neither 0 nor 1", raw)
		return
	}
	var window flight.Window
	for name, to := range map[string]*int64{"from": &window.Begin, "to": &window.End} {
		if !x.Args().Has(name) {
			continue
		}
		ns, ok := x.number(name, math.MaxInt64)
		if !ok {
			return
		}
		*to = ns
	}
	if x.unmet() {
		return
	}
	result, err := s.config.Flight(action, window, raw == "1")
	if err != nil {
		x.AnswerText(fasthttp.StatusInternalServerError, "switch recording %s: %v", action, err)
		return
	}
	body, err := json.Marshal(result)
	if err != nil {
		panic(fmt.Sprintf("encode the recording: %v", err))
	}
	x.Answer(fasthttp.StatusOK, "application/json", body)
}

func notFound(x *Exchange) {
	x.AnswerText(fasthttp.StatusNotFound, "not found")
}

// status answers with the server's status: a page, or with ?auto the lines of
// Apache's mod_status, under its names where it has them.
func (s *Server) status(x *Exchange) {
	if s.config.Status == nil {
		notFound(x)
		return
	}
	v := status.NewView(s.config.Status(), time.Now(), flight.Now())
	v.Panics, v.Draining = s.Panics(), s.draining.Load()
	if x.Args().Has("auto") {
		x.Answer(fasthttp.StatusOK, "text/plain; charset=utf-8", v.Lines())
		return
	}
	x.Answer(fasthttp.StatusOK, "text/html; charset=utf-8", v.Page(status.Refresh(x.Args())))
}
