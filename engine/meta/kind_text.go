package meta

import (
	"html"
	"regexp"
	"strings"

	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/text"
)

// Limits of texts, in characters.
const (
	maxLine = 1_000
	maxLong = 100_000
)

// TextKind is a single line of text.
type TextKind struct {
	Max     int    `json:"max,omitempty"`     // characters, 200 unless given, at most 1,000
	Pattern string `json:"pattern,omitempty"` // an RE2 expression that the whole text must match

	whole *regexp.Regexp // the pattern around the whole text, once the catalog is compiled
}

// Type is "text".
func (TextKind) Type() string { return "text" }

// Columns is one text.
func (TextKind) Columns() []Column { return []Column{{"", Text}} }

// Check refuses a length out of range and a pattern that does not compile.
func (k TextKind) Check() error {
	if k.Max < 0 || k.Max > maxLine {
		return fault.New(fault.Invalid, "value.range", "min", 1, "max", maxLine)
	}
	if len(k.Pattern) > 500 {
		return fault.New(fault.Invalid, "value.too_long", "max", 500)
	}
	if _, err := k.expression(); err != nil {
		return fault.Wrap(fault.Invalid, "value.pattern", err)
	}
	return nil
}

// expression compiles the pattern. A pattern must be whole by itself: "a)|(b" is none, though it would be one inside brackets.
func (k TextKind) expression() (*regexp.Regexp, error) {
	if _, err := regexp.Compile(k.Pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + k.Pattern + `)\z`)
}

func (k TextKind) prepared() Kind {
	if re, err := k.expression(); err == nil && k.Pattern != "" {
		k.whole = re
	}
	return k
}

// Parse cleans the text, takes line breaks as spaces and checks length and pattern.
func (k TextKind) Parse(_ *Env, in any) ([]any, error) {
	limit := k.Max
	if limit == 0 {
		limit = 200
	}
	s, err := line(in, limit)
	if err != nil || s == "" {
		return blank(1), err
	}
	if k.Pattern != "" && !k.matches(s) {
		return nil, fault.New(fault.Invalid, "value.pattern")
	}
	return one(s), nil
}

// matches says whether a text has the form of the pattern. Outside a compiled catalog the pattern is compiled for each text.
func (k TextKind) matches(s string) bool {
	if k.whole != nil {
		return k.whole.MatchString(s)
	}
	re, err := k.expression()
	return err == nil && re.MatchString(s)
}

// line reads one clean line of at most limit characters.
func line(in any, limit int) (string, error) {
	if empty(in) {
		return "", nil
	}
	s, err := textOf(in)
	if err != nil {
		return "", err
	}
	if len(s) > limit*8+64 {
		return "", fault.New(fault.Invalid, "value.too_long", "max", limit)
	}
	if !tidy(s) {
		if s, err = text.CleanLine(s); err != nil {
			return "", err
		}
	}
	if text.Length(s) > limit {
		return "", fault.New(fault.Invalid, "value.too_long", "max", limit)
	}
	return s, nil
}

// tidy says whether a text is surely what text.CleanLine would make of it, as most cells of a file are: letters, digits and signs of the
// three languages without marks of their own, and single spaces inside.
func tidy(s string) bool {
	before := ' '
	for _, r := range s {
		if r == ' ' && before == ' ' || !plain(r) {
			return false
		}
		before = r
	}
	return before != ' '
}

// plain says whether a character is whole by itself and stays as it is: none of these is a control, a space of another width, or a part
// of a composed letter.
func plain(r rune) bool {
	for _, span := range plainSpans {
		if r <= span[1] {
			return r >= span[0]
		}
	}
	return false
}

// plainSpans are the first and the last of the plain characters, in their order.
var plainSpans = [][2]rune{
	{' ', '~'}, {0xC0, 0x17F}, {'Ə', 'Ə'}, {'ə', 'ə'}, {'،', '،'}, {'؛', '؛'}, {'؟', '؟'}, {0x621, 0x63A}, {0x641, 0x64A}, {0x671, 0x6D3}, {0x6F0, 0x6F9},
	{halfSpace, halfSpace},
}

const halfSpace = 0x200C

// AppendJSON writes the text.
func (TextKind) AppendJSON(dst []byte, slots []any) []byte { return appendTextJSON(dst, slots[0]) }

// Text is the text itself.
func (TextKind) Text(slots []any) string { return slotText(slots[0]) }

// Formula is text.
func (TextKind) Formula() formula.Type { return formula.Type{Kind: formula.Text} }

// Key is the normalised text.
func (TextKind) Key(s string) string { return textKey(s) }

// textKey never gives an empty key for a text that is not empty, so that "is empty" and the key agree.
func textKey(s string) string {
	if k := text.Key(s); k != "" {
		return k
	}
	return s
}

// Terms are the words of the text.
func (TextKind) Terms(slots []any) (words, parts string) { return slotText(slots[0]), "" }

// LongTextKind is text of several lines. It is found by search and can be empty or not; it is not compared or sorted.
type LongTextKind struct {
	Max int `json:"max,omitempty"` // characters, 20,000 unless given, at most 100,000
}

// Type is "long_text".
func (LongTextKind) Type() string { return "long_text" }

// Columns is one text.
func (LongTextKind) Columns() []Column { return []Column{{"", Text}} }

// Check refuses a length out of range.
func (k LongTextKind) Check() error {
	if k.Max < 0 || k.Max > maxLong {
		return fault.New(fault.Invalid, "value.range", "min", 1, "max", maxLong)
	}
	return nil
}

// Parse cleans the text and checks its length.
func (k LongTextKind) Parse(_ *Env, in any) ([]any, error) {
	if empty(in) {
		return blank(1), nil
	}
	s, err := textOf(in)
	if err != nil {
		return nil, err
	}
	limit := k.Max
	if limit == 0 {
		limit = 20_000
	}
	if len(s) > limit*8+64 {
		return nil, fault.New(fault.Invalid, "value.too_long", "max", limit)
	}
	if s, err = text.Clean(s); err != nil {
		return nil, err
	}
	if text.Length(s) > limit {
		return nil, fault.New(fault.Invalid, "value.too_long", "max", limit)
	}
	if empty(s) {
		return blank(1), nil
	}
	return one(s), nil
}

// AppendJSON writes the text.
func (LongTextKind) AppendJSON(dst []byte, slots []any) []byte { return appendTextJSON(dst, slots[0]) }

// Text is the text itself.
func (LongTextKind) Text(slots []any) string { return slotText(slots[0]) }

// Formula is a text without a key: formulas may ask whether it is empty and how long it is.
func (LongTextKind) Formula() formula.Type { return formula.Type{Kind: formula.Text} }

// Terms are the words of the text.
func (LongTextKind) Terms(slots []any) (words, parts string) { return slotText(slots[0]), "" }

// RichTextKind is formatted text, kept as HTML of an allow-list; the interface cleans it on the way in and out.
type RichTextKind struct{ LongTextKind }

// Type is "rich_text".
func (RichTextKind) Type() string { return "rich_text" }

// Terms are the words of the text without its tags.
func (RichTextKind) Terms(slots []any) (words, parts string) {
	var b strings.Builder
	rest := slotText(slots[0])
	for {
		before, after, tagged := strings.Cut(rest, "<")
		b.WriteString(before)
		if !tagged {
			return html.UnescapeString(b.String()), ""
		}
		b.WriteByte(' ')
		_, rest, _ = strings.Cut(after, ">")
	}
}
