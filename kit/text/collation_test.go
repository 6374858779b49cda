package text

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestCollationOrders(t *testing.T) {
	cases := []struct{ name, lang, order string }{
		{"persian alphabet", "fa", "آ ا ب پ ت ث ج چ ح خ د ذ ر ز ژ س ش ص ض ط ظ ع غ ف ق ک گ ل م ن و ه ی"},
		{"persian names", "fa", "آرش ابراهیم احمد بابک پروین ترانه جواد چنگیز حمید ژاله ساسان کامران گلناز لاله مریم وحید هاله یلدا"},
		{"persian before latin", "fa", "۱ ۲ آرش یلدا Acme Zeta Янв"},
		{"azeri alphabet", "az", "a b c ç d e ə f g ğ h x ı i j k q l m n o ö p r s ş t u ü v y z"},
		{"azeri upper case", "az", "A B C Ç D E Ə F G Ğ H X I İ J K Q L M N O Ö P R S Ş T U Ü V Y Z"},
		{"azeri names", "az", "Aygün Cavid Çingiz Elçin Əli Əliyev Fuad Gülnar Hacı Xalid Ilqar İlham Jalə Kamran Qasım Leyla Samir Şəbnəm Vaqif Zaur"},
		{"english", "en", "1 2 acme Bob cafe café cafes Çelik Dan zed آرش یلدا"},
		{"space first", "en", "Al Zed;Ala;Alan"},
		{"other languages", "de", "a ä b o ö z ω я"},
		{"shorter first", "fa", "علی علیرضا"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			collation := NewCollation(c.lang)
			words := strings.Fields(c.order)
			if strings.Contains(c.order, ";") {
				words = strings.Split(c.order, ";")
			}
			for i := 1; i < len(words); i++ {
				if bytes.Compare(collation.Key(words[i-1]), collation.Key(words[i])) >= 0 {
					t.Errorf("%s is not before %s", words[i-1], words[i])
				}
			}
		})
	}
}

func TestCollationEquals(t *testing.T) {
	cases := []struct{ lang, a, b string }{
		{"fa", "علي", "علی"}, {"fa", "كريم", "کریم"}, {"fa", "پیش\u200cفاکتور", "پیشفاکتور"}, {"fa", "مُحَمَّد", "محمد"},
		{"fa", "۱۲", "12"}, {"en", "ACME", "acme"}, {"az", "ŞƏKİ", "şəki"}, {"az", "QIZ", "qız"},
		{"en", "  a  b ", "a b"}, {"en", "e\u0301", "é"}, {"az", "s\u0327", "ş"}, {"fa", "ا\u0653ب", "آب"},
	}
	for _, c := range cases {
		collation := NewCollation(c.lang)
		if a, b := collation.Key(c.a), collation.Key(c.b); !bytes.Equal(a, b) {
			t.Errorf("%s: %q has key %x, %q has %x", c.lang, c.a, a, c.b, b)
		}
	}
}

func TestCollationKeyIsBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, lang := range []string{"fa", "az", "en"} {
		collation := NewCollation(lang)
		for range 3000 {
			var b strings.Builder
			for range rng.IntN(100) {
				b.WriteRune(rune(rng.IntN(0x20000)))
			}
			key := collation.Key(b.String())
			if len(key) > MaxCollationKey || bytes.IndexByte(key, 0) >= 0 {
				t.Fatalf("%s: key of %+q is %x", lang, b.String(), key)
			}
		}
	}
	if len(NewCollation("en").Key("")) != 0 {
		t.Error("the empty text has a key")
	}
	if n := len(NewCollation("en").Key(strings.Repeat("x", 1<<20))); n != MaxCollationKey {
		t.Errorf("a long text has a key of %d bytes", n)
	}
}

// TestWeightsLeaveRoom holds the alphabets below the lead byte of other letters.
func TestWeightsLeaveRoom(t *testing.T) {
	for _, lang := range []string{"fa", "az", "en"} {
		if top := slices.Max(NewCollation(lang).weights[:]); top >= otherLead {
			t.Errorf("%s: the weights reach %#x", lang, top)
		}
	}
}

func TestCollationIsSafeForConcurrentUse(t *testing.T) {
	collation := NewCollation("fa")
	want := collation.Key("گلناز رضایی")
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for range 8 {
		wg.Go(func() {
			for range 500 {
				if got := collation.Key("گلناز رضایی"); !bytes.Equal(got, want) {
					errs <- fmt.Errorf("key %x, want %x", got, want)
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}

func BenchmarkCollationKey(b *testing.B) {
	for lang, s := range map[string]string{
		"fa": "محمدرضا گلپایگانی فر", "az": "Şəbnəm Əliyeva Qızı X", "en": "Jonathan Smithersons", "de": "Jürgen Größemann äöü",
	} {
		collation := NewCollation(lang)
		b.Run(lang, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = collation.Key(s)
			}
		})
	}
}

// TestSpellingsOfOneLetterSortTogether compares composed and decomposed spellings, which take different ways through Key.
func TestSpellingsOfOneLetterSortTogether(t *testing.T) {
	for _, lang := range []string{"fa", "az", "en"} {
		collation := NewCollation(lang)
		for _, s := range []string{"آریا", "مؤسسه", "مسئول", "Əliyeva Şəbnəm", "Çelik", "İlham", "Zoë Nguyễn", "Йод"} {
			if a, b := collation.Key(norm.NFC.String(s)), collation.Key(norm.NFD.String(s)); !bytes.Equal(a, b) {
				t.Errorf("%s: %q has key %x composed, %x decomposed", lang, s, a, b)
			}
		}
	}
}
