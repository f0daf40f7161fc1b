package lab

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lflab/experiments/lab/process"
	"lflab/experiments/suites"
)

// fakeConfigured is a server that knows what its configuration says: the port,
// the directory of its answers, and whether it may go on.
func fakeConfigured(config string) {
	announce()
	text, err := os.ReadFile(config)
	if err != nil {
		panic(err)
	}
	says := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		says[key] = value
	}
	if says["threads"] != "3" {
		fmt.Fprintln(os.Stderr, "threads are", says["threads"])
		os.Exit(5)
	}
	panic(http.ListenAndServe("127.0.0.1:"+says["port"], http.FileServer(http.Dir(says["root"]))))
}

func configuredSuite(t *testing.T, template string) string {
	t.Helper()
	path := writeSuite(t, strings.Replace(smallSuite, "flight = true", "", 1)+`
[[subject]]
name = "two"
config = "conf/server.conf"
files = { "docs/hello" = "Hello, World!", "note" = "x" }
command = ['`+os.Args[0]+`', "fake-configured", "{config}"]
`)
	if err := os.Mkdir(filepath.Join(filepath.Dir(path), "conf"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "conf", "server.conf"), []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfiguredSubject(t *testing.T) {
	for _, c := range []struct{ name, threads, failure string }{
		{"served", "{threads}", ""},
		{"refused", "4", "threads are 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, noneLeft := pids(t)
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			path := configuredSuite(t, "port {port}\nroot {dir}/docs\nthreads "+c.threads+"\n")
			x, err := New(openFile(t, path), Options{Dir: filepath.Join(t.TempDir(), "out"), Repeat: 1, Only: []string{"mpm=two", "mode=close"}, Serve: fakeCommand()})
			if err != nil {
				t.Fatal(err)
			}
			r, _ := x.Run(t.Context())
			if err := x.Close(); err != nil {
				t.Error(err)
			}
			noneLeft()
			tr := r.Trials[0]
			if tr.Failed != (c.failure != "") || !strings.Contains(tr.Failure, c.failure) {
				t.Errorf("failed: %v, %q", tr.Failed, tr.Failure)
			}
			if config := tr.Command[2]; filepath.Base(config) != "server.conf" || !strings.HasPrefix(config, temp+"/"+tempPattern) || !strings.Contains(config, "/two-") {
				t.Errorf("the configuration is %s, want a new directory in %s", config, temp)
			}
			if left, _ := os.ReadDir(temp); len(left) > 0 {
				t.Errorf("%v is left in %s", left, temp)
			}
		})
	}
}

// Servers that root starts read their files as somebody else.
func TestConfigurationIsReadableByAll(t *testing.T) {
	s := openFile(t, configuredSuite(t, "port {port}"))
	t.Setenv("TMPDIR", t.TempDir())
	values := map[string]string{"port": "80"}
	remove, err := configure(os.TempDir(), &s.Subjects[0], values)
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]os.FileMode{".": 0o755, "docs": 0o755, "docs/hello": 0o644, "note": 0o644, "server.conf": 0o644}
	for name, want := range modes {
		info, err := os.Stat(filepath.Join(values["dir"], name))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode().Perm(), want)
		}
	}
	if text, err := os.ReadFile(values["config"]); err != nil || string(text) != "port 80" {
		t.Errorf("the configuration reads %q, %v", text, err)
	}
	remove()
	if _, err := os.Stat(values["dir"]); err == nil {
		t.Errorf("%s is left", values["dir"])
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	if _, err := configure(os.TempDir(), &s.Subjects[0], values); err == nil || !strings.Contains(err.Error(), "configure two: ") {
		t.Errorf("no place for the directory: %v", err)
	}
}

