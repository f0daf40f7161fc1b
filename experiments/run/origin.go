package run

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"

	"lflab/experiments/record"
)

// ownDigest returns the SHA-256 of this program's file in hexadecimal. It reads
// the file once, because the running program does not change.
var ownDigest = sync.OnceValues(func() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("hash program: %w", err)
	}
	f, err := os.Open(self)
	if err != nil {
		return "", fmt.Errorf("hash program: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hash program %s: %w", self, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
})

// sourceState returns the revision from which this program was built, as `go
// build` stamps it. `go run` and `go test` stamp none; then it asks git, if git
// exists and the working directory lies in a checkout of this module. Otherwise
// the revision is "unknown".
var sourceState = sync.OnceValue(func() record.Git {
	g := record.Git{Revision: "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				g.Revision = s.Value
			case "vcs.modified":
				g.Dirty = s.Value == "true"
			}
		}
	}
	if g.Revision != "unknown" {
		return g
	}
	top, err := git("rev-parse", "--show-toplevel")
	if err != nil {
		return g
	}
	mod, err := os.ReadFile(filepath.Join(top, "go.mod"))
	if err != nil || !strings.HasPrefix(string(mod), "module lflab\n") {
		return g
	}
	revision, err := git("rev-parse", "HEAD")
	if err != nil {
		return g
	}
	changes, err := git("status", "--porcelain")
	return record.Git{Revision: revision, Dirty: err != nil || changes != ""}
})

func git(args ...string) (string, error) {
	out, err := exec.Command("git", args...).Output()
	return strings.TrimSpace(string(out)), err
}
