package i18n_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"ashna/kit/calendar"
	"ashna/kit/fault"
	"ashna/kit/i18n"
)

// broken is a source that opens its files and cannot read them.
type broken struct{}

func (broken) Open(name string) (fs.File, error) {
	if name == "az.json" {
		return nil, fs.ErrPermission
	}
	return brokenFile{}, nil
}

type brokenFile struct{ fs.File }

func (brokenFile) Read([]byte) (int, error) { return 0, errors.New("disk gone") }
func (brokenFile) Close() error             { return nil }

func TestSourcesThatCannotBeRead(t *testing.T) {
	_, err := i18n.New(broken{})
	if err == nil || !strings.Contains(err.Error(), "disk gone") || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want the problems of every language", err)
	}
	huge := fstest.MapFS{"en.json": &fstest.MapFile{Data: []byte(strings.Repeat(" ", 4<<20+1))}}
	if _, err := i18n.New(huge); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("a huge file: got %v", err)
	}
	if b, err := i18n.New(); err != nil || b.Check() != nil {
		t.Errorf("no sources: got %v", err)
	}
	for name, data := range map[string]string{"cut in a key": `{"a.b": "x", "a`, "cut in a text": `{"a.b": "x`, "cut before the end": `{"a.b": "x"`} {
		if _, err := i18n.New(same(data)); err == nil {
			t.Errorf("a file %s is read", name)
		}
	}
}

// A bundle without the texts of the house still answers: with keys in brackets, and without stopping.
func TestBundleWithoutHouse(t *testing.T) {
	p := bundle(t, `{"a.b": "x"}`).For(i18n.DefaultLocale("en"))
	if got := p.List([]string{"a", "b", "c"}); got != "[format.list.two]" {
		t.Errorf("got %q", got)
	}
	if got := p.Compact(1500, 0); got != "[format.number.thousand]" {
		t.Errorf("got %q", got)
	}
	if got := p.Fault(fault.New(fault.Internal, "a.b")); got != "[error.internal]" {
		t.Errorf("got %q", got)
	}
}

func TestDaysOutsideTheCalendar(t *testing.T) {
	for _, language := range i18n.Languages() {
		p := house(t).For(i18n.DefaultLocale(language))
		for _, day := range []calendar.Day{math.MinInt64, calendar.MinDay - 1, calendar.MinDay, calendar.MaxDay, calendar.MaxDay + 1, math.MaxInt64} {
			for _, style := range []i18n.Style{i18n.Short, i18n.Long, i18n.Full} {
				if got := p.Date(day, style); got == "" {
					t.Errorf("%s: day %d is written as nothing", language, day)
				}
			}
		}
	}
}

// Property: a short date that a person reads is a date that a person may type.
func TestShortDatesAreReadBack(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 17))
	for _, language := range []string{i18n.Persian, i18n.Azerbaijani} {
		for _, c := range []calendar.Calendar{calendar.Gregorian, calendar.Jalali} {
			p := in(t, language, c)
			for range 500 {
				day := calendar.Day(random.IntN(80_000) - 20_000)
				text := p.Date(day, i18n.Short)
				if got, err := calendar.Parse(c, text); err != nil || got != day {
					t.Fatalf("%s %v: %s is written %q and read %s, %v", language, c, day, text, got, err)
				}
			}
		}
	}
}

// Property: a compact number is never shorter of meaning than half of its last figure, and larger numbers never look smaller.
func TestCompactIsNear(t *testing.T) {
	p := house(t).For(i18n.DefaultLocale("en"))
	size := map[byte]float64{'K': 1e3, 'M': 1e6, 'B': 1e9, 'T': 1e12}
	random := rand.New(rand.NewPCG(19, 23))
	for range 3000 {
		v := random.Int64() >> random.IntN(63)
		text := p.Compact(v, 0)
		unit := 1.0
		if factor, ok := size[text[len(text)-1]]; ok {
			unit, text = factor, text[:len(text)-1]
		}
		var shown float64
		if err := json.Unmarshal([]byte(strings.ReplaceAll(text, ",", "")), &shown); err != nil {
			t.Fatalf("%d is written %q", v, text)
		}
		if off := math.Abs(shown*unit - float64(v)); off > unit*0.0500001+float64(v)*1e-12 {
			t.Fatalf("%d is written %q, which is off by %g", v, text, off)
		}
		if shown >= 1000 && unit < 1e12 {
			t.Fatalf("%d is written %q: the next word fits", v, text)
		}
	}
}

func TestTextsOfStrangers(t *testing.T) {
	shared := os.Getenv("ASHNA_SHARED")
	if shared == "" {
		shared = filepath.Join(moduleRoot(t), "..", "shared")
	}
	file, err := os.Open(filepath.Join(shared, "data", "hostile-inputs", "naughty-strings.jsonl"))
	if err != nil {
		t.Skip("the list of naughty strings is not here; set ASHNA_SHARED to the folder that has it")
	}
	t.Cleanup(func() { _ = file.Close() })
	printers := []*i18n.Printer{with(t, "en"), with(t, "fa"), with(t, "az")}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	count := 0
	for lines.Scan() {
		count++
		// Both what the line holds and the line itself are texts of a stranger.
		for _, text := range append(stringsIn(lines.Bytes()), lines.Text()) {
			for _, p := range printers {
				got := p.Say("a.show", "x", text)
				if !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x00\x1b") || utf8.RuneCountInString(got) > 303 {
					t.Errorf("%q gives %q", text, got)
				}
			}
		}
	}
	if err := lines.Err(); err != nil || count < 200 {
		t.Errorf("%d lines read, %v", count, err)
	}
}

// stringsIn gives the texts of a line of JSON: a text, a list, or an object.
func stringsIn(line []byte) []string {
	var value any
	if json.Unmarshal(line, &value) != nil {
		return nil
	}
	var found []string
	switch v := value.(type) {
	case string:
		found = append(found, v)
	case []any:
		for _, item := range v {
			if s, ok := item.(string); ok {
				found = append(found, s)
			}
		}
	case map[string]any:
		for _, item := range v {
			if s, ok := item.(string); ok {
				found = append(found, s)
			}
		}
	}
	return found
}

func TestFarTimes(t *testing.T) {
	p := house(t).For(i18n.DefaultLocale("en"))
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	if got := p.Relative(time.Time{}, now); got != "292 years ago" {
		t.Errorf("the distance of two thousand years is cut to what a duration holds: got %q", got)
	}
	if got := p.Say("error.too_many", "seconds", int64(math.MaxInt64)); !strings.HasSuffix(got, "106,751 days 23 hours") {
		t.Errorf("got %q", got)
	}
}
