package directive

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// take reads v into field if v is valid, in the range of e, and has a meaning.
// It returns whether it did; otherwise it adds a note that says why.
func (r *resolver) take(e *Entry, field any, v *value) bool {
	silent := e.silent(r.mpm, r.s.Alone)
	if v.old != (Old{}) {
		r.once(v.old.Name, "", v.from, v.old.Note)
	}
	if silent != "" {
		field = reflect.New(reflect.TypeOf(field).Elem()).Interface() // check it nevertheless
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

// once adds a note unless it is there, whatever its origin.
func (r *resolver) once(directive, value string, from Origin, text string) {
	if !slices.ContainsFunc(r.notes, func(n Note) bool { return n.Directive == directive && n.Text == text }) {
		r.say(Info, directive, value, from, "%s", text)
	}
}

// parse reads v into field. It adjusts a value out of range if matters is set
// and e allows that.
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
		panic(fmt.Sprintf("directive: no way to read a %v", e.Type)) // an error in the table
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

// within returns n adjusted to the range of e, or an error.
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
		r.say(Warning, e.Name, v.text(), v.from, "is more than %s, the maximum, which is used", e.bound(most))
	}
	return use, nil
}

// assign copies a field.
func assign(to, from any) { reflect.ValueOf(to).Elem().Set(reflect.ValueOf(from).Elem()) }
