package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Find returns the path of a program. name is a program on PATH, a path, or a
// path below the directory that an environment variable holds, as in
// "$PEERS/server".
func Find(name string) (string, error) {
	if rest, ok := strings.CutPrefix(name, "$"); ok {
		variable, file, _ := strings.Cut(rest, "/")
		dir := os.Getenv(variable)
		if dir == "" {
			return "", fmt.Errorf("the environment variable %s is not set (it should hold the directory of a program %s)", variable, file)
		}
		abs, err := filepath.Abs(filepath.Join(dir, file))
		if err != nil {
			return "", fmt.Errorf("find program %s: %w", name, err)
		}
		name = abs
	}
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path, nil
	case strings.ContainsRune(name, '/'):
		return "", fmt.Errorf("there is no program %s (is it installed?)", name)
	}
	return "", fmt.Errorf("there is no program %q on PATH", name)
}

// Compile compiles the C program source with the cc on PATH, optimised and with
// threads, and returns the path of the result in dir. name names the source in
// errors.
func Compile(dir, name string, source []byte) (string, error) {
	if _, err := Find("cc"); err != nil {
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
