package i18n

import (
	"fmt"
	"slices"
	"strings"
)

// maxText is the longest message in bytes that a source may bring.
const maxText = 4000

// The ways a message may ask for a number to be shown, as in {seconds:duration}.
const (
	hintDuration = "duration" // a whole number of seconds
	hintSize     = "size"     // a whole number of bytes
	hintPlain    = "plain"    // digits without separators, for numbers that name something
)

// piece is a part of a message: a literal text, or a parameter with the way to show it.
type piece struct {
	text  string
	param string
	hint  string
}

// message is one compiled text of one language. A message without plural forms has only other.
type message struct {
	plural bool
	one    []piece
	other  []piece
}

// compile cuts a text at its parameters. It refuses braces that do not pair, names that are not lower case words, and hints that do
// not exist.
func compile(text string) ([]piece, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("text of %d bytes is longer than %d", len(text), maxText)
	}
	var pieces []piece
	for rest := text; rest != ""; {
		literal, after, found := strings.Cut(rest, "{")
		if strings.Contains(literal, "}") {
			return nil, fmt.Errorf("text %q: a brace closes nothing", text)
		}
		if literal != "" {
			pieces = append(pieces, piece{text: literal})
		}
		if !found {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("text %q: a brace is not closed", text)
		}
		p, err := parameter(name)
		if err != nil {
			return nil, fmt.Errorf("text %q: %w", text, err)
		}
		pieces = append(pieces, p)
		rest = tail
	}
	return pieces, nil
}

func parameter(inside string) (piece, error) {
	name, hint, hinted := strings.Cut(inside, ":")
	if !isName(name) {
		return piece{}, fmt.Errorf("parameter %q is not a lower case word", inside)
	}
	if hinted && hint != hintDuration && hint != hintSize && hint != hintPlain {
		return piece{}, fmt.Errorf("parameter %q: hint %q is not known", name, hint)
	}
	return piece{param: name, hint: hint}, nil
}

// isName says whether s is a lower case word of ASCII letters, digits and underscores.
func isName(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return s != ""
}

// isKey says whether s is a message key: lower case words with dots between, and at most one "?param" at the end.
func isKey(s string) bool {
	path, variant, varied := strings.Cut(s, "?")
	if varied && !isName(variant) {
		return false
	}
	for part := range strings.SplitSeq(path, ".") {
		if !isName(part) {
			return false
		}
	}
	return true
}

// forms lists the forms a message has, by the names they have in the files.
func (m message) forms() map[string][]piece {
	if !m.plural {
		return map[string][]piece{"other": m.other}
	}
	return map[string][]piece{"one": m.one, "other": m.other}
}

// pick gives the form of the message for a count.
func (m message) pick(language string, n int64, counted bool) []piece {
	if m.plural && counted && isOne(language, n) {
		return m.one
	}
	return m.other
}

// parameters gives the sorted names, with hints, of the parameters of a form.
func parameters(pieces []piece) []string {
	var names []string
	for _, p := range pieces {
		switch {
		case p.param == "":
		case p.hint == "":
			names = append(names, p.param)
		default:
			names = append(names, p.param+":"+p.hint)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// isOne applies the CLDR cardinal rule of a language to a whole number: Persian counts zero with one, the others do not.
func isOne(language string, n int64) bool {
	if language == Persian {
		return n == 0 || n == 1 || n == -1
	}
	return n == 1 || n == -1
}
