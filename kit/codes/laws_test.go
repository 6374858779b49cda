package codes

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"ashna/kit/text"
)

// codeLaw is a code that is made of digits, of which one is a check digit.
type codeLaw struct {
	name   string
	check  func(string) (string, error)
	digits int
	place  int // of the check digit
	fixed  map[int]byte
}

var codeLaws = []codeLaw{
	{"national id of Iran", inCountry(NationalID, "IR"), 10, 9, nil},
	{"company id of Iran", inCountry(CompanyID, "IR"), 11, 10, nil},
	{"VÖEN of a company", inCountry(CompanyID, "AZ"), 10, 8, map[int]byte{9: '1'}},
	{"VÖEN of a person", inCountry(CompanyID, "AZ"), 10, 8, map[int]byte{9: '2'}},
	{"card", Card, 16, 15, nil},
}

// TestOneCheckDigitIsRight tries every check digit of random codes: at most one is right, and nearly always one is (a VÖEN whose
// remainder is 10 has none).
func TestOneCheckDigitIsRight(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	for _, law := range codeLaws {
		t.Run(law.name, func(t *testing.T) {
			found := 0
			for range 300 {
				right := 0
				code := randomDigits(rng, law)
				for d := byte('0'); d <= '9'; d++ {
					code[law.place] = d
					if _, err := law.check(string(code)); err == nil {
						right++
					}
				}
				if right > 1 {
					t.Errorf("%s has %d check digits", code, right)
				}
				found += right
			}
			if found < 250 {
				t.Errorf("only %d of 300 codes have a check digit", found)
			}
		})
	}
}

// TestEveryScriptOfDigitsIsTheSame types right codes with Persian and Arabic digits, in groups, and expects one canonical form.
func TestEveryScriptOfDigitsIsTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	for _, law := range codeLaws {
		for range 300 {
			code := string(randomDigits(rng, law))
			want, wantErr := law.check(code)
			grouped := code[:3] + "-" + code[3:6] + " " + code[6:]
			for _, typed := range []string{text.ToPersianDigits(code), text.ToArabicDigits(code), grouped, "\u200e" + code + "\u200f"} {
				if got, err := law.check(typed); got != want || (err == nil) != (wantErr == nil) {
					t.Fatalf("%s: %q gives %q, %v, %q gives %q, %v", law.name, code, want, wantErr, typed, got, err)
				}
			}
		}
	}
}

func randomDigits(rng *rand.Rand, law codeLaw) []byte {
	code := make([]byte, law.digits)
	for i := range code {
		code[i] = byte('0' + rng.IntN(10))
		if fixed, ok := law.fixed[i]; ok {
			code[i] = fixed
		}
	}
	return code
}

// TestIBANLengths makes an account number of every country with right check digits: it is taken, and one character more or less is not.
func TestIBANLengths(t *testing.T) {
	for country, length := range ibanLengths {
		for _, n := range []int{length - 1, length, length + 1} {
			iban := ibanOf(country, n)
			if _, err := IBAN(iban); (err == nil) != (n == length) {
				t.Errorf("IBAN(%q) of %d characters: %v", iban, n, err)
			}
		}
		if length < 15 || length > 34 {
			t.Errorf("%s: the standard has no accounts of %d characters", country, length)
		}
	}
}

// ibanOf makes an account number of n characters with right check digits.
func ibanOf(country string, n int) string {
	account := strings.Repeat("7", n-4)
	remainder, _ := mod97(account + country + "00")
	return fmt.Sprintf("%s%02d%s", country, 98-remainder, account)
}

func TestMod97RefusesOtherCharacters(t *testing.T) {
	for _, s := range []string{"1a", "-", "é", " "} {
		if got, ok := mod97(s); ok {
			t.Errorf("mod97(%q) = %d", s, got)
		}
	}
	if got, ok := mod97("3214282912345698765432161182"); !ok || got != 1 {
		t.Errorf("mod97 of the standard's example = %d, %v", got, ok)
	}
}

func TestForeignCodesStayReadable(t *testing.T) {
	cases := []struct {
		typed, want string
		ok          bool
	}{
		{"de 123 / 456", "DE 123 / 456", true},
		{"۱۲-۳۴", "12-34", true},
		{"a\tb\nc", "A B C", true},
		{"\u200eab12\u200f", "AB12", true},
		{"- - -", "", false},
		{"12;34", "", false},
		{"\x00123", "", false},
		{strings.Repeat("1", maxTyped+1), "", false},
	}
	for _, c := range cases {
		if got, ok := foreign(c.typed, 2, 20); ok != c.ok || ok && got != c.want {
			t.Errorf("foreign(%q) = %q, %v, want %q, %v", c.typed, got, ok, c.want, c.ok)
		}
	}
}
