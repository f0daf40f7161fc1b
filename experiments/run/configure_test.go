package run

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lflab/experiments/run/process"
	"lflab/experiments/suite"
)

// fakeConfigured is a server that follows its configuration: the port, the
// directory of its answers, and whether it may go on.
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
			_, noneLeft := allPids(t)
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			path := configuredSuite(t, "port {port}\nroot {dir}/docs\nthreads "+c.threads+"\n")
			x, err := New(openFile(t, path), Options{Dir: filepath.Join(t.TempDir(), "out"), Repeat: 1, Only: []string{"mpm=two", "mode=close"}, NoMakeups: true, Serve: fakeCommand(t)})
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

// All users can read the configuration: root's servers change their user.
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

// The other servers answer as ours do.
func TestApacheAnswers(t *testing.T) {
	s, err := suite.Open("apache")
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

// serveOnce starts a subject as a trial does and sends it one request.
func serveOnce(t *testing.T, x *Experiment, sub *suite.Subject) *http.Response {
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
