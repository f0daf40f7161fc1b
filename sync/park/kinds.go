package park

import (
	"fmt"
	"slices"
	"strings"
)

// kinds is the registry: a new way to park is a file and a line here.
var kinds = []Kind{
	futexKind,
	spinFutexKind,
	eventfdKind,
	pipeKind,
	condKind,
	channelKind,
	unlockedChannelKind,
	yieldKind,
	semaKind,
	lifosemKind,
	waitvKind,
	uringKind,
}

// Kinds returns the known kinds, the default first.
func Kinds() []Kind { return slices.Clone(kinds) }

// OrDefault is k, or the default kind in place of the zero value. A kind that
// can make no parker is refused.
func (k Kind) OrDefault() (Kind, error) {
	switch {
	case k.New != nil:
		return k, nil
	case k.Name == "":
		return kinds[0], nil
	}
	return k, fmt.Errorf("primitive %s has no New (take one of park.Kinds, or give the function that makes a parker)", k.Name)
}

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
	return Kind{}, fmt.Errorf("unknown parker %q (known: %s)", name, strings.Join(known, ", "))
}

// New makes a parker of the kind of that name.
func New(name string, o Options) (Parker, error) {
	k, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	if err := k.Usable(); err != nil {
		return nil, fmt.Errorf("parker %s: %w", name, err)
	}
	return k.New(o)
}
