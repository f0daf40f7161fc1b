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

// Recorder is the flight recorder of a running server of ours (`lflab serve
// --lab`), for a probe of that server.
type Recorder struct{ server control }

// NewRecorder finds the recorder by the server's address, as in
// "http://127.0.0.1:8080".
func NewRecorder(address string) (*Recorder, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("address %q is not allowed (allowed: that of a server, as in http://127.0.0.1:8080)", address)
	}
	return &Recorder{control{u.Host}}, nil
}

// Check tells why there would be nothing to record, before time is spent: nobody
// answers there, or not with a flight recorder.
func (r *Recorder) Check(ctx context.Context) error {
	_, err := r.server.get(ctx, "/lab/flight") // without what it is to do: refused, and nothing is switched
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

// Stop ends the recording and joins it with what the probe has recorded
// meanwhile. It takes about a second for logs that are full.
func (r *Recorder) Stop(ctx context.Context, records *probe.Records) (*record.UserStages, error) {
	_, user, err := r.server.stopFlightRaw(ctx)
	if err != nil {
		return nil, err
	}
	return userStages(probe.Join(records, user)), nil
}
