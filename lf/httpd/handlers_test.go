package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// one sends one request and returns the answer.
func one(t *testing.T, s *Server, input string) answer {
	t.Helper()
	f := &fake{t: t, waits: true, ended: true, pieces: [][]byte{[]byte(input)}}
	drive(t, s.newSession(), f, f)
	method, _, _ := strings.Cut(input, " ")
	a := answers(t, f.written.String(), method)
	if len(a) != 1 {
		t.Fatalf("%d answers to %q", len(a), input)
	}
	return a[0]
}

func TestParameters(t *testing.T) {
	server := newServer(t, Config{Flight: func(string, flight.Window, bool) (any, error) { return nil, nil }})
	tests := []struct{ target, want string }{
		{"/spin", "parameter us is missing (want a whole number in 0..1000000)"},
		{"/spin?us=", `parameter us: "" is not a whole number in 0..1000000`},
		{"/touch?kib=16385", `parameter kib: "16385" is not a whole number in 0..16384`},
		{"/spin?us=1000001", `parameter us: "1000001" is not a whole number in 0..1000000`},
		{"/sleep?ms=-1", `parameter ms: "-1" is not a whole number in 0..60000`},
		{"/sleep?ms=60001", `parameter ms: "60001" is not a whole number in 0..60000`},
		{"/sleep?ms=1.5", `parameter ms: "1.5" is not a whole number in 0..60000`},
		{"/bytes?n=1073741825", `parameter n: "1073741825" is not a whole number in 0..1073741824`},
		{"/bytes?n=0x10", `parameter n: "0x10" is not a whole number in 0..1073741824`},
		{"/bytes?n=99999999999999999999", `parameter n: "99999999999999999999" is not a whole number in 0..1073741824`},
		{"/lab/flight", `parameter record: "" is neither on nor off`},
		{"/lab/flight?record=maybe", `parameter record: "maybe" is neither on nor off`},
		{"/lab/flight?record=off&from=-5&to=7", `parameter from: "-5" is not a whole number in 0..9223372036854775807`},
		{"/lab/flight?record=off&raw=yes", `parameter raw: "yes" is neither 0 nor 1`},
	}
	for _, test := range tests {
		if a := one(t, server, ask("GET", test.target, "", "")); a.code != 400 || a.body != test.want+"\n" {
			t.Errorf("%s: %d %q", test.target, a.code, a.body)
		}
	}
	if a := one(t, server, ask("HEAD", "/bytes?n=1073741824", "", "")); a.code != 200 || a.header.Get("Content-Length") != "1073741824" {
		t.Errorf("%v", a)
	}
}

func TestMethods(t *testing.T) {
	server := newServer(t, Config{DocRoot: t.TempDir()})
	tests := []struct {
		method, target, allow string
		code                  int
	}{
		{"PUT", "/hello", "GET, HEAD, POST", 405},
		{"DELETE", "/bytes", "GET, HEAD", 405},
		{"POST", "/file", "GET, HEAD", 405},
		{"OPTIONS", "/hello", "GET, HEAD, POST", 405},
		{"OPTIONS", "*", "GET, HEAD, POST", 204},
		{"BREW", "/hello", "", 501},
		{"CONNECT", "h:1", "", 501},
	}
	for _, test := range tests {
		a := one(t, server, ask(test.method, test.target, "", ""))
		if a.code != test.code || a.header.Get("Allow") != test.allow {
			t.Errorf("%s %s: %d, Allow: %s", test.method, test.target, a.code, a.header.Get("Allow"))
		}
	}
}

// These handlers take the requested time, on the thread that calls them.
func TestSpinAndSleepTakeTheirTime(t *testing.T) {
	server := newServer(t, Config{})
	for _, target := range []string{"/spin?us=3000", "/sleep?ms=3"} {
		begin := flight.Now()
		if a := one(t, server, ask("GET", target, "", "")); a.code != 200 {
			t.Errorf("%s: %d", target, a.code)
		}
		if took := time.Duration(flight.Now() - begin); took < 3*time.Millisecond-2*time.Microsecond {
			t.Errorf("%s: %v", target, took)
		}
	}
}

// If a handler asks for something that only fasthttp reads, and fasthttp
// refuses the request, the server refuses it too and does not panic. Handlers
// that do not ask are not affected.
func TestParserIsAskedWhenItIsNeeded(t *testing.T) {
	input := getHello + ask("GET", "/hello", "Trailer: Authorization\r\n", "") + ask("GET", "/file", "Trailer: Authorization\r\n", "") + getHello
	server := newServer(t, Config{DocRoot: t.TempDir()})
	server.routes["/file"] = newRoute(get, func(x *Exchange) {
		x.Field("X", "y")
		x.Answer(200, "", x.Request().Header.Peek("Trailer"))
		t.Error("the handler went on")
	})
	for _, waits := range []bool{true, false} {
		f := &fake{t: t, waits: waits, ended: true, pieces: [][]byte{[]byte(input)}}
		drive(t, server.newSession(), f, f)
		a := answers(t, f.written.String())
		if len(a) != 3 || a[1].body != helloWords || a[2].code != 400 || !a[2].close || a[2].header.Get("X") != "" {
			t.Errorf("%q", f.written.String())
		}
	}
	if server.Panics() != 0 {
		t.Errorf("%d panics", server.Panics())
	}
}

