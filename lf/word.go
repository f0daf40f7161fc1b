package lf

import (
	"fmt"
	"strings"
)

// Named is a value that can be chosen by name, and what it does.
type Named struct{ Name, Doc string }

// Word is the value of an option that is chosen by name. Its name is read once;
// after that, code compares constants of its type. The zero Word means the
// default and has an empty name. Word n is the nth of the known values.
type Word[V vocabulary] uint8

// vocabulary lists the known values of one option.
type vocabulary interface {
	option() string
	known() []Named
}

func (w Word[V]) String() string {
	var of V
	switch known := of.known(); {
	case w == 0:
		return ""
	case int(w) <= len(known):
		return known[w-1].Name
	default:
		return fmt.Sprintf("%s(%d)", of.option(), uint8(w))
	}
}

// MarshalText returns the name. It returns an error for a Word that is not known.
func (w Word[V]) MarshalText() ([]byte, error) { return []byte(w.String()), w.check() }

// UnmarshalText sets w to the value of that name; an empty name means the
// default. The error for an unknown name lists the known ones.
func (w *Word[V]) UnmarshalText(name []byte) error {
	var of V
	*w = 0
	if len(name) == 0 {
		return nil
	}
	at, err := Find(of.option(), string(name), of.known())
	if err == nil {
		*w = Word[V](at + 1)
	}
	return err
}

// check returns an error if w is not a known value, as a conversion from an
// integer can make one.
func (w Word[V]) check() (err error) {
	var of V
	if w != 0 {
		_, err = Find(of.option(), w.String(), of.known())
	}
	return err
}

// Find returns the index of name in known. Its error lists the known names, and
// what names the option.
func Find(what, name string, known []Named) (int, error) {
	var names []string
	for i, k := range known {
		if k.Name == name {
			return i, nil
		}
		names = append(names, k.Name)
	}
	return -1, fmt.Errorf("unknown %s %q (known: %s)", what, name, strings.Join(names, ", "))
}
