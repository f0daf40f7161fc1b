package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newManCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "write the manual pages of all commands into a directory",
		Long: `man writes a manual page for each command, lflab.1, lflab-run.1 and so on, into a
directory that it makes if there is none. Equal binaries write equal pages.`,
		Example: `  lflab man man1
  man ./man1/lflab-run.1`,
		Args: arguments("a directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("write manual pages: %w (want a directory, or the name of one to make)", err)
			}
			n, err := writeMan(cmd.Root(), args[0])
			if err != nil {
				return fmt.Errorf("write manual pages: %w", err)
			}
			_, err = fmt.Fprintf(stdout, "%s: %s\n", args[0], plural(uint64(n), "manual page", "manual pages"))
			return err
		},
	}
}

// writeMan writes the pages of cmd and of all commands and topics below it, and
// returns their number.
func writeMan(cmd *cobra.Command, dir string) (pages int, err error) {
	cmd.DisableAutoGenTag = true // it has a date
	for _, sub := range cmd.Commands() {
		if sub.Hidden || !sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() {
			continue
		}
		n, err := writeMan(sub, dir)
		if pages += n; err != nil {
			return pages, err
		}
	}
	name := manName(cmd)
	f, err := os.Create(filepath.Join(dir, name+".1"))
	if err != nil {
		return pages, err
	}
	epoch := time.Unix(0, 0).UTC()
	if err := doc.GenMan(cmd, &doc.GenManHeader{Title: name, Section: "1", Source: "lflab", Manual: "lflab", Date: &epoch}, f); err != nil {
		_ = f.Close()
		return pages, err
	}
	return pages + 1, f.Close()
}

// manName returns the name of a command's page, "lflab-completion-bash".
func manName(cmd *cobra.Command) string {
	if cmd.HasParent() {
		return manName(cmd.Parent()) + "-" + cmd.Name()
	}
	return cmd.Name()
}
