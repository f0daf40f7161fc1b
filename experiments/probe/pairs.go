package probe

import (
	"cmp"
	"slices"
	"time"
)

// Pairs is what two requests that became ready at about the same time went
// through: the first finds a thread that waits, the second may find none.
type Pairs struct {
	First, Second Samples // D of each, from its readiness to its read's end
	Spacing       Samples // from the first's readiness to the second's, as the kernel saw it
	Lone          int     // requests beside which no other became ready
	Crowded       int     // requests that had more company than one of another connection
}

// Seconds finds pairs in the records: two requests of different connections, of
// which the second became ready at most within after the first. D is that
// of the stages, of a connection's first requests and later ones together.
//
// A request is looked at with all that became ready at most within after it, and
// after whom none of these is looked at again. Of three or more, none says what
// two do to each other, and neither do two of one connection: they are counted as
// crowded, and give no sample. Where two became ready at the same instant, the
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
		case n == 2 && (requests[1].Sock != first.Sock || requests[1].First == 1): // a socket's place is used again
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
