package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"lflab/experiments/load"
)

func runLoadCommand(t *testing.T, ctx context.Context, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := newLoadCommand(&out, &errOut)
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err = cmd.ExecuteContext(ctx)
	return out.String(), errOut.String(), err
}

func helloServer(t *testing.T) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		_, _ = io.WriteString(w, "Hello, World!")
	}))
	t.Cleanup(s.Close)
	return s.URL + "/hello", requests
}

func TestLoadTable(t *testing.T) {
	url, requests := helloServer(t)
	for _, args := range [][]string{
		{"--connections", "4"},
		{"--rate", "200", "--arrivals", "fixed", "--close"},
	} {
		before := requests.Load()
		out, _, err := runLoadCommand(t, t.Context(), append([]string{url, "--duration", "100ms", "--warmup", "0s"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{url, "service time", "p99.9", "send lag", "errors         none", "generator", " µs"} {
			if !strings.Contains(out, want) {
				t.Errorf("%v: no %q in\n%s", args, want, out)
			}
		}
		if open := args[0] == "--rate"; open && !strings.Contains(out, "planned        20, 200.0 per second") {
			t.Errorf("%v: want the plan of 20 requests:\n%s", args, out)
		}
		if requests.Load() == before {
			t.Errorf("%v: the server has seen no request", args)
		}
	}
}

// The table shows the effect of the flags that belong to one law.
func TestLoadTableOfGroups(t *testing.T) {
	url, _ := helloServer(t)
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"--rate", "200", "--arrivals", "paired", "--spacing", "20us", "--threads", "2"},
			[]string{"(paired, 20.0 µs apart)", "2 threads,", "second's lat.", "pair spacing   p50 ", " of 10 pairs; the second came first in "}},
		{[]string{"--rate", "400", "--arrivals", "burst", "--burst", "4"}, []string{"(bursts of 4)"}},
		{[]string{"--cpus", firstCPU(t)}, []string{"1 threads on CPUs " + firstCPU(t) + ","}},
	} {
		out, _, err := runLoadCommand(t, t.Context(), append([]string{url, "--duration", "100ms", "--warmup", "0s"}, test.args...)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			if !strings.Contains(out, want) {
				t.Errorf("%v: no %q in\n%s", test.args, want, out)
			}
		}
	}
}

// firstCPU returns the first CPU that this process may use.
func firstCPU(t *testing.T) string {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	for cpu := 0; ; cpu++ {
		if set.IsSet(cpu) {
			return strconv.Itoa(cpu)
		}
	}
}

func TestLoadJSON(t *testing.T) {
	url, _ := helloServer(t)
	path := filepath.Join(t.TempDir(), "load.json")
	table, _, err := runLoadCommand(t, t.Context(), url, "--duration", "50ms", "--warmup", "0s", "--json", path)
	if err != nil || !strings.Contains(table, "p99") {
		t.Fatalf("%v, want the table beside the file:\n%s", err, table)
	}
	inFile, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	onStdout, _, err := runLoadCommand(t, t.Context(), url, "--duration", "50ms", "--warmup", "0s", "--json", "-")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(inFile), onStdout} {
		var report load.Report
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&report); err != nil || report.Requests == 0 || report.URL != url || decoder.More() {
			t.Errorf("%v: want one report and nothing else:\n%s", err, text)
		}
	}
}

