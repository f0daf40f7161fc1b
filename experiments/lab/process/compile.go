package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Find returns nil when the program is on PATH.
func Find(name string) error {
	if _, err := exec.LookPath(name); err != nil {
		return fmt.Errorf("there is no program %q on PATH", name)
	}
	return nil
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
