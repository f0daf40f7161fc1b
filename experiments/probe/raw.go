package probe

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// The kinds of records, as in the field "record" of a line.
const (
	rawRequest = "request"
	rawHandoff = "handoff"
	rawGap     = "gap"
	rawWait    = "wait"
	rawWake    = "wake"
	rawRun     = "run"
)

// byTime yields all records in order of time, whatever their kind. At the same
// time, waits, wakes and runs come before hand-offs, requests and gaps. The
// values are pointers into r.
func (r *Records) byTime() iter.Seq2[string, any] {
	type source struct {
		kind string
		n    int
		time func(i int) uint64
		at   func(i int) any
		next int
	}
	return func(yield func(string, any) bool) {
		sources := []*source{
			{kind: rawWait, n: len(r.Waits), time: func(i int) uint64 { return r.Waits[i].Time }, at: func(i int) any { return &r.Waits[i] }},
			{kind: rawWake, n: len(r.Wakes), time: func(i int) uint64 { return r.Wakes[i].Time }, at: func(i int) any { return &r.Wakes[i] }},
			{kind: rawRun, n: len(r.Runs), time: func(i int) uint64 { return r.Runs[i].Time }, at: func(i int) any { return &r.Runs[i] }},
			{kind: rawHandoff, n: len(r.Handoffs), time: func(i int) uint64 { return r.Handoffs[i].Time }, at: func(i int) any { return &r.Handoffs[i] }},
			{kind: rawRequest, n: len(r.Requests), time: func(i int) uint64 { return r.Requests[i].Time }, at: func(i int) any { return &r.Requests[i] }},
			{kind: rawGap, n: len(r.Gaps), time: func(i int) uint64 { return r.Gaps[i].Time }, at: func(i int) any { return &r.Gaps[i] }},
		}
		for {
			var first *source
			for _, s := range sources {
				if s.next < s.n && (first == nil || s.time(s.next) < first.time(first.next)) {
					first = s
				}
			}
			if first == nil || !yield(first.kind, first.at(first.next)) {
				return
			}
			first.next++
		}
	}
}

// WriteRaw writes all records in order of time, one JSON object per line. The
// field "record" gives the kind: request, handoff, gap, wait, wake or run.
func WriteRaw(w io.Writer, r *Records) error {
	enc := json.NewEncoder(w)
	for kind, one := range r.byTime() {
		if err := enc.Encode(line(kind, one)); err != nil {
			return fmt.Errorf("write a %s: %w", kind, err)
		}
	}
	return nil
}

// line returns the record with its kind as the first field.
func line(kind string, one any) any {
	switch one := one.(type) {
	case *Request:
		return struct {
			Record string `json:"record"`
			*Request
		}{kind, one}
	case *Handoff:
		return struct {
			Record string `json:"record"`
			*Handoff
		}{kind, one}
	case *Gap:
		return struct {
			Record string `json:"record"`
			*Gap
		}{kind, one}
	case *Wait:
		return struct {
			Record string `json:"record"`
			*Wait
		}{kind, one}
	case *Wake:
		return struct {
			Record string `json:"record"`
			*Wake
		}{kind, one}
	}
	return struct {
		Record string `json:"record"`
		*Run
	}{kind, one.(*Run)}
}

// ReadRaw reads the output of WriteRaw.
func ReadRaw(in io.Reader) (*Records, error) {
	var r Records
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var kind struct{ Record string }
		err := json.Unmarshal(lines.Bytes(), &kind)
		if err == nil {
			switch kind.Record {
			case rawRequest:
				err = read(&r.Requests, lines.Bytes())
			case rawHandoff:
				err = read(&r.Handoffs, lines.Bytes())
			case rawGap:
				err = read(&r.Gaps, lines.Bytes())
			case rawWait:
				err = read(&r.Waits, lines.Bytes())
			case rawWake:
				err = read(&r.Wakes, lines.Bytes())
			case rawRun:
				err = read(&r.Runs, lines.Bytes())
			default:
				err = errors.New("not a kind of record")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("line %d, record %q: %w", n, kind.Record, err)
		}
	}
	return &r, lines.Err()
}

func read[T any](list *[]T, text []byte) error {
	var one T
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	*list = append(*list, one)
	return nil
}
