package suite

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Ratio is a ratio that the suite asks for: a metric of each cell over the same
// metric of another cell or phase.
type Ratio struct {
	Title  string `json:"title"`
	Metric string `json:"metric"` // a column of summary.csv
	Phase  string `json:"phase"`
	// Axis and Values say what the cell is compared with: cells that differ
	// only in Axis and have one of Values there; the best of them counts. The
	// axis "phase" compares with another phase.
	Axis   string   `toml:"-" json:"axis"`
	Values []string `toml:"-" json:"values"`
	// Most is what the ratio should not exceed. 0 means no bound.
	Most float64 `json:"most,omitempty"`
}

// PhaseAxis as the axis of a ratio compares two phases of one cell.
const PhaseAxis = "phase"

// column is the form of a metric's name. The package does not know which
// metrics exist.
var column = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// fileRatio is a ratio on disk.
type fileRatio struct {
	Ratio
	To map[string]any // Axis and Values
}

func (r *reader) ratios(s *Suite, f *file, md toml.MetaData) error {
	for i, in := range f.Ratio {
		ratio, err := r.ratio(s, in, fmt.Sprintf("ratio[%d]", i))
		if err != nil {
			return err
		}
		s.Ratios = append(s.Ratios, ratio)
	}
	return nil
}

func (r *reader) ratio(s *Suite, f fileRatio, at string) (Ratio, error) {
	q := f.Ratio
	var phases []string
	for _, p := range s.Phases {
		phases = append(phases, p.Name)
	}
	switch {
	case !column.MatchString(f.Metric):
		return q, r.refuse(at+".metric", f.Metric, "a metric of summary.csv, as in cpu_us_per_request")
	case !slices.Contains(phases, f.Phase):
		return q, r.refuse(at+".phase", f.Phase, strings.Join(phases, ", "))
	case !(f.Most >= 0 && f.Most <= 1000):
		return q, r.refuse(at+".most", f.Most, "0 to 1000, the ratio that is not to be exceeded; 0, or nothing, is no promise")
	case len(f.To) != 1:
		return q, r.refuse(at+".to", f.To, `one axis with a value, or several of which the best counts, as in { mpm = "nginx" }; or { phase = "alone" }`)
	}
	for axis := range maps.Keys(f.To) {
		q.Axis = axis
	}
	known := phases
	if q.Axis != PhaseAxis {
		a := s.Axis(q.Axis)
		if a == nil {
			return q, r.refuse(at+".to", q.Axis, "phase, or the name of an axis")
		}
		known = a.Values
	}
	list, many := f.To[q.Axis].([]any)
	if !many {
		list = []any{f.To[q.Axis]}
	}
	for _, v := range list {
		value, ok := scalar(v)
		if !ok || !slices.Contains(known, value) {
			return q, r.refuse(at+".to."+q.Axis, v, strings.Join(known, ", "))
		}
		q.Values = append(q.Values, value)
	}
	switch {
	case len(q.Values) == 0:
		return q, r.missing(at+".to."+q.Axis, strings.Join(known, ", "))
	case q.Axis == PhaseAxis && (many || q.Values[0] == q.Phase):
		return q, r.refuse(at+".to.phase", f.To[q.Axis], "one other phase")
	}
	if q.Title == "" {
		q.Title = q.describe()
	}
	return q, nil
}

// describe returns a default title for a ratio.
func (q Ratio) describe() string {
	to := strings.Join(q.Values, ", ")
	if len(q.Values) > 1 {
		to = "best of " + to
	}
	return q.Metric + " in " + q.Phase + " / " + to
}
