package i18n

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"ashna/kit/calendar"
	"ashna/kit/fault"
)

// Style is how much of a date is written.
type Style int

// The styles of a date.
const (
	Short Style = iota // in digits: 22/02/2027, ۱۴۰۵/۱۲/۰۳, 22.02.2027
	Long               // with the name of the month: 22 February 2027
	Full               // with the weekday too: Monday 22 February 2027
)

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
	month  = 30 * day
	year   = 365 * day
)

// Date writes a day in the calendar of the locale.
func (p *Printer) Date(d calendar.Day, style Style) string {
	y, m, dom := d.YMD(p.locale.Calendar)
	if style == Short {
		return p.say("format.date.short", fault.Params{"year": p.plain(y, 4), "month": p.plain(m, 2), "day": p.plain(dom, 2)})
	}
	params := fault.Params{"year": p.plain(y, 1), "month": Text(p.monthBeforeYear(m)), "day": p.plain(dom, 1)}
	if style == Long {
		return p.say("format.date.long", params)
	}
	params["weekday"] = Text(p.WeekdayName(d.Weekday()))
	return p.say("format.date.full", params)
}

// MonthYear writes the month of a day, in the calendar of the locale: "February 2027".
func (p *Printer) MonthYear(d calendar.Day) string {
	y, m, _ := d.YMD(p.locale.Calendar)
	return p.say("format.date.month", fault.Params{"year": p.plain(y, 1), "month": Text(p.monthBeforeYear(m))})
}

// MonthName gives the name of a month, 1–12, of the calendar of the locale; any other number gives nothing.
func (p *Printer) MonthName(m int) string {
	if m < 1 || m > 12 {
		return ""
	}
	name := "gregorian"
	if p.locale.Calendar == calendar.Jalali {
		name = "jalali"
	}
	return p.say(fmt.Sprintf("cal.%s.%02d", name, m), nil)
}

// monthBeforeYear gives the name of a month as it stands before its year: Persian joins the two, which shows after a silent h
// («فوریهٔ ۲۰۲۷»).
func (p *Printer) monthBeforeYear(m int) string {
	name := p.MonthName(m)
	if p.locale.Language == Persian && strings.HasSuffix(name, "یه") {
		return name + "\u0654"
	}
	return name
}

// WeekdayName gives the name of a weekday.
func (p *Printer) WeekdayName(w time.Weekday) string { return p.weekday("cal.weekday.", w) }

// WeekdayShort gives the name of a weekday for the head of a narrow column.
func (p *Printer) WeekdayShort(w time.Weekday) string { return p.weekday("cal.weekday_short.", w) }

func (p *Printer) weekday(prefix string, w time.Weekday) string {
	if w < time.Sunday || w > time.Saturday {
		return ""
	}
	return p.say(prefix+strings.ToLower(w.String()), nil)
}

// Time writes the time of day in the zone of the locale, in 24 hours: "14:30".
func (p *Printer) Time(t time.Time) string {
	t = t.In(p.locale.Zone)
	return p.say("format.time", fault.Params{"hour": p.plain(t.Hour(), 2), "minute": p.plain(t.Minute(), 2)})
}

// DateTime writes the short date and the time, in the zone of the locale.
func (p *Printer) DateTime(t time.Time) string {
	date := p.Date(calendar.DayOf(t, p.locale.Zone), Short)
	return p.say("format.date.time", fault.Params{"date": Text(date), "time": Text(p.Time(t))})
}

// Relative writes how far t is from now, in the largest unit that fits: "just now", "3 minutes ago", "in 2 days". A month counts 30 days
// and a year 365; what is not a whole unit is left out.
func (p *Printer) Relative(t, now time.Time) string {
	distance := int64(t.Sub(now) / time.Second)
	suffix := "_ahead"
	if distance < 0 {
		distance, suffix = -distance, "_ago"
	}
	if distance < minute {
		return p.say("format.relative.now", nil)
	}
	steps := [...]struct {
		name string
		size int64
	}{{"year", year}, {"month", month}, {"day", day}, {"hour", hour}, {"minute", minute}}
	for _, step := range steps {
		if distance >= step.size {
			return p.say("format.relative."+step.name+suffix, fault.Params{"n": distance / step.size})
		}
	}
	return ""
}

// Duration writes a length of time in its two largest units from days to seconds: "2 hours 5 minutes". Parts of a second are left out.
func (p *Printer) Duration(d time.Duration) string {
	total := int64(d / time.Second)
	left := int64(magnitude(total))
	steps := [...]struct {
		name string
		size int64
	}{{"day", day}, {"hour", hour}, {"minute", minute}, {"second", 1}}
	var parts []string
	for i, step := range steps {
		n := left / step.size
		left %= step.size
		if n > 0 || i == len(steps)-1 && len(parts) == 0 {
			parts = append(parts, p.say("format.duration."+step.name, fault.Params{"n": n}))
		}
		// Only the unit right after the first is worth saying.
		if len(parts) == 2 || len(parts) == 1 && n == 0 {
			break
		}
	}
	text := parts[0]
	if len(parts) == 2 {
		text = p.say("format.duration.two", fault.Params{"a": Text(parts[0]), "b": Text(parts[1])})
	}
	if total < 0 {
		return p.say("format.duration.minus", fault.Params{"duration": Text(text)})
	}
	return text
}

// seconds gives n seconds as a duration; what does not fit becomes the longest duration.
func seconds(n int64) time.Duration {
	const most = int64(1<<63-1) / int64(time.Second)
	return time.Duration(min(max(n, -most), most)) * time.Second
}

// plain writes a small number without separators, with zeros in front up to a width.
func (p *Printer) plain(n, width int) Text {
	text := strconv.Itoa(int(magnitude(int64(n))))
	if len(text) < width {
		text = strings.Repeat("0", width-len(text)) + text
	}
	if n < 0 {
		text = "-" + text
	}
	return Text(p.locale.digits(text))
}
