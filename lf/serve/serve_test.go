package serve

import (
	"reflect"
	"testing"
)

// TestLetters checks that the scoreboard's letters are Apache's, where Apache
// has one.
func TestLetters(t *testing.T) {
	want := map[State]string{Dead: ".", Starting: "S", Waiting: "_", Leading: "_", Reading: "R", Writing: "W", KeepAlive: "K", Closing: "C"}
	for state, letter := range want {
		if got := state.String(); got != letter {
			t.Errorf("state %d is %q, want %q", uint32(state), got, letter)
		}
		th := Thread{Row: new(Row)}
		th.Set(state)
		if State(th.State.Load()) != state {
			t.Errorf("set to %v, is %v", state, State(th.State.Load()))
		}
		if idle := state == Starting || letter == "_"; state.Idle() != idle {
			t.Errorf("state %s idle: %v", letter, state.Idle())
		}
	}
}

// TestRowsShareNoCacheLine checks that rows in an array share no cache line,
// because a thread that counts its requests would otherwise slow others down.
func TestRowsShareNoCacheLine(t *testing.T) {
	const line = 128 // two lines of 64 bytes: the processor fetches them in pairs
	row := reflect.TypeFor[Row]()
	first, _ := row.FieldByName("State")
	last, _ := row.FieldByName("Busy")
	if row.Size()%line != 0 || first.Offset%line != 0 {
		t.Errorf("rows of %d bytes, the first field at %d: want multiples of %d", row.Size(), first.Offset, line)
	}
	if end := last.Offset + last.Type.Size() - first.Offset; end > line {
		t.Errorf("a row's fields take %d bytes, want one line of %d", end, line)
	}
}
