// Package meta says what the business is made of: objects, fields, relations, actions and rights, as plain data. It knows no
// database, no HTTP and no HTML; everything else is derived from what is declared here.
package meta

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"ashna/kit/fault"
	"ashna/kit/formula"
)

// Storage is how one column is kept. Both databases keep every scalar as a 64-bit integer or as text, so that one value has one
// representation everywhere.
type Storage int

// The storages of a column.
const (
	Int   Storage = iota // int64: numbers, money, dates (days since 1970), moments (µs since 1970), links, yes and no (1 and 0)
	Text                 // UTF-8 without NUL; empty text is stored as NULL
	Bytes                // order keys of a language
)

// Column is one column of a kind. Suffix is empty for the first and "_currency", "_city" and the like for parts.
type Column struct {
	Suffix  string
	Storage Storage
}

// Kind answers how the values of a field are parsed, checked, compared and stored. A value is one slot per column: int64, string, or
// nil for empty. A new kind is one type here and one case in the interface.
type Kind interface {
	// Type is the name of the kind in the catalog, "text" or "money".
	Type() string
	// Columns lists what is stored, nothing for kinds that are computed at each read.
	Columns() []Column
	// Parse turns what came in (a JSON value with numbers as json.Number, or a text of a CSV cell) into one slot per column.
	// Nil and a text of white space are empty. Errors are faults, without a field or with the name of a part of the value.
	Parse(env *Env, in any) ([]any, error)
	// AppendJSON writes the value as the API shows it.
	AppendJSON(dst []byte, slots []any) []byte
	// Text gives the value as one cell of a CSV file; Parse reads it back.
	Text(slots []any) string
	// Formula is the type of the value in formulas, of the column that formulas see.
	Formula() formula.Type
}

// Checker is a kind whose settings can be wrong.
type Checker interface {
	// Check says what is wrong with the settings, as faults without a field.
	Check() error
}

// Keyed is a text kind that compares by a key of its own, kept in the column "_k".
type Keyed interface {
	// Key is the comparison key of a stored text; never empty for a text that is not.
	Key(string) string
}

// Searcher is a kind whose values the full-text search can find.
type Searcher interface {
	// Terms gives the words and the parts (digits, addresses: found by any fragment) of a value.
	Terms(slots []any) (words, parts string)
}

// Env is what parsing depends on besides the value: the settings of the workspace.
type Env struct {
	Country  string // ISO 3166 code that phone numbers and national codes default to
	Currency string // base currency of the workspace
	Language string // en, fa or az: order of names
	// Rate gives what one unit of a currency is worth in the base currency, as a decimal text, and whether it is known.
	Rate func(currency string) (rate string, ok bool)
}

// one wraps a single slot.
func one(v any) []any { return []any{v} }

// preparer is a kind that works faster after some work at the time the catalog is compiled.
type preparer interface{ prepared() Kind }

// prepare gives the kind as a compiled catalog holds it; its settings have been checked.
func prepare(k Kind) Kind {
	if p, ok := k.(preparer); ok {
		return p.prepared()
	}
	return k
}

// empty says whether an input stands for no value: nothing, or a text of white space only.
func empty(in any) bool {
	s, isText := in.(string)
	return in == nil || isText && strings.TrimSpace(s) == ""
}

// blank gives n empty slots.
func blank(n int) []any { return make([]any, n) }

// textOf reads a text input; numbers are taken as they were typed.
func textOf(in any) (string, error) {
	switch v := in.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	}
	return "", wrongType("text")
}

// decimalText reads a number input as the text that was typed, with exponents written out.
func decimalText(in any) (string, error) {
	switch v := in.(type) {
	case string:
		return plainDecimal(v), nil
	case json.Number:
		return trimZeros(plainDecimal(v.String())), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case int:
		return strconv.Itoa(v), nil
	}
	return "", wrongType("number")
}

func wrongType(want string) *fault.Error {
	return fault.New(fault.Invalid, "value.type", "want", want)
}

func appendNull(dst []byte) []byte { return append(dst, "null"...) }

// appendIntJSON writes an integer slot or null.
func appendIntJSON(dst []byte, v any) []byte {
	if n, ok := v.(int64); ok {
		return strconv.AppendInt(dst, n, 10)
	}
	return appendNull(dst)
}

// AppendText writes a JSON string, byte for byte as encoding/json does and several times as fast: quotes, backslashes and control
// characters are escaped, "<", ">", "&" and the line separators of Unicode too, so that an answer is harmless inside a page, and bytes
// that are not UTF-8 become U+FFFD.
func AppendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	if !utf8.ValidString(s) {
		return append(appendInvalid(dst, s), '"')
	}
	return append(appendEscaped(dst, s), '"')
}

// appendInvalid writes a text some bytes of which are not UTF-8; each such byte becomes the escape of U+FFFD.
func appendInvalid(dst []byte, s string) []byte {
	for s != "" {
		valid := 0
		for valid < len(s) {
			r, size := utf8.DecodeRuneInString(s[valid:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			valid += size
		}
		dst = appendEscaped(dst, s[:valid])
		if valid == len(s) {
			break
		}
		dst = append(dst, `\ufffd`...)
		s = s[valid+1:]
	}
	return dst
}

func appendEscaped(dst []byte, s string) []byte {
	const hex, separators = "0123456789abcdef", "\u2028\u2029"
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == separators[0] && i+2 < len(s) && (s[i:i+3] == separators[:3] || s[i:i+3] == separators[3:]):
			dst = append(append(dst, s[start:i]...), `\u202`...)
			dst = append(dst, hex[s[i+2]&15])
			i += 2
		case c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&':
			continue
		default:
			dst = append(dst, s[start:i]...)
			if short := strings.IndexByte("\"\\\b\f\n\r\t", c); short >= 0 {
				dst = append(dst, '\\', `"\bfnrt`[short])
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
		}
		start = i + 1
	}
	return append(dst, s[start:]...)
}

func appendTextJSON(dst []byte, v any) []byte {
	if s, ok := v.(string); ok {
		return AppendText(dst, s)
	}
	return appendNull(dst)
}

func slotText(v any) string {
	s, _ := v.(string)
	return s
}
