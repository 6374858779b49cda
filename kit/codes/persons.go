package codes

import (
	"strings"
)

// NationalID checks the identity number of a person of a country (ISO 3166 code, either case) and gives its canonical form. A wrong
// number is refused with "value.national_id".
//
// Iran: ten digits with the right check digit; eight or nine digits are taken for a number whose leading zeros were lost in a
// spreadsheet. A number of one repeated digit is refused although its check digit is right: no such number was ever given out, and people
// type it to get past a form. The first three digits, the place of issue, are not checked, because the list grows.
//
// Azerbaijan: the FIN, seven letters and digits in upper case, without the letters I and O.
//
// Other countries: 4 to 32 letters, digits, spaces and dashes, in upper case.
func NationalID(country, s string) (string, error) {
	const key = "value.national_id"
	switch strings.ToUpper(country) {
	case "IR":
		if id := compact(s); iranianPerson(&id) {
			return id, nil
		}
	case "AZ":
		if id := compact(s); isFIN(id) {
			return id, nil
		}
	default:
		if id, ok := foreign(s, 4, 32); ok {
			return id, nil
		}
	}
	return "", invalid(key)
}

// personWeights are those of the first nine digits of an Iranian national id.
var personWeights = []int{10, 9, 8, 7, 6, 5, 4, 3, 2}

// iranianPerson puts lost zeros back and tells whether the id is right.
func iranianPerson(id *string) bool {
	if n := len(*id); n == 8 || n == 9 {
		*id = "00"[n-8:] + *id
	}
	if !areDigits(*id, 10) || allSame(*id) {
		return false
	}
	check := weighted(*id, personWeights) % 11
	if check >= 2 {
		check = 11 - check
	}
	return int((*id)[9]-'0') == check
}

func isFIN(id string) bool {
	if len(id) != 7 || allSame(id) {
		return false
	}
	for i := range len(id) {
		c := id[i]
		digit, letter := '0' <= c && c <= '9', 'A' <= c && c <= 'Z' && c != 'I' && c != 'O'
		if !digit && !letter {
			return false
		}
	}
	return true
}

// CompanyID checks the registration number of a company of a country (ISO 3166 code, either case) and gives its canonical form. A wrong
// number is refused with "value.company_id".
//
// Iran: the national id of a legal person, eleven digits with the right check digit. Azerbaijan: the VÖEN, ten digits, of which the
// ninth is a check digit and the last says whether the payer is a company (1) or a person (2); both have one, so both are taken.
// Other countries: 3 to 32 letters, digits, spaces and dashes, in upper case.
func CompanyID(country, s string) (string, error) {
	const key = "value.company_id"
	switch strings.ToUpper(country) {
	case "IR":
		if id := compact(s); iranianCompany(id) {
			return id, nil
		}
	case "AZ":
		if id := compact(s); isVOEN(id) {
			return id, nil
		}
	default:
		if id, ok := foreign(s, 3, 32); ok {
			return id, nil
		}
	}
	return "", invalid(key)
}

// companyWeights are those of the first ten digits of an Iranian company id, voenWeights those of the first eight of a VÖEN.
var (
	companyWeights = []int{29, 27, 23, 19, 17, 29, 27, 23, 19, 17}
	voenWeights    = []int{4, 1, 8, 6, 2, 7, 5, 3}
)

func iranianCompany(id string) bool {
	if !areDigits(id, 11) || allSame(id) {
		return false
	}
	// Each digit is first raised by the tenth digit plus two; the weights add up to 230.
	raise := int(id[9]-'0') + 2
	check := (weighted(id, companyWeights) + raise*230) % 11 % 10
	return int(id[10]-'0') == check
}

func isVOEN(id string) bool {
	if !areDigits(id, 10) || id[9] != '1' && id[9] != '2' {
		return false
	}
	return weighted(id, voenWeights)%11 == int(id[8]-'0')
}

// PostalCode checks the postal code of a country (ISO 3166 code, either case) and gives its canonical form. A wrong code is refused
// with "value.postal_code".
//
// Iran: ten digits. The first five, which name the place, have no zero; the first is not 2; and the first four are not all the same.
// The post's older rule keeps 2 and 5 out of more places, but codes in use break it, so it is not followed.
//
// Azerbaijan: AZ and four digits; the letters may be left out when typing. Other countries: 2 to 12 letters, digits, spaces and dashes.
func PostalCode(country, s string) (string, error) {
	const key = "value.postal_code"
	switch strings.ToUpper(country) {
	case "IR":
		code := compact(s)
		if areDigits(code, 10) && !strings.Contains(code[:5], "0") && code[0] != '2' && !allSame(code[:4]) {
			return code, nil
		}
	case "AZ":
		code := strings.TrimPrefix(compact(s), "AZ")
		if areDigits(code, 4) && code != "0000" {
			return "AZ" + code, nil
		}
	default:
		if code, ok := foreign(s, 2, 12); ok {
			return code, nil
		}
	}
	return "", invalid(key)
}
