package probe

import "testing"

// A receiver may act on a hand-off that was made before the recording began.
// The server's records of the time before that beginning then count as edge and
// not as residue.
func TestJoinTakesNoOldHandoffForTheBeginning(t *testing.T) {
	for _, c := range []struct {
		began                uint64
		unmatched, atTheEdge uint64
	}{
		{1000, 0, 1},
		{0, 1, 0}, // made while the probe recorded
	} {
		r := Records{
			Began:    c.began,
			Requests: []Request{{TID: 7, Time: 2000}, {TID: 7, Time: 3000}},
			Handoffs: []Handoff{{TID: 8, Time: 100}},
		}
		user := []UserRecord{{TID: 7, H0: 500}, {TID: 7, H0: 2010}, {TID: 7, H0: 3010}}
		s := Join(&r, user)
		if s.Requests != 2 || s.Unmatched.UserRequests != c.unmatched || s.Edge.UserRequests != c.atTheEdge {
			t.Errorf("began at %d: %d requests joined, unmatched %+v, edge %+v", c.began, s.Requests, s.Unmatched, s.Edge)
		}
	}
}
