package job

import (
	"fmt"
	"time"
)

const (
	everyMin = time.Second
	dayHours = 24
	// slotLead is how far a schedule may lie ahead of its next slot before a wrong clock must have put it there.
	slotLead = dayHours * time.Hour
)

// Schedule says when something recurs: after equal spaces of time, or once a day. Exactly one of Every and Daily is set.
type Schedule struct {
	// Every is the space between two slots, at least a second. Slots are the multiples of it since 1970 in UTC.
	Every time.Duration
	// Daily is a time of day in Zone.
	Daily *TimeOfDay
	// Zone is where Daily is read; UTC when nil.
	Zone *time.Location
}

// TimeOfDay is an hour of 0 to 23 and a minute of 0 to 59.
type TimeOfDay struct{ Hour, Minute int }

// String is the text by which a changed schedule is noticed: "every 1h0m0s", "daily 07:30 Asia/Baku".
func (s Schedule) String() string {
	if s.Daily == nil {
		return "every " + s.Every.String()
	}
	return fmt.Sprintf("daily %02d:%02d %s", s.Daily.Hour, s.Daily.Minute, s.zone())
}

func (s Schedule) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

func (s Schedule) check() error {
	switch {
	case (s.Daily == nil) == (s.Every == 0):
		return fmt.Errorf("either Every or Daily must be set")
	case s.Daily == nil && s.Every < everyMin:
		return fmt.Errorf("every %v is more often than every %v", s.Every, everyMin)
	case s.Daily != nil && (s.Daily.Hour < 0 || s.Daily.Hour > 23 || s.Daily.Minute < 0 || s.Daily.Minute > 59):
		return fmt.Errorf("%02d:%02d is no time of day", s.Daily.Hour, s.Daily.Minute)
	}
	return nil
}

// Next gives the first slot after an instant. A day has exactly one daily slot, also the days on which the clocks change: a time that
// comes twice counts once, and one that is left out is moved by the hour that is missing.
func (s Schedule) Next(after time.Time) time.Time {
	if s.Daily == nil {
		every := s.Every.Microseconds()
		now := after.UnixMicro()
		return time.UnixMicro(now - now%every + every).UTC()
	}
	local := after.In(s.zone())
	year, month, day := local.Date()
	slot := after
	for ahead := 0; ahead <= 3 && !slot.After(after); ahead++ { // a zone that changed sides of the date line left out a day
		slot = time.Date(year, month, day+ahead, s.Daily.Hour, s.Daily.Minute, 0, 0, s.zone())
	}
	return slot.UTC()
}

// scheduled is a schedule with the job it adds.
type scheduled struct {
	name string
	at   Schedule
	kind *kind
	args string
}

// Every makes a kind run by a schedule. The kind must be registered before. The name is the key of the schedule's row, for ever; it
// must be new. A slot adds one job, however many processes run; slots that passed while none ran are made up for by one job. A slot
// adds nothing while the job of an earlier slot still waits or runs.
func Every[A any](r *Registry, name string, s Schedule, k Kind[A], args A) error {
	known := r.kinds[k.Name]
	switch {
	case !namePattern.MatchString(name):
		return fmt.Errorf("schedule %q: the name must be small letters, digits, dots and underscores", name)
	case r.schedules[name] != nil:
		return fmt.Errorf("schedule %s: the name is taken", name)
	case known == nil:
		return fmt.Errorf("schedule %s: the kind %q is not registered", name, k.Name)
	}
	if err := s.check(); err != nil {
		return fmt.Errorf("schedule %s: %w", name, err)
	}
	text, err := encode("arguments of schedule "+name, args, MaxArgs)
	if err != nil {
		return err
	}
	r.schedules[name] = &scheduled{name: name, at: s, kind: known, args: text}
	return nil
}
