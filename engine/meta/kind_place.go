package meta

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/money"
	"ashna/kit/text"
)

// AddressKind is a postal address in parts. Formulas see its parts as fields of their own: address_city, address_country.
type AddressKind struct{}

// AddressParts are the parts of an address in the order of their slots.
var AddressParts = []string{"street", "city", "region", "postal_code", "country"}

// Type is "address".
func (AddressKind) Type() string { return "address" }

// Columns are the parts, each a text.
func (AddressKind) Columns() []Column {
	columns := make([]Column, len(AddressParts))
	for i, part := range AddressParts {
		columns[i] = Column{"_" + part, Text}
	}
	return columns
}

// Parse reads an object with parts, the same object as a JSON text, or another text, which becomes the street.
func (AddressKind) Parse(_ *Env, in any) ([]any, error) {
	slots := blank(len(AddressParts))
	if empty(in) {
		return slots, nil
	}
	parts, ok := in.(map[string]any)
	if !ok {
		parts = addressText(in)
	}
	if err := onlyParts(parts, AddressParts...); err != nil {
		return nil, err
	}
	for i, name := range AddressParts {
		s, err := line(parts[name], maxPart)
		if err != nil {
			return nil, fault.Of(err).In(name)
		}
		if name == "country" && s != "" {
			if s = strings.ToUpper(s); len(s) != 2 || !isLetters(s) {
				return nil, fault.At(name, "value.country")
			}
		}
		if s != "" {
			slots[i] = s
		}
	}
	return slots, nil
}

// maxPart is how many characters a part of an address has at most.
const maxPart = 300

// addressText reads an address from one cell.
func addressText(in any) map[string]any {
	if s, ok := in.(string); ok && len(s) < maxPart*64 && strings.HasPrefix(s, "{") {
		var parts map[string]any
		if json.Unmarshal([]byte(s), &parts) == nil {
			return parts
		}
	}
	return map[string]any{"street": in}
}

// AppendJSON writes an object with the parts that are not empty.
func (AddressKind) AppendJSON(dst []byte, slots []any) []byte {
	start := len(dst)
	for i, part := range AddressParts {
		s, ok := slots[i].(string)
		if !ok {
			continue
		}
		if len(dst) == start {
			dst = append(dst, '{')
		} else {
			dst = append(dst, ',')
		}
		dst = AppendText(dst, part)
		dst = append(dst, ':')
		dst = AppendText(dst, s)
	}
	if len(dst) == start {
		return appendNull(dst)
	}
	return append(dst, '}')
}

// Text is the JSON object, so that Parse of a CSV cell loses no part.
func (k AddressKind) Text(slots []any) string {
	if !slices.ContainsFunc(slots, func(v any) bool { return v != nil }) {
		return ""
	}
	return string(k.AppendJSON(nil, slots))
}

// Formula is none: the parts are fields of their own.
func (AddressKind) Formula() formula.Type { return formula.Type{} }

// Terms are the words of all parts but the country.
func (AddressKind) Terms(slots []any) (words, parts string) {
	var b strings.Builder
	for _, s := range slots[:4] {
		b.WriteString(slotText(s) + " ")
	}
	return b.String(), ""
}

// GeoKind is a place on the map.
type GeoKind struct{}

const geoDecimals = 6

// Type is "geo".
func (GeoKind) Type() string { return "geo" }

// Columns are latitude and longitude in millionths of a degree.
func (GeoKind) Columns() []Column { return []Column{{"_lat", Int}, {"_lon", Int}} }

// Parse reads {"lat": 35.7, "lon": 51.4} or the text "35.7,51.4", degrees of WGS 84; what is finer than a millionth is dropped.
func (GeoKind) Parse(_ *Env, in any) ([]any, error) {
	if empty(in) {
		return blank(2), nil
	}
	wrong := fault.New(fault.Invalid, "value.geo")
	var lat, lon any
	switch v := in.(type) {
	case map[string]any:
		lat, lon = v["lat"], v["lon"]
		if len(v) != 2 {
			return nil, wrong
		}
	case string:
		a, b, ok := strings.Cut(v, ",")
		if !ok {
			return nil, wrong
		}
		lat, lon = a, strings.TrimSpace(b)
	}
	y, okY := degrees(lat, 90)
	x, okX := degrees(lon, 180)
	if !okY || !okX {
		return nil, wrong
	}
	return []any{y, x}, nil
}

