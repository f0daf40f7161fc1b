package bpf

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// generated are the files that `go generate` writes.
var generated = []string{"probe_bpfel.o", "probe_bpfel.go", "clang.txt"}

// commands returns the commands of bpf.go's go:generate lines.
func commands(t *testing.T) (all []string) {
	t.Helper()
	text, err := os.ReadFile("bpf.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if command, ok := strings.CutPrefix(line, "//go:generate "); ok {
			all = append(all, strings.TrimSpace(command))
		}
	}
	return all
}

// flag returns the word after name in a command.
func flag(t *testing.T, command, name string) string {
	t.Helper()
	words := strings.Fields(command)
	i := slices.Index(words, name)
	if i < 0 || i+1 == len(words) {
		t.Fatalf("there is no %s in %q", name, command)
	}
	return words[i+1]
}

// compiler returns the compiler of a command, and the first line that it prints
// as its version. It skips the test if the compiler or something that it needs
// is missing.
func compiler(t *testing.T, command string) (name, version string) {
	t.Helper()
	name = flag(t, command, "-cc")
	for _, tool := range []string{name, flag(t, command, "-strip")} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed [apt-get install clang-19 llvm-19]", tool)
		}
	}
	const header = "/usr/include/bpf/bpf_helpers.h"
	if _, err := os.Stat(header); err != nil {
		t.Skipf("%s is not there [apt-get install libbpf-dev]", header)
	}
	out, err := exec.Command(name, "--version").Output()
	if err != nil {
		t.Fatalf("%s --version: %v", name, err)
	}
	version, _, _ = strings.Cut(string(out), "\n")
	return name, version
}

// TestRebuild runs `go generate` on a copy of the sources and checks that the
// result equals the committed files.
func TestRebuild(t *testing.T) {
	lines := commands(t)
	if len(lines) != 2 {
		t.Fatalf("bpf.go has %d go:generate lines, want one that compiles and one that notes the compiler's version: %q", len(lines), lines)
	}
	name, version := compiler(t, lines[0])
	if !strings.Contains(lines[1], name+" --version") {
		t.Errorf("%q does not ask %s, which compiles, for its version", lines[1], name)
	}
	noted, err := os.ReadFile("clang.txt")
	if err != nil {
		t.Fatalf("%v [go generate ./experiments/probe/bpf]", err)
	}
	if want := strings.TrimSpace(string(noted)); version != want {
		t.Skipf("%s is %q here, and the committed objects were made by %q: another compiler makes another object", name, version, want)
	}

	dir := t.TempDir()
	sources, err := filepath.Glob("*.[ch]")
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) < 2 {
		t.Fatalf("the sources are %q", sources)
	}
	// go.mod and go.sum determine the version of bpf2go.
	for _, source := range append(sources, "bpf.go", "../../../go.mod", "../../../go.sum") {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(source)), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	generate := exec.Command("go", "generate", ".")
	generate.Dir = dir
	generate.Env = append(os.Environ(), "PWD="+dir, "GOWORK=off")
	if out, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("go generate: %v\n%s", err, out)
	}
	for _, file := range generated {
		committed, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		made, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Errorf("go generate did not write %s: %v", file, err)
			continue
		}
		if !bytes.Equal(committed, made) {
			t.Errorf("%s is not what its sources make: %d bytes, and %d when generated anew [go generate ./experiments/probe/bpf]", file, len(committed), len(made))
		}
	}
	// Without this check a generated file that the list omits would never be
	// compared.
	err = fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		known := slices.Concat(sources, generated, []string{"bpf.go", "go.mod", "go.sum"})
		if err == nil && !d.IsDir() && !slices.Contains(known, path) {
			t.Errorf("go generate also wrote %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
