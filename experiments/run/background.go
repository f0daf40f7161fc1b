package run

import (
	"fmt"
	"slices"

	"lflab/experiments/load"
	"lflab/experiments/record"
	"lflab/experiments/suite"
)

func clients(b *suite.Background) int { return b.Idle + b.SlowSenders + b.SlowReaders + b.Blocking }

// doWithoutCrowds makes room for the clients of the phases, here and in the
// servers, and leaves out the phases whose clients do not fit. Where no phase has
// a background, servers are started with the limits that the user has.
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

// backgroundGate: a server that closes clients, or does not serve them, has an
// easier life than one that keeps them, and is not compared with it.
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
