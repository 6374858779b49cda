package codes

import (
	"strings"
	"testing"
)

func TestNationalID(t *testing.T) {
	const key = "value.national_id"
	expect(t, key, inCountry(NationalID, "IR"),
		[]good{
			{"0790419904", "0790419904"}, {"۰۷۹۰۴۱۹۹۰۴", "0790419904"}, {"٠٧٩٠٤١٩٩٠٤", "0790419904"}, {" 079-041990-4 ", "0790419904"},
			{"\u200f0790419904", "0790419904"}, {"68415941", "0068415941"}, {"172942284", "0172942284"},
		},
		[]string{"", "0", "1111111111", "0000000000", "0790419905", "079041990", "07904199040", "079041990a", strings.Repeat("1", 5000), "\xff"})
	expect(t, key, inCountry(NationalID, "az"),
		[]good{{"5ABC12D", "5ABC12D"}, {"5abc12d", "5ABC12D"}, {"5abc 12d", "5ABC12D"}},
		[]string{"", "5ABC12", "5ABC12DE", "5AIC12D", "5AOC12D", "5əBC12D", "AAAAAAA"})
	expect(t, key, inCountry(NationalID, "TR"),
		[]good{{" 123  456-78 ", "123 456-78"}, {"۱۲۳۴", "1234"}, {"ab12", "AB12"}},
		[]string{"", "123", "12<34", "-- --", strings.Repeat("1", 33), strings.Repeat(" ", 300) + "1234"})
}

// TestOutsideNationalIDs follows the outside vectors, save where the sources contradict each other or where we are more tolerant.
func TestOutsideNationalIDs(t *testing.T) {
	differ := map[string]string{
		"1111111111":    "one repeated digit; the other source refuses it, and so do we",
		" 0077611616  ": "spaces around are no mistake of the number",
	}
	follow(t, "persian-vectors/national-id-ir.jsonl", inCountry(NationalID, "IR"), differ)
}

func TestCompanyID(t *testing.T) {
	const key = "value.company_id"
	expect(t, key, inCountry(CompanyID, "IR"),
		[]good{{"10380284790", "10380284790"}, {"۱۰۳۸۰۲۸۴۷۹۰", "10380284790"}, {"1038 028 4790", "10380284790"}},
		[]string{"", "10380284791", "1038028479", "103802847900", "00000000000", "1038028479x"})
	expect(t, key, inCountry(CompanyID, "AZ"),
		[]good{{"1401555071", "1401555071"}, {"140 155 5071", "1401555071"}},
		[]string{"", "1401555081", "1401555073", "140155507", "14015550711"})
	expect(t, key, inCountry(CompanyID, ""),
		[]good{{"hrb 12345", "HRB 12345"}},
		[]string{"", "x", "a@b", strings.Repeat("1", 33)})
}

func TestOutsideCompanyIDs(t *testing.T) {
	follow(t, "persian-vectors/legal-id-ir.jsonl", inCountry(CompanyID, "IR"), nil)
}

func TestPostalCode(t *testing.T) {
	const key = "value.postal_code"
	expect(t, key, inCountry(PostalCode, "IR"),
		[]good{{"1458963210", "1458963210"}, {"14589-63210", "1458963210"}, {"۱۴۵۸۹۶۳۲۱۰", "1458963210"}},
		[]string{"", "145896321", "14589632100", "0458963210", "2458963210", "1408963210", "1111963210", "145896321x"})
	expect(t, key, inCountry(PostalCode, "AZ"),
		[]good{{"AZ1000", "AZ1000"}, {"az 1000", "AZ1000"}, {"AZ-1000", "AZ1000"}, {"1000", "AZ1000"}},
		[]string{"", "AZ100", "AZ10000", "TR1000", "AZ0000"})
	expect(t, key, inCountry(PostalCode, "GB"),
		[]good{{"sw1a  1aa", "SW1A 1AA"}},
		[]string{"", "1", "1234567890123", "<b>"})
}

func TestOutsidePostalCodes(t *testing.T) {
	follow(t, "persian-vectors/postal-code-ir.jsonl", inCountry(PostalCode, "IR"), nil)
}

