package auth

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"ashna/kit/fault"
)

func TestCommonPasswordsAreRefused(t *testing.T) {
	for _, s := range strings.Split(`1234567890|0123456789|12345678910|9876543210|1111111111|0000000000|aaaaaaaaaa|abababababab|abc123abc123|qwertyuiop|
qwerty123456|1qaz2wsx3edc|1q2w3e4r5t|1q2w3e4r5t6y|q1w2e3r4t5y6|password12|Password123|Password123!|P@ssw0rd123|p@$$w0rd2024|passwordpassword|
letmein123|letmein2024|iloveyou123|iloveyou1234567|princess123|sunshine123|football123|baseball2020|superman123|Summer2024!|Winter2025!!|Welcome123|
Welcome2024!|administrator|administrator1|admin123456|adminadmin|changeme123|changeme!!|monkeydragon|dragon12345|trustno1trustno1|starwars123|asdfghjkl;|
zxcvbnm,./|asdfghjkl1|qazwsxedcrfv|0987654321|147258369147|salam123456|iran123456|tehran1234|persepolis1|esteghlal1234|mohammad1234|alireza1375|
fatemeh1380|asheghetam1|khodaya123|baku123456|azerbaijan1|sevgilim123|qarabag2020|galatasaray1905|ashna12345|ashna2026!|ashnacrm2026|رمزعبور123|ایران۱۲۳۴۵۶|
ضصثقفغعهخح|۱۲۳۴۵۶۷۸۹۰|salamsalam|qwertyqwerty|mynameisali|test123456|guestguest|!@#$%^&*()|iloveyou!!|password۱۲۳|aaaaabbbbb|`, "|") {
		s = strings.TrimSpace(s)
		if utf8.RuneCountInString(s) < defaultLength {
			continue
		}
		if err := check(Secret(s), defaultLength, nil); err == nil {
			t.Errorf("%q is accepted, with %d parts", s, parts(s, nil))
		} else {
			expect(t, err, fault.Invalid, "auth.password_common")
		}
	}
}

func TestGoodPasswordsAreAccepted(t *testing.T) {
	for _, s := range []string{
		goodPassword.Reveal(), "correct horse battery staple", "xK7#mQp2vL", "tbontbtitq", "zebra-violin-42-kiosk", "k9wv3nrq8z", "Hafez in the rain 7",
		"کلاغ روی درخت انجیر", "yağış gecə pəncərə", "mötərizə-qatar", "ЖёлтыйЛимон", "月が綺麗ですね今夜は本当に", "dragon-x7Kq2w", "pässwörtchen für zwölf",
		"summer rain on tin roofs", strings.Repeat("ab3$", 200) + "q7w", strings.Repeat("k", 1000) + "j3m9x", "         z9 k q t v",
	} {
		if err := check(Secret(s), defaultLength, []string{"sara.karimi@example.org", "Sara Karimi"}); err != nil {
			t.Errorf("%q is refused: %v", s, err)
		}
	}
}

func TestOwnNameIsNoPassword(t *testing.T) {
	known := []string{"Sara.Karimi@example.org", "Sara Karimi", "Acme"}
	for _, s := range []string{
		"sara.karimi@example.org", "Sara.Karimi@Example.org1", "SaraKarimi1", "sara karimi", "karimisara99", "acme-karimi", "S4r4K4rimi12", "example.org1",
		"sarasarasara", "Acme2024!!",
	} {
		if err := check(Secret(s), defaultLength, known); err == nil {
			t.Errorf("%q is accepted, with %d parts", s, parts(s, known))
		}
	}
	for _, s := range []string{"karimi likes figs", "org9kv2xq7"} {
		if err := check(Secret(s), defaultLength, known); err != nil {
			t.Errorf("%q is refused: %v", s, err)
		}
	}
	if err := check(goodPassword, defaultLength, []string{"", "a", " ", strings.Repeat("x", 5_000)}); err != nil {
		t.Errorf("odd words about a person refuse a good password: %v", err)
	}
}

