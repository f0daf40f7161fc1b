package lf

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"time"
)

// Policy holds the options of how events reach threads. The zero value of each
// field means the default. Types that carry a Policy embed it. An option is
// declared only here: by its field, and by its line in the table of
// PolicyOptions.
//
// A pool uses Order, Promotion, Leaders, Hold and Association. The others are
// for servers.
type Policy struct {
	Order       Order         // which follower is promoted
	Promotion   Promotion     // when the leadership is given up
	Leaders     int           // threads that may wait for events at once, for each handle set; 0 means 1
	Hold        time.Duration // how long promotions lazy and adaptive let a leader process; 0 means DefaultHold
	Sets        int           // handle sets that the connections are divided among; 0 means 1
	Deactivate  Deactivation  // how a handle is kept from being dispatched twice
	Association Association   // which thread handles an event; Bound needs a source that is Owned
	Form        string        // how a listener hands connections to workers: a name of package queue
	Accept      string        // how threads wait for connections: a name of package sock
}

// DefaultHold is how long a handler may run with promotion adaptive before
// another thread takes the leadership.
const DefaultHold = 50 * time.Microsecond

// Option describes one field of a Policy: its flag and directive, and its
// values.
type Option struct {
	Name string // of its flag; for pin-threads the directive is PinThreads
	Doc  string // what it decides, in a line
	Zero string // describes the default
	Of   Scope  // which servers it applies to
	Most int64  // the largest value of a number, or of a duration in ns
	Kept bool   // a restart does not change it, because old and new children wait on the same sockets

	// Values are the names to choose from. If there are none, it is not chosen
	// by name, or each architecture lists the names that it knows.
	Values []Named
	// At returns the field: an *int, a *time.Duration, a *string or a *Word.
	At func(*Policy) any
}

// Scope says which servers an option applies to.
type Scope uint8

const (
	OfPool Scope = iota // with a pool of followers
	OfSets              // that can have several handle sets
	OfPart              // that have the part that it chooses
)

var options = []Option{
	{Name: "order", Doc: "which follower is promoted", Zero: "default lifo, native with a gate",
		Values: orders{}.known(), At: func(p *Policy) any { return &p.Order }},
	{Name: "promotion", Doc: "when the leadership is given up", Zero: "default: the architecture's",
		Values: promotionNames{}.known(), At: func(p *Policy) any { return &p.Promotion }},
	{Name: "leaders", Doc: "threads that may wait for events at once, for each handle set", Zero: "0: 1",
		Most: 1 << 16, At: func(p *Policy) any { return &p.Leaders }},
	{Name: "hold", Doc: "how long promotions lazy and adaptive let a leader keep the leadership while it works", Zero: "0: 50 µs",
		Most: int64(time.Second), At: func(p *Policy) any { return &p.Hold }},
	{Name: "sets", Doc: "handle sets that the connections are divided among, with one pool of followers", Zero: "0: 1", Of: OfSets,
		Most: 1 << 16, At: func(p *Policy) any { return &p.Sets }},
	{Name: "deactivate", Doc: "how a handle is kept from being dispatched twice", Zero: "default: the architecture's first", Of: OfPart,
		Values: deactivations{}.known(), At: func(p *Policy) any { return &p.Deactivate }},
	{Name: "association", Doc: "which thread handles an event of a connection", Zero: "default: the architecture's first", Of: OfPart,
		Values: associations{}.known(), At: func(p *Policy) any { return &p.Association }},
	{Name: "form", Doc: "how a listener thread hands connections to workers", Zero: "default: the architecture's first", Of: OfPart,
		At: func(p *Policy) any { return &p.Form }},
	{Name: "accept", Doc: "how threads wait for connections", Zero: "default: the architecture's first", Of: OfPart,
		Kept: true, At: func(p *Policy) any { return &p.Accept }},
}

// PolicyOptions returns the options of a Policy, in the order in which help and
// lists print them.
func PolicyOptions() []Option { return options }

// Given reports whether p has a value other than the default for the option.
func (o *Option) Given(p *Policy) bool { return !reflect.ValueOf(o.At(p)).Elem().IsZero() }

// Text returns p's value of the option as text: for a Word its name.
func (o *Option) Text(p *Policy) string {
	return fmt.Sprint(reflect.ValueOf(o.At(p)).Elem().Interface())
}

// Choose sets the option in p by name. Its error lists the known names. If only
// an architecture knows the names, it accepts every name.
func (o *Option) Choose(p *Policy, name string) error {
	switch field := o.At(p).(type) {
	case *string:
		*field = name
		return nil
	case encoding.TextUnmarshaler:
		return field.UnmarshalText([]byte(name))
	}
	return fmt.Errorf("option %s is not chosen by name (%q)", o.Name, name)
}

// complete fills in the defaults of the options that a pool uses. gated says
// whether the pool has a gate.
func (p *Policy) complete(gated bool) {
	order := LIFO
	if gated {
		order = Native
	}
	p.Order = cmp.Or(p.Order, order)
	p.Promotion = cmp.Or(p.Promotion, Handoff)
	p.Leaders = cmp.Or(p.Leaders, 1)
	p.Hold = cmp.Or(p.Hold, DefaultHold)
}
