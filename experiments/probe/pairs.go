package probe

import (
	"cmp"
	"slices"
	"time"
)

// Pairs holds the latencies of pairs of requests that became ready at about the
// same time. The first finds a waiting thread, the second may find none.
type Pairs struct {
	First, Second Samples // D of each, from its readiness to the end of its read
	Spacing       Samples // from the first one's readiness to the second one's, as the kernel saw it
	Lone          int     // requests that became ready alone
	Crowded       int     // requests that became ready with several others, or with one of the same connection
}

// Seconds finds pairs in the records: two requests of different connections, of
// which the second became ready at most within after the first. D is as defined
// for the stages, for first and later requests of a connection alike.
//
// It takes a request together with all that became ready at most within after
// it, and continues after these. Groups of three or more do not show how two
// requests affect each other, nor do two requests of one connection. They count
// as crowded and give no sample. If two became ready at the same instant, the
// first is the one that was read first.
func (r *Records) Seconds(within time.Duration) Pairs {
	requests := make([]*Request, len(r.Requests))
	for i := range r.Requests {
		requests[i] = &r.Requests[i]
	}
	slices.SortFunc(requests, func(a, b *Request) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Time, b.Time))
	})
	var p Pairs
	for len(requests) > 0 {
		first, n := requests[0], 1
		for n < len(requests) && requests[n].From-first.From <= uint64(max(0, within)) {
			n++
		}
		switch {
		case n == 1:
			p.Lone++
		case n == 2 && (requests[1].Sock != first.Sock || requests[1].First == 1): // the address of a socket may be reused
			second := requests[1]
			p.First = append(p.First, first.Time-first.From)
			p.Second = append(p.Second, second.Time-second.From)
			p.Spacing = append(p.Spacing, second.From-first.From)
		default:
			p.Crowded += n
		}
		requests = requests[n:]
	}
	for _, s := range []Samples{p.First, p.Second, p.Spacing} {
		slices.Sort(s)
	}
	return p
}
