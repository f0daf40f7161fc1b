package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"lflab/experiments/probe"
	"lflab/experiments/record"
)

// Recorder controls the flight recorder of one of our running servers (`lflab
// serve --lab`), for a probe of that server.
type Recorder struct{ server control }

// NewRecorder makes a Recorder for the server at address, as in
// "http://127.0.0.1:8080". It does not connect.
func NewRecorder(address string) (*Recorder, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("address %q is not allowed (allowed: that of a server, as in http://127.0.0.1:8080)", address)
	}
	return &Recorder{control{u.Host}}, nil
}

// Check returns why nothing could be recorded: no server answers, or it has no
// flight recorder. It switches nothing.
func (r *Recorder) Check(ctx context.Context) error {
	_, err := r.server.get(ctx, "/lab/flight") // without a command: a recorder refuses this and switches nothing
	var status *statusError
	switch answered := errors.As(err, &status); {
	case answered && status.status == http.StatusBadRequest:
		return nil
	case answered:
		return fmt.Errorf("what answers there has no flight recorder (give the address of lflab serve --lab): %w", err)
	case err == nil:
		return errors.New("what answers there has no flight recorder (give the address of lflab serve --lab)")
	}
	return fmt.Errorf("no server answers there: %w", err)
}

// Start begins to record.
func (r *Recorder) Start(ctx context.Context) error {
	if err := r.server.startFlight(ctx); err != nil {
		return fmt.Errorf("switch the flight recorder on: %w (was the server started with --lab?)", err)
	}
	return nil
}

// Stop ends the recording and joins it with the probe's records of the same
// time. It takes about a second for full logs.
func (r *Recorder) Stop(ctx context.Context, records *probe.Records) (*record.UserStages, error) {
	_, user, err := r.server.stopFlightRaw(ctx, window{})
	if err != nil {
		return nil, err
	}
	return userStages(probe.Join(records, user)), nil
}
