// Package fault gives every refusal a kind, a key and the place where it happened, so that the edge can translate it into a
// status and a sentence without reading the text of an error.
package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind says what sort of trouble an error is. The zero kind is Internal, so that what nobody classified never leaks.
type Kind int

// The kinds of fault, from the one that shows nothing to the ones a person can act on.
const (
	Internal        Kind = iota // a defect or an unknown failure: details go to the log only
	Invalid                     // the input is wrong: fix it and try again
	Unauthenticated             // nobody is signed in, or the token is not valid
	Denied                      // the caller may see the thing but not do this
	NotFound                    // absent, or not visible to the caller
	Conflict                    // stale version, duplicate value, or a state that forbids the change
	TooLarge                    // a body, a file or a list is over its limit
	TooMany                     // a rate limit is reached
	Unavailable                 // the database or a peer is away: try again later
	Full                        // the disk is full
)

var kindNames = [...]string{"internal", "invalid", "unauthenticated", "denied", "not_found", "conflict", "too_large", "too_many", "unavailable", "full"}

// String gives the stable name of the kind, as logs and problem documents show it.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return kindNames[Internal]
	}
	return kindNames[k]
}

// MarshalText gives the stable name, so that a kept fault means the same whatever kinds are added.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote; an unknown name is an error.
func (k *Kind) UnmarshalText(name []byte) error {
	i := slices.Index(kindNames[:], string(name))
	if i < 0 {
		return fmt.Errorf("unknown kind of fault %q", name)
	}
	*k = Kind(i)
	return nil
}

// Params are the operands of a message, by name. Values are texts, numbers, or values that the i18n package formats.
type Params map[string]any

// UnmarshalJSON reads operands so that they are shown as they were before they were kept: whole numbers are int64 again, and lists of texts
// are []string.
func (p *Params) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var read map[string]any
	if err := d.Decode(&read); err != nil {
		return fmt.Errorf("read operands: %w", err)
	}
	for name, v := range read {
		read[name] = operand(v)
	}
	*p = read
	return nil
}

func operand(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if n, err := v.Float64(); err == nil {
			return n
		}
		return v.String()
	case []any:
		texts := make([]string, len(v))
		for i, part := range v {
			text, ok := part.(string)
			if !ok {
				return v
			}
			texts[i] = text
		}
		return texts
	}
	return v
}

// Error is one refusal. Key names a message of the locale files ("value.too_long"); Field is the field at fault, with a dot before a
// part ("address.city"); Params are the operands of the message.
type Error struct {
	Kind   Kind   `json:"kind"`
	Key    string `json:"key"`
	Field  string `json:"field,omitempty"`
	Params Params `json:"params,omitempty"`
	Err    error  `json:"-"` // the cause, for logs; never shown to a person and never kept
}

// New makes a fault of a kind with the key of its message; pairs are names and values of its operands. A name without a value is left out.
func New(kind Kind, key string, pairs ...any) *Error {
	return &Error{Kind: kind, Key: key, Params: params(pairs)}
}

// At makes an Invalid fault of a field.
func At(field, key string, pairs ...any) *Error {
	return &Error{Kind: Invalid, Key: key, Field: field, Params: params(pairs)}
}

// Wrap makes a fault that keeps its cause.
func Wrap(kind Kind, key string, err error, pairs ...any) *Error {
	return &Error{Kind: kind, Key: key, Params: params(pairs), Err: err}
}

func params(pairs []any) Params {
	if len(pairs) == 0 {
		return nil
	}
	p := make(Params, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		p[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return p
}

// In returns a copy of the fault that blames a field, or puts the field in front of the one it blames already.
func (e *Error) In(field string) *Error {
	c := *e
	switch {
	case field == "":
	case c.Field == "":
		c.Field = field
	default:
		c.Field = field + "." + c.Field
	}
	return &c
}

// Error reads as key, field, operands and cause; it is for logs and programmers.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	b.WriteString(e.Key)
	for _, name := range slices.Sorted(maps.Keys(e.Params)) {
		fmt.Fprintf(&b, " %s=%v", name, e.Params[name])
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// List is several faults at once: every bad field of a record, every problem of a catalog.
type List []*Error

// Error joins the faults with semicolons.
func (l List) Error() string {
	parts := make([]string, len(l))
	for i, e := range l {
		parts[i] = e.Error()
	}
	return strings.Join(parts, "; ")
}

// Unwrap gives the faults to errors.Is and errors.As.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// Add appends err: a fault, a list of faults, or any other error as an Internal fault. Nil adds nothing.
func (l *List) Add(err error) {
	var list List
	var one *Error
	switch {
	case err == nil:
	case errors.As(err, &list):
		*l = append(*l, list...)
	case errors.As(err, &one):
		*l = append(*l, one)
	default:
		*l = append(*l, Wrap(Internal, "error.internal", err))
	}
}

// Or gives the list as an error, or nil when it is empty.
func (l List) Or() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// KindOf gives the kind of err: of a list the first fault decides; Internal when err is no fault.
func KindOf(err error) Kind {
	if one := Of(err); one != nil {
		return one.Kind
	}
	return Internal
}

// Of gives the first fault inside err, or nil.
func Of(err error) *Error {
	var list List
	if errors.As(err, &list) && len(list) > 0 {
		return list[0]
	}
	var one *Error
	if errors.As(err, &one) {
		return one
	}
	return nil
}

// All gives every fault inside err; an error that is no fault gives none.
func All(err error) List {
	var list List
	if errors.As(err, &list) {
		return list
	}
	if one := Of(err); one != nil {
		return List{one}
	}
	return nil
}

// Is says whether err is a fault of the kind. An error that is no fault is of no kind, not even Internal.
func Is(err error, kind Kind) bool {
	one := Of(err)
	return one != nil && one.Kind == kind
}
