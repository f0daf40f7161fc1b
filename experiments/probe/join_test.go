package probe

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"lflab/experiments/probe/bpf"
	"lflab/experiments/probe/stage"
)

// scene has the records of both sides about one server. Times are in ns, from
// 1,000,000 on.
type scene struct {
	records Records
	user    []UserRecord
}

const leads = Total(bpf.ProbeStageLEAD_TOTAL)

// stagesOf returns sum and count of each stage of a group that has values.
func stagesOf(s *UserSide, g stage.Group) map[string][2]uint64 {
	m := map[string][2]uint64{}
	for _, stage := range stage.User {
		if h := s.Histogram(stage.Group, stage.Name); stage.Group == g && h.Count > 0 {
			m[stage.Name] = [2]uint64{h.Count, h.Sum}
		}
	}
	return m
}

func expectStages(t *testing.T, s *UserSide, g stage.Group, want map[string][2]uint64) {
	t.Helper()
	if got := stagesOf(s, g); !maps.Equal(got, want) {
		t.Errorf("%s (count, sum) is\n%v, want\n%v", g, got, want)
	}
}

// expectSums checks that each group's stages add up to its total.
func expectSums(t *testing.T, s *UserSide) {
	t.Helper()
	for _, g := range []stage.Group{stage.UserH, stage.UserD, stage.UserG} {
		sum := uint64(0)
		for name, v := range stagesOf(s, g) {
			if name != "total" {
				sum += v[1]
			}
		}
		if total := s.Histogram(g, "total").Sum; sum != total {
			t.Errorf("%s: the stages add up to %d, the total is %d", g, sum, total)
		}
	}
}

// leaderScene: thread 1 takes a connection, promotes the sleeping thread 2 and
// serves. A second request follows on the connection.
func leaderScene() scene {
	wait := Receipt{Enter: 900, Sleep: Sleep{Off: 910, Waking: 1010, Wakeup: 1020, Run: 1030, WakerCPU: 1}, Return: 1040, TID: 1}
	promoted := Sleep{Off: 500, Waking: 1110, Wakeup: 1120, Run: 1130, Call: 1100, Waker: 1}
	return scene{
		Records{
			Requests: []Request{
				{TID: 1, Time: 1300, Acceptor: 1, First: 1, From: 1000, Receipt: wait, Accepted: 1040, WakeEnter: 1100, WakeExit: 1145},
				{TID: 1, Time: 1600, Acceptor: 1, From: 1550, Read: Sleep{Off: 1500, Waking: 1560, Wakeup: 1565, Run: 1570}},
			},
			Handoffs: []Handoff{{TID: 2, Time: 1140, Sleep: promoted, ReceiptRet: 1040, Group: leads}},
			Gaps:     []Gap{{TID: 2, Time: 1190, Began: 1040, Giver: 1, How: Total(bpf.ProbeStagePASSED_TOTAL)}},
		},
		[]UserRecord{
			{TID: 2, Seq: 8, Promoted: true, F5: 1160, F6: 1180, U0: 1900, H0: 1950, H1: 1960},
			{TID: 1, Seq: 7, F5: 800, F6: 850, U0: 1060, P0: 1070, P1: 1090, P3: 1150, H0: 1330, H1: 1400},
			{TID: 1, H0: 1620, H1: 1650},
		},
	}
}

