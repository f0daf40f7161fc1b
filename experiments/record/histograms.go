package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// ProbePrefix begins the names of the kernel probe's histograms.
const ProbePrefix = "probe."

const (
	logHead    = "#[Trial %s of suite %s; values in ns]\n"
	longestLog = 256 << 20
)

// writeHistograms writes the log of a trial's histograms. The interval of each
// is the measured time of its phase, so that count divided by interval is a
// rate.
func (t *Trial) writeHistograms(w io.Writer) error {
	if _, err := fmt.Fprintf(w, logHead, t.ID, t.Suite); err != nil {
		return err
	}
	log := hdrhistogram.NewHistogramLogWriter(w)
	base := t.Started.Truncate(time.Second).UnixMilli() // the log's start time has whole seconds
	opts := hdrhistogram.DefaultHistogramLogOptions()
	if err := errors.Join(log.OutputLogFormatVersion(), log.OutputStartTime(base), log.OutputLegend()); err != nil {
		return err
	}
	log.SetBaseTime(base)
	for i := range t.Phases {
		p := &t.Phases[i]
		start := p.Started
		if start.IsZero() {
			start = t.Started
		}
		for _, name := range slices.Sorted(maps.Keys(p.Histograms)) {
			h := p.Histograms[name]
			h.SetTag(p.Name + "." + name)
			h.SetStartTimeMs(start.UnixMilli())
			h.SetEndTimeMs(start.UnixMilli() + max(1, time.Duration(p.DurationS*float64(time.Second)).Milliseconds()))
			if err := log.OutputIntervalHistogramWithLogOptions(h, opts); err != nil {
				return fmt.Errorf("histogram %s: %w", h.Tag(), err)
			}
		}
	}
	return nil
}

// loadHistograms reads the trial's histogram log into its phases.
func (t *Trial) loadHistograms(files fs.FS) (err error) {
	// The decoder may panic on malformed input; then the file is at fault.
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("decode a histogram: %v", fault)
		}
	}()
	text, err := readRegular(files, t.hdrName(), longestLog)
	if errors.Is(err, fs.ErrNotExist) {
		if slices.ContainsFunc(t.Phases, func(p PhaseResult) bool { return p.Latency.Count > 0 }) {
			return errors.New("there is no such file, and the record has latencies")
		}
		return nil // a trial without histograms has no file
	}
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(text[:min(len(text), 200)]), fmt.Sprintf(logHead, t.ID, t.Suite)) {
		first, _, _ := strings.Cut(string(text[:min(len(text), 100)]), "\n")
		return fmt.Errorf("it is not the log of trial %s: it begins with %q", t.ID, first)
	}
	log := hdrhistogram.NewHistogramLogReader(bytes.NewReader(text))
	for {
		h, err := log.NextIntervalHistogram()
		if number, ok := errors.AsType[*strconv.NumError](err); ok {
			return fmt.Errorf("a line has %q where a number is due", number.Num)
		}
		if err != nil {
			return err
		}
		if h == nil {
			break
		}
		if err := t.take(h); err != nil {
			return err
		}
	}
	for i := range t.Phases {
		p := &t.Phases[i]
		h := p.Histograms["latency"]
		switch {
		case p.Latency.Count > 0 && h == nil:
			return fmt.Errorf("%s.latency is missing", p.Name)
		case h != nil && h.TotalCount() != p.Latency.Count:
			return fmt.Errorf("%s.latency has %d values, and the record %d", p.Name, h.TotalCount(), p.Latency.Count)
		}
	}
	return nil
}

// take adds a histogram to its phase.
func (t *Trial) take(h *hdrhistogram.Histogram) error {
	phase, name, _ := strings.Cut(h.Tag(), ".")
	i := slices.IndexFunc(t.Phases, func(p PhaseResult) bool { return p.Name == phase })
	if i < 0 || name == "" {
		return fmt.Errorf("its histogram %q is of no phase of the trial", h.Tag())
	}
	p := &t.Phases[i]
	if p.Histograms == nil {
		p.Histograms = map[string]*hdrhistogram.Histogram{}
	}
	if p.Histograms[name] != nil {
		return fmt.Errorf("its histogram %q is there twice", h.Tag())
	}
	p.Histograms[name] = h
	return nil
}
