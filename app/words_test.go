package app

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"ashna/engine/meta"
	"ashna/kit/i18n"
	"ashna/module"
)

// catalogOf gives the compiled catalog of the product, with the objects of the platform.
func catalogOf(t *testing.T) *meta.Catalog {
	t.Helper()
	p, _ := placeOn(t, "sqlite")
	w, err := Open(t.Context(), p.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w.Engine.Catalog()
}

// wordsOf lists the keys that follow from the declaration of an object, those of its system fields aside.
func wordsOf(e *meta.Entity) []string {
	keys := []string{e.Name, e.Name + ".plural", e.Name + ".new"}
	for _, f := range e.Object.Fields {
		keys = append(keys, wordsOfField(e.Name, f)...)
		if f.Group != "" {
			keys = append(keys, e.Name+".groups."+f.Group)
		}
	}
	for _, v := range e.Views {
		keys = append(keys, e.Name+".views."+v.Name)
	}
	for _, r := range e.Object.Rules {
		keys = append(keys, e.Name+".rules."+r.Name)
	}
	for _, a := range e.Actions {
		keys = append(keys, e.Name+".actions."+a.Name)
		for _, f := range a.Input {
			keys = append(keys, wordsOfField(e.Name+".actions."+a.Name, f)...)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func wordsOfField(prefix string, f meta.Field) []string {
	keys := []string{prefix + "." + f.Name}
	var options []meta.Option
	switch k := f.Kind.(type) {
	case meta.ChoiceKind:
		options = k.Options
	case meta.MultiChoiceKind:
		options = k.Options
	}
	for _, o := range options {
		keys = append(keys, prefix+"."+f.Name+"."+o.Code)
	}
	return keys
}

func systemWords(c *meta.Catalog) []string {
	var keys []string
	for _, a := range c.Entities[0].Fields {
		if a.System {
			keys = append(keys, "field."+a.Name)
		}
	}
	return keys
}

// refusal is a key that a rule written in Go refuses with.
var refusal = regexp.MustCompile(`"([a-z0-9_]+\.rules\.[a-z0-9_]+)"`)

// refusalsOf finds the keys that the rules of a module refuse with.
func refusalsOf(t *testing.T, name string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "crm", name, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no source of module %s: %v", name, err)
	}
	var keys []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range refusal.FindAllStringSubmatch(string(text), -1) {
			keys = append(keys, m[1])
		}
	}
	return keys
}

// file reads the texts of one language of a source.
func file(t *testing.T, source fs.FS, language string) map[string]string {
	t.Helper()
	data, err := fs.ReadFile(source, language+".json")
	if err != nil {
		data, err = fs.ReadFile(source, "locale/"+language+".json")
	}
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for key, value := range raw {
		if s, ok := value.(string); ok {
			texts[key] = s
		}
	}
	return texts
}

// TestEveryNameHasWords asks for a text in every language for everything that the catalog of the product shows by name.
func TestEveryNameHasWords(t *testing.T) {
	c := catalogOf(t)
	bundle, err := texts(modules())
	if err != nil {
		t.Fatal(err)
	}
	if err := bundle.Check(); err != nil {
		t.Error(err)
	}
	wanted := systemWords(c)
	for _, e := range c.Entities {
		wanted = append(wanted, wordsOf(e)...)
	}
	for _, m := range modules() {
		wanted = append(wanted, refusalsOf(t, m.Name)...)
	}
	if len(wanted) < 250 {
		t.Fatalf("only %d names: was the catalog read?", len(wanted))
	}
	for _, language := range i18n.Languages() {
		have := bundle.Keys(language)
		for _, key := range wanted {
			if _, found := slices.BinarySearch(have, key); !found {
				t.Errorf("%s has no text for %s", language, key)
			}
		}
	}
}

// TestNoWordsWithoutUse finds texts of a module, and of the objects of the platform, that nothing shows.
func TestNoWordsWithoutUse(t *testing.T) {
	c := catalogOf(t)
	for _, m := range modules() {
		used := refusalsOf(t, m.Name)
		for _, o := range m.Objects {
			e, ok := c.Object(o.Name)
			if !ok {
				t.Fatalf("no object %s", o.Name)
			}
			used = append(used, wordsOf(e)...)
		}
		used = append(used, extended(c, m)...)
		for _, language := range i18n.Languages() {
			for key := range file(t, m.Locale, language) {
				if !slices.Contains(used, key) {
					t.Errorf("module %s, %s: nothing uses %s", m.Name, language, key)
				}
			}
		}
	}
	used, roots := systemWords(c), []string{"field"}
	for _, e := range c.Entities {
		if e.Internal {
			used, roots = append(used, wordsOf(e)...), append(roots, e.Name)
		}
	}
	for _, language := range i18n.Languages() {
		for key := range file(t, i18n.House(), language) {
			root, _, _ := strings.Cut(key, ".")
			if slices.Contains(roots, root) && !slices.Contains(used, key) {
				t.Errorf("house, %s: nothing uses %s", language, key)
			}
		}
	}
}

// extended lists the keys of what a module adds to the objects of others.
func extended(c *meta.Catalog, m module.Module) []string {
	var keys []string
	for _, x := range m.Extends {
		e, _ := c.Object(x.Object)
		added := &meta.Entity{Object: meta.Object{Name: x.Object, Fields: x.Fields, Rules: x.Rules, Actions: x.Actions}}
		if e != nil {
			keys = append(keys, wordsOf(added)...)
		}
	}
	return keys
}

// TestOptionsOfAFieldDiffer makes sure that two choices of one field never read alike, since an import finds a choice by its words.
func TestOptionsOfAFieldDiffer(t *testing.T) {
	c := catalogOf(t)
	bundle, err := texts(modules())
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range i18n.Languages() {
		p := bundle.For(i18n.DefaultLocale(language))
		for _, e := range c.Entities {
			for _, f := range e.Object.Fields {
				seen := map[string]string{}
				for _, key := range wordsOfField(e.Name, f)[1:] {
					if other := seen[p.Say(key)]; other != "" {
						t.Errorf("%s: %s and %s are both %q", language, other, key, p.Say(key))
					}
					seen[p.Say(key)] = key
				}
			}
		}
	}
}

var (
	productNames = regexp.MustCompile(`WhatsApp|Telegram|Instagram|LinkedIn`)
	foreign      = regexp.MustCompile(`\b(VÖEN|FİN)\b`)
	halfSpace    = regexp.MustCompile("\u200c[\u200c \u00a0.،؛:]|[ \u00a0اآدذرزژو]\u200c|^\u200c|\u200c$")
	loneParticle = regexp.MustCompile(`(^|\s)ن?می\s|\sها(\s|ی\s|$)`)
)

// TestWordsOfModulesAreWrittenAsAgreed holds the texts of every module to the writing rules of each language.
func TestWordsOfModulesAreWrittenAsAgreed(t *testing.T) {
	for _, m := range modules() {
		for key, s := range file(t, m.Locale, i18n.Persian) {
			for _, problem := range persian(s) {
				t.Errorf("%s: %q %s", key, s, problem)
			}
		}
		for key, s := range file(t, m.Locale, i18n.Azerbaijani) {
			for _, problem := range azerbaijani(s) {
				t.Errorf("%s: %q %s", key, s, problem)
			}
		}
		for _, language := range i18n.Languages() {
			for key, s := range file(t, m.Locale, language) {
				label := !strings.Contains(key, ".rules.")
				if !norm.NFC.IsNormalString(s) || strings.ContainsAny(s, "!\"") || label && strings.HasSuffix(s, ".") && s != "Prof." || !label && !strings.HasSuffix(s, ".") {
					t.Errorf("%s %s is not written as a label or a sentence: %q", language, key, s)
				}
			}
		}
	}
}

func persian(s string) []string {
	var problems []string
	plain := foreign.ReplaceAllString(s, "")
	for _, r := range plain {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(",;?%'", r)) {
			problems = append(problems, "has the Latin sign "+string(r))
		}
		if strings.ContainsRune("\u064a\u0643\u06c0\u0629\u0640\u200e\u200f", r) || r >= '\u0660' && r <= '\u0669' {
			problems = append(problems, "has a letter of another language: "+string(r))
		}
	}
	if halfSpace.MatchString(plain) || loneParticle.MatchString(plain) {
		problems = append(problems, "has a half-space where none belongs, or lacks one")
	}
	return problems
}

func azerbaijani(s string) []string {
	var problems []string
	const letters = "abcçdeəfgğhxıijkqlmnoöprsştuüvyzABCÇDEƏFGĞHXIİJKQLMNOÖPRSŞTUÜVYZ"
	for _, r := range productNames.ReplaceAllString(s, "") {
		if unicode.IsLetter(r) && !strings.ContainsRune(letters, r) || strings.ContainsRune("\u0307«»", r) {
			problems = append(problems, "has the letter "+string(r))
		}
	}
	return problems
}

func TestBadWritingIsFound(t *testing.T) {
	for _, s := range []string{"شركت", "شرکت ها", "نام Company", "می شود", "فیلد\u200cها", "10 نفر"} {
		if len(persian(s)) == 0 {
			t.Errorf("%q passes", s)
		}
	}
	for _, s := range []string{"Swift", "äla", "«ad»"} {
		if len(azerbaijani(s)) == 0 {
			t.Errorf("%q passes", s)
		}
	}
	a := &meta.Entity{Object: meta.Object{Name: "x", Fields: []meta.Field{{Name: "f", Group: "g", Kind: meta.ChoiceKind{Options: []meta.Option{{Code: "o"}}}}}}}
	if got, want := wordsOf(a), []string{"x", "x.f", "x.f.o", "x.groups.g", "x.new", "x.plural"}; !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
}