func TestJoinLeader(t *testing.T) {
	sc := leaderScene()
	s := Join(&sc.records, sc.user)
	expectStages(t, s, stage.UserH, map[string][2]uint64{"total": {1, 90}, "user-wake": {1, 30}, "wake-return": {1, 40}, "futex-user": {1, 20}})
	expectStages(t, s, stage.UserD, map[string][2]uint64{"total": {2, 330 + 70},
		"ready-return": {1, 40}, "return-user": {1, 20}, "user-pass": {1, 10}, "user-wake": {1, 30}, "wake-woke": {1, 45}, "woke-user": {1, 5},
		"user-read": {1, 150}, "ready-read": {1, 50}, "read-handler": {2, 30 + 20}})
	expectStages(t, s, stage.UserG, map[string][2]uint64{"total": {1, 150}, "return-user": {1, 20}, "user-pass": {1, 10}, "user-wake": {1, 30},
		"wake-return": {1, 40}, "futex-user": {1, 20}, "user-arm": {1, 30}})
	expectSums(t, s)
	if s.Requests != 2 || s.Handoffs != 1 || s.Gaps != 1 || s.Unmatched != (Residue{}) || s.Edge != (Residue{UserRequests: 1}) || s.Contradicted+s.Unstamped+s.Loose != 0 {
		t.Errorf("%+v, want all but the handler after the kernel's last read", residueOf(s))
	}
	// The wake-up for the first request came from the other CPU, that for the
	// second from the same CPU.
	if h := s.byStage[stage.DTotal]; h[stage.CrossCPU].Count != 1 || h[stage.SameCPU].Count != 1 {
		t.Errorf("%d across CPUs, %d on the same", h[stage.CrossCPU].Count, h[stage.SameCPU].Count)
	}
}

// TestJoinLeaderOddities checks that records which contradict each other are
// left out and counted.
func TestJoinLeaderOddities(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*scene)
		joined  [3]uint64 // requests, hand-offs, gaps
		residue Residue
		edge    Residue
		others  [3]uint64 // contradicted, unstamped, loose
	}{
		{"the numbers disagree", func(sc *scene) { sc.user[0].Seq = 9 }, [3]uint64{2, 0, 0}, Residue{KernelGaps: 1}, Residue{UserRequests: 1}, [3]uint64{1, 0, 0}},
		{"the receiver did not sleep", func(sc *scene) { sc.user[0].Promoted = false }, [3]uint64{2, 0, 0},
			Residue{KernelGaps: 1}, Residue{UserRequests: 1, KernelHandoffs: 1}, [3]uint64{}},
		{"the wake call is not where the giver passes", func(sc *scene) { sc.user[1].P3 = 1099 }, [3]uint64{2, 0, 0},
			Residue{KernelHandoffs: 1, UserHandoffs: 1, KernelGaps: 1}, Residue{UserRequests: 1}, [3]uint64{}},
		{"the receiver knew before it was woken", func(sc *scene) { sc.user[0].F5 = 1139 }, [3]uint64{2, 0, 0},
			Residue{KernelHandoffs: 1, KernelGaps: 1}, Residue{UserRequests: 1, UserHandoffs: 1}, [3]uint64{}},
		{"the receiver's log is lost", func(sc *scene) { sc.user = sc.user[1:] }, [3]uint64{2, 0, 0}, Residue{KernelGaps: 1}, Residue{}, [3]uint64{0, 1, 0}},
		{"the giver's log is lost", func(sc *scene) { sc.user = sc.user[:1] }, [3]uint64{0, 0, 0},
			Residue{KernelRequests: 2, UserHandoffs: 1, KernelGaps: 1}, Residue{UserRequests: 1}, [3]uint64{0, 1, 0}},
		{"threads are not known", func(sc *scene) {
			for i := range sc.user {
				sc.user[i].TID = 0
			}
		}, [3]uint64{0, 0, 0}, Residue{KernelRequests: 2, KernelGaps: 1}, Residue{}, [3]uint64{0, 1, 3}},
		{"no handler came of the first read", func(sc *scene) { sc.user[1].H0 = 0 }, [3]uint64{1, 1, 1}, Residue{KernelRequests: 1}, Residue{UserRequests: 1}, [3]uint64{}},
		{"two requests were in one read", func(sc *scene) { sc.user = append(sc.user, UserRecord{TID: 1, H0: 1500}) }, [3]uint64{2, 1, 1},
			Residue{UserRequests: 1}, Residue{UserRequests: 1}, [3]uint64{}},
		// The event came after the read, so it belongs to a later request whose
		// read was lost.
		{"a handler of another event", func(sc *scene) { sc.user[2].U0 = 1601 }, [3]uint64{1, 1, 1},
			Residue{KernelRequests: 1}, Residue{UserRequests: 2}, [3]uint64{}},
		{"the server's records begin late", func(sc *scene) { sc.user = sc.user[2:] }, [3]uint64{1, 0, 0}, Residue{},
			Residue{KernelRequests: 1, KernelGaps: 1}, [3]uint64{0, 1, 0}},
		{"the server's records end early", func(sc *scene) { sc.user = sc.user[:2] }, [3]uint64{1, 1, 1}, Residue{}, Residue{KernelRequests: 1, UserRequests: 1}, [3]uint64{}},
		{"the kernel's records are lost", func(sc *scene) { sc.records = Records{} }, [3]uint64{}, Residue{}, Residue{UserRequests: 3, UserHandoffs: 1}, [3]uint64{}},
		{"a waker that never passes anything", func(sc *scene) {
			sc.records.Handoffs[0].Sleep.Waker = 4
			sc.user = append(sc.user, UserRecord{TID: 4, F5: 1000, H0: 1500})
		}, [3]uint64{2, 0, 0}, Residue{UserRequests: 1, UserHandoffs: 1, KernelGaps: 1}, Residue{UserRequests: 1}, [3]uint64{0, 1, 0}},
		{"a gap that began after the event", func(sc *scene) { sc.records.Gaps[0].Began = 1065 }, [3]uint64{2, 1, 0},
			Residue{KernelGaps: 1}, Residue{UserRequests: 1}, [3]uint64{}},
		{"a gap that another thread began", func(sc *scene) { sc.records.Gaps[0].Giver = 2 }, [3]uint64{2, 1, 0},
			Residue{}, Residue{UserRequests: 1, KernelGaps: 1}, [3]uint64{}},
		{"a gap without a wake-up", func(sc *scene) { sc.records.Gaps[0].How = Total(bpf.ProbeStageJOINED_TOTAL) }, [3]uint64{2, 1, 0},
			Residue{}, Residue{UserRequests: 1}, [3]uint64{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sc := leaderScene()
			c.change(&sc)
			s := Join(&sc.records, sc.user)
			if got := [3]uint64{s.Requests, s.Handoffs, s.Gaps}; got != c.joined || s.Unmatched != c.residue || s.Edge != c.edge ||
				[3]uint64{s.Contradicted, s.Unstamped, s.Loose} != c.others {
				t.Errorf("joined %v, want %v; %s", got, c.joined, residueOf(s))
			}
			expectSums(t, s)
		})
	}
}

