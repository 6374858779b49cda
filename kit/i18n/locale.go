package i18n

import (
	"strings"
	"time"

	"ashna/kit/calendar"
)

// Digits is a set of ten digits.
type Digits int

// The sets of digits a person may choose.
const (
	LatinDigits   Digits = iota // 0–9
	PersianDigits               // ۰–۹, U+06F0
	ArabicDigits                // ٠–٩, U+0660
)

// Locale is how one person reads: the language of the words and, apart from it, calendar, digits, time zone, first day of the week and
// whether amounts in rial are shown in toman (ten rial).
type Locale struct {
	Language  string // a code of Languages; anything else reads as English
	Calendar  calendar.Calendar
	Digits    Digits
	Zone      *time.Location // nil is UTC
	WeekStart time.Weekday
	Toman     bool
}

// DefaultLocale gives what most readers of a language expect. The zones of Tehran and Baku are fixed offsets when the machine has no
// table of time zones.
func DefaultLocale(language string) Locale {
	switch language {
	case Persian:
		return Locale{Language: Persian, Calendar: calendar.Jalali, Digits: PersianDigits,
			Zone: zone("Asia/Tehran", 3*time.Hour+30*time.Minute), WeekStart: time.Saturday, Toman: true}
	case Azerbaijani:
		return Locale{Language: Azerbaijani, Calendar: calendar.Gregorian, Zone: zone("Asia/Baku", 4*time.Hour), WeekStart: time.Monday}
	}
	return Locale{Language: English, Calendar: calendar.Gregorian, Zone: time.UTC, WeekStart: time.Monday}
}

func zone(name string, offset time.Duration) *time.Location {
	if loc, err := time.LoadLocation(name); err == nil {
		return loc
	}
	return time.FixedZone(name, int(offset/time.Second))
}

// complete fills what a locale leaves open, so that a Printer never meets an unknown language or a nil zone.
func (l Locale) complete() Locale {
	if l.Language != Persian && l.Language != Azerbaijani {
		l.Language = English
	}
	if l.Zone == nil {
		l.Zone = time.UTC
	}
	return l
}

// RightToLeft says whether the language is written from right to left.
func (l Locale) RightToLeft() bool { return l.Language == Persian }

// marks are the signs that a number is written with.
type marks struct {
	zero    rune
	group   string
	point   string
	percent string
}

func (l Locale) marks() marks {
	switch {
	case l.Digits == PersianDigits:
		return marks{zero: '۰', group: "٬", point: "٫", percent: l.percent()}
	case l.Digits == ArabicDigits:
		return marks{zero: '٠', group: "٬", point: "٫", percent: l.percent()}
	case l.Language == Azerbaijani:
		return marks{zero: '0', group: ".", point: ",", percent: "%"}
	}
	return marks{zero: '0', group: ",", point: ".", percent: "%"}
}

func (l Locale) percent() string {
	if l.Language == Persian {
		return "٪"
	}
	return "%"
}

// digits writes the Latin digits of s in the digits of the locale and leaves everything else.
func (l Locale) digits(s string) string {
	if l.Digits == LatinDigits {
		return s
	}
	zero := l.marks().zero
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, s)
}
