package verdict

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// Bound is how much worse a metric may become, as a share: 0.05 for 5 %.
type Bound struct {
	Phase  string // empty: in every phase
	Metric string
	Share  float64
}

func (b Bound) name() string {
	if b.Phase == "" {
		return b.Metric
	}
	return b.Phase + ":" + b.Metric
}

// ParseBound reads "cpu_us_per_request=5%" or "open:cpu_us_per_request=5%".
func ParseBound(text string) (Bound, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return Bound{}, fmt.Errorf("bound %q is not allowed (allowed: METRIC=PERCENT or PHASE:METRIC=PERCENT, as in cpu_us_per_request=5%%)", text)
	}
	phase, metric, ok := strings.Cut(name, ":")
	if ok {
		name = metric
	} else {
		phase = ""
	}
	if record.MetricOf(name) == nil {
		return Bound{}, fmt.Errorf("bound %q: there is no metric %q (summary.csv has the names)", text, name)
	}
	number, percent := strings.CutSuffix(strings.TrimSpace(value), "%")
	x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !percent || !(x >= 0 && x <= 1000) {
		return Bound{}, fmt.Errorf("bound %q: %q is not allowed (allowed: 0%% to 1000%%)", text, value)
	}
	return Bound{phase, name, x / 100}, nil
}

// GateResult is the answer of a gate.
type GateResult uint8

// Results of a gate. Their numbers are exit statuses.
const (
	GatePassed  GateResult = 0 // every interval lies within its bound
	GateFailed  GateResult = 1 // something is worse than its bound, by its whole interval
	GateUnknown GateResult = 2 // an interval includes its bound, or there is nothing to compare
)

// GateLine is one comparison of a gate.
type GateLine struct {
	Cell, Phase string
	Bound       Bound
	Result      GateResult
	Worse       stats.Interval // how many times worse the candidate is, at the gate's level
	Floor       float64        // share below which a difference never fails
	Blocks      int            // that would decide an unknown line; 0 if no number up to 1000 would
}

// Gate holds a candidate against a baseline, for use in CI.
type Gate struct {
	Result GateResult
	Level  float64 // of the intervals, corrected for the number of lines
	Lines  []GateLine
	Notes  []string
}

// NewGate compares every cell and phase of two runs that have a bounded metric.
// only chooses cells, as record.Choose does. A term or a phase that the
// baseline does not have is an error.
//
// A line fails if the whole interval of candidate / baseline lies beyond the
// bound and the floor, passes if it lies within the bound, and is unknown
// otherwise. Intervals are at
// 1 - 0.1/k for k lines, so that a candidate that equals the baseline fails, in
// any line, in 5 % of all cases at most.
//
// The floor is what the baseline's own blocks differ by chance: the 95 %
// quantile of the ratio of two halves of them, over random halves, scaled to
// the numbers of trials compared. A difference below it never fails, whatever
// the bound.
func NewGate(baseline, candidate *record.Run, bounds []Bound, only []string) (*Gate, error) {
	g := &Gate{}
	a, b := newTrials(baseline), newTrials(candidate)
	cells, err := record.Choose(baseline.Manifest.Axes, a.cells, only)
	if err != nil {
		return nil, err
	}
	for _, bound := range bounds {
		if bound.Phase != "" && !slices.ContainsFunc(baseline.Manifest.Phases, func(p record.Phase) bool { return p.Name == bound.Phase }) {
			return nil, fmt.Errorf("bound on %s: the runs have no phase %q", bound.name(), bound.Phase)
		}
	}
	type pair struct {
		line          GateLine
		effect        stats.Effect
		before, after []float64
	}
	var pairs []pair
	measured := map[string]bool{} // by the bound's name
	for _, cell := range cells {
		if len(b.byCell[key(cell)]) == 0 {
			g.Notes = append(g.Notes, "only the baseline has cell "+record.Label(baseline.Manifest.Axes, cell))
		}
		for _, ph := range baseline.Manifest.Phases {
			for _, bound := range bounds {
				if bound.Phase != "" && bound.Phase != ph.Name {
					continue
				}
				was, is := a.end(cell, bound.Metric, ph.Name), b.end(cell, bound.Metric, ph.Name)
				x, y := was.values(), is.values()
				if len(x) == 0 && len(y) == 0 {
					continue
				}
				p := pair{line: GateLine{Cell: record.Label(baseline.Manifest.Axes, cell), Phase: ph.Name, Bound: bound}, before: x, after: y}
				if p.effect = stats.Ratio(y, x); record.MetricOf(bound.Metric).Higher {
					p.effect = stats.Ratio(x, y)
				}
				pairs = append(pairs, p)
				measured[bound.name()] = true
			}
		}
	}
	for _, bound := range bounds {
		if !measured[bound.name()] {
			pairs = append(pairs, pair{line: GateLine{Cell: "every cell", Phase: cmp.Or(bound.Phase, "every phase"), Bound: bound}})
		}
	}
	g.Level = 1 - 2*stats.Alpha/float64(max(1, len(pairs)))
	for _, p := range pairs {
		l := p.line
		var ok bool
		l.Worse, ok = p.effect.At(g.Level)
		ok = ok && min(len(p.before), len(p.after)) >= stats.Fewest
		l.Floor = floor(p.before, len(p.after))
		switch {
		case ok && l.Worse.Lo > 1+max(l.Bound.Share, l.Floor):
			l.Result = GateFailed
		case ok && l.Worse.Hi <= 1+l.Bound.Share:
			l.Result = GatePassed
		default:
			l.Result = GateUnknown
			spread := math.Hypot(logDeviation(p.before), logDeviation(p.after))
			l.Blocks = blocksToTell(p.effect.Center, spread, 1+l.Bound.Share, g.Level)
		}
		g.Lines = append(g.Lines, l)
	}
	g.Result = g.sum()
	return g, nil
}

