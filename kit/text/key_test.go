package text

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestKey(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "acme ltd.", "acme ltd."},
		{"upper", "ACME Ltd.", "acme ltd."},
		{"white space", "  a \t\n b  ", "a b"},
		{"only white space", " \t\u00a0\u3000 ", ""},
		{"control characters", "a\x00b\x7fc\u0085d", "abc d"},
		{"the four i", "İ I ı i", "i i i i"},
		{"decomposed dotted I", "I\u0307stanbul", "istanbul"},
		{"dot among other marks", "I\u0323\u0307", "ị"},
		{"azeri letters stay", "ŞƏMKİR Çay Öz Üz Ağ", "şəmkir çay öz üz ağ"},
		{"turned e is schwa", "Ǝli ǝli", "əli əli"},
		{"decomposed is composed", "s\u0327ah", "şah"},
		{"sharp s", "Straße STRASSE STRAẞE", "strasse strasse strasse"},
		{"final sigma", "ΟΔΟΣ οδος", "οδοσ οδοσ"},
		{"yeh and kaf", "علي كريمى", "علی کریمی"},
		{"hamza carriers", "آأإٱ ؤ ئ", "اااا و ی"},
		{"decomposed hamza", "ا\u0653ا\u0654 و\u0654 ي\u0654", "اا و ی"},
		{"heh family", "ة ۀ ە ہ ھ", "ه ه ه ه ه"},
		{"half-space", "پیش\u200cفاکتور", "پیشفاکتور"},
		{"direction marks", "\u202bسلام\u202c\u200f", "سلام"},
		{"tatweel", "ســلام", "سلام"},
		{"harakat", "مُحَمَّد", "محمد"},
		{"superscript alef", "رحمٰن", "رحمن"},
		{"persian digits", "۱۲۳٫۴۵", "123.45"},
		{"arabic digits", "١٢٣٬٤٥", "123,45"},
		{"punctuation", "چه؟ «این»؛ آن، ۱۰٪", `چه? "این"; ان, 10%`},
		{"quotes and dashes", "“a” ‘b’ c–d—e", `"a" 'b' c-d-e`},
		{"full width", "ＡＢＣ１２", "abc12"},
		{"presentation forms", "ﻻﺯم", "لازم"},
		{"ligature", "ﬁle", "file"},
		{"soft hyphen and joiners", "so\u00adft\u200b\ufeff", "soft"},
		{"emoji selector", "❤\ufe0f", "❤"},
		{"invisible filler", "\u3164\u115f", ""},
		{"invalid bytes", "a\xffb", "a\ufffdb"},
		{"cyrillic", "ЙОГ Ёж", "йог ёж"},
		{"pile of marks", "x" + strings.Repeat("\u0301", 40), norm.NFC.String("x" + strings.Repeat("\u0301", 8))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Key(c.in); got != c.want {
				t.Errorf("Key(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestFold(t *testing.T) {
	cases := []struct{ in, want string }{
		{"Şəbnəm Əliyeva", "sebnem eliyeva"},
		{"QARABAĞ Çörək üçün", "qarabag corek ucun"},
		{"Café Zoë", "cafe zoe"},
		{"Ǻrhus Øst Łódź Æsir", "arhus ost lodz aesir"},
		{"Nguyễn", "nguyen"},
		{"Ёлка Йод", "елка йод"},
		{"Ώρα", "ωρα"},
		{"مؤسسهٔ آریا", "موسسه اریا"},
		{"हिन्दी", "हिन्दी"},
		{"한국어", "한국어"},
		{"\u0301", ""},
		{"a \u0301", "a"},
	}
	for _, c := range cases {
		if got := Fold(c.in); got != c.want {
			t.Errorf("Fold(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// checkLaws fails when a law of the keys does not hold for s.
func checkLaws(t *testing.T, s string) {
	t.Helper()
	key, fold := Key(s), Fold(s)
	switch {
	case Key(key) != key:
		t.Fatalf("Key is not idempotent: %+q → %+q → %+q", s, key, Key(key))
	case Fold(fold) != fold:
		t.Fatalf("Fold is not idempotent: %+q → %+q → %+q", s, fold, Fold(fold))
	case Fold(key) != fold:
		t.Fatalf("Fold(Key) is not Fold: %+q → %+q, %+q", s, Fold(key), fold)
	case !norm.NFC.IsNormalString(key) || !norm.NFC.IsNormalString(fold):
		t.Fatalf("not in NFC: %+q → %+q, %+q", s, key, fold)
	case !utf8.ValidString(key):
		t.Fatalf("not UTF-8: %+q → %+q", s, key)
	case strings.TrimSpace(key) != key || strings.Contains(key, "  "):
		t.Fatalf("loose white space: %+q → %+q", s, key)
	}
	if utf8.ValidString(s) && (Key(norm.NFD.String(s)) != Key(norm.NFC.String(s))) {
		t.Fatalf("NFC and NFD of %+q have two keys", s)
	}
}

// alphabetsOfTests are the runes that random texts are made of: each plain script, and the troublesome ones.
var alphabetsOfTests = []string{
	"abc xyzABCIİıiƏəÇçĞğÖöŞşÜü 019.,-_@",
	"آابپتكکگيیىئؤةۀهۂ \u200c\u200f\u064e\u0651\u0654\u0653ـ۰۹٠٩،؟«»",
	"ßẞŉſĳæœøłđðþŋµςΣÅǺǝͅ\u0345\u0301\u0307\u0323\u0327\u0308\u034fЙйЁёії",
	"ﷺﷲﻻﬁ½²Ａ한ᄒ\u1160ᅡᆫ\u3164❤\ufe0f\U000e0101\u00a0\u00b4\u00a8 \t\n\x00\x1f",
}

func TestKeyLawsOnRandomTexts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		var b strings.Builder
		for range rng.IntN(24) {
			switch pick := rng.IntN(6); pick {
			case 4:
				b.WriteRune(rune(rng.IntN(0x3000)))
			case 5:
				b.WriteRune(rune(rng.IntN(0x20000)))
			default:
				runes := []rune(alphabetsOfTests[pick])
				b.WriteRune(runes[rng.IntN(len(runes))])
			}
		}
		checkLaws(t, b.String())
	}
}

func TestKeyLawsOnEveryRune(t *testing.T) {
	for r := range rune(0x30000) {
		checkLaws(t, "a"+string(r)+"\u0307b")
	}
}

// TestSimpleTextsAgree holds the short way of simple texts to the result of the long one.
func TestSimpleTextsAgree(t *testing.T) {
	for r := range rune(0x2100) {
		if !simple(r) {
			continue
		}
		s := "x" + string(r) + "y " + string(r)
		for _, fold := range []bool{false, true} {
			short := assemble(s, fold)
			long := norm.NFC.String(assemble(norm.NFKD.String(s), fold))
			if short != long {
				t.Errorf("%+q (fold %v): short way %+q, long way %+q", s, fold, short, long)
			}
		}
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range alphabetsOfTests {
		f.Add(s)
	}
	f.Add(strings.Repeat("\u0301\u200d\u0323", 40))
	f.Add("0000000000000000000000000000000\xf3\u00a8")
	f.Fuzz(func(t *testing.T, s string) { checkLaws(t, s) })
}

// TestKeyUnifiesAsOutsideLibrariesDo takes from the outside vectors those about letters, marks, spaces and digits. The rest is not
// followed on purpose: respacing of affixes, the half-space as a character of its own, quotes and ellipsis by context, stemming and
// splitting change words, which an index may guess at but a key must not.
func TestKeyUnifiesAsOutsideLibrariesDo(t *testing.T) {
	followed := map[string]bool{
		"normalizer.remove_diacritics": true, "normalizer.persian_number": true, "toPersianChars.toPersianChars": true,
		"normalizer.decrease_repeated_chars": true, "NormalizePersianText(RemoveAllKashida)": true,
		"NormalizePersianText(CleanupZwnj)": true, "ReplaceThinSpaces": true,
	}
	checked := 0
	for _, v := range vectors(t, "persian-vectors/persian-normalise.jsonl") {
		if !followed[v.Function] {
			continue
		}
		checked++
		in, want := asText(v.Input), asText(v.Expected)
		if Key(in) != Key(want) {
			t.Errorf("%s: Key(%q) = %q, Key(%q) = %q", v.Function, in, Key(in), want, Key(want))
		}
	}
	if checked < 8 {
		t.Errorf("only %d vectors were checked", checked)
	}
}

func TestKeyOfPlainTextAllocatesNothing(t *testing.T) {
	const plain = "a lower-case english sentence of some length, 42"
	if n := testing.AllocsPerRun(100, func() { _ = Key(plain) }); n > 0 {
		t.Errorf("Key of its own key allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { _ = Key("Upper Case") }); n > 1 {
		t.Errorf("Key of ASCII allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { _ = Fold("شرکت آریا گستر پارس") }); n > 1 {
		t.Errorf("Fold of Persian allocates %v times", n)
	}
}

func BenchmarkKey(b *testing.B) {
	for name, s := range map[string]string{
		"ascii-lower": "jonathan smithers-jones", "ascii": "Jonathan Smithers-Jones", "persian": "شرکت پیش\u200cگامان آریا",
		"azeri": "Şəbnəm Əliyeva Qızı", "accents": "Nguyễn Văn Quốc",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = Key(s)
			}
		})
		b.Run(name+"-fold", func(b *testing.B) {
			for b.Loop() {
				_ = Fold(s)
			}
		})
	}
}
