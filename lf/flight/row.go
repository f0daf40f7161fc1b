package flight

import "strconv"

// Columns names the elements of a Record in JSON, where it is an array. All but
// seq and promoted (0 or 1) are stamps.
var Columns = []string{"seq", "promoted", "a1", "u0", "p0", "p1", "p3", "f5", "f6", "h0", "h1"}

// MarshalJSON implements json.Marshaler.
func (r Record) MarshalJSON() ([]byte, error) {
	row := make([]byte, 0, 160) // eleven numbers of up to 14 digits, the stamps of a machine that has run for a day
	row = append(row, '[')
	row = strconv.AppendUint(row, r.Seq, 10)
	if r.Promoted {
		row = append(row, ",1"...)
	} else {
		row = append(row, ",0"...)
	}
	for _, stamp := range [...]int64{r.A1, r.U0, r.P0, r.P1, r.P3, r.F5, r.F6, r.H0, r.H1} {
		row = strconv.AppendInt(append(row, ','), stamp, 10)
	}
	return append(row, ']'), nil
}
