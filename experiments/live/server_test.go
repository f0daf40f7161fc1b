package live

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/report"
)

// results returns a copy of a results directory whose trials are files.
func results(t *testing.T) (dir string, run *record.Run) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"manifest.json", "trials.zip.zst"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "results", "handoff-reference", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := record.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	run, err := record.OpenRecords(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, run
}

// serve returns a server that follows dir, and ends with the test.
func serve(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.Follow(dir)
	return s
}

// ask sends a request with a Host header, "" for the right one, as it stands:
// without the cleaning of paths that clients do.
func ask(t *testing.T, s *Server, method, path, host string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(method, s.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Opaque = path
	if host != "" {
		r.Host = host
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	answer.Body = io.NopCloser(strings.NewReader(string(body)))
	return answer
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// The server answers only to its own addresses, only to requests that change
// nothing, and only with files of the results directory.
func TestRefusals(t *testing.T) {
	dir, run := results(t)
	secret := filepath.Join(filepath.Dir(dir), "secret.txt")
	if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"link.txt": secret, "up": "..", "inside.json": "manifest.json"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, dir)
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	for _, c := range []struct {
		method, path, host string
		status             int
	}{
		{"GET", "/", "", 200}, {"HEAD", "/", "", 200}, {"GET", "/report.html", "", 200},
		{"GET", "/", "localhost:" + port, 200}, {"GET", "/", "[::1]:" + port, 200},
		{"GET", "/", "attacker.example:" + port, 403}, {"GET", "/", "attacker.example", 403}, {"GET", "/", "localhost", 403},
		{"GET", "/", "127.0.0.1:1", 403}, {"GET", "/manifest.json", "attacker.example:" + port, 403}, {"GET", "/events", "attacker.example:" + port, 403},
		{"GET", "/", "127.0.0.1.attacker.example:" + port, 403}, {"GET", "/", "localhost.:" + port, 403},
		{"POST", "/", "", 405}, {"PUT", "/manifest.json", "", 405}, {"DELETE", "/manifest.json", "", 405}, {"OPTIONS", "/", "", 405},
		{"GET", "/manifest.json", "", 200}, {"GET", "/inside.json", "", 200}, {"GET", "/trials/" + run.Trials[0].ID + ".json", "", 200},
		{"GET", "/trials", "", 404}, {"GET", "/trials/", "", 404}, {"GET", "/none.json", "", 404},
		{"GET", "/../secret.txt", "", 404}, {"GET", "/trials/../../secret.txt", "", 404}, {"GET", "/%2e%2e/secret.txt", "", 404}, {"GET", "/..%2fsecret.txt", "", 404},
		{"GET", "//etc/passwd", "", 403}, {"GET", "/link.txt", "", 404}, {"GET", "/up/secret.txt", "", 404}, {"GET", "/up", "", 404},
	} {
		r := ask(t, s, c.method, c.path, c.host)
		if r.StatusCode != c.status {
			t.Errorf("%s %s of host %q: %s, want %d", c.method, c.path, c.host, r.Status, c.status)
		}
		if strings.Contains(text(t, r), "secret") && c.status != 200 {
			t.Errorf("%s %s tells the secret", c.method, c.path)
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Content-Security-Policy") == "" || r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s: headers %v", c.method, c.path, r.Header)
		}
	}
}

// A server listens on loopback unless an address is asked for, and a port that
// is taken is an error that names it.
func TestListen(t *testing.T) {
	s := serve(t, t.TempDir())
	address := s.listener.Addr().String()
	if _, err := Listen(address); err == nil || !strings.Contains(err.Error(), address+": the port is taken") {
		t.Errorf("a taken port: %v", err)
	}
	for _, wrong := range []string{"8642", "127.0.0.1:port", "no.such.host.invalid:0"} {
		if other, err := Listen(wrong); err == nil {
			other.Close()
			t.Errorf("listens at %q", wrong)
		}
	}
	bare, err := Listen(":0")
	if err != nil {
		t.Fatal(err)
	}
	if ip := bare.listener.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
		t.Errorf("without a host it listens at %v", ip)
	}
	if err := bare.Close(); err != nil {
		t.Error(err)
	}
}

// follower reads the events of a server.
type follower struct {
	body  io.Closer
	lines *bufio.Scanner
}

func follow(t *testing.T, s *Server, path string) *follower {
	t.Helper()
	r, err := http.Get(strings.TrimSuffix(s.URL(), "/") + path)
	if err != nil || r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("events: %+v, %v", r, err)
	}
	t.Cleanup(func() { r.Body.Close() })
	return &follower{r.Body, bufio.NewScanner(r.Body)}
}

