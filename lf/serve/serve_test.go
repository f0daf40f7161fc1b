package serve

import (
	"testing"
	"unsafe"
)

// TestLetters: the scoreboard's letters are Apache's, where it has one.
func TestLetters(t *testing.T) {
	want := map[State]string{Waiting: "_", Leading: "L", Reading: "R", Writing: "W", KeepAlive: "K", Closing: "C"}
	for state, letter := range want {
		if got := state.String(); got != letter {
			t.Errorf("state %d is %q, want %q", uint32(state), got, letter)
		}
		var th Thread
		th.Set(state)
		if State(th.State.Load()) != state {
			t.Errorf("set to %v, is %v", state, State(th.State.Load()))
		}
	}
}

// TestThreadsShareNoCacheLine: what one thread counts with each request must
// not slow another down that counts its own.
func TestThreadsShareNoCacheLine(t *testing.T) {
	const line = 128 // two of 64 bytes: the processor fetches them in pairs
	seats := make([]Thread, 2)
	last := uintptr(unsafe.Pointer(&seats[0].Bytes)) + unsafe.Sizeof(seats[0].Bytes)
	if next := uintptr(unsafe.Pointer(&seats[1].Log)); next-last < line {
		t.Errorf("%d bytes between two threads' fields, want at least %d", next-last, line)
	}
}
