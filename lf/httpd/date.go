package httpd

import "time"

// date is the Date field's value, made once a second.
type date struct {
	text  [len(time.RFC1123) - len("MST") + len("GMT")]byte
	until int64 // CLOCK_MONOTONIC, ns: the end of the wall clock's second
}

const httpDate = "Mon, 02 Jan 2006 15:04:05 GMT"

// at is the date at now, in nanoseconds of CLOCK_MONOTONIC.
func (d *date) at(now int64) []byte {
	if now >= d.until {
		wall := time.Now().UTC()
		wall.AppendFormat(d.text[:0], httpDate)
		d.until = now + int64(time.Second) - int64(wall.Nanosecond())
	}
	return d.text[:]
}
