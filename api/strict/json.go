// Package strict reads the bodies of requests: JSON without any repair, and values under fixed names that notes everything that is wrong.
package strict

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"ashna/kit/fault"
)

const (
	maxJSONDepth = 32
	maxNumber    = 400 // bytes of a number
)

// parser reads JSON strictly: names that stand twice, text behind the value, halves of characters and NUL are refused, not repaired.
// Numbers stay as they were typed.
type parser struct {
	src   string
	at    int
	depth int
	path  []string // the names and places that lead to the value being read
}

// Read reads one JSON value. Refusals are Invalid: "request.json" with the place, "request.too_deep", "request.repeated", and
// "value.text_invalid" at the field that holds the text.
func Read(body []byte) (any, error) {
	p := &parser{src: string(body)}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.src) {
		return nil, p.broken()
	}
	return v, nil
}

// Object reads a JSON object; any other value is refused with "request.object".
func Object(body []byte) (map[string]any, error) {
	v, err := Read(body)
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fault.New(fault.Invalid, "request.object")
	}
	return object, nil
}

func (p *parser) broken() error {
	if !utf8.ValidString(p.src) {
		return p.invalidText()
	}
	return fault.New(fault.Invalid, "request.json", "at", p.at)
}

func (p *parser) invalidText() error {
	return fault.New(fault.Invalid, "value.text_invalid").In(strings.Join(p.path, "."))
}

func (p *parser) space() {
	for p.at < len(p.src) && strings.IndexByte(" \t\r\n", p.src[p.at]) >= 0 {
		p.at++
	}
}

// take goes past a character after white space, if it comes next.
func (p *parser) take(c byte) bool {
	if p.space(); p.at < len(p.src) && p.src[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) value() (any, error) {
	p.space()
	if p.at == len(p.src) {
		return nil, p.broken()
	}
	switch c := p.src[p.at]; {
	case c == '{', c == '[':
		return p.nested(c)
	case c == '"':
		return p.text()
	case c == '-', c >= '0' && c <= '9':
		return p.number()
	}
	for _, word := range []struct {
		text  string
		value any
	}{{"true", true}, {"false", false}, {"null", nil}} {
		if strings.HasPrefix(p.src[p.at:], word.text) {
			p.at += len(word.text)
			return word.value, nil
		}
	}
	return nil, p.broken()
}

func (p *parser) nested(c byte) (any, error) {
	if p.depth++; p.depth > maxJSONDepth {
		return nil, fault.New(fault.Invalid, "request.too_deep", "max", maxJSONDepth)
	}
	defer func() { p.depth-- }()
	p.at++
	if c == '[' {
		return p.array()
	}
	return p.object()
}

func (p *parser) array() (any, error) {
	list := []any{}
	if p.take(']') {
		return list, nil
	}
	for {
		p.path = append(p.path, strconv.Itoa(len(list)))
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		p.path = p.path[:len(p.path)-1]
		list = append(list, v)
		switch {
		case p.take(','):
		case p.take(']'):
			return list, nil
		default:
			return nil, p.broken()
		}
	}
}

func (p *parser) object() (any, error) {
	object := map[string]any{}
	if p.take('}') {
		return object, nil
	}
	for {
		if p.space(); p.at == len(p.src) || p.src[p.at] != '"' {
			return nil, p.broken()
		}
		name, err := p.text()
		if err != nil {
			return nil, err
		}
		if _, twice := object[name]; twice {
			return nil, fault.New(fault.Invalid, "request.repeated", "name", Name(name)).In(Name(name)).In(strings.Join(p.path, "."))
		}
		if !p.take(':') {
			return nil, p.broken()
		}
		p.path = append(p.path, Name(name))
		if object[name], err = p.value(); err != nil {
			return nil, err
		}
		p.path = p.path[:len(p.path)-1]
		switch {
		case p.take(','):
		case p.take('}'):
			return object, nil
		default:
			return nil, p.broken()
		}
	}
}

// number reads a number as the grammar of JSON has it: no plus sign, no zeros in front, digits on both sides of the point.
func (p *parser) number() (any, error) {
	start := p.at
	p.skip("-", 1)
	whole := p.digits()
	ok := whole == 1 || whole > 1 && p.src[p.at-whole] != '0'
	if p.skip(".", 1) > 0 {
		ok = p.digits() > 0 && ok
	}
	if p.skip("eE", 1) > 0 {
		p.skip("+-", 1)
		ok = p.digits() > 0 && ok
	}
	if !ok {
		return nil, p.broken()
	}
	if p.at-start > maxNumber {
		return nil, fault.New(fault.Invalid, "value.number").In(strings.Join(p.path, "."))
	}
	return json.Number(p.src[start:p.at]), nil
}

func (p *parser) digits() int { return p.skip("0123456789", len(p.src)) }

// skip goes past at most n characters of a set and says how many there were.
func (p *parser) skip(set string, n int) int {
	start := p.at
	for p.at < len(p.src) && p.at-start < n && strings.IndexByte(set, p.src[p.at]) >= 0 {
		p.at++
	}
	return p.at - start
}

// text reads a string; the place is at its quotation mark.
func (p *parser) text() (string, error) {
	p.at++
	start := p.at
	for p.at < len(p.src) {
		switch c := p.src[p.at]; {
		case c == '"':
			s := p.src[start:p.at]
			p.at++
			if !utf8.ValidString(s) {
				return "", p.invalidText()
			}
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c == 0:
			return "", p.invalidText()
		case c < ' ':
			return "", p.broken()
		}
		p.at++
	}
	return "", p.broken()
}

// escaped goes on with a string that has escapes.
func (p *parser) escaped(start int) (string, error) {
	var b strings.Builder
	b.WriteString(p.src[start:p.at])
	for p.at < len(p.src) {
		switch c := p.src[p.at]; {
		case c == '"':
			p.at++
			if s := b.String(); utf8.ValidString(s) {
				return s, nil
			}
			return "", p.invalidText()
		case c == '\\':
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			continue
		case c == 0:
			return "", p.invalidText()
		case c < ' ':
			return "", p.broken()
		default:
			b.WriteByte(c)
		}
		p.at++
	}
	return "", p.broken()
}

// escape reads one escape, both halves of a pair.
func (p *parser) escape() (rune, error) {
	p.at++
	if p.at == len(p.src) {
		return 0, p.broken()
	}
	c := p.src[p.at]
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		p.at++
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	if c != 'u' {
		return 0, p.broken()
	}
	p.at++
	r, err := p.hex()
	if err != nil {
		return 0, err
	}
	if utf16.IsSurrogate(r) {
		if !strings.HasPrefix(p.src[p.at:], `\u`) {
			return 0, p.invalidText()
		}
		p.at += 2
		second, err := p.hex()
		if err != nil {
			return 0, err
		}
		if r = utf16.DecodeRune(r, second); r == utf8.RuneError {
			return 0, p.invalidText()
		}
	}
	if r == 0 {
		return 0, p.invalidText()
	}
	return r, nil
}

func (p *parser) hex() (rune, error) {
	if len(p.src)-p.at < 4 {
		return 0, p.broken()
	}
	n, err := strconv.ParseUint(p.src[p.at:p.at+4], 16, 16)
	if err != nil {
		return 0, p.broken()
	}
	p.at += 4
	return rune(n), nil
}

// maxName is how many bytes are repeated of a name that somebody sent.
const maxName = 60

// Name is what may be repeated of a name that somebody sent: valid text of at most 60 bytes.
func Name(name string) string {
	name = strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", ""), "?")
	return strings.ToValidUTF8(name[:min(len(name), maxName)], "")
}
