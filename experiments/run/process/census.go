package process

import (
	"fmt"
	"os"
)

// Census counts the processes below a root and their threads, as a Meter counts
// what they use. Processes that have ended and were not waited for yet are none.
type Census struct {
	tree tree
	seen map[int]bool
	born int
}

// NewCensus makes a census of the processes below root, which is none of them.
func NewCensus(root int) *Census {
	return &Census{tree: tree{proc: os.DirFS("/proc"), root: root}}
}

// Count is how many processes and threads there are. It lists /proc and reads of
// it what it has not seen before and the program's own: some 10 us for each process.
func (c *Census) Count() (processes, threads int, err error) {
	members, err := c.tree.members()
	if err != nil {
		return 0, 0, err
	}
	seen := make(map[int]bool, len(members))
	for pid, s := range members {
		if seen[pid] = true; !c.seen[pid] {
			c.born++
		}
		if !s.ended {
			processes++
			threads += s.threads
		}
	}
	c.seen = seen
	if processes == 0 {
		return 0, 0, fmt.Errorf("count processes below %d: there is none (has the program ended?)", c.tree.root)
	}
	return processes, threads, nil
}

// Born is how many processes have been seen until now, the first included. One
// that came and went between two counts is not among them.
func (c *Census) Born() int { return c.born }
