package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"lflab/lf/control/manager"
	"lflab/lf/httpd/status"
	"lflab/lf/scoreboard"
)

const (
	statusURL     = "http://127.0.0.1:8080/server-status?auto"
	statusTimeout = 5 * time.Second
	statusMost    = 64 << 20 // bytes of an answer
)

// statusFlags holds the argument and flags of the command.
type statusFlags struct {
	url, pidFile, board string
	watch               bool
	interval            time.Duration
	json                string
}

func newStatusCommand(stdout io.Writer) *cobra.Command {
	var f statusFlags
	cmd := &cobra.Command{
		Use:   "status [URL]",
		Short: "show what the threads of a server do",
		Long: `status shows a server's scoreboard: what each thread does, who leads, and how
often work is handed over.

It reads the server's status page, by default
` + statusURL + `. Apache's page with ?auto works, too.
A server does not answer while all its threads are busy. With --pid-file or
--scoreboard, its own user and root can read the memory of a server that has
child processes.

  .  no thread    S  starts      _  waits for a connection   R  reads a request
  W  handles it   K  keep-alive  C  closes                   G  finishes
Below the letters, ^ marks a leader or listener, the next to take a connection.`,
		Example: `  lflab status
  lflab status http://127.0.0.1:8080/server-status?auto --watch
  lflab status --pid-file /run/lflab.pid --watch --interval 500ms
  lflab status --json -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("lflab status takes one URL at most, but was given %s", given(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			// The handler is installed before the first output and the first
			// request to the server, after which a signal may come.
			ctx, cancel := signal.NotifyContext(cmd.Context(), os.Interrupt, unix.SIGTERM)
			defer cancel()
			if len(args) > 0 {
				f.url = args[0]
			}
			if err := f.check(); err != nil {
				return usageError{err}
			}
			return f.run(ctx, stdout)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.pidFile, "pid-file", "", "read the memory of the server whose process ID is in this file, without a request")
	fl.StringVar(&f.board, "scoreboard", "", "read a server's ScoreBoardFile, without a request")
	fl.BoolVar(&f.watch, "watch", false, "repeat until Ctrl-C, and show what happened since the last reading")
	fl.DurationVar(&f.interval, "interval", time.Second, "time between two readings of --watch")
	fl.StringVar(&f.json, "json", "", "write the status as JSON to this file; - is standard output")
	return cmd
}

// check checks the flags and completes the URL.
func (f *statusFlags) check() error {
	ways := 0
	for _, way := range []string{f.url, f.pidFile, f.board} {
		if way != "" {
			ways++
		}
	}
	switch {
	case ways > 1:
		return errors.New("status: give only one of a URL, --pid-file and --scoreboard")
	case f.watch && f.json != "":
		return errors.New("--json: not with --watch [run lflab status for each reading]")
	case f.interval < 10*time.Millisecond:
		return fmt.Errorf("--interval %v: must be 10ms or more", f.interval)
	case ways == 1 && f.url == "":
		return nil
	case f.url == "":
		f.url = statusURL
	}
	given := f.url
	if !strings.Contains(given, "://") {
		given = "http://" + given
	}
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("status: %q is not the address of a status page (want one like %s)", f.url, statusURL)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/server-status"
	}
	if _, ok := u.Query()["auto"]; !ok {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&auto", "&")
	}
	f.url = u.String()
	return nil
}

func (f *statusFlags) run(ctx context.Context, stdout io.Writer) error {
	look, done, err := f.open()
	if err != nil {
		return err
	}
	defer done()
	first, err := look(ctx)
	switch {
	case f.watch && ctx.Err() != nil:
		return nil
	case err != nil:
		return err
	}
	switch {
	case f.json != "":
		return writeStatusJSON(stdout, f.json, first)
	case !f.watch:
		view := newStatusView(stdout)
		view.draw(first, nil, 0)
		return view.err
	}
	return f.watchIt(ctx, look, first, stdout)
}

// looker reads the status of a server once.
type looker func(context.Context) (*status.Reading, error)

// open returns the looker for the URL, the PID file or the ScoreBoardFile. The
// caller must call done after the last look.
func (f *statusFlags) open() (look looker, done func(), err error) {
	if f.url != "" {
		return f.ask, func() {}, nil
	}
	var b *scoreboard.Board
	if f.pidFile != "" {
		b, err = boardOf(f.pidFile)
	} else {
		b, err = scoreboard.OpenFile(f.board)
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, nil, fmt.Errorf("status: %w (be the user that runs the server, or root, or ask the server: lflab status URL)", err)
	case err != nil:
		return nil, nil, fmt.Errorf("status: %w", err)
	}
	return func(context.Context) (*status.Reading, error) {
		if !b.Alive() {
			return nil, fmt.Errorf("status: the server that wrote this scoreboard, process %d, has ended (start it, or remove the file)", b.Header().ParentPID.Load())
		}
		return status.Read(string(status.Lines(b.Status())))
	}, func() { _ = b.Close() }, nil
}

// boardOf opens the scoreboard of the process whose number is in a file.
func boardOf(path string) (*scoreboard.Board, error) {
	pid, err := manager.PidFile(path).Read()
	var unread *fs.PathError
	if errors.As(err, &unread) {
		return nil, fmt.Errorf("read the PID file: %w (is the server up, and is this its PidFile?)", unread)
	}
	if err != nil {
		return nil, err
	}
	b, err := scoreboard.OpenProcess(pid)
	switch {
	case errors.Is(err, scoreboard.ErrNoProcess):
		return nil, fmt.Errorf("PID file %s: process %d does not run (the server has ended without removing the file)", path, pid)
	case errors.Is(err, scoreboard.ErrNoBoard):
		return nil, fmt.Errorf("PID file %s: %w (a server of one process has none; ask it: lflab status URL)", path, err)
	}
	return b, err
}

// ask reads the status from the server's status page.
func (f *statusFlags) ask(ctx context.Context) (*status.Reading, error) {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	req.Close = true // occupy no thread of the server between two looks
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		var cause *url.Error
		if errors.As(err, &cause) {
			err = cause.Err
		}
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return nil, fmt.Errorf("status: %s did not answer within %v (are all its threads busy? --pid-file FILE reads its memory)", f.url, statusTimeout)
		case errors.Is(err, unix.ECONNREFUSED):
			return nil, fmt.Errorf("status: nobody listens at %s: %w (start a server with lflab serve, or name its address)", f.url, err)
		}
		return nil, fmt.Errorf("status: ask %s: %w", f.url, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status: %s answers %s (is that its status page? on Apache, mod_status must allow it)", f.url, res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, statusMost))
	if err != nil {
		return nil, fmt.Errorf("status: read the answer of %s: %w", f.url, err)
	}
	r, err := status.Read(string(body))
	if err != nil {
		return nil, fmt.Errorf("status: the answer of %s: %w", f.url, err)
	}
	return r, nil
}

// watchIt looks again every interval until ctx ends, and then returns nil. It
// shows the error of a look that fails and goes on.
func (f *statusFlags) watchIt(ctx context.Context, look looker, last *status.Reading, stdout io.Writer) error {
	view := newStatusView(stdout)
	view.begin()
	defer view.end()
	view.draw(last, nil, 0)
	at := time.Now()
	tick := time.NewTicker(f.interval)
	defer tick.Stop()
	for view.err == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		r, err := look(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			view.fail(err)
			continue
		}
		now := time.Now()
		view.draw(r, last, now.Sub(at))
		last, at = r, now
	}
	return view.err
}

func writeStatusJSON(stdout io.Writer, path string, r *status.Reading) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if path == "-" {
		_, err = stdout.Write(text)
		return err
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("--json %s: %w (must be - or a file in %s)", path, err, filepath.Dir(path))
	}
	return nil
}
