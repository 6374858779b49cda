package strict

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"ashna/kit/fault"
)

// Form reads the values of a body whose names are fixed. It notes every value that is wrong, and end gives all of them and every name
// that nobody asked for.
type Form struct {
	in     map[string]any
	Faults fault.List // what is wrong so far
}

// NewForm reads from the values of a body, which stay as they are.
func NewForm(in map[string]any) *Form { return &Form{in: maps.Clone(in)} }

// Take gives the value of a name as it came, once; null counts as missing.
func (f *Form) Take(name string) (any, bool) {
	v, ok := f.in[name]
	delete(f.in, name)
	return v, ok && v != nil
}

// Text reads a text that may be missing.
func (f *Form) Text(name string) string {
	v, ok := f.Take(name)
	s, isText := v.(string)
	if ok && !isText {
		f.Refuse(name, "value.type", "want", "text")
	}
	return s
}

// Needed reads a text that must be there.
func (f *Form) Needed(name string) string {
	s := f.Text(name)
	if s == "" && !slices.ContainsFunc(f.Faults, func(e *fault.Error) bool { return e.Field == name }) {
		f.Refuse(name, "value.required")
	}
	return s
}

// Yes reads a yes or no that may be missing, which is no.
func (f *Form) Yes(name string) bool {
	v, ok := f.Take(name)
	b, isBool := v.(bool)
	if ok && !isBool {
		f.Refuse(name, "value.bool")
	}
	return b
}

// Number reads a whole number that may be missing, which is 0.
func (f *Form) Number(name string) int64 {
	v, ok := f.Take(name)
	if !ok {
		return 0
	}
	text, _ := v.(json.Number)
	n, err := strconv.ParseInt(text.String(), 10, 64)
	if err != nil {
		f.Refuse(name, "value.number")
	}
	return n
}

// Moment reads an instant in RFC 3339 that may be missing, which is nil.
func (f *Form) Moment(name string) *time.Time {
	s := f.Text(name)
	if s == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		f.Refuse(name, "value.datetime")
		return nil
	}
	return &t
}

// Texts reads a list of texts that may be missing.
func (f *Form) Texts(name string) []string {
	v, ok := f.Take(name)
	if !ok {
		return nil
	}
	items, isList := v.([]any)
	list := make([]string, 0, len(items))
	for _, item := range items {
		s, isText := item.(string)
		isList = isList && isText
		list = append(list, s)
	}
	if !isList {
		f.Refuse(name, "value.type", "want", "list")
		return nil
	}
	return list
}

// End refuses names that are left, and gives everything that was wrong.
func (f *Form) End() error {
	for _, name := range slices.Sorted(maps.Keys(f.in)) {
		f.Refuse(Name(name), "value.unknown_field", "field", Name(name))
	}
	return f.Faults.Or()
}

// Names reads an object whose values are texts.
func (f *Form) Names(name string) map[string]string {
	v, ok := f.Take(name)
	if !ok {
		return nil
	}
	in, isObject := v.(map[string]any)
	out := make(map[string]string, len(in))
	for key, value := range in {
		s, isText := value.(string)
		isObject = isObject && isText
		out[key] = s
	}
	if !isObject {
		f.Refuse(name, "value.type", "want", "object")
		return nil
	}
	return out
}

// Refuse notes that the value of a name is wrong.
func (f *Form) Refuse(name, key string, pairs ...any) {
	f.Faults = append(f.Faults, fault.At(name, key, pairs...))
}
