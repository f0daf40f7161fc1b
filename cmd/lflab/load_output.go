package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"lflab/experiments/load"
)

// jsonOutput writes a result as JSON. It is opened before the load, so that no
// load is wasted if the path cannot be written. nil writes nothing.
type jsonOutput struct {
	w       io.Writer
	file    *os.File // nil if w is standard output
	created bool
	done    bool
}

func openJSON(stdout io.Writer, path string) (*jsonOutput, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		return &jsonOutput{w: stdout}, nil
	}
	_, missing := os.Lstat(path)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644) // the old content stays until there is a result
	if err != nil {
		return nil, fmt.Errorf("--json %s: must be - or a file that can be written: %w", path, err)
	}
	return &jsonOutput{w: f, file: f, created: os.IsNotExist(missing)}, nil
}

func (o *jsonOutput) write(result *load.Result) error {
	if o == nil {
		return nil
	}
	text, err := json.MarshalIndent(result.Report(), "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	if o.file != nil {
		if info, err := o.file.Stat(); err == nil && info.Mode().IsRegular() {
			if err := o.file.Truncate(0); err != nil {
				return fmt.Errorf("write the result: %w", err)
			}
		}
	}
	o.done = true
	if _, err := o.w.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// close closes the file. It removes a file that openJSON created if no result
// was written.
func (o *jsonOutput) close() {
	if o == nil || o.file == nil {
		return
	}
	if o.created && !o.done {
		_ = os.Remove(o.file.Name())
	}
	_ = o.file.Close() // write has reported errors
}
