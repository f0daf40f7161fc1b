package park

import (
	"fmt"
	"slices"
	"strings"
)

// kinds is the registry. A new parker needs a file and a line here.
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

// OrDefault returns k, or the default kind if k is the zero value. It returns
// an error if k has a name but no New.
func (k Kind) OrDefault() (Kind, error) {
	switch {
	case k.New != nil:
		return k, nil
	case k.Name == "":
		return kinds[0], nil
	}
	return k, fmt.Errorf("primitive %s has no New (use one of park.Kinds, or set New)", k.Name)
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

// New makes a parker of the named kind. It returns an error if the name is
// unknown or the kind does not work on this machine.
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
