package serve

import (
	"reflect"
	"testing"
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
	thread := reflect.TypeFor[Thread]()
	first, _ := thread.FieldByName("Log")
	last, _ := thread.FieldByName("Bytes")
	before, after := first.Offset, thread.Size()-last.Offset-last.Type.Size()
	if before+after < line {
		t.Errorf("%d bytes between two threads' fields, want at least %d", before+after, line)
	}
}
