package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lflab/lf"
	"lflab/lf/control"
	"lflab/lf/mpm"
	"lflab/lf/sock"
	"lflab/sync/park"
)

func newServeCommand(stdout, stderr io.Writer) *cobra.Command {
	cfg := control.Config{Out: stdout}
	chosen := map[string]*string{}
	for _, c := range mpm.Choices() {
		chosen[c.Name] = new(string)
	}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "serve HTTP/1.1 with one architecture",
		Long: `serve runs one server in the foreground. All architectures accept, parse, answer
and close with the same code; they differ in how a connection comes to the
thread that serves it ("lflab list" describes them).

Built-in paths: /hello  /spin?us=N  /sleep?ms=N  /bytes?n=N  /echo
                /server-status  /server-status?auto
everything else comes from --docroot, if one is given.

SIGTERM or Ctrl-C drains: listening stops at once, requests in flight finish
within --grace, idle connections are closed. A second one ends at once.`,
		Example: `  lflab serve --mpm leader --listen 127.0.0.1:8080
  lflab serve --mpm worker --threads 64 --primitive spinfutex --spin 5us
  lflab serve --mpm event --docroot ./public --keepalive-timeout 15s`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg.Chosen = map[string]string{}
			for name, value := range chosen {
				if *value != "" {
					cfg.Chosen[name] = *value
				}
			}
			if err := checkServe(&cfg); err != nil {
				return usageError{err}
			}
			s, err := control.New(cfg)
			if err != nil {
				return err
			}
			return s.Run()
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&cfg.MPM, "mpm", "leader", "architecture, see lflab list")
	f.StringVar(&cfg.Listen, "listen", "127.0.0.1:8080", "`host:port`; port 0 lets the kernel choose")
	f.IntVar(&cfg.Threads, "threads", 8, "threads in all, a listener thread included; an architecture that blocks a thread per connection serves as many connections at once (goroutine ignores it)")
	f.StringVar(&cfg.Primitive, "primitive", "futex", "what waiting threads sleep on, see lflab list")
	f.DurationVar(&cfg.Spin, "spin", 0, fmt.Sprintf("how long spinning primitives, and the next follower with promotion heir, spin before they sleep (default %v, and %v for heir)", park.DefaultSpin, lf.DefaultHeirSpin))
	f.StringVar(&cfg.Order, "order", "", "which follower is promoted; see lflab list (default lifo, native with a gate)")
	f.StringVar(&cfg.Promotion, "promotion", "", "when the leadership is given up; see lflab list (default: the architecture's)")
	f.IntVar(&cfg.Leaders, "leaders", 0, "threads that may wait for events at once, for each handle set (default 1)")
	f.DurationVar(&cfg.Hold, "hold", 0, fmt.Sprintf("how long promotions lazy and adaptive let a leader keep the leadership while it works (default %v)", lf.DefaultHold))
	f.IntVar(&cfg.Sets, "sets", 0, "handle sets that the connections are divided among, with one pool of followers (default 1)")
	for _, c := range mpm.Choices() {
		f.StringVar(chosen[c.Name], c.Name, "", choiceHelp(c))
	}
	f.StringVar(&cfg.HTTP.DocRoot, "docroot", "", "`directory` whose files are served")
	f.DurationVar(&cfg.HTTP.Limits.KeepAliveTimeout, "keepalive-timeout", 5*time.Second, "how long an idle connection is kept")
	f.DurationVar(&cfg.HTTP.Limits.HeadTimeout, "head-timeout", 10*time.Second, "how long a peer may take to send a request's head")
	f.DurationVar(&cfg.HTTP.Limits.BodyTimeout, "body-timeout", 30*time.Second, "how long a peer may take to send a request's body")
	f.DurationVar(&cfg.HTTP.Limits.WriteTimeout, "write-timeout", 30*time.Second, "how long a peer may take none of a response")
	f.IntVar(&cfg.HTTP.Limits.Head, "max-head", 8<<10, "`bytes` of a request line with its fields; more is answered 431")
	f.IntVar(&cfg.HTTP.Limits.Body, "max-body", 1<<20, "`bytes` of a request's body; more is answered 413")
	f.DurationVar(&cfg.Grace, "grace", 10*time.Second, "how long a drain may take")
	f.BoolVar(&cfg.DeferAccept, "defer-accept", true, "hand a connection out when its first data has come (TCP_DEFER_ACCEPT)")
	f.IntVar(&cfg.Backlog, "backlog", 4096, "connections the kernel queues before they are accepted; net.core.somaxconn caps it")
	f.BoolVar(&cfg.Lab, "lab", false, "add the flight recorder and its switch /lab/flight")
	f.BoolVar(&cfg.HTTP.Debug, "debug", false, "add /panic, a handler that panics")
	return cmd
}

