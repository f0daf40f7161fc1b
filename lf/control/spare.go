package control

import "fmt"

// Idle server maintenance: how many children a group should have. The rules
// are those of Apache httpd's worker and event MPMs, so that its users find
// what they know: one decision a second, the number of children that are
// started at once doubles while threads are short, one child at a time retires
// while there are too many.

const (
	// mostAtOnce is how many children one decision starts.
	mostAtOnce = 32
	// busyRate is from which rate on the log says that the server is busy.
	busyRate = 8
	// roundsWithoutDoubling follow a restart: its children have not all come
	// to life, which must not be taken for a rush.
	roundsWithoutDoubling = 10
)

// bounds are what the directives of a group allow.
type bounds struct {
	minSpare, maxSpare int // idle threads
	threads            int // of a child
	children           int // that are to serve at a time: MaxRequestWorkers / ThreadsPerChild
}

// census is what the scoreboard says of a group.
type census struct {
	idle   int // threads of children that serve: starting ones too, finishing ones not
	active int // children that serve or start
	total  int // children, the finishing ones as well
	slots  int // free in the scoreboard
}

// spare keeps the idle threads of one group of children within bounds.
type spare struct {
	rate    int // children the next decision may start
	holdOff int // decisions that may start children but do not double the rate
	full    bool
	near    bool
}

// decision is what is to be done now.
type decision struct {
	start  int
	retire bool
	say    []remark
}

// remark is a line for the log.
type remark struct {
	warn bool
	text string
}

// sick makes the next start a slow one again: a child has died of a shortage.
func (s *spare) sick() { s.rate = 1 }

// restarted is to be called after a graceful restart.
func (s *spare) restarted() { s.rate, s.holdOff = 1, roundsWithoutDoubling }

// decide is one decision. It is called once a second.
func (s *spare) decide(b bounds, c census) (d decision) {
	s.rate = max(s.rate, 1)
	switch {
	case c.idle > b.maxSpare:
		s.rate = 1
		// While others still finish, their threads are about to be missed:
		// retiring one more would have to be made good for in a moment.
		d.retire = c.active > 1 && c.active == c.total
	case c.idle >= b.minSpare:
		s.rate = 1
	case c.active >= b.children:
		s.rate = 1
		d.say = s.sayFull(b, c)
	case c.slots == 0:
		s.rate = 1
		d.say = append(d.say, remark{true, fmt.Sprintf(
			"no slot of ServerLimit is free for another child: %d of %d children serve, %d are still finishing (raise ServerLimit, or lower GracefulRestartTimeout)",
			c.active, c.total, c.total-c.active)})
	default:
		d.start = min(s.rate, c.slots, b.children-c.active)
		if s.rate >= busyRate {
			d.say = append(d.say, remark{false, fmt.Sprintf(
				"server is busy: starting %d children, %d threads are idle (MinSpareThreads %d), %d children run (raise StartServers, ThreadsPerChild or MinSpareThreads if this is usual)",
				d.start, c.idle, b.minSpare, c.total)})
		}
		if s.holdOff > 0 {
			s.holdOff--
		} else {
			s.rate = min(2*s.rate, mostAtOnce)
		}
	}
	return d
}

// sayFull tells once in the server's life that it has all the children it may
// have, and once that few of their threads are idle.
func (s *spare) sayFull(b bounds, c census) []remark {
	most := b.children * b.threads
	switch {
	case c.idle == 0 && !s.full:
		s.full = true
		return []remark{{true, fmt.Sprintf(
			"all %d request workers are busy: MaxRequestWorkers is reached, further connections wait in the kernel's queue (raise MaxRequestWorkers, or see on /server-status what the threads do)", most)}}
	case c.idle > 0 && !s.near:
		s.near = true
		return []remark{{true, fmt.Sprintf(
			"%d of %d request workers are idle, fewer than MinSpareThreads %d, and MaxRequestWorkers allows no more (raise it, or lower MinSpareThreads)", c.idle, most, b.minSpare)}}
	}
	return nil
}
