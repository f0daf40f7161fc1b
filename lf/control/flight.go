package control

import (
	"errors"
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/lf/flight"
)

// flight switches the recorder for /lab/flight?record=on and off. At "off" it
// returns the histograms of H, G, G_none, D and the handler's time (base64 of
// HdrHistogram's V2 compressed form; empty ones are left out), and how many
// hand-offs had no partner, records were overwritten and requests had no stamp
// of the kernel. All of it is of the window. "unfinished" says how many threads
// had not finished a record at the end of the recording. raw adds the names of the columns
// and the records of each thread that has some.
func (s *Server) flight(action string, window flight.Window, raw bool) (any, error) {
	s.switching.Lock()
	defer s.switching.Unlock()
	switch action {
	case "on":
		if err := s.stamp(true); err != nil {
			return nil, err
		}
		s.recorder.On()
		return map[string]any{}, nil
	case "off":
		s.recorder.Off()
		if err := s.stamp(false); err != nil {
			return nil, err
		}
		records, _ := s.recorder.Records()
		sum := flight.Merge(records, s.kind.Shape, window)
		answer := map[string]any{"unmatched": sum.Unmatched, "overwritten": window.Overwritten(records), "unstamped": sum.Unstamped, "unfinished": flight.Unfinished(records)}
		for name, h := range map[string]*hdrhistogram.Histogram{
			"H": sum.Handoff, "G": sum.Gap, "G_none": sum.GapNoLeader, "D": sum.Dispatch, "handler": sum.Handler,
		} {
			if h.TotalCount() == 0 {
				continue
			}
			encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
			if err != nil {
				return nil, fmt.Errorf("encode histogram %s: %w", name, err)
			}
			answer[name] = string(encoded)
		}
		if raw {
			answer["columns"] = flight.Columns
			answer["threads"] = window.Cut(records)
		}
		return answer, nil
	}
	return nil, fmt.Errorf("record=%q (want on or off)", action)
}

// stamp switches the kernel's time stamps of new connections on or off.
func (s *Server) stamp(on bool) (err error) {
	for _, l := range s.listeners {
		err = errors.Join(err, l.Stamp(on))
	}
	return err
}
