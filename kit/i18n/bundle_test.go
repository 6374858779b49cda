package i18n_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"ashna/kit/fault"
	"ashna/kit/i18n"
)

// texts makes a source of one file a language.
func texts(files map[string]string) fstest.MapFS {
	source := fstest.MapFS{}
	for language, data := range files {
		source[language+".json"] = &fstest.MapFile{Data: []byte(data)}
	}
	return source
}

// same makes a source with the same file in every language.
func same(data string) fstest.MapFS {
	return texts(map[string]string{"en": data, "fa": data, "az": data})
}

func bundle(t *testing.T, data string) *i18n.Bundle {
	t.Helper()
	b, err := i18n.New(same(data))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNewRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"no object":          `["a"]`,
		"no JSON":            `{"a.b": `,
		"two objects":        `{"a.b": "x"} {}`,
		"empty file":         ``,
		"a key twice":        `{"a.b": "x", "a.b": "y"}`,
		"upper case":         `{"A.b": "x"}`,
		"an empty word":      `{"a..b": "x"}`,
		"a bad variant":      `{"a.b?": "x"}`,
		"a number":           `{"a.b": 5}`,
		"a strange form":     `{"a.b": {"few": "x", "other": "y"}}`,
		"an open brace":      `{"a.b": "x {n"}`,
		"a closing brace":    `{"a.b": "x n}"}`,
		"a brace in a brace": `{"a.b": "x {{n}}"}`,
		"an empty name":      `{"a.b": "x {}"}`,
		"a name with space":  `{"a.b": "x {the name}"}`,
		"an unknown hint":    `{"a.b": "x {n:roman}"}`,
		"a translated name":  `{"a.b": "x {نام}"}`,
		"an endless text":    `{"a.b": "` + strings.Repeat("x", 5000) + `"}`,
		"a bad plural form":  `{"a.b": {"one": "{", "other": "y"}}`,
	} {
		if _, err := i18n.New(texts(map[string]string{"fa": data})); err == nil {
			t.Errorf("%s is read", name)
		} else if !strings.Contains(err.Error(), "fa") {
			t.Errorf("%s: the error does not name the language: %v", name, err)
		}
	}
}

func TestSourcesAreJoined(t *testing.T) {
	module := fstest.MapFS{"locale/en.json": &fstest.MapFile{Data: []byte(`{"deal.won": "Won"}`)}}
	b, err := i18n.New(i18n.House(), module)
	if err != nil {
		t.Fatal(err)
	}
	p := b.For(i18n.DefaultLocale("en"))
	if got := p.Say("deal.won") + " " + p.Say("cal.jalali.01"); got != "Won Farvardin" {
		t.Errorf("got %q", got)
	}
	if _, err := i18n.New(module, module); err == nil || !strings.Contains(err.Error(), "deal.won") {
		t.Errorf("the same key in two sources: got %v", err)
	}
}

func TestCheckFinds(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"a.b: az lacks it":                        {"en": `{"a.b": "x"}`, "fa": `{"a.b": "x"}`},
		"a.b: en lacks it":                        {"az": `{"a.b": "x"}`, "fa": `{"a.b": "x"}`},
		"fa a.b: form other has no text":          {"en": `{"a.b": "x"}`, "fa": `{"a.b": ""}`, "az": `{"a.b": "x"}`},
		"az a.b: form other has a space":          {"en": `{"a.b": "x"}`, "fa": `{"a.b": "x"}`, "az": `{"a.b": "x "}`},
		"fa a.b: form other has a space":          {"en": `{"a.b": "x"}`, "fa": `{"a.b": "x  y"}`, "az": `{"a.b": "x"}`},
		"a.b: fa has parameters [m], en has [n]":  {"en": `{"a.b": "{n}"}`, "fa": `{"a.b": "{m}"}`, "az": `{"a.b": "{n}"}`},
		"a.b: az has parameters [], en has [x]":   {"en": `{"a.b": "{x}"}`, "fa": `{"a.b": "{x} {x}"}`, "az": `{"a.b": "no"}`},
		"a.b: az has parameters [x:size], en has": {"en": `{"a.b": "{x}"}`, "fa": `{"a.b": "{x}"}`, "az": `{"a.b": "{x:size}"}`},
		"a.b: en and fa do not both have plural": {
			"en": `{"a.b": {"one": "{n} x", "other": "{n} xs"}}`, "fa": `{"a.b": "{n} x"}`, "az": `{"a.b": {"one": "{n} x", "other": "{n} x"}}`},
		"en a.b: form one has no text":         {"en": `{"a.b": {"other": "{n} xs"}}`},
		"en a.b: form one does not show {n}":   {"en": `{"a.b": {"one": "one x", "other": "{n} xs"}}`},
		"en a.b: form one has parameters [n]":  {"en": `{"a.b": {"one": "{n}", "other": "{n} of {m}"}}`},
		"en a.b: form other does not show {n}": {"en": `{"a.b": {"one": "x", "other": "xs"}}`},
	} {
		b, err := i18n.New(texts(files))
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		if err := b.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := bundle(t, `{"a.b": "{x} and {y}", "a.c": {"one": "{n} {x}", "other": "{x} {n}"}}`).Check(); err != nil {
		t.Errorf("complete texts: %v", err)
	}
}

