package report

import (
	"fmt"
	"path/filepath"
	"strings"

	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// gateRow summarises one gate over all trials.
type gateRow struct {
	Name, Phase, Values, Limit string
	Checked, Failed            int
}

// gateRows returns a row for each gate and phase, in the order of the trials'
// lists.
func (v *view) gateRows() []gateRow {
	type key struct{ name, phase string }
	type sum struct {
		gateRow
		lo, hi, limit float64
	}
	var order []key
	sums := map[key]*sum{}
	for _, t := range v.Run.Trials {
		for _, g := range t.Gates {
			k := key{g.Name, g.Phase}
			s := sums[k]
			if s == nil {
				s = &sum{gateRow: gateRow{Name: g.Name, Phase: g.Phase}, lo: g.Value, hi: g.Value, limit: g.Limit}
				sums[k] = s
				order = append(order, k)
			}
			s.Checked++
			if !g.OK {
				s.Failed++
			}
			s.lo, s.hi = min(s.lo, g.Value), max(s.hi, g.Value)
		}
	}
	var rows []gateRow
	for _, k := range order {
		s := sums[k]
		s.Limit = words.Rounded(s.limit)
		if s.Values = words.Rounded(s.lo); s.hi != s.lo {
			s.Values += " to " + words.Rounded(s.hi)
		}
		rows = append(rows, s.gateRow)
	}
	return rows
}

// badTrial is a trial that does not count.
type badTrial struct {
	Name, ID string
	Why      []string
}

func (v *view) badTrials() []badTrial {
	var out []badTrial
	for _, t := range v.Invalid() {
		b := badTrial{Name: v.Name(t), ID: t.ID}
		if t.Failed {
			why := strings.TrimSpace(t.Failure)
			if why == "" {
				why = "failed"
			}
			b.Why = append(b.Why, why)
		}
		for _, g := range t.Gates {
			if g.OK {
				continue
			}
			s := g.Name
			if g.Phase != "" {
				s += " (" + g.Phase + ")"
			}
			b.Why = append(b.Why, s+": "+g.Detail)
		}
		out = append(out, b)
	}
	return out
}

// threats lists what limits the validity of the result, as far as the data show
// it.
func (v *view) threats() []string {
	m := v.Run.Manifest
	var ts []string
	fewest, most := v.Processes()
	switch {
	case fewest > 0 && fewest < stats.Fewest:
		ts = append(ts, fmt.Sprintf("Some cells have only %d processes that count (the most have %d): their bars are ranges, and nothing is said about their differences.", fewest, most))
	case most > 0 && most < 10:
		ts = append(ts, fmt.Sprintf("With %d processes per cell an interval is the range or close to it, and differences of a few per cent can stay hidden.", most))
	}
	if n := m.Before.CPUs; n > 0 && n <= 4 {
		ts = append(ts, fmt.Sprintf("Server and load generator share %d CPUs. Throughput of the closed loop is that of both together; on loopback the server's network interrupts are worked off on the client's CPU and in its time.", n))
	} else {
		ts = append(ts, "On loopback the server's network interrupts are worked off on the client's CPU and in its time; a network card would move that cost.")
	}
	if virt := m.Before.Virtualised; virt != "" && virt != "none" {
		ts = append(ts, fmt.Sprintf("This is a virtual machine (%s): waking a halted CPU costs an exit to the hypervisor, which can be most of a hand-off between CPUs and hides smaller differences between primitives.", virt))
	}
	if foreign := m.Before.Foreign(); len(foreign) > 0 {
		ts = append(ts, fmt.Sprintf("The kernel was started with %s, which Linux as released does not have: its scheduler has rules of its own, and where a woken thread runs may be different elsewhere.", words.List(foreign)))
	}
	if p := m.Before.Placement; p != nil && p.OnWakers > 0.5 {
		ts = append(ts, fmt.Sprintf("A thread that was woken by one that computed on, and had run on the same CPU, stayed there in %.0f of %d cases before the run although nothing else of ours ran: followers wait for their promoters' handlers here, or interrupt them.", p.OnWakers*float64(p.Wakes), p.Wakes))
	}
	if g := m.Before.Governor; g != "" && g != "none" && g != "performance" {
		ts = append(ts, fmt.Sprintf("The CPU frequency was governed by %q: light loads may have run at a lower clock than heavy ones.", g))
	}
	if m.Before.Load1 > 0.5 {
		ts = append(ts, fmt.Sprintf("The load average was %.2f before the run: something else was running.", m.Before.Load1))
	}
	if m.HasFlight() && !m.FlightWindow() {
		ts = append(ts, "The flight recorder was on. "+m.FlightNote())
	}
	if m.Git.Dirty {
		ts = append(ts, "The source tree had changes that are not in the revision named below; the binary's hash identifies what ran.")
	}
	if m.Interrupted {
		ts = append(ts, "The run was interrupted: later blocks are missing.")
	}
	var brief []string
	for _, ph := range v.Phases {
		if ph.DurationS > 0 && ph.DurationS < 2 {
			brief = append(brief, fmt.Sprintf("%s for %g s", ph.Name, ph.DurationS))
		}
	}
	if len(brief) > 0 {
		ts = append(ts, fmt.Sprintf("Each process is measured briefly (%s): slow effects such as timers, garbage collection and CPU frequency have little time to show, and p99.9 rests on few requests.", words.List(brief)))
	}
	return append(ts, "One machine, one kernel, one handler: ranking and ratios may change with any of them.")
}

// damaged lists the files that could not be read. It leaves out their
// directory, because that differs between readers.
func (v *view) damaged() (lines []string) {
	for _, d := range v.Run.Damaged {
		lines = append(lines, fmt.Sprintf("%s: %v", filepath.Base(d.Path), d.Err))
	}
	return lines
}

// resumed says how many trials were made up for, when the run was resumed, and
// which trials were measured again.
func (v *view) resumed() (lines []string) {
	if made := v.Run.Manifest.MadeUp(); made != "" {
		lines = append(lines, made)
	}
	if grown := v.Run.Manifest.Grown(); grown != "" {
		lines = append(lines, grown)
	}
	for _, when := range v.Run.Manifest.Resumed {
		lines = append(lines, "The run was resumed on "+when.UTC().Format("2 January 2006, 15:04 UTC")+".")
	}
	for _, a := range v.Run.Manifest.SetAside {
		lines = append(lines, fmt.Sprintf("Trial %s was set aside in %s and measured again: %s.", a.Trial, a.Where, a.Why))
	}
	return lines
}
