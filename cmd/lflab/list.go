package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lflab/experiments/suites"
	"lflab/lf"
	"lflab/lf/mpm"
	"lflab/sync/gate"
	"lflab/sync/park"
)

func newListCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "say what this binary can compare",
		Long:  "list names the architectures, primitives, orders, promotions and suites that this binary was built with, one line each.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
			section := func(title, flag string) { fmt.Fprintf(w, "%s\t%s\n", title, flag) }
			section("MPMs", "lflab serve --mpm NAME")
			for _, k := range mpm.Kinds() {
				fmt.Fprintf(w, "  %s\t%s\n", k.Name, k.Doc)
			}
			section("primitives", "lflab serve --primitive NAME")
			for _, k := range park.Kinds() {
				fmt.Fprintf(w, "  %s\t%s (%s)\n", k.Name, k.Doc, where(k.Kernel, k.Usable()))
			}
			section("gates", "lflab serve --primitive NAME, for an MPM with followers")
			for _, k := range gate.Kinds() {
				fmt.Fprintf(w, "  %s\t%s (%s)\n", k.Name, k.Doc, where(k.Kernel, nil))
			}
			for _, c := range mpm.Choices() {
				section(c.Doc, fmt.Sprintf("lflab serve --%s NAME", c.Name))
				for _, v := range c.Values {
					fmt.Fprintf(w, "  %s\t%s\n", v.Name, v.Doc)
				}
			}
			section("orders", "lflab serve --order NAME")
			for _, o := range lf.Orders() {
				fmt.Fprintf(w, "  %s\t%s\n", o.Name, o.Doc)
			}
			section("promotions", "lflab serve --promotion NAME")
			for _, p := range lf.Promotions() {
				fmt.Fprintf(w, "  %s\t%s\n", p.Name, p.Doc)
			}
			section("suites", "lflab run NAME")
			all, err := suites.All()
			if err != nil {
				return err
			}
			for _, s := range all {
				fmt.Fprintf(w, "  %s\t%s\n", s.Name, s.Title)
			}
			return w.Flush()
		},
	}
}

// where is on which kernels a primitive works, and why not on this one.
func where(kernel string, err error) string {
	if err != nil {
		return fmt.Sprintf("Linux %s; not here: %v", kernel, err)
	}
	return "Linux " + kernel
}
