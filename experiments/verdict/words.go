package verdict

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lflab/experiments/stats"
)

// stems are words for what the names of metrics begin with, where taking the
// underscores out does not do.
var stems = map[string]string{
	"D": "dispatch latency D", "H": "hand-off latency H", "G": "leaderless gap G",
	"G_none": "leaderless gap G without a follower",
	"cpu":    "CPU time", "rss": "resident memory",
	"leaderless_share":      "share of the time without a leader",
	"socket_wakes_same_cpu": "share of a socket's wake-ups that stay on their CPU",
	"futex_wakes_same_cpu":  "share of a futex's wake-ups that stay on their CPU",
	"processes_most":        "largest number of processes", "threads_most": "largest number of threads",
	"processes_started": "number of processes started", "threads_serving": "number of threads that served",
	"wakes_wasted": "wasted wake-ups", "wakes": "wake-ups", "handoffs": "hand-offs",
	"syscalls": "system calls", "cas_retries": "CAS retries",
}

// quantity says in words what a metric is, from its name, and in which unit and
// on which scale people read it.
type quantity struct {
	words string
	unit  string
	scale float64
}

// times and sizes that names end with.
var endings = []struct {
	suffix string
	unit   string
	scale  float64
}{{"_ns", "us", 1e-3}, {"_us", "us", 1}, {"_ms", "ms", 1}, {"_s", "s", 1}, {"_bytes", "KiB", 1.0 / 1024}}

var quantiles = []struct{ suffix, words string }{
	{"_p50", "median "}, {"_p90", "p90 of "}, {"_p99", "p99 of "}, {"_p999", "p99.9 of "}, {"_mean", "mean "},
}

func quantityOf(name string) quantity {
	q := quantity{scale: 1}
	base, per, isRate := strings.Cut(name, "_per_")
	for _, e := range endings {
		if b, ok := strings.CutSuffix(base, e.suffix); ok {
			base, q.unit, q.scale = b, e.unit, e.scale
			break
		}
	}
	var before, after string
	for _, x := range quantiles {
		if b, ok := strings.CutSuffix(base, x.suffix); ok {
			base, before = b, x.words
			break
		}
	}
	for _, x := range []struct{ prefix, words string }{{"first_", " of the first"}, {"second_", " of the second"}, {"probe_", " by the probe"}} {
		if b, ok := strings.CutPrefix(base, x.prefix); ok {
			base, after = b, x.words
		}
	}
	words, ok := stems[base]
	if !ok {
		words = strings.ReplaceAll(base, "_", " ")
	}
	q.words = before + words + after
	if isRate {
		q.words += " per " + strings.ReplaceAll(per, "_", " ")
	}
	return q
}

// are is "is" or "are", as the words ask for.
func (q quantity) are() string {
	head, _, _ := strings.Cut(q.words, " per ")
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
	iv.Center, iv.Lo, iv.Hi = iv.Center*q.scale, iv.Lo*q.scale, iv.Hi*q.scale
	text := iv.String()
	if q.unit == "" {
		return text
	}
	center, rest, _ := strings.Cut(text, " ")
	return center + " " + q.unit + " " + rest
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
