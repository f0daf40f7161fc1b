package process

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// startFault says why a program could not be started, and what to do.
func startFault(path string, err error) error {
	reason := err
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		reason = e.Err
	}
	interpreter := interpreterOf(path)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("start %s: there is no such program on PATH (is it installed?)", path)
	case errors.Is(err, syscall.ENOENT) && interpreter != "":
		return fmt.Errorf("start %s: its first line asks for %s, which is not there: %w", path, interpreter, reason)
	case errors.Is(err, syscall.ENOENT):
		return fmt.Errorf("start %s: there is no such program: %w (a path without a leading / begins in the directory that lflab runs in)", path, reason)
	case errors.Is(err, syscall.EACCES) && interpreter != "" && executable(path):
		return fmt.Errorf("start %s: its first line asks for %s, which may not be executed: %w", path, interpreter, reason)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("start %s: it may not be executed: %w (chmod +x, or a directory in its place?)", path, reason)
	case errors.Is(err, syscall.ENOEXEC):
		return fmt.Errorf("start %s: %w (a script needs a first line as in #!/bin/sh, and a program must be built for this machine)", path, reason)
	}
	return fmt.Errorf("start %s: %w", path, reason)
}

// interpreterOf returns the quoted program that a script's first line names, or
// "" if the file is no script.
func interpreterOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	line, err := bufio.NewReaderSize(f, 256).ReadSlice('\n')
	if err != nil {
		return ""
	}
	rest, ok := strings.CutPrefix(string(line), "#!")
	if fields := strings.Fields(rest); ok && len(fields) > 0 {
		return fmt.Sprintf("%q", strings.TrimRight(fields[0], "\n"))
	}
	return ""
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
