package text

import (
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// Lower gives s in lower case by the rules of a language ("az", "fa", "en", or any BCP 47 tag): in Azerbaijani and Turkish I becomes ı
// and İ becomes i. An unknown or malformed language means the rules that all languages share.
func Lower(lang, s string) string { return cases.Lower(tag(lang)).String(s) }

// Upper gives s in upper case by the rules of a language: in Azerbaijani and Turkish i becomes İ and ı becomes I. The language is
// understood as Lower does.
func Upper(lang, s string) string { return cases.Upper(tag(lang)).String(s) }

// Title gives s with the first letter of each word in title case and the rest in lower case, by the rules of a language as Lower
// understands it.
func Title(lang, s string) string { return cases.Title(tag(lang)).String(s) }

// tag gives the language whose casing rules apply. The product's languages are matched without parsing.
func tag(lang string) language.Tag {
	const longest = 35 // BCP 47 asks readers to hold at least this many
	switch {
	case lang == "az":
		return language.Azerbaijani
	case lang == "fa":
		return language.Persian
	case lang == "en":
		return language.English
	case lang == "" || len(lang) > longest:
		return language.Und
	}
	parsed, err := language.Parse(lang)
	if err != nil {
		return language.Und
	}
	return parsed
}