// The servers of the suite apache answer as ours do, end when they are told to,
// and leave nothing.
func TestApacheSuite(t *testing.T) {
	s, err := suites.Open("apache")
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Subjects {
		sub := &s.Subjects[i]
		t.Run(sub.Name, func(t *testing.T) {
			if _, err := exec.LookPath(sub.Needs); err != nil {
				t.Skip(err)
			}
			// Not t.TempDir: a directory of the test that www-data may enter.
			temp, err := os.MkdirTemp("", "lflab-test-")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(temp)
			if err := os.Chmod(temp, 0o755); err != nil {
				t.Fatal(err)
			}
			out := t.TempDir()
			t.Setenv("TMPDIR", temp)
			x, err := New(s, Options{Dir: filepath.Join(out, "out"), Repeat: 1, Scale: 0.6, Only: []string{"mpm=" + sub.Name}})
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			x.opts.Progress = func(p Progress) { noneServes(t, temp) }
			r, err := x.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			checkApache(t, r)
			noneServes(t, temp)
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			if left, _ := os.ReadDir(temp); len(left) > 0 {
				t.Errorf("%v is left in %s", left, temp)
			}
		})
	}
}

func checkApache(t *testing.T, r *Run) {
	t.Helper()
	if len(r.Trials) != 2 {
		t.Fatalf("%d trials", len(r.Trials))
	}
	for _, tr := range r.Trials {
		if tr.Failed || len(tr.Phases) != 3 {
			t.Fatalf("trial %+v", tr)
		}
		for _, p := range tr.Phases {
			if len(p.Errors) > 0 {
				t.Errorf("%s, %s: errors %v", tr.Cell["mode"], p.Name, p.Errors)
			}
		}
		if r.Manifest.Skipped != nil {
			continue // the probe is not allowed here
		}
		p := tr.Phases[2].Probe
		if p != nil && tr.Phases[2].Requests == 0 {
			continue // on a machine that is busy enough all answers of a short phase come after it
		}
		if p == nil || p.D == nil || p.Counts["requests"] == 0 {
			t.Fatalf("%s: %d requests, of which the probe saw %+v", tr.Cell["mode"], tr.Phases[2].Requests, p)
		}
		if tr.Cell["mode"] != "close" {
			continue
		}
		handoffs := p.PerConnection["handoffs"]
		passes := p.Shape == "worker" || p.Shape == "event"
		if passes && handoffs < 0.5 || !passes && handoffs > 0.1 {
			t.Errorf("%s: %.2f hand-offs per connection", p.Shape, handoffs)
		}
	}
}

// noneServes waits until no process has the directory in its command.
func noneServes(t *testing.T, dir string) {
	t.Helper()
	serving := func() []string {
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(files, func(f string) bool {
			text, _ := os.ReadFile(f)
			return !strings.Contains(string(text), dir)
		})
	}
	for deadline := time.Now().Add(10 * time.Second); len(serving()) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%v still serve from %s", serving(), dir)
		}
	}
}

// The answer of the other servers is that of ours.
func TestApacheAnswers(t *testing.T) {
	s, err := suites.Open("apache")
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Subjects {
		sub := &s.Subjects[i]
		t.Run(sub.Name, func(t *testing.T) {
			if _, err := exec.LookPath(sub.Needs); err != nil {
				t.Skip(err)
			}
			x, err := New(s, Options{Dir: t.TempDir(), CheckProbe: noProbe, Only: []string{"mpm=" + sub.Name}})
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			answer := serveOnce(t, x, sub)
			if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/plain" || answer.ContentLength != 13 {
				t.Errorf("%s answers %s, %v", sub.Name, answer.Status, answer.Header)
			}
		})
	}
}

// serveOnce starts a subject as a trial does and asks it one thing.
func serveOnce(t *testing.T, x *Experiment, sub *suites.Subject) *http.Response {
	t.Helper()
	port, err := process.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	values := x.values(sub, x.Manifest.Plan[0].Cell)
	values["port"], values["cpus"] = fmt.Sprint(port), "1"
	remove, err := configure("", sub, values)
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	p, err := process.StartServer(sub.Argv(values))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if err := p.Accepting(t.Context(), address, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 100)
	n, _ := answer.Body.Read(body)
	if string(body[:n]) != "Hello, World!" {
		t.Errorf("the answer is %q", body[:n])
	}
	return answer
}