// sum combines the lines: any failure fails, and so nothing passes without
// lines.
func (g *Gate) sum() GateResult {
	if len(g.Lines) == 0 {
		return GateUnknown
	}
	sum := GatePassed
	for _, l := range g.Lines {
		if l.Result == GateFailed {
			return GateFailed
		}
		sum = max(sum, l.Result)
	}
	return sum
}

// floorDraws is the number of random halves.
const floorDraws = 200

// floor returns the share by which two samples of the baseline differ by
// chance, as a quantile of 95 %. It is 0 for fewer than six values. Halves of n
// values differ more than n and m values do, by the square root of
// (2/n + 2/n) / (1/n + 1/m).
func floor(baseline []float64, m int) float64 {
	n := len(baseline)
	if n < stats.Fewest || m == 0 {
		return 0
	}
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	xs := slices.Clone(baseline)
	var apart []float64
	for range floorDraws {
		rng.Shuffle(n, func(i, j int) { xs[i], xs[j] = xs[j], xs[i] })
		if d := math.Abs(math.Log(stats.Ratio(xs[:n/2], xs[n/2:]).Center)); !math.IsNaN(d) && !math.IsInf(d, 0) {
			apart = append(apart, d)
		}
	}
	if len(apart) == 0 {
		return 0
	}
	slices.Sort(apart)
	scale := math.Sqrt((1/float64(n) + 1/float64(m)) / (4 / float64(n)))
	return math.Expm1(apart[len(apart)*95/100] * scale)
}

// logDeviation returns the standard deviation of the logarithms of values. It is
// NaN for fewer than two, and if one is not positive.
func logDeviation(xs []float64) float64 {
	logs := make([]float64, len(xs))
	for i, x := range xs {
		logs[i] = math.Log(x)
	}
	return stat.StdDev(logs, nil)
}

// blocksToTell returns how many blocks in each run would tell on which side of
// a bound a ratio lies, with a probability of 80 %. spread is that of the log
// ratio of two single trials.
func blocksToTell(center, spread, bound, level float64) int {
	distance := math.Abs(math.Log(center / bound))
	if !(distance > 0) || math.IsInf(distance, 0) || math.IsInf(spread, 0) || math.IsNaN(spread) {
		return 0
	}
	for n := stats.Fewest; n <= mostForecast; n++ {
		if stats.Least(n, n) > 1-level {
			continue
		}
		t := distuv.StudentsT{Sigma: 1, Nu: float64(2*n - 2)}.Quantile((1 + level) / 2)
		if (t+assurance)*spread*math.Sqrt(math.Pi/3/float64(n)) < distance {
			return n
		}
	}
	return 0
}

// Write writes a line for each breach, then one for each comparison that cannot
// be told, and a summary.
func (g *Gate) Write(w io.Writer) error {
	var b strings.Builder
	for _, n := range g.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	counts := map[GateResult]int{}
	for _, l := range g.Lines {
		if counts[l.Result]++; l.Result == GateFailed {
			fmt.Fprintf(&b, "worse: %s\n", l.text(g.Level))
		}
	}
	for _, l := range g.Lines {
		if l.Result == GateUnknown {
			fmt.Fprintf(&b, "cannot tell: %s; %s\n", l.text(g.Level), l.needs())
		}
	}
	switch {
	case len(g.Lines) == 0:
		fmt.Fprintln(&b, "nothing to compare: no cell and phase of both runs has a bounded metric")
	default:
		fmt.Fprintf(&b, "%d of %s within their bounds, %d worse, %d cannot be told\n", counts[GatePassed], count(len(g.Lines), "comparison"), counts[GateFailed], counts[GateUnknown])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (l *GateLine) text(level float64) string {
	head := fmt.Sprintf("%s, %s, %s: ", l.Cell, l.Phase, l.Bound.Metric)
	if l.Worse.N == 0 {
		return head + "not compared"
	}
	what := "times as large"
	if record.MetricOf(l.Bound.Metric).Higher {
		what = "times smaller"
	}
	interval := fmt.Sprintf("%.3f (n = %d)", l.Worse.Center, l.Worse.N)
	if l.Worse.Confidence >= level {
		interval = fmt.Sprintf("%.3f [%.3f, %.3f]", l.Worse.Center, l.Worse.Lo, l.Worse.Hi)
	}
	return head + fmt.Sprintf("%s %s, bound %.4g %%, noise floor %.2g %%", interval, what, 100*l.Bound.Share, 100*l.Floor)
}

// needs says what would tell on which side of the bound the ratio lies.
func (l *GateLine) needs() string {
	switch {
	case l.Worse.N == 0:
		return "one run or both have no valid trial with it"
	case l.Blocks == 0:
		return fmt.Sprintf("no number of blocks up to %d would tell, if centre and spread stay", mostForecast)
	}
	return fmt.Sprintf("about %d blocks in each run would tell with a probability of 80 %%, if centre and spread stay", l.Blocks)
}

// Bounds sorts bounds by name and refuses two of one name.
func Bounds(all []Bound) ([]Bound, error) {
	seen := map[string]Bound{}
	for _, b := range all {
		if _, twice := seen[b.name()]; twice {
			return nil, fmt.Errorf("%s has two bounds", b.name())
		}
		seen[b.name()] = b
	}
	var sorted []Bound
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		sorted = append(sorted, seen[name])
	}
	return sorted, nil
}
