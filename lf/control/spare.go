package control

import "fmt"

// Idle server maintenance decides how many children a group should have. It
// follows the worker and event MPMs of Apache httpd. There is one decision a
// second. While idle threads are too few, each decision starts twice as many
// children as the last one. While they are too many, it retires one child.

const (
	// mostAtOnce is the most children that one decision starts.
	mostAtOnce = 32
	// busyRate is the least rate at which the log says that the server is busy.
	busyRate = 8
	// roundsWithoutDoubling is the number of decisions after a restart that do
	// not double the rate. Children of the new generation may still be
	// starting, which must not be mistaken for high load.
	roundsWithoutDoubling = 10
)

// bounds holds the limits that the directives of a group set.
type bounds struct {
	minSpare, maxSpare int // idle threads
	threads            int // threads of a child
	children           int // most that serve: MaxRequestWorkers / ThreadsPerChild
}

// census counts the children, idle threads and free slots of a group.
type census struct {
	idle   int // idle threads of children that serve or start
	active int // children that serve or start
	total  int // all children, finishing ones too
	slots  int // free slots without the reserve
}

// spare keeps the idle threads of one group of children within bounds.
type spare struct {
	rate    int // children the next decision may start
	holdOff int // decisions yet to start children without doubling the rate
	full    bool
	near    bool
}

// decision tells the parent what to do now.
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

// sick resets the rate to 1. The parent calls it after a child has died of a
// shortage.
func (s *spare) sick() { s.rate = 1 }

// restarted resets the rate and stops its doubling for some decisions. The
// parent calls it after each restart.
func (s *spare) restarted() { s.rate, s.holdOff = 1, roundsWithoutDoubling }

// decide makes one decision. The parent calls it once a second.
func (s *spare) decide(b bounds, c census) (d decision) {
	s.rate = max(s.rate, 1)
	switch {
	case c.idle > b.maxSpare:
		s.rate = 1
		// While others still finish, none retires: it would soon have to be
		// replaced.
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

// sayFull returns a warning for a group that has all the children it may have:
// once if no thread is idle, and once if too few are.
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
