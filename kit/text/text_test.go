package text

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"ashna/kit/fault"
)

func TestWords(t *testing.T) {
	cases := []struct {
		in   string
		want []string
	}{
		{"", nil},
		{" -- !? ", nil},
		{"Hello, World-wide 24/7", []string{"hello", "world", "wide", "24", "7"}},
		{"پیش\u200cفاکتورِ شماره ۱۲", []string{"پیشفاکتور", "شماره", "12"}},
		{"Qarabağ'ın şəhəri", []string{"qarabag", "in", "seheri"}},
		{"हिन्दी भाषा", []string{"हिन्दी", "भाषा"}},
		{"ali@example.com", []string{"ali", "example", "com"}},
	}
	for _, c := range cases {
		if got := Words(c.in); !slices.Equal(got, c.want) {
			t.Errorf("Words(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestWordsAreBounded(t *testing.T) {
	words := Words(strings.Repeat("x ", 1000) + strings.Repeat("y", 1000))
	if len(words) != MaxWords {
		t.Errorf("%d words, want %d", len(words), MaxWords)
	}
	long := Words(strings.Repeat("ی", 1000) + " b")
	if len(long) != 2 || Length(long[0]) != MaxWord || long[1] != "b" {
		t.Errorf("a long word gives %d words, the first of %d characters", len(long), Length(long[0]))
	}
}

func TestDigits(t *testing.T) {
	cases := []struct{ in, ascii, persian, arabic string }{
		{"", "", "", ""},
		{"abc", "abc", "abc", "abc"},
		{"۱۲٣4", "1234", "۱۲۳۴", "١٢٣٤"},
		{"٫۵", "٫5", "٫۵", "٫٥"},
		{"५６𝟕", "567", "५６𝟕", "५６𝟕"},
		{"²", "²", "²", "²"},
	}
	for _, c := range cases {
		if got := Digits(c.in); got != c.ascii {
			t.Errorf("Digits(%q) = %q, want %q", c.in, got, c.ascii)
		}
		if got := ToPersianDigits(c.in); got != c.persian {
			t.Errorf("ToPersianDigits(%q) = %q, want %q", c.in, got, c.persian)
		}
		if got := ToArabicDigits(c.in); got != c.arabic {
			t.Errorf("ToArabicDigits(%q) = %q, want %q", c.in, got, c.arabic)
		}
	}
}

// TestEveryScriptCountsFromZero holds the table of digits to its assumption: each script has ten together.
func TestEveryScriptCountsFromZero(t *testing.T) {
	count := [10]int{}
	for r := range rune(unicode.MaxRune) {
		d, ok := digit(r)
		if ok != unicode.Is(unicode.Nd, r) {
			t.Fatalf("digit(%U) says %v", r, ok)
		}
		if ok {
			count[d]++
		}
	}
	if slices.Min(count[:]) != slices.Max(count[:]) || count[0] < 50 {
		t.Errorf("digits by value: %v", count)
	}
}

// TestOutsideDigits follows the outside vectors, save two: those functions leave the digits of a third script alone, while ours
// convert every digit, so that a number never mixes scripts.
func TestOutsideDigits(t *testing.T) {
	functions := map[string]func(string) string{
		"digits.digitsArToEn": Digits, "digits.digitsFaToEn": Digits,
		"digits.digitsEnToFa": ToPersianDigits, "digits.digitsEnToAr": ToArabicDigits,
	}
	checked := 0
	for _, v := range vectors(t, "persian-vectors/digits.jsonl") {
		f := functions[v.Function]
		if f == nil {
			continue
		}
		checked++
		if got, want := f(asText(v.Input)), asText(v.Expected); got != want {
			t.Errorf("%s(%s) = %q, want %q", v.Function, v.Input, got, want)
		}
	}
	if checked < 6 {
		t.Errorf("only %d vectors were checked", checked)
	}
}

func TestClean(t *testing.T) {
	cases := []struct{ in, text, line string }{
		{"", "", ""},
		{"plain", "plain", "plain"},
		{" a  b ", " a  b ", "a b"},
		{"a\r\nb\rc\u2028d\u0085e", "a\nb\nc\nd\ne", "a b c d e"},
		{"a\tb\x01\x1b\x7f\u009fc", "a\tbc", "a bc"},
		{"e\u0301", "é", "é"},
		{"e\x01\u0301", "é", "é"},
		{"می\u200cشود", "می\u200cشود", "می\u200cشود"},
		{"a\u00a0\u3000b", "a\u00a0\u3000b", "a b"},
	}
	for _, c := range cases {
		text, err := Clean(c.in)
		if err != nil || text != c.text {
			t.Errorf("Clean(%q) = %q, %v, want %q", c.in, text, err, c.text)
		}
		line, err := CleanLine(c.in)
		if err != nil || line != c.line {
			t.Errorf("CleanLine(%q) = %q, %v, want %q", c.in, line, err, c.line)
		}
	}
}

func TestCleanRefuses(t *testing.T) {
	for _, in := range []string{"a\x00", "\xff", "\xed\xa0\x80", "\xc0\xaf", "ok\xe2\x82"} {
		for name, clean := range map[string]func(string) (string, error){"Clean": Clean, "CleanLine": CleanLine} {
			got, err := clean(in)
			if !fault.Is(err, fault.Invalid) || fault.Of(err).Key != "value.text_invalid" || got != "" {
				t.Errorf("%s(%q) = %q, %v", name, in, got, err)
			}
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\r\r\n\x01b\u0301")
	f.Add(strings.Repeat("\u0301", 70))
	f.Fuzz(func(t *testing.T, s string) {
		once, err := Clean(s)
		if err != nil {
			return
		}
		if twice, err := Clean(once); err != nil || twice != once {
			t.Fatalf("Clean is not idempotent: %+q → %+q → %+q, %v", s, once, twice, err)
		}
		line, err := CleanLine(s)
		if again, _ := CleanLine(line); err != nil || again != line || strings.ContainsAny(line, "\n\t") {
			t.Fatalf("CleanLine(%+q) = %+q, then %+q, %v", s, line, again, err)
		}
		if Key(once) != Key(s) && !strings.ContainsAny(s, "\r\v\f\u0085") {
			t.Fatalf("Clean changes the key of %+q: %+q, %+q", s, Key(s), Key(once))
		}
	})
}

func TestCasing(t *testing.T) {
	cases := []struct{ lang, in, lower, upper, title string }{
		{"az", "ILIQ işıq", "ılıq işıq", "ILIQ İŞIQ", "Ilıq İşıq"},
		{"az", "İlham əliyev", "ilham əliyev", "İLHAM ƏLİYEV", "İlham Əliyev"},
		{"tr", "DIŞ iş", "dış iş", "DIŞ İŞ", "Dış İş"},
		{"en", "INBOX item", "inbox item", "INBOX ITEM", "Inbox Item"},
		{"fa", "سلام Item", "سلام item", "سلام ITEM", "سلام Item"},
		{"not a tag!", "I i", "i i", "I I", "I I"},
		{strings.Repeat("a-", 40), "I i", "i i", "I I", "I I"},
	}
	for _, c := range cases {
		if got := Lower(c.lang, c.in); got != c.lower {
			t.Errorf("Lower(%q, %q) = %q, want %q", c.lang, c.in, got, c.lower)
		}
		if got := Upper(c.lang, c.in); got != c.upper {
			t.Errorf("Upper(%q, %q) = %q, want %q", c.lang, c.in, got, c.upper)
		}
		if got := Title(c.lang, c.in); got != c.title {
			t.Errorf("Title(%q, %q) = %q, want %q", c.lang, c.in, got, c.title)
		}
	}
}

// TestOutsideCasing follows the outside vectors, save those of rules without a word around them: the lone combining dot (After_I), and
// the option that turns the final sigma off.
func TestOutsideCasing(t *testing.T) {
	checked := 0
	for _, v := range vectors(t, "persian-vectors/casing.jsonl") {
		if v.Note == "After_I" || v.Function == "final sigma off" {
			continue
		}
		var want struct{ Lower, Upper, Title *string }
		if err := json.Unmarshal(v.Expected, &want); err != nil {
			t.Fatal(err)
		}
		lang := strings.TrimPrefix(v.Category, "casing-")
		in := asText(v.Input)
		for name, pair := range map[string]struct {
			got  string
			want *string
		}{"Lower": {Lower(lang, in), want.Lower}, "Upper": {Upper(lang, in), want.Upper}, "Title": {Title(lang, in), want.Title}} {
			if pair.want == nil {
				continue
			}
			checked++
			if pair.got != *pair.want {
				t.Errorf("%s(%s, %q) = %q, want %q", name, lang, in, pair.got, *pair.want)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d vectors were checked", checked)
	}
}

func TestInitials(t *testing.T) {
	cases := []struct{ in, want string }{
		{"", ""},
		{" -- ", ""},
		{"ada", "A"},
		{"Ada Lovelace", "AL"},
		{"Ada King Lovelace", "AL"},
		{"Dr. Ada Lovelace, PhD", "AL"},
		{"Mr. X", "X"},
		{"Dr.", "D"},
		{"دکتر علی رضایی", "ع\u200cر"},
		{"مهندس سارا", "س"},
		{"əli şəbnəm", "ƏŞ"},
		{"Hacı Zeynal", "Z"},
		{"(Acme) 3D", "A3"},
		{"e\u0301mile zola", "ÉZ"},
	}
	for _, c := range cases {
		if got := Initials(c.in); got != c.want {
			t.Errorf("Initials(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	if pile := Initials("a" + strings.Repeat("\u0323", 1000)); len(pile) > 64 {
		t.Errorf("a pile of marks gives %d bytes", len(pile))
	}
}

func TestDistance(t *testing.T) {
	cases := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"abc", "", 3}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "acb", 1},
		{"kitten", "sitting", 3}, {"ca", "abc", 3}, {"gmial", "gmail", 1}, {"سلام", "سالم", 1}, {"ab", "ba", 1},
		{strings.Repeat("a", 100), strings.Repeat("b", 100), 64},
	}
	for _, c := range cases {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestDistanceLaws(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	word := func() string {
		b := make([]byte, rng.IntN(12))
		for i := range b {
			b[i] = "abc"[rng.IntN(3)]
		}
		return string(b)
	}
	for range 5000 {
		a, b := word(), word()
		d := Distance(a, b)
		gap := max(len(a), len(b)) - min(len(a), len(b))
		if d != Distance(b, a) || d < gap || d > max(len(a), len(b)) || (d == 0) != (a == b) {
			t.Fatalf("Distance(%q, %q) = %d, back %d", a, b, d, Distance(b, a))
		}
	}
}

func TestTruncate(t *testing.T) {
	cases := []struct {
		in   string
		n    int
		want string
	}{
		{"abc", 5, "abc"}, {"abc", 3, "abc"}, {"abc", 2, "ab"}, {"abc", 0, ""}, {"abc", -1, ""},
		{"سلام", 2, "سل"}, {"ae\u0301", 2, "a"}, {"e\u0301x", 2, "e\u0301"}, {"👩\u200d👩", 2, "👩\u200d"}, {"👩\u200d👩", 1, ""},
	}
	for _, c := range cases {
		got := Truncate(c.in, c.n)
		if got != c.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
		if utf8.RuneCountInString(got) > max(c.n, 0) && got != "" {
			t.Errorf("Truncate(%q, %d) is too long", c.in, c.n)
		}
	}
}