func residueOf(s *UserSide) string {
	return fmt.Sprintf("unmatched %+v, edge %+v, contradicted %d, unstamped %d, loose %d", s.Unmatched, s.Edge, s.Contradicted, s.Unstamped, s.Loose)
}

// workerScene: listener 1 wakes worker 2 for the first connection. Worker 3 is
// awake and takes the second. In between the listener waited for an idle
// worker.
func workerScene() scene {
	return scene{
		Records{
			Requests: []Request{
				{TID: 2, Time: 1300, Acceptor: 1, First: 1, From: 1000, Receipt: Receipt{Enter: 950, Return: 1010, TID: 1}, Accepted: 1010,
					Pass: Sleep{Off: 500, Waking: 1060, Wakeup: 1070, Run: 1080, Call: 1050, Waker: 1, CPU: 1}, PassReturn: 1100},
				{TID: 3, Time: 1600, Acceptor: 1, First: 1, From: 1480, Receipt: Receipt{Enter: 1490, Return: 1500, TID: 1}, Accepted: 1500},
			},
			Handoffs: []Handoff{
				{TID: 2, Time: 1100, Sleep: Sleep{Off: 500, Waking: 1060, Wakeup: 1070, Run: 1080, Call: 1050, Waker: 1, CPU: 1}, ReceiptRet: 1010},
				{TID: 1, Time: 1470, Sleep: Sleep{Off: 1400, Waking: 1460, Wakeup: 1465, Run: 1467, Call: 1450, Waker: 2}, Group: leads},
			},
			Gaps: []Gap{{TID: 1, Time: 1140, Began: 1010, Giver: 1, How: Total(bpf.ProbeStageRETOOK_TOTAL), WakeEnter: 1050, WakeExit: 1085}},
		},
		[]UserRecord{
			{TID: 1, Seq: 1, U0: 1020, P0: 1022, P1: 1030, P3: 1090, F6: 1130},
			{TID: 1, Seq: 2, U0: 1520, P0: 1522, P1: 1530, P3: 1535, F6: 1540},
			{TID: 2, Seq: 1, Promoted: true, F5: 1120, H0: 1330, H1: 1340},
			{TID: 3, Seq: 2, F5: 1532, H0: 1610, H1: 1620},
		},
	}
}

