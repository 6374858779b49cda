package db

import (
	"fmt"
	"strings"
)

// translate writes $1 as ?1 outside of literals, names and comments, and refuses a text of several statements, of which SQLite would
// run only the first. A trigger holds statements inside it and is left as it is.
func translate(text string) (string, error) {
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		n := skip(text[i:])
		switch {
		case n > 0:
			b.WriteString(text[i : i+n])
			i += n
		case text[i] == '$' && i+1 < len(text) && isDigit(text[i+1]):
			b.WriteByte('?')
			i++
		case text[i] == ';' && !blank(text[i+1:]) && !isTrigger(text):
			return "", fmt.Errorf("run %q: one statement at a time", short(text))
		default:
			b.WriteByte(text[i])
			i++
		}
	}
	return b.String(), nil
}

// skip gives the length of the literal, quoted name or comment that a text begins with, 0 when it begins with none.
func skip(text string) int {
	switch {
	case text[0] == '\'' || text[0] == '"' || text[0] == '`':
		return upTo(text, 1, text[:1])
	case strings.HasPrefix(text, "--"):
		return upTo(text, 2, "\n")
	case strings.HasPrefix(text, "/*"):
		return upTo(text, 2, "*/")
	}
	return 0
}

// upTo gives the length up to and with an end. A doubled quote ends one literal and begins the next, which comes to the same.
func upTo(text string, from int, end string) int {
	if i := strings.Index(text[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(text)
}

// blank says whether nothing but space, comments and semicolons is left.
func blank(text string) bool {
	for i := 0; i < len(text); {
		n := 0
		if text[i] == '-' || text[i] == '/' {
			n = skip(text[i:])
		}
		switch {
		case n > 0:
			i += n
		case strings.IndexByte(" \t\r\n;", text[i]) >= 0:
			i++
		default:
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isTrigger(text string) bool {
	words := strings.Fields(strings.ToUpper(short(text)))
	for i, w := range words {
		if w == "TRIGGER" {
			return i <= 2 && words[0] == "CREATE"
		}
	}
	return false
}

// givesRows says whether a statement answers with rows, so that it must be read to its end.
func givesRows(text string, reads bool) bool {
	switch word, _ := firstWord(text); word {
	case "SELECT", "VALUES", "PRAGMA", "EXPLAIN":
		return true
	case "WITH":
		return reads || hasWord(text, "RETURNING")
	case "INSERT", "UPDATE", "DELETE", "REPLACE":
		return hasWord(text, "RETURNING")
	}
	return false
}

// defines says whether a statement changes what tables there are, so that statements after it cannot be prepared before it ran.
func defines(text string) bool {
	word, _ := firstWord(text)
	return word == "CREATE" || word == "ALTER" || word == "DROP"
}

// controls says whether a statement begins or ends a transaction.
func controls(text string) bool {
	switch word, _ := firstWord(text); word {
	case "BEGIN", "START", "COMMIT", "END", "ABORT", "PREPARE":
		return true
	case "ROLLBACK":
		return !returns(text)
	}
	return false
}

// returns says whether a statement goes back to a savepoint.
func returns(text string) bool {
	word, rest := firstWord(text)
	return word == "ROLLBACK" && hasWord(rest, "TO")
}

// firstWord gives the first word in capitals, and what follows it.
func firstWord(text string) (word, rest string) {
	for text != "" {
		if n := wordLength(text); n > 0 {
			return strings.ToUpper(text[:n]), text[n:]
		}
		text = text[max(1, skip(text)):]
	}
	return "", ""
}

// hasWord says whether a word stands in a statement outside of literals, names in quotes and comments.
func hasWord(text, word string) bool {
	for text != "" {
		var next string
		if next, text = firstWord(text); next == word {
			return true
		}
	}
	return false
}

func wordLength(text string) int {
	for i := range len(text) {
		c := text[i]
		if c != '_' && !isDigit(c) && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c < 0x80 {
			return i
		}
	}
	return len(text)
}
