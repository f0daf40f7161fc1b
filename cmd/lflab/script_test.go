package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"lflab/experiments/run/process"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == process.KeepCommand { // of a test that runs a suite itself
		os.Exit(execute(os.Stdout, os.Stderr, os.Args[1:]))
	}
	testscript.Main(m, map[string]func(){
		"lflab": func() { os.Exit(execute(os.Stdout, os.Stderr, os.Args[1:])) },
	})
}

// TestScripts runs the command as a user types it; each file of testdata is a
// session with what it must print.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		Setup:               freePorts,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"fetch": fetch},
	})
}
