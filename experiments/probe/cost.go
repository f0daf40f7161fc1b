package probe

import (
	"context"
	"fmt"
	"time"
)

// Cost is what the probe itself takes.
type Cost struct {
	Events     uint64        `json:"events"`
	NsPerEvent float64       `json:"ns_per_event"`
	MeterNs    float64       `json:"meter_ns"`
	CPUPercent float64       `json:"cpu_percent"`
	WindowS    float64       `json:"window_s"`
	Programs   []ProgramCost `json:"programs,omitempty"`
	Note       string        `json:"note,omitempty"`
}

// ProgramCost is one program's part.
type ProgramCost struct {
	Name     string  `json:"name"`
	Runs     uint64  `json:"runs"`
	NsPerRun float64 `json:"ns_per_run"`
}

// missed is how often the kernel kept a program from running because it ran on
// that CPU already.
func (p *Probe) missed() (uint64, error) {
	var sum uint64
	for _, h := range hooks {
		if program := p.program(h.program); program != nil {
			s, err := program.Stats()
			if err != nil {
				return 0, fmt.Errorf("read the programs' statistics: %w", err)
			}
			sum += s.RecursionMisses
		}
	}
	return sum, nil
}

// MeasureCost is to come.
func (p *Probe) MeasureCost(ctx context.Context, d time.Duration) (Cost, error) {
	return Cost{}, nil
}
