package run

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"

	"lflab/experiments/record"
)

// snapshots has one of our servers read its own counters at moments in the
// middle of a load, when no thread of it may be free to answer. A nil snapshots
// does nothing.
type snapshots struct {
	conn   *net.UnixConn
	failed error
}

// counted holds a server's counts at one moment.
type counted struct {
	At         int64    `json:"at"` // ns of CLOCK_MONOTONIC
	Status     string   `json:"status"`
	ServedBy   []uint64 `json:"served_by"`
	HeapBefore uint64   `json:"heap_before"`
	HeapAfter  uint64   `json:"heap_after"`
}

// tellPatience is how long the answer to "tell" may take.
const tellPatience = 10 * time.Second

// snapshots connects to the server's socket for snapshots.
func (c control) snapshots(ctx context.Context) (*snapshots, error) {
	body, err := c.get(ctx, "/lab/counters")
	if err != nil {
		return nil, err
	}
	var told struct {
		Snapshots string `json:"snapshots"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return nil, fmt.Errorf("read the server's counters: %w in %.200q", err, body)
	}
	if told.Snapshots == "" {
		return nil, fmt.Errorf("the server says nowhere to ask for snapshots of its counters: %.200q", body)
	}
	own := &net.UnixAddr{Net: "unixgram", Name: "@lflab-run-" + rand.Text()}
	conn, err := net.DialUnix("unixgram", own, &net.UnixAddr{Net: "unixgram", Name: told.Snapshots})
	if err != nil {
		return nil, fmt.Errorf("ask the server for snapshots of its counters: %w", err)
	}
	return &snapshots{conn: conn}, nil
}

// take has the server read its counters. It does not wait until it has.
func (s *snapshots) take() {
	if s != nil && s.failed == nil {
		_, s.failed = s.conn.Write([]byte("take"))
	}
}

// tell returns what the server read at each take.
func (s *snapshots) tell() (all []counted, err error) {
	if s.failed != nil {
		return nil, s.failed
	}
	if err := s.conn.SetDeadline(time.Now().Add(tellPatience)); err != nil {
		return nil, err
	}
	if _, err := s.conn.Write([]byte("tell")); err != nil {
		return nil, err
	}
	text := make([]byte, 1<<20)
	n, err := s.conn.Read(text)
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(text[:n], &all)
}

func (s *snapshots) close() {
	if s != nil {
		_ = s.conn.Close() // nothing can be lost
	}
}

// into adds to a phase what the server has counted between two snapshots. It
// leaves out heap allocations if the flight was recorded, because recording
// allocates too. A child process of a server that has ended meanwhile told
// nothing; such a phase has no counts.
func (s *snapshots) into(r *record.PhaseResult, recorded bool) error {
	all, err := s.tell()
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask the server for snapshots of its counters: %w", err)
	}
	if len(all) != 2 {
		return fmt.Errorf("ask the server for snapshots of its counters: it sent %d instead of 2", len(all))
	}
	begin, end := all[0], all[1]
	before := parseCounters(begin.Status)
	for key, n := range parseCounters(end.Status) {
		if n > before[key] {
			r.Counts[key] = n - before[key]
		}
	}
	if !recorded && end.HeapBefore >= begin.HeapAfter {
		r.Counts[record.HeapCounter] = end.HeapBefore - begin.HeapAfter
	}
	for i, n := range end.ServedBy {
		if i < len(begin.ServedBy) { // a process that was replaced begins at 0
			n -= min(n, begin.ServedBy[i])
		}
		r.ServedBy = append(r.ServedBy, n)
	}
	slices.SortFunc(r.ServedBy, func(a, b uint64) int { return cmp.Compare(b, a) })
	return nil
}
