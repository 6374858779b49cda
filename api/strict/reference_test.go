package strict

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"ashna/kit/fault"
)

// library reads a body as encoding/json does: what it takes is a superset of what this package takes.
func library(body []byte) (any, error) {
	if !json.Valid(body) {
		return nil, fmt.Errorf("not JSON")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// writer makes JSON texts of values, each in one of the many spellings that mean the same.
type writer struct {
	*rand.Rand
	strings.Builder
}

// value makes a random value of at most depth levels.
func (w *writer) value(depth int) any {
	switch kind := w.IntN(10); {
	case depth > 0 && kind < 3:
		object := map[string]any{}
		for range w.IntN(4) {
			object[w.words()] = w.value(depth - 1)
		}
		return object
	case depth > 0 && kind < 5:
		list := []any{}
		for range w.IntN(4) {
			list = append(list, w.value(depth-1))
		}
		return list
	case kind < 7:
		return w.words()
	case kind == 7:
		return []any{nil, true, false}[w.IntN(3)]
	}
	return json.Number(w.digits())
}

// words are made of letters that JSON, the three languages or careless programs treat in a way of their own.
func (w *writer) words() string {
	letters := []rune("ab\"\\/\b\f\n\r\t\x01\x1f\x7f<>&\u2028\u2029کیşəıİ\u200c😀\U0010FFFF\ufffd\ufeff")
	word := make([]rune, w.IntN(6))
	for i := range word {
		word[i] = letters[w.IntN(len(letters))]
	}
	return string(word)
}

func (w *writer) digits() string {
	return []string{"0", "-0", "12", "-7", "0.50", "1e3", "2E-7", "-1.5e+10", "9223372036854775808", "1e400", "123456789012345678901234567890"}[w.IntN(11)]
}

// spell writes a value with white space between the parts and random escapes in texts.
func (w *writer) spell(v any) {
	w.gap()
	switch v := v.(type) {
	case map[string]any:
		w.WriteByte('{')
		first := true
		for name, member := range v {
			if !first {
				w.WriteByte(',')
			}
			first = false
			w.gap()
			w.quote(name)
			w.gap()
			w.WriteByte(':')
			w.spell(member)
		}
		w.gap()
		w.WriteByte('}')
	case []any:
		w.WriteByte('[')
		for i, member := range v {
			if i > 0 {
				w.WriteByte(',')
			}
			w.spell(member)
		}
		w.gap()
		w.WriteByte(']')
	case string:
		w.quote(v)
	case json.Number:
		w.WriteString(v.String())
	default:
		raw, _ := json.Marshal(v)
		w.Write(raw)
	}
	w.gap()
}

func (w *writer) gap() {
	if w.IntN(3) == 0 {
		w.WriteString([]string{" ", "\t", "\r\n", "\n  "}[w.IntN(4)])
	}
}

// quote writes a text; every character is sometimes an escape, with digits of either case.
func (w *writer) quote(s string) {
	w.WriteByte('"')
	for _, r := range s {
		short := strings.IndexRune("\"\\/\b\f\n\r\t", r)
		must := r < ' ' || r == '"' || r == '\\'
		switch {
		case short >= 0 && (must || w.IntN(2) == 0) && w.IntN(3) > 0:
			w.WriteByte('\\')
			w.WriteByte(`"\/bfnrt`[short])
		case !must && w.IntN(3) > 0:
			w.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(w, []string{`\u%04x\u%04x`, `\u%04X\u%04X`}[w.IntN(2)], 0xD800+(r-0x10000)>>10, 0xDC00+(r-0x10000)&0x3FF)
		default:
			fmt.Fprintf(w, []string{`\u%04x`, `\u%04X`}[w.IntN(2)], r)
		}
	}
	w.WriteByte('"')
}

// Every spelling of a value is read as the value.
func TestReadEverySpelling(t *testing.T) {
	w := &writer{Rand: rand.New(rand.NewPCG(11, 1))}
	nested := 0
	for range 6000 {
		want := w.value(4)
		w.Reset()
		w.spell(want)
		got, err := Read([]byte(w.String()))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is read as %#v, %v; it was written of %#v", w.String(), got, err, want)
		}
		if theirs, err := library([]byte(w.String())); err != nil || !reflect.DeepEqual(theirs, want) {
			t.Fatalf("%q: the library has %#v, %v: the test writes wrongly", w.String(), theirs, err)
		}
		if _, isObject := want.(map[string]any); isObject {
			nested++
		}
	}
	if nested < 1000 {
		t.Errorf("only %d objects", nested)
	}
}

// spoiled changes, adds, doubles or takes away a piece of a body.
func (w *writer) spoiled(body string) []byte {
	b := []byte(body)
	for range 1 + w.IntN(3) {
		at := w.IntN(len(b) + 1)
		switch w.IntN(6) {
		case 0:
			b = append(b[:at:at], b[min(at+1+w.IntN(3), len(b)):]...)
		case 1:
			pieces := []string{`"a":1,`, `"a":2,`, ",", ":", "{", "}", "[", "]", `"`, `\`, `\u0000`, `\ud800`, `\udfff`, "\x00", "\xff", "0", "-", ".", "e", "+", "tru", "nul", " ", "/", "'", "\ufeff"}
			b = append(b[:at:at], append([]byte(pieces[w.IntN(len(pieces))]), b[at:]...)...)
		case 2:
			if at < len(b) {
				b[at] = byte(w.Uint32())
			}
		case 3:
			end := min(at+w.IntN(12), len(b))
			b = append(b[:end:end], append(bytes.Clone(b[at:end]), b[end:]...)...)
		case 4:
			b = b[:at]
		case 5:
			if open := bytes.LastIndexByte(b[:at], '{'); open >= 0 && bytes.IndexByte(b[open:], ':') > 0 {
				b = append(b[:open+1:open+1], append([]byte(`"\u006d":[],"m" : 1,`), b[open+1:]...)...)
			}
		}
	}
	return b
}

var lonelyEscape = regexp.MustCompile(`(?i)\\u(0000|d[89a-f][0-9a-f]{2})`)

// stricter says why this package may refuse what the library takes, looked for without its own reader.
func stricter(t *testing.T, body []byte) string {
	t.Helper()
	switch {
	case !utf8.Valid(body):
		return "value.text_invalid"
	case lonelyEscape.Match(body):
		return "value.text_invalid"
	case repeated(t, body):
		return "request.repeated"
	}
	return ""
}

// repeated says whether a name stands twice in an object.
func repeated(t *testing.T, body []byte) bool {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	type level struct {
		names map[string]bool // nil in an array
		name  bool            // a name comes next
	}
	var levels []*level
	for {
		token, err := d.Token()
		if err == io.EOF {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		var top *level
		if len(levels) > 0 {
			top = levels[len(levels)-1]
		}
		if text, isText := token.(string); isText && top != nil && top.name {
			if top.names[text] {
				return true
			}
			top.names[text], top.name = true, false
			continue
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, &level{map[string]bool{}, true})
			continue
		case json.Delim('['):
			levels = append(levels, &level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
			if top = nil; len(levels) > 0 {
				top = levels[len(levels)-1]
			}
		}
		if top != nil {
			top.name = top.names != nil
		}
	}
}

// What is taken is what the library takes, with its value; what only the library takes has one of the faults that it lets pass.
func TestReadIsTheLibraryButStricter(t *testing.T) {
	w := &writer{Rand: rand.New(rand.NewPCG(12, 2))}
	both, neither, only := 0, 0, map[string]int{}
	for range 40_000 {
		w.Reset()
		w.spell(w.value(3))
		body := w.spoiled(w.String())
		got, err := Read(body)
		theirs, refused := library(body)
		switch {
		case err == nil && refused != nil:
			t.Fatalf("%q is taken, the library says %v", body, refused)
		case err == nil:
			both++
			if !reflect.DeepEqual(got, theirs) {
				t.Fatalf("%q is read as %#v, the library has %#v", body, got, theirs)
			}
		case refused != nil:
			neither++
		default:
			key := fault.Of(err).Key
			only[key]++
			if why := stricter(t, body); why != key && why != "value.text_invalid" {
				t.Fatalf("%q is refused with %s, which should be %q", body, key, why)
			}
		}
		if err != nil && (got != nil || !fault.Is(err, fault.Invalid)) {
			t.Fatalf("%q: %#v with %v", body, got, err)
		}
	}
	if both < 2000 || neither < 5000 || only["value.text_invalid"] < 20 || only["request.repeated"] < 20 {
		t.Errorf("%d taken by both, %d by neither, only the library: %v: the test does not bite", both, neither, only)
	}
}

// A body that breaks off is refused wherever it breaks off, and the place that is named lies in it.
func TestReadBrokenOff(t *testing.T) {
	const whole = `{"name":"A\u0041\ud83d\ude00ک","list":[1.5e-3,{"x":null}],"yes":true,"no":false}`
	if _, err := Read([]byte(whole)); err != nil {
		t.Fatal(err)
	}
	for end := range len(whole) {
		_, err := Read([]byte(whole[:end]))
		one := fault.Of(err)
		if one == nil {
			t.Fatalf("%q is taken", whole[:end])
		}
		if one.Key == "value.text_invalid" {
			if utf8.ValidString(whole[:end]) && !strings.Contains(whole[:end], `\ud83d`) {
				t.Errorf("%q: %v", whole[:end], one)
			}
			continue
		}
		if at, ok := one.Params["at"].(int); !ok || one.Key != "request.json" || at < 0 || at > end {
			t.Errorf("%q: %v at %v", whole[:end], one, one.Params["at"])
		}
	}
}

// The place of a fault counts bytes from 0.
func TestReadNamesThePlace(t *testing.T) {
	for in, at := range map[string]int{
		``: 0, `   `: 3, `x`: 0, `  x`: 2, `{"a":1,}`: 7, `{"a" 1}`: 5, `{"a":1 "b":2}`: 7, `[1,,2]`: 3, `[1 2]`: 3, `{} {}`: 3, `[] x`: 3, `truE`: 0, `[01]`: 3,
		`{"ک":x}`: 6, "\"a\tb\"": 2, `"a\q"`: 3, `"a\u00zz"`: 4, `{1:2}`: 1, `[`: 1, `{`: 1, `{"a"`: 4, `{"a":`: 5, `-`: 1, `1.`: 2, `1e+`: 3,
	} {
		_, err := Read([]byte(in))
		if one := fault.Of(err); one == nil || one.Key != "request.json" || one.Params["at"] != at {
			t.Errorf("%q: %v at %v, want %d", in, err, fault.Of(err).Params["at"], at)
		}
	}
}

// Numbers stay as they were typed, up to a length, and follow the grammar of JSON exactly: all texts of a few signs are tried.
func TestReadNumbers(t *testing.T) {
	grammar := regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	signs := "0125.-+eE"
	numbers := 0
	var try func(s string)
	try = func(s string) {
		got, err := Read([]byte(s))
		if grammar.MatchString(s) != (err == nil) {
			t.Fatalf("%q: %v", s, err)
		}
		if err == nil {
			numbers++
			if got != json.Number(s) {
				t.Fatalf("%q is read as %#v", s, got)
			}
		}
		if len(s) < 5 {
			for i := range len(signs) {
				try(s + signs[i:i+1])
			}
		}
	}
	try("")
	if numbers < 500 {
		t.Errorf("only %d numbers", numbers)
	}
	for _, c := range []struct {
		text string
		want string
	}{
		{strings.Repeat("9", maxNumber), ""},
		{strings.Repeat("9", maxNumber+1), "value.number"},
		{"-" + strings.Repeat("9", maxNumber), "value.number"},
		{"0." + strings.Repeat("0", maxNumber-2), ""},
		{"0." + strings.Repeat("0", maxNumber-1), "value.number"},
		{"1e" + strings.Repeat("0", maxNumber), "value.number"},
		{strings.Repeat("0", maxNumber+1), "request.json"},
		{strings.Repeat("9", 2_000_000), "value.number"},
	} {
		for _, body := range []string{c.text, `{"a":[` + c.text + `]}`} {
			_, err := Read([]byte(body))
			one := fault.Of(err)
			if c.want == "" && err != nil || c.want != "" && (one == nil || one.Key != c.want) {
				t.Errorf("a number of %d bytes: %v, want %q", len(c.text), err, c.want)
			}
			if c.want == "value.number" && body[0] == '{' && one.Field != "a.0" {
				t.Errorf("the number is at %q", one.Field)
			}
		}
	}
}

// Levels count lists and objects together, and those that were closed no longer count.
func TestReadDepth(t *testing.T) {
	mixed := func(levels int) string {
		open, end := "", ""
		for i := range levels {
			if i%2 == 0 {
				open, end = open+"[", "]"+end
			} else {
				open, end = open+`{"a":`, "}"+end
			}
		}
		if levels%2 == 0 {
			return open + "1" + end
		}
		return open + end
	}
	for levels := range maxJSONDepth + 10 {
		_, err := Read([]byte(mixed(levels)))
		if one := fault.Of(err); (err == nil) != (levels <= maxJSONDepth) || one != nil && (one.Key != "request.too_deep" || one.Params["max"] != maxJSONDepth) {
			t.Errorf("%d levels: %v", levels, err)
		}
	}
	side := "[" + strings.TrimSuffix(strings.Repeat(mixed(maxJSONDepth-1)+",", 100), ",") + "]"
	if _, err := Read([]byte(side)); err != nil {
		t.Errorf("levels side by side: %v", err)
	}
}

// Whatever two escapes stand beside each other, the text is that of the library, or it has no such text.
func TestReadSurrogates(t *testing.T) {
	halves := []int{0xD7FF, 0xD800, 0xD801, 0xDBFF, 0xDC00, 0xDC01, 0xDFFF, 0xE000, 0x0041, 0x0001, 0xFFFD, 0xFFFF}
	high := func(c int) bool { return c >= 0xD800 && c < 0xDC00 }
	low := func(c int) bool { return c >= 0xDC00 && c < 0xE000 }
	for _, a := range halves {
		for _, b := range halves {
			for _, between := range []string{"", "x", `\n`} {
				body := fmt.Sprintf(`"\u%04x%s\u%04X"`, a, between, b)
				whole := high(a) && low(b) && between == "" || !high(a) && !low(a) && !high(b) && !low(b)
				got, err := Read([]byte(body))
				if whole != (err == nil) {
					t.Errorf("%s: %q, %v", body, got, err)
					continue
				}
				if theirs, _ := library([]byte(body)); whole && got != theirs {
					t.Errorf("%s is %q, the library has %q", body, got, theirs)
				}
				if !whole && fault.Of(err).Key != "value.text_invalid" {
					t.Errorf("%s: %v", body, err)
				}
			}
		}
	}
}

// The path of a fault leads through names and places, also after parts that were read and left again.
func TestReadNamesTheField(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":{"b":[0,{"c":1},{"d":"\u0000"}]}}`:       "a.b.2.d",
		`{"a":[[[1]],"x"],"b":"\ud800"}`:               "b",
		`[{"a":1},[2,3],"\udc00"]`:                     "2",
		`{"x":{},"y":[],"z":{"w":"` + "\x00" + `"}}`:   "z.w",
		`{"a\u0062":["\u0000"]}`:                       "ab.0",
		`{"list":["` + "\xff" + `"]}`:                  "list.0",
		`{"` + strings.Repeat("n", 99) + `":"\u0000"}`: strings.Repeat("n", maxName),
		`"\u0000"`: "",
	} {
		_, err := Read([]byte(in))
		if one := fault.Of(err); one == nil || one.Key != "value.text_invalid" || one.Field != want {
			t.Errorf("%q: %v, want at %q", in, err, want)
		}
	}
	for in, want := range map[string]string{
		`{"a":1,"b":2,"a":3}`:                     "a",
		`{"a":{"b":1,"c":{"d":1,"d":1}}}`:         "a.c.d",
		`[{"a":1},{"a":1},{"a":1,"a":1}]`:         "2.a",
		`{"":1,"":2}`:                             "",
		`{"é":1,"\u00e9":2}`:                      "é",
		`{"a":1,"A":2,"b":{"a":1},"a ":3,"a":{}}`: "a",
	} {
		_, err := Read([]byte(in))
		one := fault.Of(err)
		if one == nil || one.Key != "request.repeated" || one.Field != want || one.Params["name"] != want[strings.LastIndexByte(want, '.')+1:] {
			t.Errorf("%q: %v, want at %q", in, err, want)
		}
	}
}

// A hostile body of some megabytes ends in a value or in one short message.
func TestReadHostile(t *testing.T) {
	const size = 1 << 20
	for name, body := range map[string]string{
		"open lists":     strings.Repeat("[", size),
		"open objects":   strings.Repeat(`{"a":`, size/5),
		"quotes":         strings.Repeat(`"`, size),
		"backslashes":    `"` + strings.Repeat(`\`, size),
		"escapes":        `"` + strings.Repeat(`\u0041`, size/6) + `"`,
		"commas":         "[" + strings.Repeat(",", size),
		"elements":       "[" + strings.Repeat("0,", size/2) + "0]",
		"spaces":         strings.Repeat(" ", size),
		"minus":          strings.Repeat("-", size),
		"a long name":    `{"` + strings.Repeat("x", size) + `":1,"` + strings.Repeat("x", size) + `":2}`,
		"a name of NULs": `{"` + strings.Repeat("\x00", size) + `":1}`,
		"bytes":          strings.Repeat("\xff", size),
		"names":          names(size / 16),
	} {
		v, err := Read([]byte(body))
		if err == nil && !map[string]bool{"escapes": true, "elements": true, "names": true}[name] {
			t.Errorf("%s: %T is taken", name, v)
		}
		if err != nil && (fault.Of(err) == nil || len(err.Error()) > 600) {
			t.Errorf("%s: a message of %d bytes", name, len(err.Error()))
		}
	}
}

// names is an object of n names, each once.
func names(n int) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		b.WriteString(`"n` + strconv.Itoa(i) + `":0,`)
	}
	b.WriteString(`"end":1}`)
	return b.String()
}
