package directive

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// take reads v into field, if it can be read, lies in the range of e, and
// means anything. It tells whether it did; if not, it said why.
func (r *resolver) take(e *Entry, field any, v *value) bool {
	silent := e.silent(r.mpm, r.s.Alone)
	if v.old != (Old{}) {
		r.once(v.old.Name, "", v.from, v.old.Note)
	}
	if silent != "" {
		field = reflect.New(reflect.TypeOf(field).Elem()).Interface() // it has to be right all the same
	}
	if err := r.parse(e, field, v, silent == ""); err != nil {
		r.say(Error, v.entry.Name, v.text(), v.from, "%v", err)
		return false
	}
	if silent != "" {
		r.once(v.entry.Name, v.text(), v.from, silent)
	}
	return silent == ""
}

// once adds a note that is the same wherever the directive stands.
func (r *resolver) once(directive, value string, from Origin, text string) {
	if !slices.ContainsFunc(r.notes, func(n Note) bool { return n.Directive == directive && n.Text == text }) {
		r.say(Info, directive, value, from, "%s", text)
	}
}

// parse reads v into field. What only has to be adjusted is, if that matters.
func (r *resolver) parse(e *Entry, field any, v *value, matters bool) error {
	text := v.args[0]
	switch e.Type {
	case Number:
		n, err := parseNumber(text)
		if err != nil {
			return err
		}
		if n, err = r.within(e, n, v, matters); err != nil {
			return err
		}
		*field.(*int) = int(n)
	case Duration:
		d, err := parseDuration(text)
		if err != nil {
			return err
		}
		n, err := r.within(e, int64(d), v, matters)
		if err != nil {
			return err
		}
		*field.(*time.Duration) = time.Duration(n)
	case Fraction:
		f, err := parseFraction(text)
		if err != nil {
			return err
		}
		*field.(*float64) = f
	case Switch:
		on, err := parseSwitch(text)
		if err != nil {
			return err
		}
		*field.(*bool) = on
	case File, Directory:
		path, err := v.path()
		if err != nil {
			return err
		}
		*field.(*string) = path
	case Mechanism:
		return r.mechanism(field.(*string), v)
	case Word:
		r.word(e, field, text)
	default:
		panic(fmt.Sprintf("directive: no way to read a %v", e.Type)) // a line of the table that was written here
	}
	return nil
}

// word reads a name. One that is unknown is kept: choices tells, because a
// later one may take its place.
func (r *resolver) word(e *Entry, field any, name string) {
	delete(r.unknown, e.Name)
	switch f := field.(type) {
	case *string:
		*f = name
	case encoding.TextUnmarshaler:
		if f.UnmarshalText([]byte(name)) != nil {
			r.unknown[e.Name] = name
		}
	}
}

// mechanism reads AcceptMutex or Mutex.
func (r *resolver) mechanism(field *string, v *value) error {
	name, remark, err := parseMutex(v.args)
	if err != nil {
		return err
	}
	if remark != "" {
		r.say(Info, v.entry.Name, v.text(), v.from, "%s", remark)
	}
	if name != "" {
		*field = name
	}
	return nil
}

// within brings n into the range of e, or tells why it must not be.
func (r *resolver) within(e *Entry, n int64, v *value, matters bool) (int64, error) {
	least, most := e.bounds(r.mpm)
	if e.Name == "Threads" && r.s.Alone {
		least = max(least, int64(r.mpm.MinThreads))
	}
	use := min(max(n, least), most)
	switch {
	case n == use || n == 0 && e.Range.OrZero || e.Range.Out == Depends:
		return n, nil
	case e.Range.Out == Refuse && e.Name == "Threads":
		return 0, fmt.Errorf("mpm %s takes %d to %d", r.mpm.Name, least, most)
	case e.Range.Out == Refuse && e.Range.OrZero:
		return 0, fmt.Errorf("not 0 and not in %s to %s", e.bound(least), e.bound(most))
	case e.Range.Out == Refuse && most == far:
		return 0, fmt.Errorf("less than %s", e.bound(least))
	case e.Range.Out == Refuse:
		return 0, fmt.Errorf("not in %s to %s", e.bound(least), e.bound(most))
	case matters && n < least:
		r.say(Warning, e.Name, v.text(), v.from, "is less than %s, which is used", e.bound(least))
	case matters:
		r.say(Warning, e.Name, v.text(), v.from, "is more than %s, the most there can be, which is used", e.bound(most))
	}
	return use, nil
}

// assign copies a field.
func assign(to, from any) { reflect.ValueOf(to).Elem().Set(reflect.ValueOf(from).Elem()) }