func TestJoinWorker(t *testing.T) {
	sc := workerScene()
	s := Join(&sc.records, sc.user)
	expectStages(t, s, stage.UserH, map[string][2]uint64{"total": {1, 98}, "user-wake": {1, 28}, "wake-return": {1, 50}, "futex-user": {1, 20}})
	expectStages(t, s, stage.UserD, map[string][2]uint64{"total": {2, 330 + 130}, "ready-return": {2, 10 + 20}, "return-user": {2, 10 + 20}, "user-pass": {2, 2 + 2},
		"user-wake": {1, 28}, "wake-return": {1, 50}, "futex-user": {1, 20}, "pass-take": {1, 10}, "user-read": {2, 180 + 68}, "read-handler": {2, 30 + 10}})
	expectStages(t, s, stage.UserG, map[string][2]uint64{"total": {1, 130}, "return-user": {1, 10}, "user-pass": {1, 2}, "user-wake": {1, 28}, "wake-woke": {1, 35}, "woke-user": {1, 5}, "user-arm": {1, 50}})
	expectSums(t, s)
	if s.Requests != 2 || s.Handoffs != 1 || s.Gaps != 1 || s.Unstamped != 1 || s.Unmatched != (Residue{}) || s.Edge != (Residue{}) || s.Contradicted+s.Loose != 0 {
		t.Errorf("%s", residueOf(s))
	}

	// One event brought two connections. The second was passed after the first.
	sc.user = append(sc.user, UserRecord{TID: 1, Seq: 3, U0: 1095, P0: 1096, P3: 1125})
	sc.records.Gaps[0].WakeEnter, sc.records.Gaps[0].WakeExit = 1100, 1120
	expectStages(t, Join(&sc.records, sc.user), stage.UserG, map[string][2]uint64{"total": {1, 130}, "return-user": {1, 10}, "user-pass": {1, 76},
		"user-wake": {1, 4}, "wake-woke": {1, 20}, "woke-user": {1, 5}, "user-arm": {1, 15}})
	sc.user = sc.user[:4]

	// A request whose giver noted another number, or whose giver is not known,
	// cannot be joined.
	sc.user[0].Seq, sc.user[1].Seq = 5, 6
	s = Join(&sc.records, sc.user)
	if s.Requests != 0 || s.Handoffs != 0 || s.Contradicted != 2 || s.Unmatched != (Residue{KernelRequests: 1, UserRequests: 1}) {
		t.Errorf("%d requests, %d hand-offs, %s", s.Requests, s.Handoffs, residueOf(s))
	}
}

