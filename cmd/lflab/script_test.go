package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"lflab/experiments/run/process"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == process.KeepCommand { // a test that runs a suite starts this
		os.Exit(execute(os.Stdout, os.Stderr, os.Args[1:]))
	}
	testscript.Main(m, map[string]func(){
		"lflab": func() { os.Exit(execute(os.Stdout, os.Stderr, os.Args[1:])) },
	})
}

// TestScripts runs lflab as a user types it. Each file of testdata holds a
// session and the expected output.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		Setup:               freePorts,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"fetch": fetch, "appears": appears},
	})
}
