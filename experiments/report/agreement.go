package report

import (
	"fmt"
	"strings"

	"lflab/experiments/record"
)

// agreeText says how far run b agrees with the earlier run a: in rules and
// ratios, then in the intervals of cells' metrics, which a slower machine moves.
func agreeText(a, b *run) string {
	var cells, overlapping, few int
	var apart []string
	for _, o := range record.Agree(a.Data, b.Data) {
		cells, overlapping, few = cells+o.Cells, overlapping+o.Overlapping, few+o.Few
		if o.Overlapping < o.Cells {
			apart = append(apart, fmt.Sprintf("%s %d of %d", o.Metric, o.Overlapping, o.Cells))
		}
	}
	with := fmt.Sprintf("[%s](#%s) (seed %d)", a.Name, a.Name, a.Data.Manifest.Seed)
	if a.Data.Manifest.SuiteDigest != b.Data.Manifest.SuiteDigest {
		with += ", which ran another state of the suite,"
	}
	if cells == 0 {
		return fmt.Sprintf("Whether it agrees with %s cannot be told: no cell has enough trials that count in both.", with)
	}
	text := fmt.Sprintf("Beside %s %s; of absolute values %d of %d intervals overlap (%.1f %%)", with, Agree(a.Data, b.Data).Summary(), overlapping, cells, 100*float64(overlapping)/float64(cells))
	if len(apart) > 0 {
		text += "; those that do not overlap in every cell: " + strings.Join(apart, ", ")
	}
	text += "."
	if few > 0 {
		text += fmt.Sprintf(" %d more rest on too few trials.", few)
	}
	return text
}