// TestJoinWorkerOddities checks that Join refuses pairs of records in an
// impossible order.
func TestJoinWorkerOddities(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*scene)
		requests uint64
		residue  Residue
	}{
		{"the giver had the event before it came", func(sc *scene) { sc.user[0].U0 = 1009 }, 1, Residue{KernelRequests: 1, UserRequests: 1, KernelGaps: 1}},
		{"the reader knew before it was woken", func(sc *scene) { sc.user[2].F5 = 1099 }, 1,
			Residue{KernelRequests: 1, UserRequests: 1, KernelHandoffs: 1, UserHandoffs: 1}},
		{"the wake call is not where the giver passes", func(sc *scene) { sc.user[0].P3 = 1049 }, 1,
			Residue{KernelRequests: 1, UserRequests: 1, KernelHandoffs: 1, UserHandoffs: 1}},
		{"the reader took it before it was passed", func(sc *scene) { sc.user[3].F5 = 1521 }, 1, Residue{KernelRequests: 1, UserRequests: 1}},
		{"what was passed came with an earlier event", func(sc *scene) { sc.user[1].U0 = 1499 }, 1, Residue{KernelRequests: 1, UserRequests: 1}},
		{"it was passed with a later number", func(sc *scene) { sc.user[1].Seq = 3 }, 1, Residue{KernelRequests: 1, UserRequests: 1}},
		{"the gap ended before the giver went on", func(sc *scene) { sc.records.Gaps[0].Time = 1089 }, 2, Residue{KernelGaps: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sc := workerScene()
			c.change(&sc)
			// These records extend the recording on both sides, so that nothing
			// counts as edge.
			sc.records.Handoffs = slices.Insert(sc.records.Handoffs, 0, Handoff{TID: 1, Time: 1, Group: leads})
			sc.records.Requests = append(sc.records.Requests, Request{TID: 3, Time: 9000})
			sc.user = append(sc.user, UserRecord{TID: 3, H1: 9999}, UserRecord{TID: 2, F6: 2}, UserRecord{TID: 1, F6: 3})
			c.residue.KernelRequests++
			s := Join(&sc.records, sc.user)
			if s.Requests != c.requests || s.Unmatched != c.residue || s.Edge != (Residue{}) || s.Contradicted != 0 {
				t.Errorf("%d requests joined, want %d; %s, want unmatched %+v", s.Requests, c.requests, residueOf(s), c.residue)
			}
			expectSums(t, s)
		})
	}
}

// TestJoinEvent: for the first request an accept lies between the return of the
// wait and the event in user code. The second request's event is not known
// because it came before the probe. The third request's reader slept once more,
// in the read.
func TestJoinEvent(t *testing.T) {
	sc := workerScene()
	q := sc.records.Requests
	q[0].Receipt.Polled, q[0].Receipt.Return, q[0].Accepted = 1, 1005, 1012
	q[1].Receipt = Receipt{}
	late := q[0]
	late.TID, late.Time, late.From, late.First, late.Read = 4, 1800, 1040, 0, Sleep{Off: 1650, Waking: 1700, Wakeup: 1710, Run: 1720, WakerCPU: 1, CPU: 1}
	sc.records.Requests = append(q, late)
	sc.user = append(sc.user, UserRecord{TID: 4, Seq: 1, F5: 1130, H0: 1850})
	s := Join(&sc.records, sc.user)
	expectStages(t, s, stage.UserD, map[string][2]uint64{"total": {3, 330 + 130 + 810},
		"ready-return": {1, 5}, "return-accept": {1, 7}, "return-user": {1, 8}, "user-pass": {1, 2}, // the third became ready only after all these
		"user-wake": {2, 28 + 10}, "wake-return": {2, 50 + 50}, "futex-user": {2, 20 + 30},
		"user-read": {1, 180}, "ready-read": {2, 120 + 670}, "read-handler": {3, 30 + 10 + 50}})
	expectSums(t, s)
	// The first request was passed to the other CPU. The last wake-up of the
	// third was on its own CPU.
	if h := s.byStage[stage.DTotal]; h[stage.CrossCPU].Count != 1 || h[stage.NoWake].Count != 1 || h[stage.SameCPU].Count != 1 {
		t.Errorf("%d across CPUs, %d without a wake-up, %d on the same CPU", h[stage.CrossCPU].Count, h[stage.NoWake].Count, h[stage.SameCPU].Count)
	}

	// A wake-up that ended before the data came does not delay the request.
	sc = leaderScene()
	sc.records.Requests[0].From = 1290
	s = Join(&sc.records, sc.user)
	if h := s.byStage[stage.DTotal]; h[stage.NoWake].Count != 1 {
		t.Errorf("%d without a wake-up", h[stage.NoWake].Count)
	}
	expectStages(t, s, stage.UserD, map[string][2]uint64{"total": {2, 40 + 70}, "ready-read": {2, 10 + 50}, "read-handler": {2, 30 + 20}})
}

