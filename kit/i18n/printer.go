package i18n

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"ashna/kit/calendar"
	"ashna/kit/fault"
	"ashna/kit/money"
)

// Key is a parameter that is itself the key of a message: it is translated before it is inserted. Packages below this one may have key
// types of their own; what has a method MessageKey is treated alike.
type Key string

// MessageKey gives the key to translate.
func (k Key) MessageKey() string { return string(k) }

// Text is a parameter that is ready to be shown, such as what a Printer made: it is inserted as it is.
type Text string

// Bytes is a parameter that is a size in bytes, shown as FileSize.
type Bytes int64

// Printer speaks for one Locale. It never changes and is safe for use by many goroutines.
type Printer struct {
	bundle *Bundle
	texts  map[string]message
	locale Locale
	marks  marks
}

// For gives the printer of a locale. An unknown language speaks English, a nil zone is UTC.
func (b *Bundle) For(l Locale) *Printer {
	l = l.complete()
	return &Printer{bundle: b, texts: b.texts[l.Language], locale: l, marks: l.marks()}
}

// Locale gives the locale that the printer speaks for, with its gaps filled.
func (p *Printer) Locale() Locale { return p.locale }

// Has says whether there is a text for the key.
func (p *Printer) Has(key string) bool {
	_, found := p.texts[key]
	return found
}

// Say gives the text of a key. Params are names and values in turn, or one fault.Params. The parameter n, a whole number, chooses the
// plural form. Numbers, dates, times, durations and amounts are formatted for the reader; a Key is translated; texts are cut at 300
// characters, freed of control characters and isolated when they run in the other direction. An unknown key gives the key in brackets
// and is counted by Missing; a parameter that was not given stays as {name}.
func (p *Printer) Say(key string, params ...any) string {
	return p.say(key, gather(params))
}

// Fault gives the sentence of a fault. An Internal fault gives the general sentence, so that nothing of it leaks; nil gives nothing.
func (p *Printer) Fault(e *fault.Error) string {
	switch {
	case e == nil:
		return ""
	case e.Kind == fault.Internal:
		return p.say("error.internal", nil)
	}
	return p.say(e.Key, e.Params)
}

func (p *Printer) say(key string, params fault.Params) string {
	m, found := p.find(key, params)
	if !found {
		p.bundle.miss(p.locale.Language, key)
		return "[" + key + "]"
	}
	n, counted := whole(params["n"])
	var out strings.Builder
	for _, part := range m.pick(p.locale.Language, n, counted) {
		if part.param == "" {
			out.WriteString(part.text)
			continue
		}
		value, given := params[part.param]
		if !given {
			out.WriteString("{" + part.param + "}")
			continue
		}
		out.WriteString(p.show(value, part.hint))
	}
	return out.String()
}

// find gives the message of a key: the variant of the first parameter, by name, that has one and is not empty, or the message itself.
func (p *Printer) find(key string, params fault.Params) (message, bool) {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if m, found := p.texts[key+"?"+name]; found && !isEmpty(params[name]) {
			return m, true
		}
	}
	m, found := p.texts[key]
	return m, found
}

func isEmpty(value any) bool {
	return value == nil || value == "" || value == Key("") || value == Text("")
}

// gather makes one map of pairs of names and values; a value without a name is left out.
func gather(params []any) fault.Params {
	if len(params) == 1 {
		if all, ok := params[0].(fault.Params); ok {
			return all
		}
	}
	all := make(fault.Params, len(params)/2)
	for i := 0; i+1 < len(params); i += 2 {
		all[fmt.Sprint(params[i])] = params[i+1]
	}
	return all
}

// show writes one parameter for the reader, in the way that the text asks for.
func (p *Printer) show(value any, hint string) string {
	switch v := value.(type) {
	case Text:
		return string(v)
	case interface{ MessageKey() string }:
		return p.say(v.MessageKey(), nil)
	case string:
		return isolate(tidy(v), p.locale.RightToLeft())
	case *fault.Error:
		return p.Fault(v)
	case []string:
		return p.List(v)
	case []Key:
		words := make([]Text, len(v))
		for i, key := range v {
			words[i] = Text(p.say(string(key), nil))
		}
		return p.join(words)
	case bool:
		return p.say("format.bool."+strconv.FormatBool(v), nil)
	}
	return p.showQuantity(value, hint)
}

// showQuantity writes numbers, times and amounts, and whatever else can name itself.
func (p *Printer) showQuantity(value any, hint string) string {
	switch v := value.(type) {
	case Bytes:
		return p.FileSize(int64(v))
	case money.Amount:
		return p.Money(v, false)
	case calendar.Day:
		return p.Date(v, Short)
	case time.Time:
		return p.DateTime(v)
	case time.Duration:
		return p.Duration(v)
	}
	if n, ok := whole(value); ok {
		return p.showNumber(n, hint)
	}
	text := fmt.Sprint(value)
	if f, ok := value.(float64); ok {
		text = p.locale.digits(strings.Replace(strconv.FormatFloat(f, 'f', -1, 64), ".", p.marks.point, 1))
	}
	return isolate(tidy(text), p.locale.RightToLeft())
}

func (p *Printer) showNumber(n int64, hint string) string {
	switch hint {
	case hintDuration:
		return p.Duration(seconds(n))
	case hintSize:
		return p.FileSize(n)
	case hintPlain:
		return p.locale.digits(strconv.FormatInt(n, 10))
	}
	return p.Number(n)
}

// whole gives the value of any whole number type; one too large for an int64 is none.
func whole(value any) (int64, bool) {
	v := reflect.ValueOf(value)
	switch {
	case !v.IsValid():
		return 0, false
	case v.CanInt():
		return v.Int(), true
	case v.CanUint() && v.Uint() <= 1<<63-1:
		return int64(v.Uint()), true
	}
	return 0, false
}

// List joins texts as the language does: "a", "a and b", "a, b and c". Every text is tidied and isolated like a parameter.
func (p *Printer) List(items []string) string {
	words := make([]Text, len(items))
	for i, item := range items {
		words[i] = Text(isolate(tidy(item), p.locale.RightToLeft()))
	}
	return p.join(words)
}

func (p *Printer) join(words []Text) string {
	if len(words) == 0 {
		return ""
	}
	last := len(words) - 1
	if last == 0 {
		return string(words[0])
	}
	var head strings.Builder
	comma := p.between("format.list.more")
	for i, word := range words[:last] {
		if i > 0 {
			head.WriteString(comma)
		}
		head.WriteString(string(word))
	}
	return p.say("format.list.two", fault.Params{"a": Text(head.String()), "b": words[last]})
}

// between gives the literal that stands between the two parameters of a pattern.
func (p *Printer) between(key string) string {
	for _, part := range p.texts[key].other {
		if part.param == "" {
			return part.text
		}
	}
	return ", "
}