func TestLoadWrongUsage(t *testing.T) {
	url, requests := helloServer(t)
	for _, test := range []struct {
		args []string
		says string
	}{
		{nil, "one URL"},
		{[]string{url, url}, "one URL"},
		{[]string{"localhost:80"}, "http://host:port/path"},
		{[]string{url, "--connections", "0"}, "--connections 0: must be 1 to"},
		{[]string{url, "--threads", "33"}, "--threads 33: must be at most --connections, 32"},
		{[]string{url, "--rate", "-1"}, "--rate -1: must be 0"},
		{[]string{url, "--rate", "5", "--arrivals", "often"}, "--arrivals often: must be poisson, fixed, paired or burst"},
		{[]string{url, "--arrivals", "fixed"}, "needs --rate"},
		{[]string{url, "--arrivals", "paired"}, "needs --rate"},
		{[]string{url, "--rate", "5", "--spacing", "0"}, "--spacing 0s: needs --arrivals paired"},
		{[]string{url, "--rate", "5", "--arrivals", "burst", "--spacing", "5us"}, "--spacing 5µs: needs --arrivals paired"},
		{[]string{url, "--rate", "5", "--arrivals", "paired", "--spacing", "2ms"}, "--spacing 2ms: must be 0s to 1ms"},
		{[]string{url, "--rate", "5000", "--arrivals", "paired", "--spacing", "500us"}, "--spacing 500µs: must be at most 200µs at --rate 5000"},
		{[]string{url, "--rate", "5", "--burst", "4"}, "--burst 4: needs --arrivals burst"},
		{[]string{url, "--rate", "5", "--arrivals", "burst"}, "--burst 0: must be 1 to 1024"},
		{[]string{url, "--rate", "5", "--arrivals", "burst", "--burst", "33"}, "--burst 33: must be at most --connections, 32"},
		{[]string{url, "--cpus", "-1"}, "--cpus -1: must be of the CPUs of this process, ["},
		{[]string{url, "--cpus", "first"}, `"first"`},
		{[]string{url, "--rate", "1e-10"}, "--rate 1e-10: must be 0 (closed loop) or at least 0.1"},
		{[]string{url, "--rate", "NaN"}, "--rate NaN: must be"},
		{[]string{url, "--rate", "1e12"}, "--rate 1e+12: must be"},
		{[]string{url, "--timeout", "0"}, "--timeout 0s: must be 1ms or more"},
		{[]string{"unix:/run/x"}, "TCP port"},
		{[]string{url, "--duration", "-1s"}, "--duration -1s"},
		{[]string{url, "--json", "/nonexistent/x.json"}, "--json /nonexistent/x.json"},
	} {
		out, _, err := runLoadCommand(t, t.Context(), test.args...)
		if err == nil || !strings.Contains(err.Error(), test.says) || out != "" {
			t.Errorf("%v: %v, want an error that says %q", test.args, err, test.says)
			continue
		}
		var usage usageError
		if count := len(test.args); count > 0 && test.says != "one URL" && test.says != `"first"` && !errors.As(err, &usage) {
			t.Errorf("%v: %v is not wrong usage", test.args, err)
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestLoadInterrupted(t *testing.T) {
	url, requests := helloServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for requests.Load() < 100 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	out, _, err := runLoadCommand(t, ctx, url, "--duration", "1h", "--warmup", "0s")
	if !errors.Is(err, context.Canceled) || !strings.Contains(out, "p99") {
		t.Errorf("%v, want the table of what is complete:\n%s", err, out)
	}
}

func TestLoadHelp(t *testing.T) {
	help, _, err := runLoadCommand(t, t.Context(), "--help")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Examples:", "latency ", "service time", "closed loop", "open loop", "--rate", "--json", "--seed", "--timeout", "--warmup", "paired ", "burst ", "--spacing", "--cpus"} {
		if !strings.Contains(help, want) {
			t.Errorf("the help says nothing of %q:\n%s", want, help)
		}
	}
}

func TestLoadWarnings(t *testing.T) {
	pairs := func(spacing int64) load.Result {
		h := hdrhistogram.New(1, 60e9, 3)
		_ = h.RecordValues(spacing, 20) // a median needs ten values on either side
		return load.Result{PairSpacing: h}
	}
	for _, test := range []struct {
		result load.Result
		want   string
	}{
		{pairs(14000), ""},
		{pairs(38000), "the pairs were 38.0 µs apart instead of 10.0 µs"},
		{load.Result{Requests: 100, Planned: 100, CPUShare: 0.5}, ""},
		{load.Result{Requests: 100, CPUShare: 0.99}, "saturated"},
		{load.Result{Offered: 10, Overdue: 2, Planned: 100}, "missed by 2.0 %"},
		{load.Result{Offered: 10, Late: 5, Planned: 1000}, ""},
		{load.Result{Starved: load.Starved{Asked: 16, Silent: 3}}, "3 of 16 connections had no answer in the measured time"},
		{load.Result{Starved: load.Starved{Asked: 16}, Held: load.Held{Connections: 3, ToEnd: 2, Failed: 1}}, "3 of 16 connections waited in the measured time for a request of the warm-up"},
		{load.Result{Starved: load.Starved{Asked: 16}, Held: load.Held{Connections: 3}}, ""},
	} {
		got := strings.Join(loadWarnings(load.Config{Spacing: 10 * time.Microsecond}, &test.result), "\n")
		if !strings.Contains(got, test.want) || test.want == "" && got != "" {
			t.Errorf("warnings %q, want %q", got, test.want)
		}
	}
}

// A load whose connections all wait from the warm-up on says so. More time would
// not help.
func TestAllConnectionsHang(t *testing.T) {
	t.Parallel()
	release, requests := make(chan struct{}), new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		requests.Add(1)
		<-release
	}))
	defer s.Close()
	defer close(release)
	out, _, err := runLoadCommand(t, t.Context(), s.URL, "--connections", "3", "--warmup", "1s", "--duration", "200ms")
	if err == nil || !strings.Contains(err.Error(), "all 3 connections waited for an answer from the warm-up on") || strings.Contains(err.Error(), "--duration") {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"silent         3 of 3 connections", "held           3 of 3 connections", "3 to its end", "the longest wait is 0.2 s of 0.2 s", "100 % of the connections' time"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestFormatNs(t *testing.T) {
	for ns, want := range map[float64]string{
		0: "0 ns", 40: "40 ns", 999: "999 ns", 1000: "1.00 µs", 9994: "9.99 µs", 9996: "10.0 µs", 330e3: "330 µs", 1.5e6: "1.50 ms", 2.25e9: "2.25 s",
	} {
		if got := formatNs(ns); got != want {
			t.Errorf("%g ns is %q, want %q", ns, got, want)
		}
	}
}

func TestLoadProgressLines(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, "load", "answers", 20*time.Second)
	for at := time.Duration(0); at <= 20*time.Second; at += 250 * time.Millisecond {
		p.show(at, 20*time.Second, uint64(at.Seconds()))
	}
	p.end()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 9 || lines[0] != "load: 2.0 s of 20.0 s, 2 answers" {
		t.Errorf("want a line at each tenth but the last:\n%s", out.String())
	}
}
