package httpd

import (
	"errors"
	"testing"
	"time"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// apart are timeouts that differ so much that a test can tell them apart.
var apart = Limits{
	HeadTimeout: 1 * time.Hour, BodyTimeout: 2 * time.Hour,
	KeepAliveTimeout: 3 * time.Hour, WriteTimeout: 4 * time.Hour,
	LingerTimeout: 6 * time.Hour, LingerShort: 5 * time.Hour,
}

// within reports whether deadline is limit after some time from begin to now.
func within(deadline, begin int64, limit time.Duration) bool {
	return deadline >= begin+int64(limit) && deadline <= flight.Now()+int64(limit)
}

func TestDeadlinesOnAStreamThatWaits(t *testing.T) {
	body := ask("POST", "/echo", "Content-Length: 5\r\n", "")
	tests := []struct {
		name   string
		pieces []string
		limits []time.Duration // one for each read
		same   bool            // the last two reads have the same deadline
		answer []int
	}{
		{"nothing", nil, []time.Duration{apart.HeadTimeout}, false, []int{408}},
		{"head", []string{"G", "E"}, []time.Duration{apart.HeadTimeout, apart.HeadTimeout, apart.HeadTimeout}, true, []int{408}},
		{"body", []string{body, "h", "e"}, []time.Duration{apart.HeadTimeout, apart.BodyTimeout, apart.BodyTimeout, apart.BodyTimeout}, true, []int{408}},
		{"idle", []string{getHello}, []time.Duration{apart.HeadTimeout, apart.KeepAliveTimeout}, false, []int{200}},
		{"second-head", []string{getHello, "G", "E"},
			[]time.Duration{apart.HeadTimeout, apart.KeepAliveTimeout, apart.HeadTimeout, apart.HeadTimeout}, true, []int{200, 408}},
		{"pipelined-head", []string{getHello + "G", "E"},
			[]time.Duration{apart.HeadTimeout, apart.HeadTimeout, apart.HeadTimeout}, true, []int{200, 408}},
		{"idle-after-empty-line", []string{getHello, "\r\n"},
			[]time.Duration{apart.HeadTimeout, apart.KeepAliveTimeout, apart.KeepAliveTimeout}, false, []int{200}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{t: t, waits: true}
			for _, p := range test.pieces {
				f.pieces = append(f.pieces, []byte(p))
			}
			begin := flight.Now()
			drive(t, newServer(t, Config{Limits: apart}).newSession(), f, f)
			if len(f.readBys) != len(test.limits) {
				t.Fatalf("%d reads, want %d", len(f.readBys), len(test.limits))
			}
			for i, limit := range test.limits {
				if !within(f.readBys[i], begin, limit) {
					t.Errorf("read %d has %v", i, time.Duration(f.readBys[i]-begin))
				}
			}
			if n := len(f.readBys); test.same && f.readBys[n-1] != f.readBys[n-2] {
				t.Error("a byte has moved the deadline")
			}
			if !within(f.writeBy, begin, apart.WriteTimeout) {
				t.Errorf("write has %v", time.Duration(f.writeBy-begin))
			}
			codes(t, f, test.answer)
		})
	}
}

func codes(t *testing.T, f *fake, want []int) {
	t.Helper()
	a := answers(t, f.written.String())
	for i := range max(len(a), len(want)) {
		if i >= len(a) || i >= len(want) || a[i].code != want[i] {
			t.Fatalf("answers are not %v: %q", want, f.written.String())
		}
	}
}

