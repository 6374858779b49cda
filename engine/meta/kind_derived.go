package meta

import (
	"encoding/json"
	"slices"

	"ashna/kit/fault"
	"ashna/kit/formula"
)

// FormulaKind is a value computed from others. It is kept in a column and refreshed at each save when it reads only fields of its own
// record and no clock; otherwise it is computed at each read, and such a field has no index.
type FormulaKind struct {
	Source string `json:"formula"`
	Result Kind   `json:"-"` // the kind of the answer, for storage and show: number, text, money, bool, date, datetime
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
	if k.Result == nil || !slices.Contains(ResultTypes, k.Result.Type()) {
		return fault.At("result", "value.choice", "value", "")
	}
	if k.Source == "" {
		return fault.At("formula", "value.required")
	}
	return nil
}

// Parse refuses: nobody writes a computed field.
func (FormulaKind) Parse(*Env, any) ([]any, error) {
	return nil, fault.New(fault.Invalid, "value.read_only")
}

// AppendJSON writes the answer as its kind does; money as a decimal number of the base currency.
func (k FormulaKind) AppendJSON(dst []byte, slots []any) []byte {
	return appendAnswer(dst, k.Result, slots)
}

// Text is the answer as its kind writes it.
func (k FormulaKind) Text(slots []any) string { return answerText(k.Result, slots) }

// Formula is the type of the answer.
func (k FormulaKind) Formula() formula.Type {
	if k.Result == nil {
		return formula.Type{}
	}
	return k.Result.Formula()
}

func appendAnswer(dst []byte, kind Kind, slots []any) []byte {
	if _, isMoney := kind.(MoneyKind); isMoney {
		return NumberKind{}.AppendJSON(dst, slots)
	}
	return kind.AppendJSON(dst, slots)
}

func answerText(kind Kind, slots []any) string {
	if _, isMoney := kind.(MoneyKind); isMoney {
		return NumberKind{}.Text(slots)
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

// AppendJSON writes the answer as its kind does; money as a number of minor units of the base currency.
func (k RollupKind) AppendJSON(dst []byte, slots []any) []byte {
	return appendAnswer(dst, k.result(), slots)
}

// Text is the answer as its kind writes it.
func (k RollupKind) Text(slots []any) string { return answerText(k.result(), slots) }

// Formula is the type of the answer.
func (k RollupKind) Formula() formula.Type { return k.result().Formula() }

// JSONKind is structured data that the program writes and reads whole, such as the rights of a role.
type JSONKind struct {
	Max int `json:"max,omitempty"` // bytes, 64 KiB unless given
}

// Type is "json".
func (JSONKind) Type() string { return "json" }

// Columns is one text.
func (JSONKind) Columns() []Column { return []Column{{"", Text}} }

// Parse takes any JSON value within the limit; a text is taken as JSON.
func (k JSONKind) Parse(_ *Env, in any) ([]any, error) {
	if empty(in) {
		return blank(1), nil
	}
	if s, ok := in.(string); ok {
		if !json.Valid([]byte(s)) {
			return nil, fault.New(fault.Invalid, "value.json")
		}
		in = json.RawMessage(s)
	}
	limit := k.Max
	if limit == 0 {
		limit = 64 << 10
	}
	out, err := json.Marshal(in)
	if err != nil || len(out) > limit {
		return nil, fault.New(fault.Invalid, "value.too_long", "max", limit)
	}
	return one(string(out)), nil
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