// TestJoinPartly checks that an event that one side did not see adds to no
// stage.
func TestJoinPartly(t *testing.T) {
	// The first read returned half a head.
	sc := leaderScene()
	sc.user[1].H0 = 0
	expectStages(t, Join(&sc.records, sc.user), stage.UserD, map[string][2]uint64{"total": {1, 70}, "ready-read": {1, 50}, "read-handler": {1, 20}})
	// The kernel has no record of the wait that returned the first event.
	sc = leaderScene()
	sc.records.Requests[0].Receipt = Receipt{}
	expectStages(t, Join(&sc.records, sc.user), stage.UserD, map[string][2]uint64{"total": {2, 330 + 70}, "ready-read": {2, 300 + 50}, "read-handler": {2, 30 + 20}})
}

// TestUserReport checks that parts of the kernel's sums are not added to them
// once more.
func TestUserReport(t *testing.T) {
	sc := workerScene()
	got := map[string]string{}
	for key, s := range Join(&sc.records, sc.user).Stages() {
		got[key] = s.Of
	}
	want := map[string]string{"user-wake": "H", "wake-return": "H_user", "futex-user": "H", "D.read-handler": "D", "D.user-read": "D_user", "D.pass-take": "D_user",
		"D.ready-return": "D_user", "D.return-user": "D_user", "D.user-pass": "D_user", "D.user-wake": "D_user", "D.wake-return": "D_user", "D.futex-user": "D_user",
		"G.return-user": "G_user", "G.user-pass": "G_user", "G.user-wake": "G_user", "G.wake-woke": "G_user", "G.woke-user": "G_user", "G.user-arm": "G_user"}
	if !maps.Equal(got, want) {
		t.Errorf("stages are of\n%v, want\n%v", got, want)
	}
	for i, s := range stage.User {
		if s.Group == "" || s.Name == "" || s.From == "" || s.To == "" || s.Text == "" {
			t.Errorf("stage %d is %+v", i, s)
		}
	}
	if s := Join(&Records{}, nil); s.Total("H") != nil || len(s.Stages()) != 0 {
		t.Errorf("of nothing: %v", s.Stages())
	}
}

