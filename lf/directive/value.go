package directive

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// value is one directive as it was written.
type value struct {
	entry *Entry
	args  []string
	from  Origin
	dir   string // what relative paths are relative to
	old   Old    // the name it was written by, if it is an old one
}

func (v *value) text() string { return clip(strings.Join(v.args, " ")) }

// miscounted tells what is wrong with the number of arguments.
func (v *value) miscounted() string {
	most := 1
	switch v.entry.Name {
	case "Listen":
		most = 2
	case "Mutex":
		most = 3
	}
	switch n := len(v.args); {
	case n == 0:
		return "needs a value (" + v.entry.Type.String() + ")"
	case n > most && strings.HasPrefix(v.args[most], "#"):
		return "has a comment behind it: a comment needs a line of its own"
	case n > most:
		return fmt.Sprintf("has %d values and takes %d (a value with spaces needs quotes)", n, most)
	}
	return ""
}

var (
	errNumber   = errors.New("is no whole number (and is not taken for 0, or for the digits it begins with, as httpd does)")
	errFar      = fmt.Errorf("is beyond %d", int64(far))
	errFraction = errors.New("is no number")
	errPositive = errors.New("must be above 0")
	errDuration = errors.New("is no duration (want seconds, or a unit as in 100ms, 5s, 2m)")
	errSwitch   = errors.New("is neither On nor Off")
	errEmpty    = errors.New("is empty")
)

// parseNumber reads a whole number.
func parseNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && (n > far || n < -far):
		return 0, errFar
	case err != nil:
		return 0, errNumber
	}
	return n, nil
}

// parseFraction reads a number above 0.
func parseFraction(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsNaN(f):
		return 0, errFraction
	case f <= 0:
		return 0, errPositive
	case f > far:
		return 0, errFar
	}
	return f, nil
}

// parseDuration reads seconds, or a Go duration.
func parseDuration(text string) (time.Duration, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if n > math.MaxInt64/second || n < -math.MaxInt64/second {
			return 0, errFar
		}
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errDuration
	}
	return d, nil
}

// parseSwitch reads On or Off, and what flags are used to.
func parseSwitch(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "on", "true":
		return true, nil
	case "off", "false":
		return false, nil
	}
	return false, errSwitch
}

// path makes a path absolute.
func (v *value) path() (string, error) {
	name := v.args[0]
	if name == "" {
		return "", errEmpty
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(v.dir, name)
	}
	return filepath.Abs(name)
}

// show is how a value is told.
func show(field any) string {
	switch f := field.(type) {
	case *int:
		return strconv.Itoa(*f)
	case *float64:
		return strconv.FormatFloat(*f, 'g', -1, 64)
	case *time.Duration:
		return strings.Replace(f.String(), "µ", "u", 1)
	case *bool:
		if *f {
			return "On"
		}
		return "Off"
	case *string:
		return *f
	case fmt.Stringer:
		return f.String()
	case *[]Listen:
		var all []string
		for _, l := range *f {
			all = append(all, l.Address)
		}
		return strings.Join(all, " ")
	}
	panic(fmt.Sprintf("directive: no way to tell a %T", field)) // a line of the table that was written here
}

// tell is how the value of e is told where there need not be one.
func (e *Entry) tell(field any, none string) string {
	text := show(field)
	if text == "" || e.Default.Any == "" && (text == "0" || text == "0s") {
		return none
	}
	return text
}

// bound is how the end of a range is told.
func (e *Entry) bound(n int64) string {
	if e.Type == Duration {
		d := time.Duration(n)
		return show(&d)
	}
	return strconv.FormatInt(n, 10)
}
