package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"lflab/experiments/suite"
)

// pages returns the README and CONTRIBUTING pages by their paths from the top
// directory. Those of results/ and notebooks/ have tests of their own.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	top := os.DirFS("../..")
	err := fs.WalkDir(top, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if name := d.Name(); path == "results" || path == "notebooks" || name == "testdata" || len(name) > 1 && name[0] == '.' {
				return fs.SkipDir
			}
		case d.Name() == "README.md" || path == "CONTRIBUTING.md":
			text, err := fs.ReadFile(top, path)
			all[path] = string(text)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"README.md", "CONTRIBUTING.md", "lf/README.md", "lf/control/README.md", "experiments/README.md", "experiments/suite/README.md", "experiments/probe/README.md"} {
		if all[path] == "" {
			t.Errorf("there is no %s", path)
		}
	}
	return all
}

// blocks returns the indented parts of a page.
func blocks(page string) (all []string) {
	var block []string
	for line := range strings.Lines(page + "\n.") {
		switch {
		case strings.HasPrefix(line, "    "):
			block = append(block, line[4:])
		case strings.TrimSpace(line) == "" && block != nil:
			block = append(block, "\n")
		case block != nil:
			all = append(all, strings.Join(block, ""))
			block = nil
		}
	}
	return all
}

// Every link of a page leads to a file, and the top page is short.
func TestPagesSpeakOfWhatThereIs(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	for path, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(page, -1) {
			if _, err := os.Stat(filepath.Join("../..", filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		if lines := strings.Count(page, "\n"); lines > 180 && path == "README.md" {
			t.Errorf("%s has %d lines, at most 180 are read", path, lines)
		}
	}
}

// Each lflab command in a page has flags and arguments that the command
// accepts. Commands that end at once are run.
func TestCommandsOfPages(t *testing.T) {
	commands := 0
	for path, page := range pages(t) {
		for _, block := range blocks(page) {
			for line := range strings.Lines(block) {
				line, _, _ = strings.Cut(strings.TrimSpace(line), "  ") // drop a comment
				line = strings.ReplaceAll(line, "$(pgrep -o apache2)", "PID")
				line = strings.ReplaceAll(line, "PID", strconv.Itoa(os.Getpid()))
				args, ok := strings.CutPrefix(line, "go run ./cmd/lflab ")
				for _, prefix := range []string{"sudo lflab ", "sudo ./lflab ", "lflab "} {
					if !ok {
						args, ok = strings.CutPrefix(line, prefix)
					}
				}
				if !ok {
					continue
				}
				commands++
				root := newRootCommand(new(bytes.Buffer), new(bytes.Buffer))
				cmd, rest, err := root.Find(strings.Fields(args))
				if err == nil && cmd == root {
					t.Errorf("%s: %s: there is no such command", path, line)
					continue
				}
				if err == nil {
					err = cmd.ParseFlags(rest)
				}
				if err == nil {
					err = cmd.ValidateArgs(cmd.Flags().Args())
				}
				if err != nil {
					t.Errorf("%s: %s: %v", path, line, err)
				}
				set := 0
				cmd.Flags().Visit(func(*pflag.Flag) { set++ })
				if slices.Contains([]string{"list", "doctor"}, cmd.Name()) && set == 0 {
					var stdout, stderr bytes.Buffer
					if status := execute(&stdout, &stderr, strings.Fields(args)); status != exitDone || stdout.Len() == 0 {
						t.Errorf("%s: %s ends with status %d: %s", path, line, status, stderr.String())
					}
				}
			}
		}
	}
	if commands < 15 {
		t.Errorf("the pages have %d commands: they are not found", commands)
	}
}

// A suite or configuration that a page shows works unchanged.
func TestFilesOfPages(t *testing.T) {
	suites, configurations := 0, 0
	for path, page := range pages(t) {
		for _, block := range blocks(page) {
			if i := strings.Index(block, "title = "); i >= 0 {
				text, _, _ := strings.Cut(block[i:], "\ngo run ")
				dir := t.TempDir()
				if err := os.WriteFile(filepath.Join(dir, "mine.toml"), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				if _, err := suite.Read(os.DirFS(dir), "mine.toml"); err != nil {
					t.Errorf("%s: %v", path, err)
				}
				suites++
			}
			if i := strings.Index(block, "# server.conf\n"); i >= 0 {
				dir := t.TempDir()
				file := filepath.Join(dir, "server.conf")
				text := strings.ReplaceAll(block[i:], "/run/", dir+"/")
				text = strings.ReplaceAll(text, "127.0.0.1:8080", "127.0.0.1:0")
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				var stdout, stderr bytes.Buffer
				if status := execute(&stdout, &stderr, []string{"serve", "--config", file, "--check"}); status != exitDone {
					t.Errorf("%s: the configuration does not do: %s%s", path, stdout.String(), stderr.String())
				}
				configurations++
			}
		}
	}
	if suites != 1 || configurations != 1 {
		t.Errorf("the pages have %d suites and %d configurations, want one of each", suites, configurations)
	}
}