func TestPasswordLimits(t *testing.T) {
	for _, c := range []struct {
		password string
		least    int
		key      string
	}{
		{"", 10, "auth.password_short"},
		{"k9wv3nrq8", 10, "auth.password_short"},
		{"k9wv3nrq8z", 10, ""},
		{"کلاغ و انج", 10, ""}, // ten characters, not bytes
		{"k9wv3nrq", 8, ""},
		{"k9wv3nrq8zz", 12, "auth.password_short"},
		{strings.Repeat("k9wv3nrq8zfh2m", 100), 10, "value.too_long"},
		{"k9wv3nrq8\xff\xffz", 10, "value.text_invalid"},
		{"k9wv3nrq8\x00z", 10, "value.text_invalid"},
	} {
		err := check(Secret(c.password), c.least, nil)
		if c.key == "" {
			if err != nil {
				t.Errorf("%q is refused: %v", c.password, err)
			}
			continue
		}
		expect(t, err, fault.Invalid, c.key)
		if f := fault.Of(err); f != nil && f.Field != "password" {
			t.Errorf("%q blames the field %q", c.password, f.Field)
		}
	}
}

func TestNormalFormIsOfKeyboards(t *testing.T) {
	for _, same := range [][2]Secret{{"caf\u00e9 terrasse", "cafe\u0301 terrasse"}, {"ｆｕｌｌ width", "full width"}, {"a\u00a0b", "a b"}} {
		if normal(same[0]) != normal(same[1]) {
			t.Errorf("%q and %q are two passwords", same[0].Reveal(), same[1].Reveal())
		}
	}
	for _, other := range [][2]Secret{{"Aa", "aa"}, {"a b", "ab"}, {"a ", "a"}} {
		if normal(other[0]) == normal(other[1]) {
			t.Errorf("%q and %q are one password", other[0].Reveal(), other[1].Reveal())
		}
	}
}

// TestPartsArePlausible checks what must hold for any text: at least one piece and at most its length, no more for a part of it, and a
// digit or a common word more costs one piece at most.
func TestPartsArePlausible(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	alphabet := []rune("abcdeqwertz0123456789!@$ ابپ")
	for range 500 {
		letters := make([]rune, 1+r.IntN(24))
		for i := range letters {
			letters[i] = alphabet[r.IntN(len(alphabet))]
		}
		s := string(letters)
		n := parts(s, nil)
		if n < 1 || n > len(letters) {
			t.Fatalf("%q has %d parts", s, n)
		}
		for _, more := range []string{"7", "password", "2024", "qwertyuiop"} {
			if m := parts(s+more, nil); m > n+2 {
				t.Errorf("%q has %d parts, with %q %d", s, n, more, m)
			}
		}
		if m := parts(s, []string{s}); m > n {
			t.Errorf("%q has %d parts, and %d for whom it is the name", s, n, m)
		}
	}
}

func TestRuns(t *testing.T) {
	for s, want := range map[string]int{"a": 1, "aaa": 3, "aab": 2, "abc": 3, "cba": 3, "acb": 1, "qwerty": 6, "ytrewq": 6, "123x": 3, "ax": 1, "1q2w3e4r": 8, "ضصثق": 4} {
		if got := run([]rune(s)); got != want {
			t.Errorf("run(%q) = %d, want %d", s, got, want)
		}
	}
	for s, want := range map[string]int{"abab": 2, "aaaa": 1, "abcabcab": 3, "abca": 0, "ab": 0, "": 0, "a": 0} {
		if got := repeated([]rune(s)); got != want {
			t.Errorf("repeated(%q) = %d, want %d", s, got, want)
		}
	}
	for s, want := range map[string]bool{"1999": true, "2024": true, "1385": true, "1402": true, "1234": false, "20x4": false, "202": false} {
		if isYear(s) != want {
			t.Errorf("isYear(%q) = %v", s, !want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("password123", "a@b.c")
	f.Add(strings.Repeat("ﷺ", 340), "\x01")
	f.Fuzz(func(t *testing.T, password, known string) {
		if err := check(Secret(password), defaultLength, []string{known}); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", password, err)
		}
	})
}