// next returns the name of the next event, "" at the end.
func (f *follower) next() string {
	for f.lines.Scan() {
		if name, ok := strings.CutPrefix(f.lines.Text(), "event: "); ok {
			return name
		}
	}
	return ""
}

// eventsOf returns the path of the events that a page follows.
func eventsOf(t *testing.T, page string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `data-events="`)
	path, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatal("the page follows no events")
	}
	return path
}

// The page shows the trials that are complete, tells a browser when there are
// more, and becomes the report, which Close lets the browser fetch.
func TestPageFollowsTheRun(t *testing.T) {
	dir, run := results(t)
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.Rename(filepath.Join(dir, record.TrialsDir), kept); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, record.TrialsDir), 0o755); err != nil {
		t.Fatal(err)
	}
	s := serve(t, dir)
	if page := text(t, ask(t, s, "GET", "/", "")); !strings.Contains(page, "not begun") {
		t.Errorf("before the first trial: %s", page)
	}
	total := 4
	var events *follower
	for i := range total {
		name := run.Trials[i].ID + ".json"
		if err := os.Rename(filepath.Join(kept, name), filepath.Join(dir, record.TrialsDir, name)); err != nil {
			t.Fatal(err)
		}
		s.took = 0 // a rendering that took no time needs no rest
		s.Show(Progress{Done: i + 1, Total: total, Left: 90 * time.Second, Trial: &run.Trials[i]})
		if i > 1 {
			if event := events.next(); event != "changed" {
				t.Fatalf("trial %d: event %q", i, event)
			}
			continue
		}
		page := text(t, ask(t, s, "GET", "/", ""))
		for _, part := range []string{`<b>` + []string{"1", "2"}[i] + " of ", "about 90 s left", "Last: ", `class="answer undecided"`, `id="validity"`} {
			if !strings.Contains(page, part) {
				t.Errorf("trial %d: the page does not say %q", i, part)
			}
		}
		if i == 1 {
			events = follow(t, s, eventsOf(t, page))
		}
	}
	if event := follow(t, s, "/events?seen=1").next(); event != "changed" {
		t.Errorf("a browser with an old page is told %q", event)
	}
	s.Ended() // without a report
	if page := text(t, ask(t, s, "GET", "/", "")); !strings.Contains(page, "data-events") {
		t.Error("the page ended without a report")
	}
	const want = "<!DOCTYPE html><title>the report</title>"
	if err := os.WriteFile(filepath.Join(dir, "report.html"), []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
	s.Ended()
	if event := events.next(); event != "replaced" {
		t.Errorf("at the end: event %q", event)
	}
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	for range 2 { // browsers that follow
		if got := text(t, ask(t, s, "GET", "/", "")); got != want {
			t.Error("the last page is not the report")
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if event := events.next(); event != "" {
		t.Errorf("after the end: event %q", event)
	}
	if _, err := http.Get(s.URL()); err == nil {
		t.Error("the server still answers")
	}
}

// A browser that follows a run that stops is told so.
func TestCloseTellsThatTheRunStopped(t *testing.T) {
	dir, _ := results(t)
	s := serve(t, dir)
	s.Show(Progress{Done: 1, Total: 2})
	events := follow(t, s, eventsOf(t, text(t, ask(t, s, "GET", "/", ""))))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if first, then := events.next(), events.next(); first != "stopped" || then != "" {
		t.Errorf("events %q, then %q", first, then)
	}
}

// A rendering is followed by a rest, so that a run is disturbed little; the
// last trial is always shown.
func TestShowRestsAfterRendering(t *testing.T) {
	dir, run := results(t)
	s := serve(t, dir)
	total := len(run.Trials)
	s.Show(Progress{Done: 1, Total: total})
	version := s.version
	s.took, s.rendered = time.Hour, time.Now()
	if s.Show(Progress{Done: 2, Total: total}); s.version != version {
		t.Error("rendered without a rest")
	}
	if s.Show(Progress{Done: total, Total: total}); s.version == version {
		t.Error("the last trial is not shown")
	}
}

// The policy that the page is served with allows its script, and no other.
func TestPolicyAllowsTheScript(t *testing.T) {
	dir, _ := results(t)
	s := serve(t, dir)
	s.Show(Progress{Done: 1, Total: 2})
	r := ask(t, s, "GET", "/", "")
	page := text(t, r)
	_, rest, _ := strings.Cut(page, "<script>")
	script, _, _ := strings.Cut(rest, "</script>")
	if policy := r.Header.Get("Content-Security-Policy"); report.HashOf(script) != report.ScriptHash || !strings.Contains(policy, "script-src '"+report.ScriptHash+"'") || strings.Count(page, "<script") != 1 {
		t.Errorf("policy %q, script %s", policy, report.HashOf(script))
	}
}
