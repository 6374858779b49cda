package files

import (
	"path"
	"strings"
	"unicode"

	"ashna/kit/text"
)

const (
	maxName   = 200 // characters of a name
	maxEnding = 20  // characters of its ending that survive when it is cut
	noName    = "file"
)

// CleanName gives the name under which a file is shown and saved: the last part of a path of any system, on one line, of at most 200
// characters, without control characters, characters that turn or hide text, and dots or spaces at the ends. The half-space of Persian stays.
// A name of which nothing is left becomes "file". Bytes that are no text are refused with an Invalid fault.
func CleanName(name string) (string, error) {
	name, err := text.CleanLine(name)
	if err != nil {
		return "", err
	}
	// Letters may join when what lay between them is gone.
	if name, err = text.CleanLine(strings.Map(visible, name)); err != nil {
		return "", err
	}
	name = tidy(name[strings.LastIndexAny(name, `/\`)+1:])
	if runes := []rune(name); len(runes) > maxName {
		ending := []rune(path.Ext(name))
		if len(ending) > maxEnding {
			ending = nil
		}
		stem := tidy(string(runes[:maxName-len(ending)]))
		name = tidy(stem + string(ending))
	}
	if name == "" {
		return noName, nil
	}
	return name, nil
}

func tidy(name string) string {
	return strings.TrimFunc(name, func(r rune) bool { return r == '.' || unicode.IsSpace(r) || joins(r) })
}

// joins says whether a character does nothing but part or join its neighbours: the half-space and its opposite.
func joins(r rune) bool { return r == '\u200c' || r == '\u200d' }

// visible drops what cannot be seen: format characters, variation selectors and what has no meaning yet.
func visible(r rune) rune {
	switch {
	case joins(r):
		return r
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Cc, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Variation_Selector, r):
		return -1
	}
	return r
}
