package httpd

import (
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// validators distinguish states of a file (RFC 9110, 8.8).
type validators struct {
	modified time.Time // to the second, UTC
	tag      string    // an entity tag, with its quotes
}

// validatorsOf returns a file's validators. The entity tag is strong: it
// changes with the time of modification in nanoseconds, the size, and the
// inode, which changes when another file is moved to the name. It does not
// detect a change of the same file that keeps the size and sets the time back.
func validatorsOf(info fs.FileInfo) validators {
	at := info.ModTime()
	inode := uint64(0)
	if st, ok := info.Sys().(*unixStat); ok {
		inode = st.Ino
	}
	return validators{
		modified: at.UTC().Truncate(time.Second),
		tag:      fmt.Sprintf(`"%x-%x-%x"`, inode, info.Size(), at.UnixNano()),
	}
}

// told returns the time of modification to send. If the file's time is in the
// future, it returns the response's Date instead (RFC 9110, 8.8.2.1), less a
// second, because the Date may have been made in the previous second.
func (v validators) told(now time.Time) time.Time {
	if v.modified.After(now) {
		return now.UTC().Truncate(time.Second).Add(-time.Second)
	}
	return v.modified
}

// tags is a field that lists entity tags. Several field lines are one list.
type tags struct {
	given bool
	lines [][]byte
}

// matches reports whether the list contains tag or is "*". In the strong
// comparison a weak tag equals no other (RFC 9110, 8.8.3.2). The rest of a line
// after a malformed element is ignored.
func (t tags) matches(tag string, strong bool) bool {
	if len(t.lines) == 1 && string(trim(t.lines[0])) == "*" {
		return true
	}
	for _, line := range t.lines {
		for rest := view(line); ; {
			rest = strings.TrimLeft(rest, " \t,")
			if rest == "" {
				break
			}
			opaque, weak := strings.CutPrefix(rest, "W/")
			size := quotedSize(opaque)
			if size == 0 {
				break
			}
			after := strings.TrimLeft(opaque[size:], " \t")
			if after != "" && after[0] != ',' {
				break
			}
			if opaque[:size] == tag && !(strong && weak) {
				return true
			}
			rest = after
		}
	}
	return false
}

// quotedSize returns the length of the opaque tag at the start of s, including
// quotes, or 0 if there is none.
func quotedSize(s string) int {
	if s == "" || s[0] != '"' {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c < 0x21 || c == 0x7f:
			return 0
		}
	}
	return 0
}

// parseDate reads the three forms of HTTP-date (RFC 9110, 5.6.7).
func parseDate(value []byte, now time.Time) (time.Time, bool) {
	text := string(value)
	leap := strings.Contains(text, ":60 ") // package time does not accept a leap second
	if leap {
		text = strings.Replace(text, ":60 ", ":59 ", 1)
	}
	for _, form := range [...]string{httpDate, "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
		at, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		if strings.HasPrefix(form, "Monday") {
			at = at.AddDate(yearOf(at.Year()%100, now.Year())-at.Year(), 0, 0)
		}
		if leap {
			at = at.Add(time.Second)
		}
		return at, true
	}
	return time.Time{}, false
}

// yearOf expands a year of two digits to the latest year that is at most 50
// years ahead (RFC 9110, 5.6.7).
func yearOf(digits, now int) int {
	year := now + 50
	return year - ((year-digits)%100+100)%100
}
