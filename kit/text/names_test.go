package text

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// givenNames are the outside given names of a list ("female_fa", "male_en").
func givenNames(t *testing.T, function string) []string {
	t.Helper()
	var names []string
	for _, v := range vectors(t, "persian-vectors/given.jsonl") {
		if v.Function == function {
			names = append(names, asText(v.Input))
		}
	}
	if len(names) < 50 {
		t.Fatalf("%d names of %s", len(names), function)
	}
	return names
}

// TestPersianNamesTypedOnAnArabicKeyboard types each name as an Arabic keyboard and a careful writer would, and expects one key.
func TestPersianNamesTypedOnAnArabicKeyboard(t *testing.T) {
	arabicKeyboard := strings.NewReplacer("ی", "ي", "ک", "ك", "ا", "ا\u064e", "ن", "نـ")
	collation := NewCollation("fa")
	for _, name := range append(givenNames(t, "female_fa"), givenNames(t, "male_fa")...) {
		typed := "\u202b " + arabicKeyboard.Replace(name) + "\u200f "
		if Key(typed) != Key(name) || Fold(typed) != Fold(name) {
			t.Errorf("%q has key %q, typed on an Arabic keyboard %q", name, Key(name), Key(typed))
		}
		if !bytes.Equal(collation.Key(typed), collation.Key(name)) {
			t.Errorf("%q and %q sort apart", name, typed)
		}
		if !slices.Equal(Words(typed), Words(name)) || len(Words(name)) == 0 {
			t.Errorf("%q has words %q, typed on an Arabic keyboard %q", name, Words(name), Words(typed))
		}
	}
}

func TestPersianNamesKeepTheOrderOfTheAlphabet(t *testing.T) {
	collation := NewCollation("fa")
	names := givenNames(t, "female_fa")
	slices.SortFunc(names, func(a, b string) int { return bytes.Compare(collation.Key(a), collation.Key(b)) })
	place := map[rune]int{}
	for i, r := range []rune(arabicAlphabet) {
		place[r] = i
	}
	for i := 1; i < len(names); i++ {
		before, _ := utf8.DecodeRuneInString(names[i-1])
		after, _ := utf8.DecodeRuneInString(names[i])
		if place[before] > place[after] {
			t.Errorf("%s is sorted before %s", names[i-1], names[i])
		}
	}
}

func TestEnglishNamesSurviveCasing(t *testing.T) {
	for _, name := range givenNames(t, "male_en") {
		for _, lang := range []string{"az", "en", "fa"} {
			upper := Upper(lang, name)
			if strings.ContainsFunc(upper, unicode.IsLower) {
				t.Errorf("Upper(%q, %q) = %q", lang, name, upper)
			}
			if Key(upper) != Key(name) || Key(Lower(lang, name)) != Key(name) || Key(Title(lang, upper)) != Key(name) {
				t.Errorf("the casing of %q in %q changes its key", name, lang)
			}
		}
	}
}

// TestTyposAreNear holds Distance to the mistakes that people make in the domains of their addresses.
func TestTyposAreNear(t *testing.T) {
	checked := 0
	for _, v := range vectors(t, "contact-format-vectors/email-domain-typo.jsonl") {
		typo, right, isPair := strings.Cut(asText(v.Input), ",")
		if !isPair || v.Function != "domain_typos_valid" {
			continue
		}
		checked++
		if d := Distance(typo, right); d < 1 || d > 4 {
			t.Errorf("Distance(%q, %q) = %d", typo, right, d)
		}
	}
	if checked < 50 {
		t.Errorf("only %d typos were checked", checked)
	}
}

// TestArabicTable holds the table to its shape: a form is a letter that is its own form, ASCII, or gone.
func TestArabicTable(t *testing.T) {
	for i, form := range arabic {
		r := firstArabic + rune(i)
		if form == gone || form < utf8.RuneSelf {
			continue
		}
		if form < firstArabic || form > lastArabic || arabic[form-firstArabic] != form {
			t.Errorf("%U has the form %U, which is not its own", r, form)
		}
		if unicode.IsMark(form) {
			t.Errorf("%U keeps the mark %U", r, form)
		}
	}
	for _, r := range "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیء" {
		if arabic[r-firstArabic] != r {
			t.Errorf("the Persian letter %c becomes %c", r, arabic[r-firstArabic])
		}
	}
}

func TestLatinTable(t *testing.T) {
	pairs := []rune("ÀaÇcĞgİiıiÖoŞsÜuÿyŽzØøÆæ")
	for i := 0; i < len(pairs); i += 2 {
		if got := latinBase[pairs[i]-firstLatin]; got != pairs[i+1] {
			t.Errorf("the base of %c is %c, not %c", pairs[i], got, pairs[i+1])
		}
	}
}

// TestOrderIsThatOfThePlainParts puts words together from letters with weights and expects the order of the letters.
func TestOrderIsThatOfThePlainParts(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for lang, alphabet := range map[string][]rune{"fa": []rune(arabicAlphabet), "az": []rune(azeriAlphabet), "en": []rune(latinAlphabet)} {
		collation := NewCollation(lang)
		word := func() (places []int, s string) {
			for range rng.IntN(6) {
				i := rng.IntN(len(alphabet))
				places, s = append(places, i), s+string(alphabet[i])
			}
			return places, s
		}
		for range 3000 {
			placesA, a := word()
			placesB, b := word()
			if got, want := bytes.Compare(collation.Key(a), collation.Key(b)), slices.Compare(placesA, placesB); got != want {
				t.Fatalf("%s: %q against %q is %d, want %d", lang, a, b, got, want)
			}
		}
	}
}
