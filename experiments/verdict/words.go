package verdict

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// quantity is a metric with its words for sentences.
type quantity struct{ record.Metric }

// quantityOf finds it by its name. Of a metric that this version does not know,
// quantityOf returns the quantity of a metric's name. For a metric that this
// version does not know, the words are the name.
func quantityOf(name string) quantity {
	if m := record.MetricOf(name); m != nil {
		return quantity{*m}
	}
	return quantity{record.Metric{Name: name, Words: strings.ReplaceAll(name, "_", " "), Per: 1}}
}

// are returns "is" or "are", to agree with the words.
func (q quantity) are() string {
	head, _, _ := strings.Cut(q.Words, " per ")
	if w := head[strings.LastIndex(head, " ")+1:]; strings.HasSuffix(w, "s") && !strings.Contains(head, " of ") {
		return "are"
	}
	return "is"
}

// amount formats a median of the quantity with its interval and unit.
func (q quantity) amount(iv stats.Interval) string {
	if iv.N == 0 {
		return "unknown"
	}
	iv.Center, iv.Lo, iv.Hi = iv.Center/q.Per, iv.Lo/q.Per, iv.Hi/q.Per
	text := iv.String()
	if q.Unit == "" {
		return text
	}
	center, rest, _ := strings.Cut(text, " ")
	return center + " " + q.Unit + " " + rest
}

// span formats only the interval.
func span(iv stats.Interval) string {
	_, rest, _ := strings.Cut(iv.String(), " ")
	return rest
}

// number formats a bound as short as possible.
func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// count formats "1 pair", "2 pairs". "series" does not change.
func count(n int, noun string) string {
	if n != 1 && !slices.Contains([]string{"series"}, noun) {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func hasHave(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

// sentence capitalises the first letter and adds a full stop.
func sentence(s string) string {
	if s != "" {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	return s + "."
}
