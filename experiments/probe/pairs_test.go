package probe

import (
	"reflect"
	"testing"
	"time"

	"lflab/experiments/probe/stage"
)

// at is a request on connection sock that became ready and was read at these
// times.
func at(sock, ready, read uint64) Request { return Request{Sock: sock, From: ready, Time: read} }

func TestSeconds(t *testing.T) {
	const within = 50 * time.Nanosecond
	for name, test := range map[string]struct {
		requests []Request // in order of their reads, as in a session
		want     Pairs
	}{
		"nothing":           {nil, Pairs{}},
		"a lone request":    {[]Request{at(1, 1000, 1030)}, Pairs{Lone: 1}},
		"a pair":            {[]Request{at(1, 1000, 1030), at(2, 1020, 1090)}, Pairs{First: Samples{30}, Second: Samples{70}, Spacing: Samples{20}}},
		"the second's read": {[]Request{at(2, 1020, 1025), at(1, 1000, 1030)}, Pairs{First: Samples{30}, Second: Samples{5}, Spacing: Samples{20}}},
		"just within":       {[]Request{at(1, 1000, 1010), at(2, 1050, 1060)}, Pairs{First: Samples{10}, Second: Samples{10}, Spacing: Samples{50}}},
		"just too late":     {[]Request{at(1, 1000, 1010), at(2, 1051, 1060)}, Pairs{Lone: 2}},
		"one instant":       {[]Request{at(1, 1000, 1010), at(2, 1000, 1040)}, Pairs{First: Samples{10}, Second: Samples{40}, Spacing: Samples{0}}},
		"one instant, and one read": {[]Request{at(1, 1000, 1010), at(2, 1000, 1010)},
			Pairs{First: Samples{10}, Second: Samples{10}, Spacing: Samples{0}}},
		"one connection": {[]Request{at(1, 1000, 1010), at(1, 1020, 1030)}, Pairs{Crowded: 2}},
		"a new connection in the old one's place": {[]Request{at(1, 1000, 1010), {Sock: 1, First: 1, From: 1020, Time: 1030}},
			Pairs{First: Samples{10}, Second: Samples{10}, Spacing: Samples{20}}},
		"three":              {[]Request{at(1, 1000, 1010), at(2, 1020, 1030), at(3, 1040, 1050)}, Pairs{Crowded: 3}},
		"three, one instant": {[]Request{at(1, 1000, 1010), at(2, 1000, 1030), at(3, 1000, 1050)}, Pairs{Crowded: 3}},
		// The third comes too late after the first. It is a lone request
		// although the second is near.
		"the third late": {[]Request{at(1, 1000, 1010), at(2, 1040, 1060), at(3, 1060, 1080)},
			Pairs{First: Samples{10}, Second: Samples{20}, Spacing: Samples{40}, Lone: 1}},
		"pairs and a lone one": {
			[]Request{at(1, 1000, 1050), at(2, 1010, 1100), at(3, 5000, 5005), at(1, 9000, 9030), at(4, 9005, 9110)},
			Pairs{First: Samples{30, 50}, Second: Samples{90, 105}, Spacing: Samples{5, 10}, Lone: 1},
		},
	} {
		r := Records{Requests: test.requests}
		got := r.Seconds(within)
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
		if n := 2*len(got.First) + got.Lone + got.Crowded; n != len(test.requests) {
			t.Errorf("%s: %d of %d requests are in the result", name, n, len(test.requests))
		}
	}
}

// The D of first and second requests together equals the D computed from the
// records.
func TestSecondsAgreesWithExact(t *testing.T) {
	r := Records{Requests: []Request{at(1, 1000, 1030), at(2, 1020, 1090), at(3, 9000, 9011), at(4, 9001, 9013)}}
	r.Requests[2].First = 1
	p := r.Seconds(50)
	sum := func(s Samples) (n uint64) {
		for _, ns := range s {
			n += ns
		}
		return n
	}
	var want, count uint64
	for i, places := range r.replayed() {
		if stage.All[i].Name != "total" {
			continue
		}
		for _, samples := range places {
			want += sum(samples)
			count += uint64(len(samples))
		}
	}
	if got := sum(p.First) + sum(p.Second); got != want || count != 4 {
		t.Errorf("D of both adds up to %d ns, that of %d requests to %d", got, count, want)
	}
}
