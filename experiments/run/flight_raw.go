package run

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"lflab/experiments/probe"
)

// flightColumns names the columns of a server's single records that are joined
// with the probe's records.
var flightColumns = map[string]func(*probe.UserRecord, uint64){
	"seq":      func(u *probe.UserRecord, v uint64) { u.Seq = v },
	"promoted": func(u *probe.UserRecord, v uint64) { u.Promoted = v != 0 },
	"a1":       func(u *probe.UserRecord, v uint64) { u.A1 = v },
	"u0":       func(u *probe.UserRecord, v uint64) { u.U0 = v },
	"p0":       func(u *probe.UserRecord, v uint64) { u.P0 = v },
	"p1":       func(u *probe.UserRecord, v uint64) { u.P1 = v },
	"p3":       func(u *probe.UserRecord, v uint64) { u.P3 = v },
	"f5":       func(u *probe.UserRecord, v uint64) { u.F5 = v },
	"f6":       func(u *probe.UserRecord, v uint64) { u.F6 = v },
	"h0":       func(u *probe.UserRecord, v uint64) { u.H0 = v },
	"h1":       func(u *probe.UserRecord, v uint64) { u.H1 = v },
}

// stopFlightRaw is stopFlight with all single records, for probe.Join. It takes
// about a second for full logs.
func (c control) stopFlightRaw(ctx context.Context, in window) (*flight, []probe.UserRecord, error) {
	body, err := c.get(ctx, "/lab/flight?record=off&raw=1"+in.query())
	if err != nil {
		return nil, nil, err
	}
	var report struct {
		flightReport
		Columns []string `json:"columns"`
		Threads []struct {
			TID     uint32     `json:"tid"`
			Records [][]uint64 `json:"records"`
		} `json:"threads"`
	}
	if err := json.Unmarshal(body, &report); err != nil {
		return nil, nil, fmt.Errorf("read flight records: %w in %.200q", err, body)
	}
	fl, err := report.decode()
	if err != nil {
		return nil, nil, err
	}
	set := make([]func(*probe.UserRecord, uint64), len(report.Columns)) // nil for unknown columns
	for name, f := range flightColumns {
		i := slices.Index(report.Columns, name)
		if i < 0 {
			return nil, nil, fmt.Errorf("read flight records: there is no column %s (the server says: %q)", name, report.Columns)
		}
		set[i] = f
	}
	var user []probe.UserRecord
	for _, t := range report.Threads {
		for _, row := range t.Records {
			if len(row) != len(set) {
				return nil, nil, fmt.Errorf("read flight records: thread %d has a row of %d numbers for %d columns", t.TID, len(row), len(set))
			}
			u := probe.UserRecord{TID: t.TID}
			for i, f := range set {
				if f != nil {
					f(&u, row[i])
				}
			}
			user = append(user, u)
		}
	}
	return fl, user, nil
}