func TestIBAN(t *testing.T) {
	expect(t, "value.iban", IBAN,
		[]good{
			{"IR820540102680020817909002", "IR820540102680020817909002"},
			{"ir82 0540 1026 8002 0817 9090 02", "IR820540102680020817909002"},
			{"IR۸۲۰۵۴۰۱۰۲۶۸۰۰۲۰۸۱۷۹۰۹۰۰۲", "IR820540102680020817909002"},
			{"AZ21 NABZ 0000 0000 1370 1000 1944", "AZ21NABZ00000000137010001944"},
			{"GB29-NWBK-6016-1331-9268-19", "GB29NWBK60161331926819"},
		},
		[]string{
			"", "IR", "IR82", "820540102680020817909002", "IR830540102680020817909002", "IR82054010268002081790900", "ZZ29NWBK60161331926819",
			"GB29NWBK6016133192681é", strings.Repeat("I", 10000),
		})
}

// TestOneWrongDigitBreaksIBAN relies on mod 97 to find every single wrong digit and every swap of neighbours.
func TestOneWrongDigitBreaksIBAN(t *testing.T) {
	const right = "IR820540102680020817909002"
	for i := 2; i < len(right); i++ {
		for d := byte('0'); d <= '9'; d++ {
			wrong := right[:i] + string(d) + right[i+1:]
			if _, err := IBAN(wrong); (err == nil) != (wrong == right) {
				t.Errorf("IBAN(%q): %v", wrong, err)
			}
		}
		if i+1 < len(right) && right[i] != right[i+1] {
			swapped := right[:i] + right[i+1:i+2] + right[i:i+1] + right[i+2:]
			if _, err := IBAN(swapped); err == nil {
				t.Errorf("IBAN(%q) is taken", swapped)
			}
		}
	}
}

// TestOutsideIBANs follows the outside vectors, save examples of countries whose length was another one before the SWIFT registry had
// them.
func TestOutsideIBANs(t *testing.T) {
	follow(t, "persian-vectors/iban-ir.jsonl", IBAN, nil)
	follow(t, "contact-format-vectors/iban-registry-example.jsonl", IBAN, map[string]string{
		"BI33123412341234":                 "the registry has 27 characters for Burundi",
		"BF4512341234123412341234123":      "Burkina Faso has 28 characters, as the other countries of its bank have",
		"NI92BAMC000000000000000003123123": "the registry has 28 characters for Nicaragua",
		"AA110011123Z5678":                 "AA is no country",
	})
}

func TestOutsideMod97(t *testing.T) {
	for _, v := range vectors(t, "persian-vectors/iban-ir.jsonl") {
		if want, ok := v.expected.(float64); ok {
			if got, valid := mod97(v.input); !valid || got != int(want) {
				t.Errorf("mod97(%s) = %d, want %v", v.input, got, want)
			}
		}
	}
}

func TestCard(t *testing.T) {
	expect(t, "value.card", Card,
		[]good{{"6219-8610-3452-9007", "6219861034529007"}, {"۶۲۱۹ ۸۶۱۰ ۳۴۵۲ ۹۰۰۷", "6219861034529007"}, {"4444333322221111", "4444333322221111"}},
		[]string{"", "0", "6219861034529008", "62198610345", "0000000000000000", "621986103452900a", strings.Repeat("0", 20)})
}

// TestOutsideCards follows the outside vectors, save cards that are refused there for their bank alone.
func TestOutsideCards(t *testing.T) {
	const bank = "the Luhn digit is right; the bank is not checked"
	follow(t, "persian-vectors/bank-card-ir.jsonl", Card, map[string]string{
		"2222444499996666": bank, "4444333322221111": bank, "5555555555554444": bank,
	})
}

func FuzzIBAN(f *testing.F) {
	f.Add("ir82 0540 1026 8002 0817 9090 02")
	f.Add("AZ21NABZ00000000137010001944")
	f.Add("\xff٠٠")
	f.Fuzz(func(t *testing.T, s string) {
		for name, check := range map[string]func(string) (string, error){
			"IBAN": IBAN, "Card": Card, "NationalID IR": inCountry(NationalID, "IR"), "NationalID AZ": inCountry(NationalID, "AZ"),
			"NationalID": inCountry(NationalID, "X"), "CompanyID IR": inCountry(CompanyID, "IR"), "CompanyID": inCountry(CompanyID, ""),
			"PostalCode IR": inCountry(PostalCode, "IR"), "PostalCode AZ": inCountry(PostalCode, "AZ"), "PostalCode": inCountry(PostalCode, ""),
		} {
			sameAgain(t, name, check, s)
		}
	})
}

// sameAgain fails when a canonical form is not its own canonical form.
func sameAgain(t *testing.T, name string, check func(string) (string, error), s string) {
	t.Helper()
	got, err := check(s)
	if err != nil {
		return
	}
	if again, err := check(got); err != nil || again != got {
		t.Fatalf("%s: %+q gives %+q, which gives %+q, %v", name, s, got, again, err)
	}
}