// choiceHelp is the line of a flag that chooses a part of an architecture.
func choiceHelp(c mpm.Choice) string {
	names := make([]string, len(c.Values))
	for i, v := range c.Values {
		names[i] = v.Name
	}
	return fmt.Sprintf("%s: %s (default the first that the architecture has)", c.Doc, strings.Join(names, ", "))
}

// checkServe names the flag of a bad value, which the rooms below cannot know.
func checkServe(cfg *control.Config) error {
	kind, err := mpm.Lookup(cfg.MPM)
	if err != nil {
		return fmt.Errorf("--mpm: %w", err)
	}
	for _, c := range []struct {
		flag, value string
		known       []lf.Named
	}{{"order", cfg.Order, lf.Orders()}, {"promotion", cfg.Promotion, lf.Promotions()}} {
		if _, err := lf.Choose(c.flag, c.value, c.known); err != nil {
			return fmt.Errorf("--%s: %w", c.flag, err)
		}
	}
	parker, locked, err := control.Primitive(cfg.Primitive, cfg.Order)
	if err != nil {
		return fmt.Errorf("--primitive: %w", err)
	}
	const mostThreads = 4096
	if cfg.Threads < kind.MinThreads || cfg.Threads > mostThreads {
		return fmt.Errorf("--threads %d: mpm %s takes %d to %d", cfg.Threads, cfg.MPM, kind.MinThreads, mostThreads)
	}
	if err := kind.Check(mpm.Config{
		Threads: cfg.Threads, Parker: parker, Gate: locked, Order: cfg.Order, Promotion: cfg.Promotion,
		Leaders: cfg.Leaders, Hold: cfg.Hold, Sets: cfg.Sets, Chosen: cfg.Chosen,
	}); err != nil {
		return err
	}
	if _, err := sock.ParseAddress(cfg.Listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	for _, d := range []struct {
		flag        string
		value       time.Duration
		least, most time.Duration
	}{
		{"spin", cfg.Spin, 0, time.Millisecond},
		{"hold", cfg.Hold, 0, time.Second},
		{"keepalive-timeout", cfg.HTTP.Limits.KeepAliveTimeout, time.Millisecond, 24 * time.Hour},
		{"head-timeout", cfg.HTTP.Limits.HeadTimeout, time.Millisecond, 24 * time.Hour},
		{"body-timeout", cfg.HTTP.Limits.BodyTimeout, time.Millisecond, 24 * time.Hour},
		{"write-timeout", cfg.HTTP.Limits.WriteTimeout, time.Millisecond, 24 * time.Hour},
		{"grace", cfg.Grace, 0, 24 * time.Hour},
	} {
		if d.value < d.least || d.value > d.most {
			return fmt.Errorf("--%s %v: not in %v to %v", d.flag, d.value, d.least, d.most)
		}
	}
	for _, n := range []struct {
		flag        string
		value       int
		least, most int
	}{
		{"max-head", cfg.HTTP.Limits.Head, 256, 1 << 20},
		{"max-body", cfg.HTTP.Limits.Body, 1, 1 << 30},
		{"backlog", cfg.Backlog, 1, 1 << 20},
	} {
		if n.value < n.least || n.value > n.most {
			return fmt.Errorf("--%s %d: not in %d to %d", n.flag, n.value, n.least, n.most)
		}
	}
	return nil
}