func TestPlurals(t *testing.T) {
	b := bundle(t, `{"a.b": {"one": "one {n}", "other": "other {n}"}}`)
	cases := []struct {
		language string
		n        any
		want     string
	}{
		{"en", 1, "one 1"}, {"en", 0, "other 0"}, {"en", 2, "other 2"}, {"en", -1, "one -1"}, {"en", uint8(1), "one 1"}, {"en", int64(11), "other 11"},
		{"fa", 0, "one ۰"}, {"fa", 1, "one ۱"}, {"fa", 2, "other ۲"}, {"fa", int32(100), "other ۱۰۰"},
		{"az", 1, "one 1"}, {"az", 0, "other 0"}, {"az", 5, "other 5"}, {"az", 1.5, "other 1,5"}, {"en", uint64(1 << 63), "other 9223372036854775808"},
		{"en", "1", "other 1"},
	}
	for _, c := range cases {
		if got := b.For(i18n.DefaultLocale(c.language)).Say("a.b", "n", c.n); got != c.want {
			t.Errorf("%s %v: got %q, want %q", c.language, c.n, got, c.want)
		}
	}
}

func TestUnknownKeysAreCounted(t *testing.T) {
	b := bundle(t, `{"a.b": "x {name}"}`)
	p := b.For(i18n.Locale{Language: "fa"})
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() { p.Say("a.missing") })
	}
	wait.Wait()
	if got := p.Say("a.missing"); got != "[a.missing]" {
		t.Errorf("got %q", got)
	}
	if got := b.Missing(); len(got) != 1 || got["fa a.missing"] != 21 {
		t.Errorf("got %v", got)
	}
	for i := range 3000 {
		p.Say("a." + strings.Repeat("x", i))
	}
	if n := len(b.Missing()); n != 1000 {
		t.Errorf("%d keys are remembered, want a thousand at most", n)
	}
	if got := p.Say("a.b"); got != "x {name}" {
		t.Errorf("a parameter that is not given: got %q", got)
	}
	if p.Has("a.missing") || !p.Has("a.b") {
		t.Error("Has is wrong")
	}
}

func TestFault(t *testing.T) {
	b := house(t)
	en, fa, az := b.For(i18n.DefaultLocale("en")), b.For(i18n.DefaultLocale("fa")), b.For(i18n.DefaultLocale("az"))
	cases := []struct {
		printer *i18n.Printer
		fault   *fault.Error
		want    string
	}{
		{en, nil, ""},
		{en, fault.At("name", "value.too_long", "max", 1200), "This text is too long. Most characters allowed: 1,200"},
		{en, fault.At("name", "value.too_long"), "This text is too long. Shorten it."},
		{fa, fault.At("name", "value.too_long", "max", 1200), "این متن بیش از حد بلند است. حداکثر نویسه‌ها: ۱٬۲۰۰"},
		{az, fault.At("name", "value.too_long", "max", 1200), "Bu mətn həddən uzundur. Ən çox simvol sayı: 1.200"},
		{en, fault.Wrap(fault.Internal, "value.too_long", errors.New("secret"), "max", 5), en.Say("error.internal")},
		{en, fault.New(fault.TooMany, "error.too_many", "seconds", 90), "There were too many requests. Time to wait: 1 minute 30 seconds"},
		{fa, fault.New(fault.TooMany, "error.too_many", "seconds", 7200), "تعداد درخواست‌ها بیش از حد بود. زمان انتظار: ۲ ساعت"},
		{en, fault.New(fault.TooLarge, "file.too_large", "max", 25<<20), "The file is too big. Limit: 25\u00a0MB"},
		{en, fault.At("x", "value.unknown_field", "field", "nmae", "near", "name"), "There is no such field: nmae. A field with a similar name: name"},
		{en, fault.At("x", "value.unknown_field", "field", "nmae", "near", ""), "There is no such field: nmae"},
		{fa, fault.At("x", "value.unknown_field", "field", "nmae"), "چنین فیلدی وجود ندارد: \u2068nmae\u2069"},
		{fa, fault.New(fault.Conflict, "record.stale", "version", 12345), fa.Say("record.stale", "version", i18n.Text("۱۲۳۴۵"))},
		{en, fault.New(fault.Conflict, "record.in_use", "object", i18n.Key("cal.jalali.02"), "n", 2),
			"Other records point to this one. Change or delete them first. Kind: Ordibehesht; count: 2"},
		{en, fault.New(fault.Invalid, "nobody.wrote_this"), "[nobody.wrote_this]"},
	}
	for _, c := range cases {
		if got := c.printer.Fault(c.fault); got != c.want {
			t.Errorf("%v:\n got %q\nwant %q", c.fault, got, c.want)
		}
	}
}
