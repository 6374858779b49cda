package meta

import (
	"math"
	"strconv"
	"strings"
	"time"

	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/money"
	"ashna/kit/text"
)

// The two ends of int64 mean overflow in formulas and are never stored.
const (
	minInt = math.MinInt64 + 1
	maxInt = math.MaxInt64 - 1
)

// NumberKind is an exact number with a fixed count of decimals. With none it is a whole number.
type NumberKind struct {
	Decimals int    `json:"decimals,omitempty"` // 0 to 6
	Min      *int64 `json:"min,omitempty"`      // in whole units
	Max      *int64 `json:"max,omitempty"`      // in whole units
	Unit     string `json:"unit,omitempty"`     // shown after the number
}

// Type is "number".
func (NumberKind) Type() string { return "number" }

// Columns is one integer.
func (NumberKind) Columns() []Column { return []Column{{"", Int}} }

// Check refuses more than six decimals and an empty range.
func (k NumberKind) Check() error {
	if k.Decimals < 0 || k.Decimals > 6 {
		return fault.New(fault.Invalid, "value.range", "min", 0, "max", 6)
	}
	if k.Min != nil && k.Max != nil && *k.Min > *k.Max {
		return fault.New(fault.Invalid, "value.range", "min", *k.Min, "max", *k.Max)
	}
	return checkWords("unit", k.Unit, maxUnit)
}

// maxUnit is how many characters a unit or a prefix has at most.
const maxUnit = 20

// checkWords refuses a short text of the settings that is too long or could not be stored as it is.
func checkWords(setting, s string, limit int) error {
	if len(s) > limit*8 || text.Length(s) > limit {
		return fault.At(setting, "value.too_long", "max", limit)
	}
	if _, err := text.Clean(s); err != nil {
		return fault.At(setting, "value.text_invalid")
	}
	return nil
}

// Parse reads a decimal text or number exactly; more decimals than the field has are refused.
func (k NumberKind) Parse(_ *Env, in any) ([]any, error) {
	if empty(in) {
		return blank(1), nil
	}
	v, err := scaled(in, k.Decimals)
	if err != nil {
		return nil, err
	}
	if err := inRange(v, k.Min, k.Max, k.Decimals); err != nil {
		return nil, err
	}
	return one(v), nil
}

func scaled(in any, decimals int) (int64, error) {
	s, err := decimalText(in)
	if err != nil {
		return 0, err
	}
	return money.ParseDecimal(s, decimals)
}

// maxExponent bounds how far an exponent moves the point; no stored number is longer.
const maxExponent = 30

// plainDecimal writes out the exponent of a number, as JSON and spreadsheets have it: "1.25E+3" is "1250". Any other text stays.
func plainDecimal(s string) string {
	at := strings.IndexAny(s, "eE")
	if at < 0 || len(s) > 60 {
		return s
	}
	shift, err := strconv.Atoi(s[at+1:])
	digits := strings.TrimSpace(s[:at])
	sign := ""
	if strings.HasPrefix(digits, "-") || strings.HasPrefix(digits, "+") {
		sign, digits = digits[:1], digits[1:]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	if err != nil || shift < -maxExponent || shift > maxExponent || whole == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return s
	}
	for ; shift > 0; shift-- {
		fraction += "0"
		whole, fraction = whole+fraction[:1], fraction[1:]
	}
	for ; shift < 0; shift++ {
		whole = "0" + whole
		whole, fraction = whole[:len(whole)-1], whole[len(whole)-1:]+fraction
	}
	return sign + trimZeros(whole+"."+fraction)
}

// trimZeros drops the zeros at the end of a fraction. To JSON 5.0 and 5 are one number; what people type is not trimmed, because who
// types 1.500 may mean a thousand and a half.
func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// inRange compares a scaled number with limits in whole units, by division, so that no product overflows.
func inRange(v int64, low, high *int64, decimals int) error {
	unit := int64(1)
	for range decimals {
		unit *= 10
	}
	floor, ceiling := v/unit, v/unit
	switch rest := v % unit; {
	case rest < 0:
		floor--
	case rest > 0:
		ceiling++
	}
	switch {
	case v < minInt || v > maxInt:
		return fault.New(fault.Invalid, "value.range", "min", int64(minInt), "max", int64(maxInt))
	case low != nil && *low > floor:
		return fault.New(fault.Invalid, "value.min", "min", *low)
	case high != nil && *high < ceiling:
		return fault.New(fault.Invalid, "value.max", "max", *high)
	}
	return nil
}

// AppendJSON writes a JSON number with the decimals of the field.
func (k NumberKind) AppendJSON(dst []byte, slots []any) []byte {
	n, ok := slots[0].(int64)
	if !ok {
		return appendNull(dst)
	}
	if k.Decimals == 0 {
		return strconv.AppendInt(dst, n, 10)
	}
	return append(dst, money.FormatDecimal(n, k.Decimals)...)
}

// Text is the decimal text.
func (k NumberKind) Text(slots []any) string {
	if n, ok := slots[0].(int64); ok {
		return money.FormatDecimal(n, k.Decimals)
	}
	return ""
}

// Formula is a number of this scale.
func (k NumberKind) Formula() formula.Type {
	return formula.Type{Kind: formula.Number, Scale: k.Decimals}
}

// PercentKind is a share in percent with two decimals: 12.5 is 12.5 %. The range is 0 to 100 unless Wide.
type PercentKind struct {
	Wide bool `json:"wide,omitempty"` // also below 0 and above 100
}

// Type is "percent".
func (PercentKind) Type() string { return "percent" }

// Columns is one integer, hundredths of a percent.
func (PercentKind) Columns() []Column { return []Column{{"", Int}} }

