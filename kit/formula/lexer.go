package formula

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"ashna/kit/fault"
)

type tokenKind uint8

const (
	tokenEnd    tokenKind = iota
	tokenNumber           // text is in Latin digits
	tokenText             // text is without quotes
	tokenName             // a name or a word of the grammar
	tokenMark             // an operator or bracket in its first spelling
)

type token struct {
	kind   tokenKind
	text   string
	column int
}

// is says whether the token is this word or mark, and no quoted text or number.
func (t token) is(word string) bool {
	return (t.kind == tokenName || t.kind == tokenMark) && t.text == word
}

type lexer struct {
	source string
	at     int // the next byte
	column int // of the next character
}

// scan cuts a source into tokens, the last of which is the end.
func scan(source string) ([]token, *fault.Error) {
	if len(source) > MaxSource {
		return nil, refuse(MaxSource+1, keyTooLong, "max", MaxSource)
	}
	if !utf8.ValidString(source) {
		return nil, refuse(1, keyNotText)
	}
	l := lexer{source: source, column: 1}
	tokens := make([]token, 0, len(source)/4+2)
	for {
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		if t.kind == tokenEnd {
			return tokens, nil
		}
	}
}

// peek gives the next character, or 0 with no width at the end.
func (l *lexer) peek() (rune, int) {
	if l.at >= len(l.source) {
		return 0, 0
	}
	if b := l.source[l.at]; b < utf8.RuneSelf {
		return rune(b), 1
	}
	return utf8.DecodeRuneInString(l.source[l.at:])
}

func (l *lexer) skip(width int) {
	l.at += width
	l.column++
}

func (l *lexer) next() (token, *fault.Error) {
	r, width := l.peek()
	for width > 0 && unicode.IsSpace(r) {
		l.skip(width)
		r, width = l.peek()
	}
	_, isDigit := digit(r)
	switch {
	case width == 0:
		return token{kind: tokenEnd, column: l.column}, nil
	case isDigit:
		return l.number()
	case closing(r) != 0:
		return l.quoted(closing(r))
	case nameStart(r):
		return l.name(), nil
	}
	return l.mark()
}

// digit gives the Latin byte of a Latin, Persian or Arabic digit.
func digit(r rune) (byte, bool) {
	switch {
	case r >= '0' && r <= '9':
		return byte(r), true
	case r >= '۰' && r <= '۹':
		return byte(r-'۰') + '0', true
	case r >= '٠' && r <= '٩':
		return byte(r-'٠') + '0', true
	}
	return 0, false
}

// digitAt looks at the character at a byte of the source.
func (l *lexer) digitAt(at int) bool {
	r, _ := utf8.DecodeRuneInString(l.source[at:])
	_, ok := digit(r)
	return ok
}

// number reads digits with one decimal separator ("." or "٫") and separators of thousands ("_" or "٬") between digits.
func (l *lexer) number() (token, *fault.Error) {
	t := token{kind: tokenNumber, column: l.column}
	digits := make([]byte, 0, 24)
	point := false
	for {
		r, width := l.peek()
		if d, ok := digit(r); ok {
			digits = append(digits, d)
			l.skip(width)
			continue
		}
		between := width > 0 && l.digitAt(l.at+width)
		switch {
		case between && (r == '_' || r == '٬'):
		case between && !point && (r == '.' || r == '٫'):
			point = true
			digits = append(digits, '.')
		case nameStart(r) || r == '٬' || r == '٫':
			return t, refuse(l.column, keyCharacter, "text", string(r))
		default:
			t.text = plain(string(digits))
			return t, nil
		}
		l.skip(width)
	}
}

// plain takes needless zeros off the front of a number.
func plain(digits string) string {
	digits = strings.TrimLeft(digits, "0")
	if digits == "" || digits[0] == '.' {
		return "0" + digits
	}
	return digits
}

// closing gives the quote that ends a text, or 0 when the character opens none.
func closing(open rune) rune {
	switch open {
	case '"', '\'':
		return open
	case '«':
		return '»'
	case '“':
		return '”'
	}
	return 0
}

// quoted reads a text; a backslash takes the next character as it is.
func (l *lexer) quoted(end rune) (token, *fault.Error) {
	t := token{kind: tokenText, column: l.column}
	_, width := l.peek()
	l.skip(width)
	var b strings.Builder
	for {
		r, width := l.peek()
		if r == '\\' {
			l.skip(width)
			r, width = l.peek()
		} else if r == end {
			l.skip(width)
			t.text = b.String()
			return t, nil
		}
		if width == 0 {
			return t, refuse(t.column, keyUnclosedText)
		}
		if r == 0 {
			return t, refuse(l.column, keyCharacter, "text", "NUL")
		}
		b.WriteRune(r)
		l.skip(width)
	}
}

func nameStart(r rune) bool { return r == '_' || unicode.IsLetter(r) }

func (l *lexer) name() token {
	t := token{kind: tokenName, column: l.column}
	start := l.at
	for {
		r, width := l.peek()
		if width == 0 || !nameStart(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			t.text = l.source[start:l.at]
			return t
		}
		l.skip(width)
	}
}

// mark reads an operator or bracket and gives it in its first spelling.
func (l *lexer) mark() (token, *fault.Error) {
	t := token{kind: tokenMark, column: l.column}
	if l.at+2 <= len(l.source) {
		if t.text = pairMark(l.source[l.at : l.at+2]); t.text != "" {
			l.at += 2
			l.column += 2
			return t.word(), nil
		}
	}
	r, width := l.peek()
	if t.text = singleMark(r); t.text == "" {
		return t, refuse(t.column, keyCharacter, "text", string(r))
	}
	l.skip(width)
	return t.word(), nil
}

// word makes a name of a mark that spells a word, as && does.
func (t token) word() token {
	if nameStart(rune(t.text[0])) {
		t.kind = tokenName
	}
	return t
}

func pairMark(two string) string {
	switch two {
	case "==":
		return "="
	case "!=", "<>":
		return "!="
	case "<=", ">=", "..":
		return two
	case "&&":
		return "and"
	case "||":
		return "or"
	}
	return ""
}

func singleMark(r rune) string {
	switch r {
	case '=', '<', '>', '+', '-', '*', '/', '%', '(', ')', '[', ']', ',', '.':
		return string(r)
	case '≤':
		return "<="
	case '≥':
		return ">="
	case '≠':
		return "!="
	case '!':
		return "not"
	case '،':
		return ","
	}
	return ""
}
