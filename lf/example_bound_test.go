package lf_test

import (
	"fmt"

	"lflab/lf"
)

// letters is an event source whose events belong to threads: equal letters are
// always handled by the same thread.
type letters struct {
	countdown
	text    string
	threads int
}

func (s *letters) Wait(id int) (byte, error) {
	n, err := s.countdown.Wait(id)
	if err != nil {
		return 0, err
	}
	return s.text[n], nil
}

func (s *letters) Owner(letter byte) int { return int(letter) % s.threads }

// Bound events: each thread counts the letters that it owns in a map of its
// own, without a lock. The maps may be read after Wait.
func ExampleOwned() {
	const text = "leaders and followers"
	const threads = 3
	counts := [threads]map[byte]int{{}, {}, {}}
	source := &letters{countdown: countdown{n: len(text)}, text: text, threads: threads}
	pool, err := lf.New(source, func(id int, letter byte) { counts[id][letter]++ },
		lf.Options{Name: "letters", Threads: threads, Policy: lf.Policy{Association: lf.Bound}})
	if err != nil {
		fmt.Println(err)
		return
	}
	pool.Start()
	if err := pool.Wait(); err != nil {
		fmt.Println(err)
		return
	}
	for _, letter := range []byte("ls") {
		fmt.Printf("%c %d\n", letter, counts[source.Owner(letter)][letter])
	}
	// Output:
	// l 3
	// s 2
}
