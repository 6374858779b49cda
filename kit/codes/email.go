package codes

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"ashna/kit/text"
)

// The limits of RFC 5321, in bytes.
const (
	maxEmail = 254
	maxLocal = 64
)

// Email checks an e-mail address and gives it trimmed, with the domain as Domain gives it (but with its "www."). The part before the @
// keeps its case and loses only invisible characters; Persian and Arabic digits in it become ASCII.
//
// The form is that of RFC 5321 as browsers take it, and stricter in the dots: letters and digits of any script and the signs
// !#$%&'*+/=?^_`{|}~- in groups with single dots between, at most 64 bytes; then a domain with at least two labels; at most 254 bytes
// in all. Quoted strings, comments, display names and address literals ("a b"@x, (c)a@x, A <a@x>, a@[1.2.3.4]) are refused although
// the RFCs allow them: in a CRM they are typing errors far more often than addresses. A wrong address is refused with "value.email".
func Email(s string) (string, error) {
	if len(s) > 4*maxEmail {
		return "", invalid("value.email")
	}
	s = strings.TrimSpace(strings.Map(withoutMarks, s))
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return "", invalid("value.email")
	}
	local, err := text.CleanLine(text.Digits(s[:at]))
	if err != nil || !isLocal(local) {
		return "", invalid("value.email")
	}
	name, ok := hostName(s[at+1:])
	if !ok || len(local)+1+len(name.ascii) > maxEmail || len(local)+1+len(name.display) > maxEmail {
		return "", invalid("value.email")
	}
	return local + "@" + name.display, nil
}

// EmailKey gives the key by which addresses are compared: text.Key of the address, with the domain as Email gives it. Mail servers may
// tell A@x from a@x, but none does. A text that is no address has the key of the text. EmailKey(EmailKey(s)) == EmailKey(s).
func EmailKey(s string) string {
	key := text.Key(s)
	if address, err := Email(key); err == nil {
		return text.Key(address)
	}
	return key
}

// EmailDomain gives the domain of an address as Email gives it, or the empty text when s is no address.
func EmailDomain(s string) string {
	address, err := Email(s)
	if err != nil {
		return ""
	}
	return address[strings.LastIndexByte(address, '@')+1:]
}

// isLocal tells whether s is dot-separated groups of the characters that the part before the @ may have.
func isLocal(s string) bool {
	if s == "" || len(s) > maxLocal || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for _, r := range s {
		if !inLocal(r) {
			return false
		}
	}
	return true
}

func inLocal(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return true
	case r < utf8.RuneSelf:
		return strings.ContainsRune(".!#$%&'*+/=?^_`{|}~-", r)
	}
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r)
}

// withoutMarks leaves out the invisible characters that copying from a right-to-left text brings. The joiner and the non-joiner stay:
// they are letters of a Persian domain name.
func withoutMarks(r rune) rune {
	if unicode.Is(unicode.Cf, r) && r != 0x200C && r != 0x200D {
		return -1
	}
	return r
}