func TestDeadlinesOnAStreamThatDoesNotWait(t *testing.T) {
	type step struct {
		piece  string
		next   serve.Next
		limit  time.Duration
		same   bool // the deadline of the step before still holds
		expire []int
	}
	body := ask("POST", "/echo", "Content-Length: 5\r\n", "")
	tests := []struct {
		name  string
		steps []step
	}{
		{"nothing", []step{
			{"", serve.Idle, apart.HeadTimeout, false, nil},
			{"", serve.Idle, apart.HeadTimeout, true, []int{408}}}},
		{"head", []step{
			{"G", serve.ReadMore, apart.HeadTimeout, false, nil},
			{"E", serve.ReadMore, apart.HeadTimeout, true, nil},
			{"", serve.ReadMore, apart.HeadTimeout, true, []int{408}}}},
		{"head-after-silence", []step{
			{"", serve.Idle, apart.HeadTimeout, false, nil},
			{"G", serve.ReadMore, apart.HeadTimeout, true, []int{408}}}},
		{"body", []step{
			{body, serve.ReadMore, apart.BodyTimeout, false, nil},
			{"h", serve.ReadMore, apart.BodyTimeout, true, []int{408}}}},
		{"idle", []step{
			{getHello, serve.Idle, apart.KeepAliveTimeout, false, nil},
			{"", serve.Idle, apart.KeepAliveTimeout, true, []int{200}}}},
		{"second-head", []step{
			{getHello, serve.Idle, apart.KeepAliveTimeout, false, nil},
			{"G", serve.ReadMore, apart.HeadTimeout, false, nil},
			{"E", serve.ReadMore, apart.HeadTimeout, true, []int{200, 408}}}},
		{"linger", []step{
			{"nonsense\r\n", serve.Linger, apart.LingerTimeout, false, nil},
			{"more", serve.Linger, apart.LingerTimeout, true, []int{400}}}},
	}
	for _, test := range tests {
		for _, tells := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				s := newServer(t, Config{Limits: apart}).newSession()
				f := &fake{t: t}
				th := serve.Thread{Row: new(serve.Row)}
				if s.Reset(f); tells {
					s.Reset(noWaiter{f})
				}
				begin := flight.Now()
				var before int64
				for i, step := range test.steps {
					if step.piece != "" {
						f.pieces = append(f.pieces, []byte(step.piece))
					}
					f.gap = false
					if next := s.Serve(&th); next != step.next {
						t.Fatalf("step %d: next is %d", i, next)
					}
					if d := s.Deadline(); !within(d, begin, step.limit) || step.same && d != before {
						t.Errorf("step %d: deadline is %v, was %v", i, time.Duration(d-begin), time.Duration(before-begin))
					}
					before = s.Deadline()
					if step.expire != nil {
						s.Expire(&th)
						codes(t, f, step.expire)
						if last := step.expire[len(step.expire)-1]; f.shut != (last >= 400) {
							t.Error("the server must end its side exactly if the peer was told of the end")
						}
					}
				}
			})
		}
	}
}

// The deadline of a write moves when the peer takes some bytes, and at no other
// time.
func TestWriteDeadlineIsOfProgress(t *testing.T) {
	s := newServer(t, Config{Limits: apart}).newSession()
	f := &fake{t: t, pieces: [][]byte{[]byte(ask("GET", "/bytes?n=200000", "", ""))}, takes: []int{1000, 0, 0, 10}}
	th := serve.Thread{Row: new(serve.Row)}
	s.Reset(f)
	begin := flight.Now()
	var deadlines []int64
	for range 4 {
		if next := s.Serve(&th); next != serve.WriteMore {
			t.Fatalf("next is %d", next)
		}
		if s.Empty() {
			t.Error("empty in the middle of a response")
		}
		if !within(s.Deadline(), begin, apart.WriteTimeout) {
			t.Errorf("deadline is %v", time.Duration(s.Deadline()-begin))
		}
		deadlines = append(deadlines, s.Deadline())
	}
	if deadlines[1] != deadlines[0] || deadlines[2] != deadlines[0] || deadlines[3] <= deadlines[0] {
		t.Errorf("deadlines %v", deadlines)
	}
	before := f.written.Len()
	s.Expire(&th)
	if f.written.Len() != before || s.piece != nil {
		t.Error("tells a peer that does not read, or holds on to its piece")
	}
}

func TestBrokenPeers(t *testing.T) {
	for _, waits := range []bool{true, false} {
		f := &fake{t: t, waits: waits, pieces: [][]byte{[]byte(ask("GET", "/bytes?n=200000", "", ""))}, failWrites: errors.New("broken pipe")}
		s := newServer(t, Config{}).newSession()
		th := serve.Thread{Row: new(serve.Row)}
		s.Reset(f)
		if next := s.Serve(&th); next != serve.Close || s.piece != nil || s.x.source != nil {
			t.Errorf("next is %d", next)
		}
	}
}
