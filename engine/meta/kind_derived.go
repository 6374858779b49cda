package meta

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"ashna/kit/fault"
	"ashna/kit/formula"
)

// FormulaKind is a value computed from others. It is kept in a column and refreshed at each save when it reads only fields of its own
// record and no clock; otherwise it is computed at each read, and such a field has no index.
type FormulaKind struct {
	Source string `json:"formula"`
	Result Kind   `json:"-"` // the kind of the answer, for storage and show: number, text, money, bool, date, datetime

	digits int // decimals of the base currency, once the catalog is compiled
}

// ResultTypes are the kinds that a formula may answer with.
var ResultTypes = []string{"text", "number", "percent", "money", "bool", "date", "datetime"}

// Type is "formula".
func (FormulaKind) Type() string { return "formula" }

// Columns is one column for the answer; a money answer is an amount in the base currency.
func (k FormulaKind) Columns() []Column {
	if k.Result == nil {
		return nil
	}
	return []Column{{"", k.Result.Columns()[0].Storage}}
}

// Check refuses an answer of a kind that formulas do not give.
func (k FormulaKind) Check() error {
	switch {
	case k.Result == nil:
		return fault.At("result", "value.required")
	case !slices.Contains(ResultTypes, k.Result.Type()):
		return fault.At("result", "value.choice", "value", k.Result.Type())
	case k.Source == "":
		return fault.At("formula", "value.required")
	}
	if c, ok := k.Result.(Checker); ok {
		if err := c.Check(); err != nil {
			return fault.Of(err).In("result")
		}
	}
	return nil
}

// Parse refuses: nobody writes a computed field.
func (FormulaKind) Parse(*Env, any) ([]any, error) {
	return nil, fault.New(fault.Invalid, "value.read_only")
}

// AppendJSON writes the answer as its kind does; money as a decimal number of the base currency.
func (k FormulaKind) AppendJSON(dst []byte, slots []any) []byte {
	return appendAnswer(dst, k.Result, k.digits, slots)
}

// Text is the answer as its kind writes it.
func (k FormulaKind) Text(slots []any) string { return answerText(k.Result, k.digits, slots) }

// Formula is the type of the answer.
func (k FormulaKind) Formula() formula.Type {
	if k.Result == nil {
		return formula.Type{}
	}
	return k.Result.Formula()
}

// appendAnswer writes a computed value; an amount has no currency of its own and is a number of the base currency.
func appendAnswer(dst []byte, kind Kind, digits int, slots []any) []byte {
	if _, isMoney := kind.(MoneyKind); isMoney {
		kind = NumberKind{Decimals: digits}
	}
	if kind == nil {
		return appendNull(dst)
	}
	return kind.AppendJSON(dst, slots)
}

func answerText(kind Kind, digits int, slots []any) string {
	if _, isMoney := kind.(MoneyKind); isMoney {
		kind = NumberKind{Decimals: digits}
	}
	if kind == nil {
		return ""
	}
	return kind.Text(slots)
}

// Function is how a roll-up joins the values of a list.
type Function string

// The functions of a roll-up.
const (
	Count   Function = "count"
	Sum     Function = "sum"
	Min     Function = "min"
	Max     Function = "max"
	Average Function = "avg" // four decimals, toward zero
)

// RollupKind joins the records of a list into one value, kept in a column and refreshed in the transaction that changes the list.
type RollupKind struct {
	List     string   `json:"list"`
	Function Function `json:"function"`
	Field    string   `json:"field,omitempty"` // of the listed object; none for count
	Where    string   `json:"where,omitempty"` // a condition over the listed record's own fields, without a clock
	Result   Kind     `json:"-"`               // set when the catalog is compiled: the kind of the answer

	digits int // decimals of the base currency, once the catalog is compiled
}

// Type is "rollup".
func (RollupKind) Type() string { return "rollup" }

// Columns is one integer.
func (RollupKind) Columns() []Column { return []Column{{"", Int}} }

// Check refuses an unknown function and a missing field.
func (k RollupKind) Check() error {
	switch k.Function {
	case Count:
		return nil
	case Sum, Min, Max, Average:
		if k.Field == "" {
			return fault.At("field", "value.required")
		}
		return nil
	}
	return fault.At("function", "value.choice", "value", string(k.Function))
}

// Parse refuses: nobody writes a roll-up.
func (RollupKind) Parse(*Env, any) ([]any, error) {
	return nil, fault.New(fault.Invalid, "value.read_only")
}

func (k RollupKind) result() Kind {
	if k.Result == nil {
		return NumberKind{}
	}
	return k.Result
}

// AppendJSON writes the answer as its kind does; money as a decimal number of the base currency.
func (k RollupKind) AppendJSON(dst []byte, slots []any) []byte {
	return appendAnswer(dst, k.result(), k.digits, slots)
}

// Text is the answer as its kind writes it.
func (k RollupKind) Text(slots []any) string { return answerText(k.result(), k.digits, slots) }

// Formula is the type of the answer.
func (k RollupKind) Formula() formula.Type { return k.result().Formula() }

// JSONKind is structured data that the program writes and reads whole, such as the rights of a role.
type JSONKind struct {
	Max int `json:"max,omitempty"` // bytes, 64 KiB unless given, at most 1 MiB
}

const maxJSON = 1 << 20

// Type is "json".
func (JSONKind) Type() string { return "json" }

// Columns is one text.
func (JSONKind) Columns() []Column { return []Column{{"", Text}} }

// Check refuses a size out of range.
func (k JSONKind) Check() error {
	if k.Max < 0 || k.Max > maxJSON {
		return fault.New(fault.Invalid, "value.range", "min", 1, "max", maxJSON)
	}
	return nil
}

// Parse takes an object, an array, a number or a yes or no within the limit; a text is taken as JSON of one of these. It is kept in one
// form, whatever the spaces and the order of names it came with; null is empty.
func (k JSONKind) Parse(_ *Env, in any) ([]any, error) {
	if empty(in) {
		return blank(1), nil
	}
	limit := k.Max
	if limit == 0 {
		limit = 64 << 10
	}
	if s, ok := in.(string); ok {
		if len(s) > 8*limit {
			return nil, fault.New(fault.Invalid, "value.too_long", "max", limit)
		}
		if in, ok = jsonText(s); !ok {
			return nil, fault.New(fault.Invalid, "value.json")
		}
		if in == nil {
			return blank(1), nil
		}
	}
	out, err := json.Marshal(in)
	switch {
	case err != nil:
		return nil, fault.New(fault.Invalid, "value.json")
	case len(out) > limit:
		return nil, fault.New(fault.Invalid, "value.too_long", "max", limit)
	}
	return one(string(out)), nil
}

// jsonText reads one JSON value that is no text.
func jsonText(s string) (any, bool) {
	if !utf8.ValidString(s) {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	_, isText := v.(string)
	return v, !isText
}

// AppendJSON writes the value as it was given.
func (JSONKind) AppendJSON(dst []byte, slots []any) []byte {
	if s := slotText(slots[0]); s != "" {
		return append(dst, s...)
	}
	return appendNull(dst)
}

// Text is the JSON text.
func (JSONKind) Text(slots []any) string { return slotText(slots[0]) }

// Formula is none.
func (JSONKind) Formula() formula.Type { return formula.Type{} }
