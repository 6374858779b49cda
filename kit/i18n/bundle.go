// Package i18n turns keys, numbers, dates and amounts of money into the words of a person: English, Persian or Azerbaijani, with the
// calendar, the digits and the time zone that the person chose.
//
// Texts live in one JSON file a language ("en.json", "fa.json", "az.json"), flat maps from key to text, or from key to the two forms
// {"one": …, "other": …} of a text that counts by its parameter {n}. A Bundle gathers the files of the house and of every module; a
// Printer speaks from it for one Locale.
//
// A parameter in a text is a name in braces, {name}, with an optional hint how to show a number: {seconds:duration}, {max:size},
// {number:plain}. A key that ends in "?name" is the variant used when the parameter name is given and not empty.
package i18n

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
)

// The languages of the product, by the codes that files and settings use.
const (
	English     = "en"
	Persian     = "fa"
	Azerbaijani = "az"
)

const (
	maxFile    = 4 << 20 // bytes of one locale file
	maxKeys    = 50_000  // keys of one locale file
	maxMissing = 1000    // unknown keys remembered
)

//go:embed locale/*.json
var houseFiles embed.FS

// Languages gives the codes of every language, English first.
func Languages() []string { return []string{English, Persian, Azerbaijani} }

// House gives the texts of the ground itself: faults, names of months and weekdays, and the patterns of this package.
func House() fs.FS { return houseFiles }

// Bundle holds the texts of every language. It is safe for use by many goroutines and never changes, except for its record of keys
// that somebody asked for and nobody wrote.
type Bundle struct {
	texts map[string]map[string]message // by language, then key

	mu      sync.Mutex
	missing map[string]int
}

// New reads the texts of every source. A source holds files named by language, at its root or in a folder "locale"; a source may lack a
// language, which Check then tells. New refuses a key that comes twice in a language, a text with broken braces, and unknown plural
// forms; it gives all problems at once, up to one a file.
func New(sources ...fs.FS) (*Bundle, error) {
	b := &Bundle{texts: map[string]map[string]message{}, missing: map[string]int{}}
	var problems []error
	for _, language := range Languages() {
		b.texts[language] = map[string]message{}
		for i, source := range sources {
			if err := b.load(source, language); err != nil {
				problems = append(problems, fmt.Errorf("read %s texts of source %d: %w", language, i+1, err))
			}
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return b, nil
}

func (b *Bundle) load(source fs.FS, language string) error {
	for _, name := range []string{language + ".json", "locale/" + language + ".json"} {
		data, err := readFile(source, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := b.parse(data, language); err != nil {
			return fmt.Errorf("parse %s: %w", name, err)
		}
	}
	return nil
}

func readFile(source fs.FS, name string) ([]byte, error) {
	f, err := source.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("read %s: longer than %d bytes", name, maxFile)
	}
	return data, nil
}

// parse walks the file key by key, because decoding into a map would hide a key that stands there twice.
func (b *Bundle) parse(data []byte, language string) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	open, err := dec.Token()
	if err != nil {
		return fmt.Errorf("read the first word: %w", err)
	}
	if open != json.Delim('{') {
		return errors.New("the file is not a JSON object")
	}
	for count := 0; dec.More(); count++ {
		if count == maxKeys {
			return fmt.Errorf("more than %d keys", maxKeys)
		}
		if err := b.parseOne(dec, language); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("close the object: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the object")
	}
	return nil
}

func (b *Bundle) parseOne(dec *json.Decoder, language string) error {
	token, err := dec.Token()
	if err != nil {
		return fmt.Errorf("read a key: %w", err)
	}
	key, _ := token.(string)
	if !isKey(key) {
		return fmt.Errorf("key %q is not lower case words with dots between", key)
	}
	if _, taken := b.texts[language][key]; taken {
		return fmt.Errorf("key %q is there twice", key)
	}
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return fmt.Errorf("read key %q: %w", key, err)
	}
	m, err := readMessage(raw)
	if err != nil {
		return fmt.Errorf("read key %q: %w", key, err)
	}
	b.texts[language][key] = m
	return nil
}

func readMessage(raw json.RawMessage) (message, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err == nil {
		pieces, err := compile(text)
		return message{other: pieces}, err
	}
	var forms struct{ One, Other string }
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&forms); err != nil {
		return message{}, fmt.Errorf("want a text or the forms one and other: %w", err)
	}
	one, errOne := compile(forms.One)
	other, errOther := compile(forms.Other)
	return message{plural: true, one: one, other: other}, errors.Join(errOne, errOther)
}

// Keys gives the keys of a language in order.
func (b *Bundle) Keys(language string) []string {
	return slices.Sorted(maps.Keys(b.texts[language]))
}

// Missing tells how often each unknown key was asked for, as "language key". At most a thousand different keys are remembered.
func (b *Bundle) Missing() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.missing)
}

func (b *Bundle) miss(language, key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := language + " " + key
	if _, known := b.missing[name]; known || len(b.missing) < maxMissing {
		b.missing[name]++
	}
}
