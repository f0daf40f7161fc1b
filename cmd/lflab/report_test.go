package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// Both commands name the directory that they cannot read and the missing file.
func TestReportAndCompareNameTheDirectory(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for _, args := range [][]string{{"report", missing}, {"compare", missing, missing}} {
		var stdout, stderr bytes.Buffer
		if status := execute(&stdout, &stderr, args); status != exitFailed {
			t.Errorf("%v: status %d, want %d", args, status, exitFailed)
		}
		if got := stderr.String(); !strings.Contains(got, missing) || !strings.Contains(got, "manifest.json") {
			t.Errorf("%v: says %q", args, got)
		}
	}
}

func TestReportAndCompareCheckTheirArguments(t *testing.T) {
	for _, args := range [][]string{{"report"}, {"report", "--pack", "a", "b"}, {"compare", "a"}, {"compare", "--only", "mpm=leader", "a", "b"}} {
		var stdout, stderr bytes.Buffer
		if status := execute(&stdout, &stderr, args); status != exitUsage {
			t.Errorf("%v: status %d, want %d (%s)", args, status, exitUsage, stderr.String())
		}
	}
}
