package gate

import (
	"fmt"
	"slices"
	"strings"
)

// kinds is the registry. A new gate needs a file and a line here.
var kinds = []Kind{
	tasKind,
	ticketKind,
	mcsKind,
	futexMutexKind,
	piKind,
	semopKind,
	flockKind,
	ofdKind,
	pipeKind,
	robustKind,
}

// sharedKinds is the registry of gates that processes share: those values of
// Apache's AcceptMutex that are locks.
var sharedKinds = []SharedKind{
	sharedFlockKind,
	sharedFcntlKind,
	sharedSysVKind,
	sharedPOSIXKind,
	sharedPthreadKind,
}

// Kinds returns the known kinds.
func Kinds() []Kind { return slices.Clone(kinds) }

// Lookup returns the kind of that name. The error for an unknown name lists
// the known ones.
func Lookup(name string) (Kind, error) {
	var known []string
	for _, k := range kinds {
		if k.Name == name {
			return k, nil
		}
		known = append(known, k.Name)
	}
	return Kind{}, fmt.Errorf("unknown gate %q (known: %s)", name, strings.Join(known, ", "))
}
