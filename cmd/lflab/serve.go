package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"lflab/lf/control"
	"lflab/lf/control/manager"
	"lflab/lf/directive"
)

// serveOrder holds the flags of the command.
type serveOrder struct {
	config  string
	defines []string
	flags   *directive.Flags
	check   bool
	send    string
	list    bool
	build   bool
}

func newServeCommand(stdout, stderr io.Writer) *cobra.Command {
	var o serveOrder
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "serve HTTP/1.1 with one architecture, in one process or many",
		Long: `serve runs a server in the foreground. All architectures accept, parse, answer
and close with the same code; they differ in how a connection comes to the
thread that serves it ("lflab list" describes them).

By default it runs one process. With --config, or with a directive about
processes (--start-servers, --max-request-workers, ...), a control process
starts children, keeps idle threads within bounds, replaces children that die,
and restarts without losing a request, as Apache httpd does. --config FILE has
httpd.conf syntax; every directive is a flag, too, and flags win. --check prints
the effective settings, each adjustment with its reason, and what would prevent
a server from starting here. It binds the addresses for a moment, and serves
nothing.

Built-in paths: /hello  /spin?us=N  /sleep?ms=N  /touch?kib=N  /bytes?n=N  /echo
                /server-status  /server-status?auto
everything else comes from --document-root, if one is given.

Signals: one process drains on TERM, HUP or Ctrl-C: listening stops at once, and
requests in flight finish within --grace. A second signal ends it at once. A
control process obeys httpd's signals: TERM and INT stop, HUP restarts, USR1
restarts gracefully, USR2 stops gracefully, and so does WINCH without a
controlling terminal (a terminal sends WINCH when its size changes). -k sends
signals to the process in the PidFile.`,
		Example: `  lflab serve --mpm leader --listen 127.0.0.1:8080
  lflab serve --mpm worker --threads 64 --primitive spinfutex --spin 5us
  lflab serve --mpm event --start-servers 4 --threads-per-child 16 \
              --docroot ./public
  lflab serve --config server.conf --check
  lflab serve --config server.conf
  lflab serve --config server.conf -k graceful`,
		Args: noArguments(func(argument string) string {
			if isNumber(argument) {
				return fmt.Sprintf(": did you mean --listen %s?", argument)
			}
			return ""
		}),
		RunE: func(cmd *cobra.Command, _ []string) error { return runServe(stdout, stderr, o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.config, "config", "", "`file` of directives, in httpd.conf syntax")
	f.StringSliceVarP(&o.defines, "define", "D", nil, "`name` for the <IfDefine> sections of --config")
	f.BoolVarP(&o.check, "check", "t", false, "print the effective settings and every adjustment, and serve nothing")
	f.StringVarP(&o.send, "command", "k", "", "signal the server that the PidFile names: stop, restart, graceful or graceful-stop")
	f.BoolVarP(&o.list, "compiled-in", "l", false, "list what is compiled in, as httpd -l does")
	f.BoolVarP(&o.build, "build", "V", false, "print how this program was built and its fixed settings, as httpd -V does")
	o.flags = directive.NewFlags(f)
	return cmd
}

func runServe(stdout, stderr io.Writer, o serveOrder) error {
	switch {
	case o.list:
		return control.CompiledIn(stdout)
	case o.build:
		return control.Build(stdout)
	}
	settings, notes, err := control.Resolve(o.config, o.defines, o.flags, nil)
	if err != nil {
		if o.check {
			_ = directive.Check(stdout, nil, notes) // err is returned anyhow
		}
		return refused(err)
	}
	switch {
	case o.check:
		return check(stdout, settings, notes)
	case o.send != "":
		if _, ok := manager.Signals[o.send]; !ok {
			return usageError{fmt.Errorf("-k %q (want stop, restart, graceful or graceful-stop)", o.send)}
		}
		if settings.PidFile == "" {
			return usageError{fmt.Errorf("-k %s: there is no PidFile (give --pid-file FILE, or a --config that has one)", o.send)}
		}
		return manager.SendSignal(manager.PidFile(settings.PidFile), o.send)
	}
	for _, n := range notes {
		fmt.Fprintln(stderr, "lflab:", n)
	}
	if settings.Alone {
		s, err := control.New(aloneConfig(settings, stdout))
		if err != nil {
			return err
		}
		return s.Run()
	}
	p, err := control.NewParent(control.ParentOptions{
		Load: control.Loader(o.config, o.defines, o.flags, settings), Args: []string{"lflab", "child"}, Out: stdout,
	})
	if err != nil {
		return err
	}
	return p.Run()
}

// check prints the effective settings, and whether a server would start.
func check(stdout io.Writer, settings *directive.Settings, notes directive.Notes) error {
	met := control.Rehearse(settings)
	if err := directive.Check(stdout, settings, append(notes, met...)); err != nil {
		return err
	}
	errs := 0
	doubt := ""
	for _, n := range met {
		switch n.Level {
		case directive.Error:
			errs++
		case directive.Warning:
			doubt = ", unless a warning above prevents it"
		}
	}
	if errs > 0 {
		return fmt.Errorf("a server with these settings would not start here, see the %s above", plural(uint64(errs), "error", "errors"))
	}
	_, err := fmt.Fprintf(stdout, "ok       a server with these settings starts here%s\n", doubt)
	return err
}

func aloneConfig(s *directive.Settings, out io.Writer) control.Config {
	c := control.ConfigOf(s, &s.Groups[0])
	c.Out = out
	return c
}

// refused turns err into a usage error unless it concerns the configuration
// file.
func refused(err error) error {
	var notes directive.Notes
	if errors.As(err, &notes) && !slices.ContainsFunc(notes, func(n directive.Note) bool { return n.From.File != "" || n.From.Flag == "config" }) {
		return usageError{err}
	}
	return err
}

// newChildCommand returns the command with which the control process starts
// children.
func newChildCommand(exit func(int)) *cobra.Command {
	return &cobra.Command{
		Use:    "child",
		Hidden: true,
		Args:   cobra.NoArgs,
		Run:    func(*cobra.Command, []string) { exit(control.Child()) },
	}
}