func degrees(in any, limit int64) (int64, bool) {
	s, err := decimalText(in)
	if err != nil || len(s) > 80 {
		return 0, false
	}
	s = strings.Replace(text.Digits(strings.TrimSpace(s)), "٫", ".", 1)
	if i := strings.IndexByte(s, '.'); i >= 0 && len(s)-i-1 > geoDecimals {
		if strings.Trim(s[i+1:], "0123456789") != "" {
			return 0, false
		}
		s = s[:i+1+geoDecimals]
	}
	n, err := money.ParseDecimal(s, geoDecimals)
	return n, err == nil && n >= -limit*1_000_000 && n <= limit*1_000_000
}

// AppendJSON writes an object with lat and lon as numbers.
func (GeoKind) AppendJSON(dst []byte, slots []any) []byte {
	lat, ok := slots[0].(int64)
	lon, ok2 := slots[1].(int64)
	if !ok || !ok2 {
		return appendNull(dst)
	}
	dst = append(dst, `{"lat":`...)
	dst = append(dst, money.FormatDecimal(lat, geoDecimals)...)
	dst = append(dst, `,"lon":`...)
	dst = append(dst, money.FormatDecimal(lon, geoDecimals)...)
	return append(dst, '}')
}

// Text is "35.700000,51.400000".
func (GeoKind) Text(slots []any) string {
	lat, ok := slots[0].(int64)
	lon, ok2 := slots[1].(int64)
	if !ok || !ok2 {
		return ""
	}
	return money.FormatDecimal(lat, geoDecimals) + "," + money.FormatDecimal(lon, geoDecimals)
}

// Formula is none.
func (GeoKind) Formula() formula.Type { return formula.Type{} }

// NumberingKind is a running number that people speak of, given once when a record is made: a prefix and digits.
type NumberingKind struct {
	Prefix string `json:"prefix,omitempty"` // "C-"; "{year}" stands for the year of the workspace's calendar
	Digits int    `json:"digits,omitempty"` // padded with zeros to this width, at most 12
	Start  int64  `json:"start,omitempty"`  // the first number, 1 unless given
}

// Type is "autonumber".
func (NumberingKind) Type() string { return "autonumber" }

// Columns is one text.
func (NumberingKind) Columns() []Column { return []Column{{"", Text}} }

// Check refuses a prefix that is long or has characters that cannot be stored, and too many digits.
func (k NumberingKind) Check() error {
	if err := checkWords("prefix", k.Prefix, maxUnit); err != nil {
		return err
	}
	switch {
	case k.Digits < 0 || k.Digits > 12:
		return fault.At("digits", "value.range", "min", 0, "max", 12)
	case k.Start < 0:
		return fault.At("start", "value.min", "min", 0)
	}
	return nil
}

// Parse takes a text as it is; only imports and restores bring one.
func (NumberingKind) Parse(env *Env, in any) ([]any, error) {
	return TextKind{Max: 60}.Parse(env, in)
}

// Number writes the n-th number of the year.
func (k NumberingKind) Number(n int64, year int) string {
	digits := strconv.FormatInt(n, 10)
	if pad := k.Digits - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	return strings.ReplaceAll(k.Prefix, "{year}", strconv.Itoa(year)) + digits
}

// AppendJSON writes the text.
func (NumberingKind) AppendJSON(dst []byte, slots []any) []byte { return appendTextJSON(dst, slots[0]) }

// Text is the number as people say it.
func (NumberingKind) Text(slots []any) string { return slotText(slots[0]) }

// Formula is text.
func (NumberingKind) Formula() formula.Type { return formula.Type{Kind: formula.Text} }

// Key is the normalised text.
func (NumberingKind) Key(s string) string { return textKey(s) }

// Terms are the number as a part.
func (NumberingKind) Terms(slots []any) (words, parts string) { return "", slotText(slots[0]) }
