package control

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/lf/directive"
	"lflab/lf/mpm"
)

// refusedWith returns what a server says that is started with too few
// descriptors.
func refusedWith(t *testing.T, o order) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), serverEnv+"="+string(text))
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != exitError {
		t.Errorf("the server ended with %v, and said %s", err, out)
	}
	return string(out)
}

// leastFiles returns files.least of a server whose limit is that low. This
// process may have inherited descriptors with high numbers, which are above that
// limit.
func leastFiles(p *Plan, alone bool) int {
	limit, _ := fileLimit()
	bare := p.files(alone).least - inherited(limit)
	return bare + inherited(bare)
}

// A server of one process serves with as many descriptors as it says that it
// needs at least, and refuses to start with one less.
func TestLeastFilesAlone(t *testing.T) {
	everyKind(t, func(t *testing.T, name string) {
		t.Parallel()
		c := plain(name)
		plan := Plan{Groups: []Group{{Server: c, places: make([]place, 1)}}}
		least := leastFiles(&plan, true)
		said := refusedWith(t, order{MPM: name, Files: least - 1})
		if want := fmt.Sprintf("RLIMIT_NOFILE %d: is too few open files: each process needs at least %d to serve one connection", least-1, least); !strings.Contains(said, want) || strings.Contains(said, "listening on") {
			t.Errorf("the server said %q, want %q", said, want)
		}
		s := run(t, order{MPM: name, Files: least})
		if got := s.dial().get("/hello"); got != "Hello, World!" {
			t.Errorf("/hello: %q", got)
		}
		s.signal(unix.SIGTERM)
		if status := s.wait(); status != exitDone {
			t.Errorf("exit status %d: %s", status, s.log.String())
		}
	})
}

// The same holds of a server with children.
func TestLeastFilesOfChildren(t *testing.T) {
	t.Parallel()
	variants := map[string]string{"file": "MPM event\nDocumentRoot " + t.TempDir(), "sets": "MPM reactor\nSets 3", "flock": "MPM leader\nPrimitive flock", "ofd": "MPM leader\nPrimitive ofd"}
	for _, k := range mpm.Kinds() {
		variants[k.Name] = "MPM " + k.Name
	}
	for _, primitive := range []string{"eventfd", "pipe"} {
		variants[primitive] = "MPM leader\nPrimitive " + primitive
	}
	for name, conf := range variants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := prepared(t, conf+"\nStartServers 2\nServerLimit 2\nMinSpareThreads 1\nMinSpareServers 1\nMaxSpareServers 2\n")
			settings, _, err := Resolve(s.conf, nil, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := PlanOf(settings)
			if err == nil {
				err = plan.resolve()
			}
			if err != nil {
				t.Fatal(err)
			}
			least := leastFiles(&plan, false)
			said := refusedWith(t, order{Config: s.conf, Beat: beat, Files: least - 1})
			if want := fmt.Sprintf("each process needs at least %d to serve one connection", least); !strings.Contains(said, want) {
				t.Errorf("the server said %q, want %q", said, want)
			}
			s.process = run(t, order{Config: s.conf, Beat: beat, Files: least})
			if got := s.dial().get("/hello"); got != "Hello, World!" {
				t.Errorf("/hello: %q", got)
			}
		})
	}
}

// --check refuses what the start refuses.
func TestRehearsedLeastFiles(t *testing.T) {
	plan := Plan{Groups: []Group{{Server: plain("leader"), places: make([]place, 1)}}}
	n := plan.files(true)
	if text := n.tooFew(); !strings.Contains(text, fmt.Sprintf("at least %d", n.least)) || !strings.Contains(text, "1 listening socket") {
		t.Errorf("%q", text)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Max > 1<<22 {
		t.Skip("the limit of descriptors is above that of any configuration")
	}
	// More listeners than descriptors: percore opens one for each thread.
	s := settingsOf(t, "MPM percore\nListen 127.0.0.1:0\nStartServers 64\nThreadsPerChild 64\n")
	for s.Groups[0].StartServers*s.Groups[0].ThreadsPerChild <= int(limit.Max) {
		s.Groups[0].StartServers *= 2
	}
	for _, note := range Rehearse(s) {
		if note.Level == directive.Error && strings.Contains(note.String(), "is too few open files") {
			return
		}
	}
	t.Error("a server that needs more descriptors than there are is not refused")
}
