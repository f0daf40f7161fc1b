package probe

import (
	"cmp"
	"fmt"
	"slices"

	"lflab/experiments/probe/bpf"
	"lflab/experiments/probe/stage"
)

// Kind is the mechanism by which one thread woke another. Its text is its name.
type Kind uint32

var kindNames = [bpf.ProbeKindKINDS]string{
	bpf.ProbeKindKIND_UNKNOWN:   "unknown",
	bpf.ProbeKindKIND_FUTEX:     "futex",
	bpf.ProbeKindKIND_EVENTFD:   "eventfd",
	bpf.ProbeKindKIND_PIPE:      "pipe",
	bpf.ProbeKindKIND_SOCKET:    "socket",
	bpf.ProbeKindKIND_SIGNAL:    "signal",
	bpf.ProbeKindKIND_SEMAPHORE: "semaphore",
	bpf.ProbeKindKIND_QUEUE:     "message queue",
	bpf.ProbeKindKIND_EPOLL:     "epoll",
	bpf.ProbeKindKIND_URING:     "io_uring",
	bpf.ProbeKindKIND_LOCK:      "file lock",
	bpf.ProbeKindKIND_CLOSE:     "close",
	bpf.ProbeKindKIND_EXIT:      "exit",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[bpf.ProbeKindKIND_UNKNOWN]
}

// MarshalText returns the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText parses the kind's name.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kindNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("kind of wake-up %q is unknown", text)
	}
	*k = Kind(i)
	return nil
}

// mechanisms returns how often which call woke a thread in which call, the most
// frequent first.
func (p *Probe) mechanisms() (list []stage.Mechanism, err error) {
	var one bpf.ProbeMechanism
	var n uint64
	it := p.objects.Mechanisms.Iterate()
	for it.Next(&one, &n) {
		list = append(list, stage.Mechanism{Kind: Kind(one.Kind).String(), By: nameOf(one.By), In: nameOf(one.In), Count: n})
	}
	if err := it.Err(); err != nil {
		return nil, fmt.Errorf("read the mechanisms of wake-ups: %w", err)
	}
	slices.SortFunc(list, func(a, b stage.Mechanism) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.By, b.By), cmp.Compare(a.In, b.In))
	})
	return list, nil
}