func TestPanicEndsOneConnection(t *testing.T) {
	var log bytes.Buffer
	c := Config{Debug: true, Log: slog.New(slog.NewTextHandler(&log, nil))}
	for _, target := range []string{"/panic", "/late"} {
		server := newServer(t, c)
		server.routes["/late"] = newRoute(get, func(x *Exchange) {
			x.answerFrom(200, "", &extract{}, 5)
			x.Field("X", "y")
			panic("late")
		})
		log.Reset()
		for _, waits := range []bool{true, false} {
			f := &fake{t: t, waits: waits, ended: true, pieces: [][]byte{[]byte(getHello + ask("GET", target, "", "") + getHello)}}
			drive(t, server.newSession(), f, f)
			a := answers(t, f.written.String())
			if len(a) != 2 || a[0].body != helloWords || a[1].code != 500 || !a[1].close || a[1].header.Get("X") != "" {
				t.Errorf("%q", f.written.String())
			}
		}
		if server.Panics() != 2 {
			t.Errorf("%d panics", server.Panics())
		}
		if n := strings.Count(log.String(), "handler panicked"); n != 1 || !strings.Contains(log.String(), "handlers_test.go") && target == "/late" {
			t.Errorf("logged %d times: %s", n, log.String())
		}
	}
	if a := one(t, newServer(t, Config{}), ask("GET", "/panic", "", "")); a.code != 404 {
		t.Errorf("/panic without Debug: %d", a.code)
	}
}

func TestFlightSwitch(t *testing.T) {
	var asked []string
	server := newServer(t, Config{Flight: func(action string, window flight.Window, raw bool) (any, error) {
		if window != (flight.Window{}) {
			asked = append(asked, fmt.Sprint(window.Begin, "-", window.End))
		}
		if raw {
			asked = append(asked, "raw")
		}
		if asked = append(asked, action); action == "on" {
			return map[string]int{"records": 3}, nil
		}
		return nil, errors.New("nothing was recorded")
	}})
	a := one(t, server, ask("GET", "/lab/flight?record=on", "", ""))
	var got map[string]int
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || got["records"] != 3 || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v %v", a, err)
	}
	if a := one(t, server, ask("POST", "/lab/flight?record=off", "", "")); a.code != 500 || !strings.Contains(a.body, "nothing was recorded") {
		t.Errorf("%v", a)
	}
	one(t, server, ask("GET", "/lab/flight?record=off&raw=1", "", ""))
	one(t, server, ask("GET", "/lab/flight?record=off&from=17&to=9223372036854775807", "", ""))
	if strings.Join(asked, " ") != "on off raw off 17-9223372036854775807 off" {
		t.Errorf("asked for %v", asked)
	}
	if a := one(t, newServer(t, Config{}), ask("GET", "/lab/flight?record=on", "", "")); a.code != 404 {
		t.Errorf("without a recorder: %d", a.code)
	}
}

// The flight log has the time just before and just after the handler, once per
// request.
func TestFlightStamps(t *testing.T) {
	recorder := flight.New(64)
	server := newServer(t, Config{})
	th := serve.Thread{Row: new(serve.Row)}
	th.Log = recorder.NewLog()
	recorder.On()
	var during int64
	server.routes["/look"] = newRoute(get, func(x *Exchange) { during = flight.Now() })
	s := server.newSession()
	f := &fake{t: t, waits: true, ended: true, pieces: [][]byte{[]byte(ask("GET", "/look", "", "") + getHello)}}
	s.Reset(f)
	s.Serve(&th)
	th.Log.Flush()
	recorder.Off()
	records, _ := recorder.Records()
	if len(records) != 1 || len(records[0].Records) != 2 {
		t.Fatalf("%v", records)
	}
	if r := records[0].Records[0]; r.H0 == 0 || r.H0 > during || r.H1 < during {
		t.Errorf("h0 %d, handler %d, h1 %d", r.H0, during, r.H1)
	}
}

func TestStatus(t *testing.T) {
	server := newServer(t, Config{Status: func() serve.Status {
		return serve.Status{MPM: "leader<x>", Primitive: "futex", Threads: 4, Started: flight.Now() - int64(100*time.Second),
			Connections: 7, Requests: 1000, Bytes: 4096, Busy: 1, Idle: 3, Scoreboard: "L_WK",
			Counters: map[string]uint64{"promotions": 12, "cas_retries": 3}}
	}})
	lines := one(t, server, ask("GET", "/server-status?auto", "", ""))
	for _, want := range []string{"ServerMPM: leader<x>", "Primitive: futex", "Threads: 4", "Total Accesses: 1000", "Total kBytes: 4",
		"Total Connections: 7", "Uptime: 100", "ReqPerSec: 10.000", "BytesPerReq: 4.096", "BusyWorkers: 1", "IdleWorkers: 3", "Panics: 0",
		"Draining: false", "cas_retries: 3", "promotions: 12", "Scoreboard: L_WK"} {
		if !strings.Contains("\n"+lines.body, "\n"+want+"\n") {
			if want != "ReqPerSec: 10.000" || !strings.Contains(lines.body, "ReqPerSec: 9.99") {
				t.Errorf("no line %q in %s", want, lines.body)
			}
		}
	}
	page := one(t, server, ask("GET", "/server-status", "", ""))
	for _, want := range []string{"leader&lt;x&gt;", "L_WK", "promotions", "1\u202f000"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("no %q in %s", want, page.body)
		}
	}
	if strings.Contains(page.body, "http://") || strings.Contains(page.body, "https://") || strings.Contains(page.body, "leader<x>") {
		t.Error("the page leads elsewhere, or does not escape")
	}
	if a := one(t, newServer(t, Config{}), ask("GET", "/server-status", "", "")); a.code != 404 {
		t.Errorf("without a source: %d", a.code)
	}
}
