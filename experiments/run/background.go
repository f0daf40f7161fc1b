package run

import (
	"fmt"
	"slices"

	"lflab/experiments/load"
	"lflab/experiments/record"
	"lflab/experiments/suite"
)

func clients(b *suite.Background) int { return b.Idle + b.SlowSenders + b.SlowReaders + b.Blocking }

// doWithoutCrowds raises the limits on open files of this process and its
// servers, so that the clients of each phase fit. It drops the phases whose
// clients do not. If no phase has a background, the user's limits stay.
func (x *Experiment) doWithoutCrowds(raise func(connections int) error) {
	m := &x.Manifest
	m.Phases = slices.DeleteFunc(m.Phases, func(p record.Phase) bool {
		if p.Background == nil {
			return false
		}
		most := p.Connections
		for _, n := range p.ConnectionsByMode {
			most = max(most, n)
		}
		err := raise(most + clients(p.Background))
		if err != nil {
			m.Skipped = append(m.Skipped, fmt.Sprintf("phase %s: %v", p.Name, err))
		}
		return err != nil
	})
}

// backgroundGate fails if background clients are missing at the end, because a
// server that closes or neglects clients has less work than one that keeps
// them. The two must not be compared.
func backgroundGate(b *record.BackgroundResult) record.Gate {
	missing := b.Missing()
	g := record.Gate{Name: "background", OK: missing == 0, Value: float64(missing), Detail: "all clients in the background were there until the end"}
	if missing == 0 {
		return g
	}
	g.Detail = "of the clients in the background there were at the end:"
	for _, k := range []struct {
		p    load.Presence
		what string
	}{{b.Idle, "idle"}, {b.SlowSenders, "slow senders"}, {b.SlowReaders, "slow readers"}, {b.Blocking, "blocking"}} {
		if k.p.Asked > k.p.Open {
			g.Detail += fmt.Sprintf(" %d of %d %s (%d were opened);", k.p.Open, k.p.Asked, k.what, k.p.Opened)
		}
	}
	g.Detail += " first " + b.Fault
	return g
}
