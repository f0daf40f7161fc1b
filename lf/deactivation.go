package lf

// Deactivation says how a handle is kept from being dispatched twice.
type Deactivation = Word[deactivations]

// The ways to deactivate a handle.
const (
	Edge Deactivation = iota + 1
	Oneshot
)

type deactivations struct{}

func (deactivations) option() string { return "deactivate" }

func (deactivations) known() []Named {
	return []Named{
		{"edge", "epoll tells each arrival once (EPOLLET); a word of the connection says whether somebody has it, and no system call is needed"},
		{"oneshot", "the kernel disarms a handle with its event (EPOLLONESHOT) and epoll_ctl arms it again: one system call for each request"},
	}
}
