package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"ashna/kit/fault"
	"ashna/service/auth"
)

// form reads the values of a body whose names are fixed. It notes every value that is wrong, and end gives all of them and every name
// that nobody asked for.
type form struct {
	in     map[string]any
	faults fault.List
}

func (f *form) take(name string) (any, bool) {
	v, ok := f.in[name]
	delete(f.in, name)
	return v, ok && v != nil
}

// text reads a text that may be missing.
func (f *form) text(name string) string {
	v, ok := f.take(name)
	s, isText := v.(string)
	if ok && !isText {
		f.faults = append(f.faults, fault.At(name, "value.type", "want", "text"))
	}
	return s
}

// needed reads a text that must be there.
func (f *form) needed(name string) string {
	s := f.text(name)
	if s == "" && !slices.ContainsFunc(f.faults, func(e *fault.Error) bool { return e.Field == name }) {
		f.faults = append(f.faults, fault.At(name, "value.required"))
	}
	return s
}

func (f *form) secret(name string) auth.Secret { return auth.Secret(f.text(name)) }

func (f *form) yes(name string) bool {
	v, ok := f.take(name)
	b, isBool := v.(bool)
	if ok && !isBool {
		f.faults = append(f.faults, fault.At(name, "value.bool"))
	}
	return b
}

func (f *form) number(name string) int64 {
	v, ok := f.take(name)
	if !ok {
		return 0
	}
	text, _ := v.(json.Number)
	n, err := strconv.ParseInt(text.String(), 10, 64)
	if err != nil {
		f.faults = append(f.faults, fault.At(name, "value.number"))
	}
	return n
}

func (f *form) moment(name string) *time.Time {
	s := f.text(name)
	if s == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		f.faults = append(f.faults, fault.At(name, "value.datetime"))
		return nil
	}
	return &t
}

func (f *form) texts(name string) []string {
	v, ok := f.take(name)
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
		f.faults = append(f.faults, fault.At(name, "value.type", "want", "list"))
		return nil
	}
	return list
}

// end refuses names that are left, and gives everything that was wrong.
func (f *form) end() error {
	for _, name := range slices.Sorted(maps.Keys(f.in)) {
		f.faults = append(f.faults, fault.At(shown(name), "value.unknown_field", "field", shown(name)))
	}
	return f.faults.Or()
}

// names reads an object whose values are texts.
func (f *form) names(name string) map[string]string {
	v, ok := f.take(name)
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
		f.faults = append(f.faults, fault.At(name, "value.type", "want", "object"))
		return nil
	}
	return out
}