func (k PercentKind) number() NumberKind {
	n := NumberKind{Decimals: 2}
	if !k.Wide {
		low, high := int64(0), int64(100)
		n.Min, n.Max = &low, &high
	}
	return n
}

// Parse reads a decimal; a percent sign at the end is taken off.
func (k PercentKind) Parse(env *Env, in any) ([]any, error) {
	if s, ok := in.(string); ok {
		in = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(s), "%"), "٪"))
	}
	return k.number().Parse(env, in)
}

// AppendJSON writes a JSON number.
func (k PercentKind) AppendJSON(dst []byte, slots []any) []byte {
	return k.number().AppendJSON(dst, slots)
}

// Text is the decimal text without a sign.
func (k PercentKind) Text(slots []any) string { return k.number().Text(slots) }

// Formula is a number with two decimals.
func (PercentKind) Formula() formula.Type { return formula.Type{Kind: formula.Number, Scale: 2} }

// RatingKind is a count of stars.
type RatingKind struct {
	Max int `json:"max,omitempty"` // 5 unless given, at most 10
}

// Type is "rating".
func (RatingKind) Type() string { return "rating" }

// Columns is one integer.
func (RatingKind) Columns() []Column { return []Column{{"", Int}} }

// Check refuses a scale out of range.
func (k RatingKind) Check() error {
	if k.Max < 0 || k.Max > 10 {
		return fault.New(fault.Invalid, "value.range", "min", 1, "max", 10)
	}
	return nil
}

// Parse reads a whole number from 0 to the highest.
func (k RatingKind) Parse(env *Env, in any) ([]any, error) {
	low, high := int64(0), int64(k.Max)
	if high == 0 {
		high = 5
	}
	return NumberKind{Min: &low, Max: &high}.Parse(env, in)
}

// AppendJSON writes a JSON number.
func (RatingKind) AppendJSON(dst []byte, slots []any) []byte { return appendIntJSON(dst, slots[0]) }

// Text is the number.
func (RatingKind) Text(slots []any) string { return NumberKind{}.Text(slots) }

// Formula is a whole number.
func (RatingKind) Formula() formula.Type { return formula.Type{Kind: formula.Number} }

// DurationKind is a length of time in whole seconds.
type DurationKind struct{}

// Type is "duration".
func (DurationKind) Type() string { return "duration" }

// Columns is one integer, seconds.
func (DurationKind) Columns() []Column { return []Column{{"", Int}} }

// Parse reads seconds, "1:30" or "1:30:15" (hours first), or a text like "1h30m".
func (DurationKind) Parse(_ *Env, in any) ([]any, error) {
	if empty(in) {
		return blank(1), nil
	}
	wrong := fault.New(fault.Invalid, "value.duration")
	s, err := decimalText(in)
	if err != nil || len(s) > 80 {
		return nil, wrong
	}
	s = strings.ToLower(strings.TrimSpace(text.Digits(s)))
	if n, err := money.ParseDecimal(s, 0); err == nil {
		return withinSeconds(n, wrong)
	}
	if parts := strings.Split(s, ":"); len(parts) == 2 || len(parts) == 3 {
		s = parts[0] + "h" + parts[1] + "m"
		if len(parts) == 3 {
			s += parts[2] + "s"
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return nil, wrong
	}
	return withinSeconds(int64(d/time.Second), wrong)
}

func withinSeconds(n int64, wrong error) ([]any, error) {
	const century = 100 * 366 * 86400
	if n < 0 || n > century {
		return nil, wrong
	}
	return one(n), nil
}

// AppendJSON writes the seconds.
func (DurationKind) AppendJSON(dst []byte, slots []any) []byte { return appendIntJSON(dst, slots[0]) }

// Text is the seconds.
func (DurationKind) Text(slots []any) string { return NumberKind{}.Text(slots) }

// Formula is a whole number of seconds.
func (DurationKind) Formula() formula.Type { return formula.Type{Kind: formula.Number} }

// BoolKind is yes or no; empty counts as no in conditions.
type BoolKind struct{}

// Type is "bool".
func (BoolKind) Type() string { return "bool" }

// Columns is one integer, 1 or 0.
func (BoolKind) Columns() []Column { return []Column{{"", Int}} }

// Parse reads true and false, and their usual words in the three languages.
func (BoolKind) Parse(_ *Env, in any) ([]any, error) {
	if empty(in) {
		return blank(1), nil
	}
	if b, ok := in.(bool); ok {
		if b {
			return one(int64(1)), nil
		}
		return one(int64(0)), nil
	}
	s, err := decimalText(in)
	if err == nil {
		switch textKey(s) {
		case "1", "true", "yes", "y", "on", "بله", "بلی", "hə", "bəli", "doğru":
			return one(int64(1)), nil
		case "0", "false", "no", "n", "off", "خیر", "نه", "yox", "xeyr", "yanliş": // keys have i for ı
			return one(int64(0)), nil
		}
	}
	return nil, fault.New(fault.Invalid, "value.bool")
}

// AppendJSON writes true, false or null.
func (BoolKind) AppendJSON(dst []byte, slots []any) []byte {
	switch slots[0] {
	case int64(1):
		return append(dst, "true"...)
	case int64(0):
		return append(dst, "false"...)
	}
	return appendNull(dst)
}

// Text is true, false or empty.
func (k BoolKind) Text(slots []any) string {
	if slots[0] == nil {
		return ""
	}
	return string(k.AppendJSON(nil, slots))
}

// Formula is yes/no.
func (BoolKind) Formula() formula.Type { return formula.Type{Kind: formula.Bool} }
