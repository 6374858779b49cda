package i18n_test

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"ashna/kit/i18n"
)

func house(t testing.TB) *i18n.Bundle {
	t.Helper()
	b, err := i18n.New(i18n.House())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHouseIsComplete(t *testing.T) {
	b := house(t)
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	if n := len(b.Keys(i18n.Persian)); n < 250 {
		t.Errorf("only %d keys: were the files read?", n)
	}
}

// words are the texts of a language of the house as they stand in its file.
func words(t *testing.T, language string) map[string]string {
	t.Helper()
	data, err := fs.ReadFile(i18n.House(), "locale/"+language+".json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for key, value := range file {
		switch v := value.(type) {
		case string:
			texts[key] = v
		case map[string]any:
			texts[key+" one"], texts[key+" other"] = v["one"].(string), v["other"].(string)
		}
	}
	return texts
}

var (
	parameter = regexp.MustCompile(`\{[a-z_:]+\}`)
	acronym   = regexp.MustCompile(`\b(JSON)\b`)
	// No half-space beside a space, doubled, after a letter that does not join, or at an edge.
	badHalfSpace = regexp.MustCompile("\u200c[\u200c \u00a0.،؛:]|[ \u00a0اآدذرزژو]\u200c|^\u200c|\u200c$")
	badVerb      = regexp.MustCompile(`(^|\s)ن?می\s|\sها(\s|ی\s|$)`)
)

func TestPersianIsWrittenAsAgreed(t *testing.T) {
	for key, text := range words(t, i18n.Persian) {
		plain := acronym.ReplaceAllString(parameter.ReplaceAllString(text, ""), "")
		for _, r := range plain {
			switch {
			case r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(`,;?%"'!`, r)):
				t.Errorf("%s: %q has the Latin sign %q", key, text, r)
			case strings.ContainsRune("\u064a\u0643\u06c0\u0629\u0640\u200e\u200f", r) || r >= '\u0660' && r <= '\u0669':
				t.Errorf("%s: %q has U+%04X", key, text, r)
			}
		}
		if badHalfSpace.MatchString(plain) || badVerb.MatchString(plain) {
			t.Errorf("%s: %q has a half-space where none belongs, or lacks one", key, text)
		}
		for _, word := range []string{"گردید", "می‌باشد", "نمود", "رایانامه", "تایید", "مسوول"} {
			if strings.Contains(plain, word) {
				t.Errorf("%s: %q has %q", key, text, word)
			}
		}
	}
}

func TestAzerbaijaniIsWrittenAsAgreed(t *testing.T) {
	for key, text := range words(t, i18n.Azerbaijani) {
		for _, r := range parameter.ReplaceAllString(text, "") {
			if unicode.IsLetter(r) && !strings.ContainsRune("abcçdeəfgğhxıijkqlmnoöprsştuüvyzABCÇDEƏFGĞHXIİJKQLMNOÖPRSŞTUÜVYZ", r) {
				t.Errorf("%s: %q has the letter %q", key, text, r)
			}
			if strings.ContainsRune("\u0307«»\"!", r) {
				t.Errorf("%s: %q has U+%04X", key, text, r)
			}
		}
		for _, word := range []string{"ayarlar", "veri ", "qeyd", "klient", "sitat"} {
			if strings.Contains(text, word) {
				t.Errorf("%s: %q has %q", key, text, word)
			}
		}
	}
}

func TestEveryTextIsClean(t *testing.T) {
	sentence := regexp.MustCompile(`^(error|value|record|request|auth|catalog|import|file|job|action|rights|egress|money)\.`)
	for _, language := range i18n.Languages() {
		for key, text := range words(t, language) {
			if !norm.NFC.IsNormalString(text) {
				t.Errorf("%s %s is not NFC", language, key)
			}
			if strings.Contains(text, "!") || strings.Contains(text, "...") {
				t.Errorf("%s %s shouts or trails off: %q", language, key, text)
			}
			if sentence.MatchString(key) && !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "}") {
				t.Errorf("%s %s is a sentence without an end: %q", language, key, text)
			}
		}
	}
}
