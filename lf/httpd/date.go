package httpd

import "time"

// date is a response's first line for status 200 and its Date field. It is
// rebuilt once a second.
type date struct {
	lines [len(okLine) + len(dateName) + len(httpDate) + len("\r\n")]byte
	until int64 // CLOCK_MONOTONIC, ns: when the second of the wall clock ends
}

const (
	okLine   = "HTTP/1.1 200 OK"
	dateName = "\r\nDate: "
	httpDate = "Mon, 02 Jan 2006 15:04:05 GMT"
)

// at updates the date to now, in nanoseconds of CLOCK_MONOTONIC.
func (d *date) at(now int64) *date {
	if now >= d.until {
		wall := time.Now().UTC()
		lines := append(d.lines[:0], okLine+dateName...)
		_ = append(wall.AppendFormat(lines, httpDate), "\r\n"...) // writes into d.lines
		d.until = now + int64(time.Second) - int64(wall.Nanosecond())
	}
	return d
}

// ok returns the first line for status 200 and the Date field.
func (d *date) ok() []byte { return d.lines[:] }

// field returns the end of any first line and the Date field.
func (d *date) field() []byte { return d.lines[len(okLine):] }
