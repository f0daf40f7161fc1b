// Package words writes numbers, intervals and lists for sentences, tables and
// figures. It knows no metrics and no runs.
package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"lflab/experiments/stats"
)

// Capital returns a title with a capital first letter, which must be ASCII.
func Capital(title string) string {
	if title == "" {
		return ""
	}
	return strings.ToUpper(title[:1]) + title[1:]
}

// Short writes a value with three significant digits, but all digits before the
// point and at most six decimals.
func Short(x float64) string {
	if x == 0 {
		return "0"
	}
	d := 2 - int(math.Floor(math.Log10(math.Abs(x))))
	if d <= 0 {
		return Thousands(x)
	}
	return fmt.Sprintf("%.*f", min(d, 6), x)
}

// Sentences joins sentences with spaces and leaves out empty ones.
func Sentences(sentences ...string) string {
	var keep []string
	for _, s := range sentences {
		if s != "" {
			keep = append(keep, s)
		}
	}
	return strings.Join(keep, " ")
}

// List writes "a", "a and b", "a, b and c".
func List(xs []string) string {
	if len(xs) < 2 {
		return strings.Join(xs, "")
	}
	return strings.Join(xs[:len(xs)-1], ", ") + " and " + xs[len(xs)-1]
}

// Thousands rounds a number to a whole one and writes it with commas: 12,345.
func Thousands(x float64) string {
	s := strconv.FormatFloat(x, 'f', 0, 64)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	var parts []string
	for len(s) > 3 {
		parts = append([]string{s[len(s)-3:]}, parts...)
		s = s[:len(s)-3]
	}
	return sign + strings.Join(append([]string{s}, parts...), ",")
}

// Count writes a number of things, with commas in thousands: "1 rule", "1,200
// rules".
func Count[N int | int64 | uint64](n N, one, many string) string {
	if n == 1 {
		many = one
	}
	return Thousands(float64(n)) + " " + many
}

// Number writes a number in at most six significant digits, without trailing
// zeros: 0.1, 25. From 1,000 it is a whole number with commas.
func Number(x float64) string {
	if math.Abs(x) >= 1000 {
		return Thousands(math.Round(x))
	}
	return strconv.FormatFloat(x+0, 'g', 6, 64) // + 0 turns minus zero into zero
}

// Rounded writes a number with at most four decimals. From 1,000 it is a whole
// number with commas.
func Rounded(x float64) string {
	if math.Abs(x) >= 1000 {
		return Thousands(x)
	}
	return strconv.FormatFloat(math.Round(x*1e4)/1e4, 'f', -1, 64)
}

// Ratio writes a ratio and its interval, "0.94 [0.91, 0.97]", with two
// decimals, or more below 0.1 and where the interval is narrow. It writes "-" if
// there is no value, and only the number of values if they are too few for an
// interval: "0.94 (n = 4)".
func Ratio(r stats.Interval) string {
	d := 2
	for x := r.Center; x > 0 && x < 0.1 && d < 6; x *= 10 { // writes 0.0046, not 0.00
		d++
	}
	return r.Format(d)
}

// Interval writes a centre and its interval, "24.1 [23.8, 24.6]", with commas
// in thousands. It writes "-" if there is no value, and only the number of
// values if they are too few for an interval: "24.1 (n = 4)".
func Interval(i stats.Interval) string {
	switch {
	case i.N == 0:
		return "-"
	case !i.Enough():
		return fmt.Sprintf("%s (n = %d)", Short(i.Center), i.N)
	}
	if math.Abs(i.Center) >= 1000 {
		return fmt.Sprintf("%s [%s, %s]", Thousands(i.Center), Thousands(i.Lo), Thousands(i.Hi))
	}
	return i.String()
}
