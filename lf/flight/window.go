package flight

// Window is a span of time in ns of CLOCK_MONOTONIC, from Begin up to but not
// including End. An End of 0 leaves it open, so the zero Window is all time.
type Window struct{ Begin, End int64 }

// Holds reports whether the stamp lies in the window.
func (w Window) Holds(stamp int64) bool {
	return stamp >= w.Begin && (w.End == 0 || stamp < w.End)
}

// touches reports whether a record has a stamp in the window, or one before and
// one after it.
func (w Window) touches(r *Record) bool {
	first, last := r.span()
	return last >= w.Begin && (w.End == 0 || first < w.End)
}

// span returns the earliest and the latest stamp that was taken, 0 and 0 if
// there is none.
func (r *Record) span() (first, last int64) {
	for _, stamp := range [...]int64{r.A1, r.U0, r.P0, r.P1, r.P3, r.F5, r.F6, r.H0, r.H1} {
		if stamp != 0 && (first == 0 || stamp < first) {
			first = stamp
		}
		last = max(last, stamp)
	}
	return first, last
}

// Cut returns the records that touch the window. Threads without any are left
// out.
func (w Window) Cut(perThread []Thread) []Thread {
	kept := []Thread{}
	for _, t := range perThread {
		of := Thread{TID: t.TID, Overwritten: t.Overwritten, Unfinished: t.Unfinished}
		for i := range t.Records {
			if w.touches(&t.Records[i]) {
				of.Records = append(of.Records, t.Records[i])
			}
		}
		if len(of.Records) > 0 {
			kept = append(kept, of)
		}
	}
	return kept
}

// Unfinished returns how many threads had a record that was begun and not
// finished when the recording ended.
func Unfinished(perThread []Thread) (n uint64) {
	for _, t := range perThread {
		if t.Unfinished {
			n++
		}
	}
	return n
}

// Overwritten returns how many records of the window were overwritten, at most.
// A log loses its oldest records first. So if the oldest one that is left ends
// before the window begins, the log has lost none of the window. Otherwise all
// that it has lost count, because nobody knows how many of them are older.
func (w Window) Overwritten(perThread []Thread) (n uint64) {
	for _, t := range perThread {
		if t.Overwritten == 0 {
			continue
		}
		if len(t.Records) > 0 {
			if _, last := t.Records[0].span(); last < w.Begin {
				continue
			}
		}
		n += t.Overwritten
	}
	return n
}
