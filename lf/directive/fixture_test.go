package directive

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"lflab/lf"
)

// mpms are the architectures as package directive sees them.
var mpms = map[string]MPM{
	"leader":    {Name: "leader", MinThreads: 1},
	"worker":    {Name: "worker", Listener: true, MinThreads: 2},
	"event":     {Name: "event", Listener: true, Asynchronous: true, MinThreads: 2, Mutexes: []string{"none", "epollexclusive", "reuseport"}},
	"prefork":   {Name: "prefork", Prefork: true, MinThreads: 1},
	"percore":   {Name: "percore", ListenPerThread: true, MinThreads: 1, Mutexes: []string{"reuseport"}},
	"goroutine": {Name: "goroutine", Unbounded: true, MinThreads: 1},
	"pairs":     {Name: "pairs", MinThreads: 4},
}

func lookup(name string) (MPM, error) {
	m, ok := mpms[name]
	if !ok {
		return MPM{}, fmt.Errorf("unknown mpm %q (known: leader, worker, event)", name)
	}
	m.Names = map[string][]string{
		"primitive": {"futex", "eventfd"}, "form": {"ring", "slots"}, "accept": {"blocking", "uring"},
	}
	m.Check = func(s *Settings) error {
		if s.Order == lf.FIFO && s.Promotion == lf.Lazy {
			return errors.New("order fifo does not go with promotion lazy")
		}
		return nil
	}
	return m, nil
}

// machine is a machine with the user alice, a member of people and disk, and
// with 8 processors. The process runs as uid.
func machine(uid int) System {
	alice := &user.User{Username: "alice", Uid: "1001", Gid: "2001"}
	return System{
		UID:  func() int { return uid },
		CPUs: func() int { return 8 },
		LookupUser: func(name string) (*user.User, error) {
			switch name {
			case "alice":
				return alice, nil
			case "root":
				return &user.User{Username: "root", Uid: "0", Gid: "0"}, nil
			}
			return nil, user.UnknownUserError(name)
		},
		LookupUID: func(uid string) (*user.User, error) {
			if uid == "1001" {
				return alice, nil
			}
			return nil, user.UnknownUserIdError(7)
		},
		LookupGroup: func(name string) (*user.Group, error) {
			if name == "people" {
				return &user.Group{Name: name, Gid: "2001"}, nil
			}
			return nil, user.UnknownGroupError(name)
		},
		GroupIDs: func(*user.User) ([]string, error) { return []string{"2001", "6"}, nil },
	}
}

// write makes a file in a new directory and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// flags parses the flags of a command line.
func flags(t *testing.T, args ...string) *Flags {
	t.Helper()
	set := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	f := NewFlags(set)
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f
}

// configured resolves a configuration with a Listen directive, as user 1000.
// change may modify the sources.
func configured(t *testing.T, mpm, text string, change ...func(*Sources)) (*Settings, Notes, error) {
	t.Helper()
	src := Sources{
		Config: write(t, "server.conf", "Listen 127.0.0.1:80\nMPM "+mpm+"\n"+text), Lookup: lookup, System: machine(1000),
	}
	for _, c := range change {
		c(&src)
	}
	return Resolve(src)
}

// effective is a value as Check prints it.
func effective(s *Settings, name string) string {
	e, _, _ := entryOf(name)
	field, _ := e.at(s, &s.Groups[0])
	return show(field)
}

// says reports whether a note of that level contains all parts, in order. "..."
// separates parts.
func says(notes Notes, level Level, parts string) bool {
	for _, n := range notes {
		text, found := n.String(), true
		for _, part := range strings.Split(parts, "...") {
			at := strings.Index(text, part)
			if found = at >= 0; !found {
				break
			}
			text = text[at+len(part):]
		}
		if found && n.Level == level {
			return true
		}
	}
	return false
}

// listed returns the notes, one on each line.
func listed(notes Notes) string {
	var b strings.Builder
	for _, n := range notes {
		fmt.Fprintf(&b, "\n  %-7s %s", n.Level, n)
	}
	return b.String()
}