// busyServer makes up a worker server of many threads whose every request is
// passed on, by a wake-up or to a thread that is awake. A share lose of the
// records is missing on both sides. whole and handoffs count the requests and
// hand-offs of which no record is missing.
func busyServer(r *rand.Rand, workers, requests int, lose float64) (sc scene, whole, handoffs int) {
	now := uint64(1_000_000)
	step := func() uint64 { now += 1 + r.Uint64N(400); return now }
	lost := func() bool { return r.Float64() < lose }
	busyUntil := make([]uint64, workers)
	for seq := range uint64(requests) {
		enter, ready, back := step(), step(), step()
		give := UserRecord{TID: 1, Seq: seq, U0: step(), P0: step(), P1: step()}
		w := r.IntN(workers)
		for busyUntil[w] > give.P0 { // the listener reserves an idle worker
			w = (w + 1) % workers
			if slices.Min(busyUntil) > give.P0 {
				now = slices.Min(busyUntil)
				give.P0, give.P1 = step(), step()
			}
		}
		tid := uint32(10 + w)
		q := Request{TID: tid, First: 1, From: ready, Acceptor: 1, Accepted: back, Receipt: Receipt{Enter: enter, Return: back, TID: 1}}
		take, woken := UserRecord{TID: tid, Seq: seq}, false
		if r.IntN(3) > 0 {
			q.Pass = Sleep{Off: 1, Call: step(), Waking: step(), Wakeup: step(), Run: step(), Waker: 1, CPU: uint16(r.IntN(2))}
			give.P3 = step() // this or the return may be first
			if q.PassReturn = step(); r.IntN(2) == 0 {
				give.P3, q.PassReturn = q.PassReturn, give.P3
			}
			take.Promoted = true
			if woken = !lost(); woken {
				sc.records.Handoffs = append(sc.records.Handoffs, Handoff{TID: tid, Time: q.PassReturn, Sleep: q.Pass, ReceiptRet: back, Group: Total(bpf.ProbeStageITEM_TOTAL)})
			}
		} else {
			give.P3 = step()
		}
		start := now // from here listener and worker run side by side
		take.F5 = step()
		q.Time = step() + r.Uint64N(5000)
		take.H0 = q.Time + 1 + r.Uint64N(100)
		take.H1 = take.H0 + 10
		busyUntil[w] = take.H1
		now = start
		read, given, taken := !lost(), !lost(), !lost()
		if read {
			sc.records.Requests = append(sc.records.Requests, q)
		}
		if given {
			sc.user = append(sc.user, give)
		}
		if taken {
			sc.user = append(sc.user, take)
		}
		if read && given && taken {
			whole++
		}
		if woken && given && taken {
			handoffs++
		}
	}
	slices.SortFunc(sc.records.Requests, func(a, b Request) int { return cmp.Compare(a.Time, b.Time) })
	slices.SortFunc(sc.records.Handoffs, func(a, b Handoff) int { return cmp.Compare(a.Time, b.Time) })
	r.Shuffle(len(sc.user), func(i, j int) { sc.user[i], sc.user[j] = sc.user[j], sc.user[i] })
	return sc, whole, handoffs
}

// TestJoinFindsTheTruth checks against a made-up server that Join finds
// everything if all records are there. If records are missing on both sides, it
// joins no wrong pairs.
func TestJoinFindsTheTruth(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		sc, whole, handoffs := busyServer(r, 1+r.IntN(8), 300, 0)
		s := Join(&sc.records, sc.user)
		if s.Requests != 300 || whole != 300 || int(s.Handoffs) != handoffs || s.Unmatched != (Residue{}) || s.Edge != (Residue{}) || s.Contradicted != 0 {
			t.Errorf("seed %d: %d of %d requests, %d of %d hand-offs, %s", seed, s.Requests, whole, s.Handoffs, handoffs, residueOf(s))
		}
		expectSums(t, s)

		sc, whole, handoffs = busyServer(r, 1+r.IntN(8), 300, 0.1)
		s = Join(&sc.records, sc.user)
		// A request that is not whole has lost its read, its giver or its
		// receiver. Each alone makes a join impossible.
		if int(s.Requests) != whole || int(s.Handoffs) != handoffs {
			t.Errorf("seed %d: %d of %d requests and %d of %d hand-offs, %s", seed, s.Requests, whole, s.Handoffs, handoffs, residueOf(s))
		}
		if n := s.Requests + s.Unmatched.KernelRequests + s.Edge.KernelRequests + s.Contradicted; n < uint64(len(sc.records.Requests)) {
			t.Errorf("seed %d: %d of the kernel's %d requests are accounted for", seed, n, len(sc.records.Requests))
		}
		expectSums(t, s)
	}
}

// BenchmarkJoin shows that the time per request does not grow with their
// number.
func BenchmarkJoin(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("requests=%d", n), func(b *testing.B) {
			sc, _, _ := busyServer(rand.New(rand.NewPCG(1, 2)), 8, n, 0)
			for b.Loop() {
				if s := Join(&sc.records, sc.user); int(s.Requests) != n {
					b.Fatal(residueOf(s))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/request")
		})
	}
}
