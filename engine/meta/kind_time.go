package meta

import (
	"strings"
	"time"

	"ashna/kit/calendar"
	"ashna/kit/fault"
	"ashna/kit/formula"
)

// DateKind is a day without a time or a zone. The calendar it is shown in is a matter of the reader, never of the field.
type DateKind struct{}

// Type is "date".
func (DateKind) Type() string { return "date" }

// Columns is one integer, days since 1970-01-01.
func (DateKind) Columns() []Column { return []Column{{"", Int}} }

// Parse reads an ISO 8601 date in the Gregorian calendar.
func (DateKind) Parse(_ *Env, in any) ([]any, error) {
	if empty(in) {
		return blank(1), nil
	}
	s, ok := in.(string)
	if !ok {
		return nil, fault.New(fault.Invalid, "value.date")
	}
	day, err := calendar.ParseISO(strings.TrimSpace(s))
	if err != nil {
		return nil, fault.New(fault.Invalid, "value.date")
	}
	return one(int64(day)), nil
}

// AppendJSON writes the ISO date.
func (k DateKind) AppendJSON(dst []byte, slots []any) []byte {
	n, ok := slots[0].(int64)
	if !ok {
		return appendNull(dst)
	}
	dst = append(dst, '"')
	dst = append(dst, calendar.Day(n).String()...)
	return append(dst, '"')
}

// Text is the ISO date.
func (DateKind) Text(slots []any) string {
	if n, ok := slots[0].(int64); ok {
		return calendar.Day(n).String()
	}
	return ""
}

// Formula is a date.
func (DateKind) Formula() formula.Type { return formula.Type{Kind: formula.Date} }

// DateTimeKind is an instant.
type DateTimeKind struct{}

// Type is "datetime".
func (DateTimeKind) Type() string { return "datetime" }

// Columns is one integer, microseconds since 1970-01-01 UTC.
func (DateTimeKind) Columns() []Column { return []Column{{"", Int}} }

// maxMoment is the length of a moment as text in bytes, with some white space around.
const maxMoment = 64

// Parse reads RFC 3339, with a zone; parts of a microsecond are dropped. In UTC the year is 1 to 9999.
func (DateTimeKind) Parse(_ *Env, in any) ([]any, error) {
	if empty(in) {
		return blank(1), nil
	}
	s, _ := in.(string)
	t, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(s[:min(len(s), maxMoment)]))
	if t = t.UTC(); err != nil || len(s) > maxMoment || t.Year() < 1 || t.Year() > 9999 {
		return nil, fault.New(fault.Invalid, "value.datetime")
	}
	return one(t.UnixMicro()), nil
}

// AppendJSON writes RFC 3339 in UTC.
func (k DateTimeKind) AppendJSON(dst []byte, slots []any) []byte {
	n, ok := slots[0].(int64)
	if !ok {
		return appendNull(dst)
	}
	dst = append(dst, '"')
	dst = time.UnixMicro(n).UTC().AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}

// Text is RFC 3339 in UTC.
func (DateTimeKind) Text(slots []any) string {
	if n, ok := slots[0].(int64); ok {
		return time.UnixMicro(n).UTC().Format(time.RFC3339Nano)
	}
	return ""
}

// Formula is a moment.
func (DateTimeKind) Formula() formula.Type { return formula.Type{Kind: formula.Moment} }
