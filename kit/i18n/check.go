package i18n

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Check compares the languages of the bundle and gives every problem at once: a key that a language lacks, a text that is empty or has
// a space at its edge, a message that counts in one language only or lacks a form, and parameters that differ between languages or
// forms. Nil means that the texts are complete.
func (b *Bundle) Check() error {
	var problems []error
	for _, language := range Languages() {
		for _, key := range b.Keys(language) {
			for _, fault := range b.texts[language][key].faults() {
				problems = append(problems, fmt.Errorf("%s %s: %s", language, key, fault))
			}
		}
	}
	for _, key := range b.allKeys() {
		for _, fault := range b.compare(key) {
			problems = append(problems, fmt.Errorf("%s: %s", key, fault))
		}
	}
	return errors.Join(problems...)
}

func (b *Bundle) allKeys() []string {
	var keys []string
	for _, language := range Languages() {
		keys = append(keys, b.Keys(language)...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// faults tells what is wrong with a message by itself.
func (m message) faults() []string {
	var faults []string
	want := parameters(m.other)
	for name, pieces := range m.forms() {
		text := source(pieces)
		if text == "" {
			faults = append(faults, "form "+name+" has no text")
			continue
		}
		if strings.TrimSpace(text) != text || strings.Contains(text, "  ") {
			faults = append(faults, "form "+name+" has a space at its edge or two together")
		}
		got := parameters(pieces)
		if !slices.Equal(got, want) {
			faults = append(faults, fmt.Sprintf("form %s has parameters %v, other has %v", name, got, want))
		}
		if m.plural && !slices.Contains(got, "n") {
			faults = append(faults, "form "+name+" does not show {n}")
		}
	}
	slices.Sort(faults)
	return faults
}

// compare tells how the message of a key differs between the languages; the first language that has it is the measure.
func (b *Bundle) compare(key string) []string {
	var faults []string
	var first *message
	from := ""
	for _, language := range Languages() {
		m, found := b.texts[language][key]
		switch {
		case !found:
			faults = append(faults, language+" lacks it")
		case first == nil:
			first, from = &m, language
		case m.plural != first.plural:
			faults = append(faults, fmt.Sprintf("%s and %s do not both have plural forms", from, language))
		case !slices.Equal(parameters(m.other), parameters(first.other)):
			faults = append(faults, fmt.Sprintf("%s has parameters %v, %s has %v", language, parameters(m.other), from, parameters(first.other)))
		}
	}
	return faults
}

// source writes a form back as the text it was read from.
func source(pieces []piece) string {
	var out strings.Builder
	for _, p := range pieces {
		switch {
		case p.param == "":
			out.WriteString(p.text)
		case p.hint == "":
			out.WriteString("{" + p.param + "}")
		default:
			out.WriteString("{" + p.param + ":" + p.hint + "}")
		}
	}
	return out.String()
}
