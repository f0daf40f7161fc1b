package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// openPage opens a page in the user's browser, and does not wait for it to end.
// If this session has no display or no program for that, it prints where the
// page is.
func openPage(w io.Writer, page string) error {
	path, err := filepath.Abs(page)
	if err != nil {
		return err
	}
	address := (&url.URL{Scheme: "file", Path: path}).String()
	opener, why := opener()
	if why != "" {
		_, err := fmt.Fprintf(w, "%s: open %s in a browser\n", why, address)
		return err
	}
	cmd := exec.Command(opener, path)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("open %s with %s: %w (open it in a browser yourself)", address, opener, err)
	}
	return cmd.Process.Release()
}

// opener returns the program that opens a page, or why there is none.
func opener() (name, why string) {
	if runtime.GOOS == "darwin" {
		return "open", ""
	}
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return "", "this session has no display"
	}
	name = "xdg-open"
	if _, err := exec.LookPath(name); err != nil {
		return "", "there is no program " + name + " here"
	}
	return name, ""
}
