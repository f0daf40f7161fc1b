package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Find returns nil when the program is on PATH, or at the path that it is given
// by.
func Find(name string) error {
	_, err := exec.LookPath(name)
	switch {
	case err == nil:
		return nil
	case strings.ContainsRune(name, '/'):
		return fmt.Errorf("there is no program %s (is it installed?)", name)
	}
	return fmt.Errorf("there is no program %q on PATH", name)
}

// Compile compiles the text of a C program, optimised and with threads, with
// the cc on PATH, and returns the path of the result in dir. name names the
// source in errors.
func Compile(dir, name string, source []byte) (string, error) {
	if Find("cc") != nil {
		return "", fmt.Errorf("compile %s: there is no C compiler (cc) on PATH", name)
	}
	base := strings.TrimSuffix(filepath.Base(name), ".c")
	in, out := filepath.Join(dir, base+".c"), filepath.Join(dir, base)
	if err := os.WriteFile(in, source, 0o600); err != nil {
		return "", fmt.Errorf("compile %s: %w", name, err)
	}
	if said, err := exec.Command("cc", "-O2", "-pthread", "-o", out, in).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile %s: %w", name, errors.Join(err, errors.New(strings.TrimSpace(string(said)))))
	}
	return out, nil
}
