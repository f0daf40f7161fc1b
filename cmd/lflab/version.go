package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersionCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "say from which revision this binary was built, with which Go, for which platform",
		Long: `version prints the revision of the source, the version of Go and the platform.
go build stamps the revision; go run and go test stamp none, and a build outside
a checkout has none to stamp. Then it is unknown.`,
		Args: noArguments(nil),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(stdout, versionLine())
			return err
		},
	}
}

// versionLine returns "lflab REVISION, go1.26.0, linux/amd64".
func versionLine() string {
	revision, changed := "of unknown revision", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " with changes"
			}
		}
	}
	return fmt.Sprintf("lflab %s%s, %s, %s/%s", revision, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
