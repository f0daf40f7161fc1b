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
	"strings"
	"sync/atomic"
	"testing"
	"time"

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
		for _, want := range []string{url, "service time", "p99.9", "send lag", "errors         none", "generator", " us"} {
			if !strings.Contains(out, want) {
				t.Errorf("%v: no %q in\n%s", args, want, out)
			}
		}
		if open := args[0] == "--rate"; strings.Contains(out, "planned        20, 200.0 per second") != open {
			t.Errorf("%v: the plan of 20 requests belongs to the open loop only:\n%s", args, out)
		}
		if requests.Load() == before {
			t.Errorf("%v: the server has seen no request", args)
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
		{[]string{url, "--rate", "5", "--arrivals", "often"}, "--arrivals often: must be poisson or fixed"},
		{[]string{url, "--arrivals", "fixed"}, "needs --rate"},
		{[]string{url, "--duration", "-1s"}, "--duration -1s"},
		{[]string{url, "--json", "/nonexistent/x.json"}, "--json /nonexistent/x.json"},
	} {
		out, _, err := runLoadCommand(t, t.Context(), test.args...)
		if err == nil || !strings.Contains(err.Error(), test.says) || out != "" {
			t.Errorf("%v: %v, want an error that says %q", test.args, err, test.says)
			continue
		}
		var usage usageError
		if count := len(test.args); count > 0 && test.says != "one URL" && !errors.As(err, &usage) {
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
	for _, want := range []string{"Examples:", "latency ", "service time", "closed loop", "open loop", "--rate", "--json", "--seed", "--timeout", "--warmup"} {
		if !strings.Contains(help, want) {
			t.Errorf("the help says nothing of %q:\n%s", want, help)
		}
	}
}

func TestLoadWarnings(t *testing.T) {
	for _, test := range []struct {
		result load.Result
		want   string
	}{
		{load.Result{Requests: 100, Planned: 100, CPUShare: 0.5}, ""},
		{load.Result{Requests: 100, CPUShare: 0.99}, "saturated"},
		{load.Result{Requests: 98, Planned: 100}, "missed by 2.0 %"},
		{load.Result{Requests: 995, Planned: 1000}, ""},
	} {
		got := strings.Join(loadWarnings(&test.result), "\n")
		if !strings.Contains(got, test.want) || test.want == "" && got != "" {
			t.Errorf("warnings %q, want %q", got, test.want)
		}
	}
}

func TestFormatNs(t *testing.T) {
	for ns, want := range map[float64]string{
		0: "0 ns", 40: "40 ns", 999: "999 ns", 1000: "1.00 us", 9994: "9.99 us", 9996: "10.0 us", 330e3: "330 us", 1.5e6: "1.50 ms", 2.25e9: "2.25 s",
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
