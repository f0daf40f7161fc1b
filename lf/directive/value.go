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
	dir   string // the directory that relative paths start from
	old   Old    // set if it was written with a former name
}

func (v *value) text() string { return clip(strings.Join(v.args, " ")) }

// miscounted returns an error text if the number of arguments is wrong.
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
		return "ends with a comment (a comment needs its own line)"
	case n > most:
		return fmt.Sprintf("has %d values and takes %d (a value with spaces needs quotes)", n, most)
	}
	return ""
}

var (
	errNumber   = errors.New("is not a whole number (httpd would read its leading digits, or 0)")
	errFar      = fmt.Errorf("is beyond %d", int64(far))
	errFraction = errors.New("is not a number")
	errPositive = errors.New("must be above 0")
	errDuration = errors.New("is not a duration (want seconds, or a unit as in 100ms, 5s, 2m)")
	errSwitch   = errors.New("is neither On nor Off")
	errEmpty    = errors.New("is empty")
)

// parseNumber parses a whole number.
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

// parseFraction parses a number above 0.
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

// parseDuration parses seconds or a Go duration.
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

// parseSwitch parses On or Off, or true or false, as flags give them.
func parseSwitch(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "on", "true":
		return true, nil
	case "off", "false":
		return false, nil
	}
	return false, errSwitch
}

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

// show formats a value.
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
	panic(fmt.Sprintf("directive: no way to tell a %T", field)) // an error in the table
}

// tell formats the value of e, or returns none if it is empty or 0 and has no
// default.
func (e *Entry) tell(field any, none string) string {
	text := show(field)
	if text == "" || e.Default.Any == "" && (text == "0" || text == "0s") {
		return none
	}
	return text
}

// bound formats the end of a range.
func (e *Entry) bound(n int64) string {
	if e.Type == Duration {
		d := time.Duration(n)
		return show(&d)
	}
	return strconv.FormatInt(n, 10)
}
