package formula

import (
	"time"

	"ashna/kit/calendar"
)

// Value is one value: empty unless Ok. Int holds every kind but texts and sets; Text holds the comparison key of a text or the barred
// keys of a set; Raw holds a text as typed.
type Value struct {
	Ok   bool
	Int  int64
	Text string
	Raw  string
}

// Whole makes a value of an integer: a number in units of its scale, a day, a moment or a link.
func Whole(i int64) Value { return Value{Ok: true, Int: i} }

// Truth makes a yes or no.
func Truth(b bool) Value {
	if b {
		return Value{Ok: true, Int: 1}
	}
	return Value{Ok: true}
}

// Holds says whether a value counts as a true condition; empty does not.
func (v Value) Holds() bool { return v.Ok && v.Int == 1 }

// Record is a record in memory. Values are by Field.Index; a missing tail is empty.
type Record struct {
	ID     int64
	Values []Value
}

func (r *Record) at(index int) Value {
	if index == IDIndex {
		return Value{Ok: r.ID != 0, Int: r.ID}
	}
	if index < 0 || index >= len(r.Values) {
		return Value{}
	}
	return r.Values[index]
}

// World gives related records: only live ones that the formula may see.
type World interface {
	// Get gives one record of an object.
	Get(object string, id int64) (Record, bool)
	// Inverse gives the records of object whose link field points to id. The caller does not change them.
	Inverse(object, field string, id int64) []Record
}

// Env is what an evaluation is relative to. One Env serves one goroutine at a time and any number of evaluations; its fields are not
// changed after the first, because the days of the zone are remembered in it.
type Env struct {
	Now       time.Time
	Zone      *time.Location // nil is UTC
	WeekStart time.Weekday
	Me        int64  // the user for me(); 0 is nobody, which is empty
	Old       Record // the record before the change, for "old"
	World     World  // nil is a world without related records

	dayKnown bool
	day      calendar.Day
	starts   map[calendar.Day]int64
}

func (e *Env) zone() *time.Location {
	if e.Zone == nil {
		return time.UTC
	}
	return e.Zone
}

// today is the day of Now in the zone.
func (e *Env) today() calendar.Day {
	if !e.dayKnown {
		e.day, e.dayKnown = calendar.DayOf(e.Now, e.zone()), true
	}
	return e.day
}

const maxStarts = 64

// start is the first instant of a day in the zone, in microseconds.
func (e *Env) start(day calendar.Day) int64 {
	if at, ok := e.starts[day]; ok {
		return at
	}
	if e.starts == nil || len(e.starts) >= maxStarts {
		e.starts = make(map[calendar.Day]int64, 4)
	}
	at := calendar.StartOfDay(day, e.zone()).UnixMicro()
	e.starts[day] = at
	return at
}
