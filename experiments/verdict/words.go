package verdict

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// quantity is a metric as sentences speak of it.
type quantity struct{ record.Metric }

// quantityOf finds it by its name. Of a metric that this version does not know,
// the name is all there is to say.
func quantityOf(name string) quantity {
	if m := record.MetricOf(name); m != nil {
		return quantity{*m}
	}
	return quantity{record.Metric{Name: name, Words: strings.ReplaceAll(name, "_", " "), Per: 1}}
}

// are is "is" or "are", as the words ask for.
func (q quantity) are() string {
	head, _, _ := strings.Cut(q.Words, " per ")
	if w := head[strings.LastIndex(head, " ")+1:]; strings.HasSuffix(w, "s") && !strings.Contains(head, " of ") {
		return "are"
	}
	return "is"
}

// amount writes a median of the quantity with its interval and unit.
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

// span is the interval alone.
func span(iv stats.Interval) string {
	_, rest, _ := strings.Cut(iv.String(), " ")
	return rest
}

// number writes a bound as short as it is.
func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// count writes "1 pair", "2 pairs"; "series" has one form.
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

// sentence begins with a capital, where it begins with a letter, and ends with
// a full stop.
func sentence(s string) string {
	if s != "" {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	return s + "."
}
