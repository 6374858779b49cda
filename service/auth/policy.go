package auth

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"ashna/kit/fault"
	"ashna/kit/text"
)

const (
	defaultLength  = 10
	leastLength    = 8
	maxPassword    = 1 << 10 // bytes
	leastGuesses   = 5       // parts that a password must have, see parts
	longestWord    = 16      // characters of a word that is looked up
	leastRun       = 3       // characters that make a walk over the keyboard
	maxKnown       = 20      // words about the person that are looked at
	leastKnownWord = 3       // characters of such a word
)

// normal gives the form of a password that is hashed: the same for all keyboards that compose characters differently.
func normal(password Secret) string { return norm.NFKC.String(string(password)) }

// check holds a new password to the policy: long enough, not too long, valid text, and not easy to guess. There are no rules about kinds of
// characters. Known are words about the person, such as the e-mail address, which count as easy. The faults blame the field
// "password": "auth.password_short", "value.too_long", "value.text_invalid", "auth.password_common".
func check(password Secret, least int, known []string) error {
	const field = "password"
	if len(password) > maxPassword {
		return fault.At(field, "value.too_long", "max", maxPassword)
	}
	if !utf8.ValidString(string(password)) || strings.ContainsRune(string(password), 0) {
		return fault.At(field, "value.text_invalid")
	}
	plain := normal(password)
	if utf8.RuneCountInString(plain) < least {
		return fault.At(field, "auth.password_short", "min", least)
	}
	if parts(plain, known) < leastGuesses {
		return fault.At(field, "auth.password_common")
	}
	return nil
}

// parts says of how few pieces a password can be put together, where a common word, a word about the person, a walk over the
// keyboard, one character repeated, and a year are one piece each, and any other character is one. A password that repeats itself has
// the pieces of what it repeats and one more. "Summer2024!" has three.
func parts(password string, known []string) int {
	lines := make([]string, 0, maxKnown)
	for _, line := range known[:min(len(known), maxKnown)] {
		lines = append(lines, strings.ToLower(line[:min(len(line), maxEmail)]))
	}
	lower := []rune(shorten(strings.ToLower(text.Digits(password)), lines))
	words := wordsOf(lines)
	fewest := fewestParts(lower, words)
	if unit := repeated(lower); unit > 0 {
		fewest = min(fewest, 1+fewestParts(lower[:unit], words))
	}
	return fewest
}

// wordsOf cuts what is known about a person into words: "sara.karimi@example.org" has four.
func wordsOf(known []string) map[string]bool {
	words := map[string]bool{}
	for _, line := range known {
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			words[word] = utf8.RuneCountInString(word) >= leastKnownWord
		}
	}
	return words
}

// shorten puts one character for each text about the person that the password holds as a whole.
func shorten(password string, known []string) string {
	for _, line := range known {
		if utf8.RuneCountInString(line) >= leastKnownWord {
			password = strings.ReplaceAll(password, line, "\x01")
		}
	}
	return password
}

// unleet writes letters for the signs that stand for them, one for one.
func unleet(password []rune) []rune {
	plain := slices.Clone(password)
	for i, r := range plain {
		if letter, ok := leet[r]; ok {
			plain[i] = letter
		}
	}
	return plain
}

var leet = map[rune]rune{
	'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g', '@': 'a', '$': 's', '!': 'i', '|': 'l', '+': 't',
}

// repeated gives the length of the shortest beginning of which the whole is a repetition, 0 when there is none.
func repeated(password []rune) int {
	for unit := 1; unit <= len(password)/2; unit++ {
		same := true
		for i := unit; i < len(password) && same; i++ {
			same = password[i] == password[i-unit]
		}
		if same {
			return unit
		}
	}
	return 0
}

// fewestParts finds the smallest number of pieces by going through the password once: best[i] is that of its first i characters.
func fewestParts(password []rune, known map[string]bool) int {
	plain := unleet(password)
	best := make([]int, len(password)+1)
	for i := range password {
		best[i+1] = len(password) + 1
	}
	for i := range password {
		best[i+1] = min(best[i+1], best[i]+1)
		for n := 2; n <= longestWord && i+n <= len(password); n++ {
			word, meant := string(password[i:i+n]), string(plain[i:i+n])
			if commonWords[word] || commonWords[meant] || known[word] || known[meant] || isYear(word) {
				best[i+n] = min(best[i+n], best[i]+1)
			}
		}
		for n := run(password[i:]); n >= leastRun; n-- {
			best[i+n] = min(best[i+n], best[i]+1)
		}
	}
	return best[len(password)]
}

func isYear(word string) bool {
	return len(word) == 4 && strings.Trim(word, "0123456789") == "" && (word[:2] == "19" || word[:2] == "20" || word[:2] == "13" || word[:2] == "14")
}

// run says how many characters from the start are one repeated, or a walk over the keyboard, forward or back.
func run(password []rune) int {
	longest := 1
	for longest < len(password) && password[longest] == password[0] {
		longest++
	}
	for _, row := range keyRows {
		longest = max(longest, walk(password, []rune(row), 1), walk(password, []rune(row), -1))
	}
	return longest
}

// walk says how many characters from the start lie beside each other in a row, in one direction.
func walk(password, row []rune, step int) int {
	longest := 0
	for start := range row {
		n, at := 0, start
		for n < len(password) && at >= 0 && at < len(row) && password[n] == row[at] {
			n, at = n+1, at+step
		}
		longest = max(longest, n)
	}
	return longest
}
