package scoreboard

import (
	"strings"
	"time"

	"lflab/lf/serve"
)

// Status returns the status of the whole server, in the form in which a single
// process returns its own. The CPU times of running processes come from the
// kernel. They are 0 where /proc does not show them.
func (b *Board) Status() serve.Status {
	h := b.header
	st := serve.Status{
		MPM: h.MPM.String(), Primitive: h.Primitive.String(), Started: h.Started.Load(),
		Async: h.Async.Load() != 0, Counters: map[string]uint64{},
		Board: &serve.Board{
			ServerLimit: min(int(h.ServerLimit.Load()), b.Slots()), ThreadLimit: min(int(h.ThreadLimit.Load()), b.perSlot),
			Generation: int(h.Generation.Load()), ConfigGeneration: int(h.ConfigGeneration.Load()),
			StartedAt: time.Unix(0, h.StartedAt.Load()), RestartedAt: time.Unix(0, h.RestartedAt.Load()),
			ParentPID: int(h.ParentPID.Load()),
			GoneUser:  time.Duration(h.ChildrenUser.Load()), GoneSystem: time.Duration(h.ChildrenSystem.Load()),
		},
	}
	st.Board.ParentUser, st.Board.ParentSystem = cpuTime(st.Board.ParentPID)
	letters := strings.Repeat(".", st.Board.ServerLimit*st.Board.ThreadLimit)
	board, marks := []byte(letters), []byte(strings.ReplaceAll(letters, ".", "-"))
	for slot := range b.slotsUsed() {
		p := b.process(slot)
		for name, n := range b.Slot(slot).Counters() {
			st.Counters[name] += n
		}
		for i, r := range p.Rows {
			if i >= st.Board.ThreadLimit || slot >= st.Board.ServerLimit {
				break
			}
			at := slot*st.Board.ThreadLimit + i
			board[at], marks[at] = r.Letter, r.Mark()
		}
		st.Add(p)
		if p.PID != 0 {
			st.Threads += int(b.Slot(slot).Threads.Load())
		}
	}
	st.Scoreboard, st.LeaderFollower = string(board), string(marks)
	return st
}

func (b *Board) process(slot int) serve.Process {
	s := b.Slot(slot)
	p := serve.Process{
		Slot: slot, PID: int(s.PID.Load()), Generation: int(s.Generation.Load()), Group: int(s.Group.Load()),
		Stopping: b.Stopping(slot), NotAccepting: s.NotAccepting.Load() != 0, Started: s.Started.Load(),
		Open: int(s.Connections.Load()), AsyncWriting: int(s.Writing.Load()),
		AsyncKeepAlive: int(s.KeepAlive.Load()), AsyncClosing: int(s.Closing.Load()),
	}
	if p.PID != 0 {
		p.User, p.System = cpuTime(p.PID)
	}
	rows := b.used(slot)
	for i := range rows {
		p.Rows = append(p.Rows, rows[i].Look(p.Stopping))
	}
	return p
}
