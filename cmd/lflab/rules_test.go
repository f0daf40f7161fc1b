package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// listed holds fields of the output of `go list -json` for a package.
type listed struct {
	ImportPath, Dir                        string
	GoFiles, Imports, TestImports          []string
	XTestImports, IgnoredGoFiles, CgoFiles []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json", "lflab/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// floors holds the level of each top directory. A package may import packages
// of its own level and below.
var floors = map[string]int{"cas": 1, "sync": 2, "lf": 3, "experiments": 4, "cmd": 5}

func room(path string) string {
	path, ok := strings.CutPrefix(path, "lflab/")
	if !ok {
		return ""
	}
	top, _, _ := strings.Cut(path, "/")
	return top
}

// Imports go only downwards: cmd -> experiments -> lf -> sync -> cas.
func TestArrowsPointDownwards(t *testing.T) {
	for _, p := range packages(t) {
		floor, known := floors[room(p.ImportPath)]
		if !known {
			t.Errorf("%s is in no room of the house", p.ImportPath)
		}
		for _, imp := range p.Imports {
			if to := room(imp); to != "" && floors[to] > floor {
				t.Errorf("%s imports %s: the arrow points up", p.ImportPath, imp)
			}
		}
	}
}

// TestOneRoomMayNotKnowAnother lists imports that are forbidden within a level.
func TestOneRoomMayNotKnowAnother(t *testing.T) {
	walls := []struct{ from, to, why string }{
		{"lflab/lf/mpm", "lflab/lf/httpd", "an architecture knows no protocol"},
		{"lflab/lf/httpd", "lflab/lf/mpm", "a protocol knows no architecture"},
		{"lflab/lf/httpd", "lflab/lf/sock", "a protocol knows streams, not sockets"},
		{"lflab/experiments/probe", "lflab/experiments/load", "the probe knows no load"},
		{"lflab/experiments/suite", "lflab/experiments/probe", "a suite is words, and runs nothing"},
		{"lflab/experiments/record", "lflab/experiments/run", "results are read without the runner"},
		{"lflab/experiments/load", "lflab/lf/httpd", "the load generator knows no server"},
		{"lflab/experiments/load", "lflab/lf/mpm", "the load generator knows no server"},
		{"lflab/experiments/run", "lflab/experiments/verdict", "what measures does not judge"},
		{"lflab/experiments/run", "lflab/experiments/figure", "what measures does not draw"},
		{"lflab/experiments/run", "lflab/experiments/live", "what measures does not show"},
		{"lflab/experiments/live", "lflab/experiments/run", "a page is made of results, whoever measures them"},
		{"lflab/experiments/report", "lflab/experiments/live", "a page is written without a server"},
		{"lflab/experiments/stats", "lflab/experiments/run", "statistics know numbers, not what they measure"},
		{"lflab/experiments/stats", "lflab/experiments/suite", "statistics know numbers, not what they measure"},
		{"lflab/experiments/model", "lflab/experiments/figure", "a model does not draw"},
		{"lflab/experiments/verdict", "lflab/experiments/figure", "a verdict rests on data, not on drawings"},
		{"lflab/experiments/figure", "lflab/experiments/report", "a figure knows one run"},
		{"lflab/experiments/findings", "lflab/experiments/figure", "a finding is not read off a drawing"},
		{"lflab/experiments/findings", "lflab/experiments/plot", "a finding is not read off a drawing"},
		{"lflab/experiments/plot", "lflab/experiments/record", "drawing knows no run"},
		{"lflab/experiments/plot", "lflab/experiments/findings", "drawing knows no claim"},
		{"lflab/experiments/plot", "lflab/experiments/verdict", "drawing knows no claim"},
		{"lflab/experiments/run", "lflab/lf/mpm", "no server is linked into the process that measures"},
		{"lflab/experiments/run", "lflab/lf/control", "no server is linked into the process that measures"},
		{"lflab/experiments/run", "lflab/lf/httpd", "no server is linked into the process that measures"},
	}
	all := packages(t)
	for _, w := range walls {
		for _, name := range []string{w.from, w.to} {
			if !slices.ContainsFunc(all, func(p listed) bool { return p.ImportPath == name }) {
				t.Errorf("there is no %s for a wall to be at", name)
			}
		}
	}
	for _, p := range all {
		for _, w := range walls {
			for _, imp := range p.Imports {
				if p.ImportPath == w.from && imp == w.to {
					t.Errorf("%s imports %s: %s", w.from, w.to, w.why)
				}
			}
		}
	}
}

// Packages that read results work on systems that cannot measure.
func TestReadingLinksNeitherServersNorTheProbe(t *testing.T) {
	readers := []string{"record", "stats", "verdict", "model", "findings", "plot", "figure", "report"}
	for i, r := range readers {
		readers[i] = "lflab/experiments/" + r
	}
	out, err := exec.Command("go", append([]string{"list", "-deps"}, readers...)...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	deps := strings.Fields(string(out))
	for _, r := range readers {
		if !slices.Contains(deps, r) {
			t.Errorf("go list does not tell of %s", r)
		}
	}
	for _, dep := range deps {
		for _, not := range []string{"github.com/cilium/ebpf", "lflab/experiments/probe/bpf", "lflab/experiments/run", "lflab/lf/mpm", "lflab/lf/control", "lflab/lf/httpd"} {
			if dep == not || strings.HasPrefix(dep, not+"/") {
				t.Errorf("who reads results links %s", dep)
			}
		}
	}
}

// Each package has one package comment, no cgo, and no file whose name says
// nothing. There is no package at sync/ itself.
func TestPackages(t *testing.T) {
	for _, p := range packages(t) {
		if p.ImportPath == "lflab/sync" {
			t.Error("there is a package at sync/ itself; its name is the standard library's")
		}
		if len(p.CgoFiles) > 0 {
			t.Errorf("%s uses cgo: %v", p.ImportPath, p.CgoFiles)
		}
		comments := 0
		for _, name := range p.GoFiles {
			switch strings.TrimSuffix(name, ".go") {
			case "util", "utils", "common", "helpers", "misc", "types":
				t.Errorf("%s/%s: the name says nothing", p.ImportPath, name)
			}
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			if hasPackageComment(f) {
				comments++
			}
		}
		if comments != 1 && len(p.GoFiles) > 0 {
			t.Errorf("%s has %d package comments, want 1", p.ImportPath, comments)
		}
	}
}

func hasPackageComment(f *ast.File) bool { return f.Doc != nil && len(f.Doc.List) > 0 }
