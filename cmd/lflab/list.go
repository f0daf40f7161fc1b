package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lflab/experiments/suite"
	"lflab/experiments/terminal"
	"lflab/lf"
	"lflab/lf/mpm"
	"lflab/sync/gate"
	"lflab/sync/park"
)

// section describes one part of the list.
type section struct {
	name, title, flag string
	lines             func() ([]named, error)
}

type named struct{ name, doc string }

func newListCommand(stdout io.Writer) *cobra.Command {
	all := sections()
	var names []string
	for _, s := range all {
		names = append(names, s.name)
	}
	known := strings.Join(names, ", ")
	return &cobra.Command{
		Use:   "list [SECTION]",
		Short: "say what this binary can compare",
		Long: `list names what this binary was built with, one line each: architectures,
primitives, orders, promotions, suites and the rest.

SECTION is one of
` + strings.Join(terminal.Wrap(known, 80, 0), "\n") + `.`,
		Example: `  lflab list
  lflab list mpms`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("lflab list takes one section at most, but was given %s", given(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				at := slices.Index(names, args[0])
				if at < 0 {
					return usageError{fmt.Errorf("unknown section %q (known: %s)", args[0], known)}
				}
				all = all[at : at+1]
			}
			w := tabwriter.NewWriter(fitted(stdout), 0, 0, 2, ' ', 0)
			for _, s := range all {
				lines, err := s.lines()
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "%s: %s\n", s.title, s.flag) // without a tab it ends the columns above
				for _, l := range lines {
					fmt.Fprintf(w, "  %s\t%s\n", l.name, l.doc)
				}
			}
			return w.Flush()
		},
	}
}

func sections() []section {
	all := []section{
		{"mpms", "MPMs", "lflab serve --mpm NAME", listMPMs},
		{"primitives", "primitives", "lflab serve --primitive NAME", listParkers},
		{"gates", "gates", "lflab serve --primitive NAME, for an MPM with followers", listGates},
		{"mutexes", "accept mutexes", "lflab serve --accept-mutex NAME, between processes", listMutexes},
	}
	for _, c := range mpm.Choices() {
		all = append(all, section{c.Name, c.Doc, fmt.Sprintf("lflab serve --%s NAME", c.Name), namesOf(c.Values)})
	}
	for _, o := range lf.PolicyOptions() {
		if o.Of == lf.OfPool && o.Values != nil {
			all = append(all, section{o.Name + "s", o.Name + "s", fmt.Sprintf("lflab serve --%s NAME", o.Name), namesOf(o.Values)})
		}
	}
	return append(all, section{"suites", "suites", "lflab run NAME", listSuites})
}

func listMPMs() (lines []named, err error) {
	for _, k := range mpm.Kinds() {
		doc := k.Doc
		if k.Name == mpm.Default {
			doc += " (the default of this platform)"
		}
		lines = append(lines, named{k.Name, doc})
	}
	return lines, nil
}

func listParkers() (lines []named, err error) {
	for _, k := range park.Kinds() {
		lines = append(lines, named{k.Name, fmt.Sprintf("%s (%s)", k.Doc, where(k.Kernel, k.Usable()))})
	}
	return lines, nil
}

func listGates() (lines []named, err error) {
	for _, k := range gate.Kinds() {
		lines = append(lines, named{k.Name, fmt.Sprintf("%s (%s)", k.Doc, where(k.Kernel, nil))})
	}
	return lines, nil
}

func listMutexes() (lines []named, err error) {
	lines = append(lines, named{"none", "processes wait side by side, and the kernel wakes one of those in accept4, or all of those that poll (the default where threads wait in accept4)"})
	for _, k := range gate.SharedKinds() {
		lines = append(lines, named{k.Name, fmt.Sprintf("%s (%s)", k.Doc, where(k.Kernel, nil))})
	}
	return append(lines,
		named{"epollexclusive", "each process has the listeners in an epoll set of its own, and the kernel wakes one of the sets (Linux 4.5; the default of event and reactor)"},
		named{"reuseport", "each process has listeners of its own on the same addresses, and the kernel divides connections among them (Linux 3.9)"},
	), nil
}

func listSuites() (lines []named, err error) {
	all, err := suite.All()
	for _, s := range all {
		lines = append(lines, named{s.Name, s.Title})
	}
	return lines, err
}

func namesOf(values []lf.Named) func() ([]named, error) {
	return func() (lines []named, err error) {
		for _, v := range values {
			lines = append(lines, named{v.Name, v.Doc})
		}
		return lines, nil
	}
}

// where returns the kernels that a primitive needs, and why it does not work
// here.
func where(kernel string, err error) string {
	if err != nil {
		return fmt.Sprintf("Linux %s; not here: %v", kernel, err)
	}
	return "Linux " + kernel
}
