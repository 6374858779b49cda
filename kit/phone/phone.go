// Package phone reads, checks and formats telephone numbers.
//
// The plan of every country's numbers comes from github.com/nyaruka/phonenumbers; this package adds what people here type: Persian and
// Arabic digits, invisible direction marks, 00 for +, and the words for an extension.
package phone

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"ashna/kit/fault"
	"ashna/kit/text"
)

// MaxText is how many characters a typed number has at most, ends trimmed.
const MaxText = 40

// Type says what a number reaches.
type Type string

// The types of numbers. In some countries (USA, Canada) a number does not show whether it is fixed or mobile.
const (
	Fixed         Type = "fixed"
	Mobile        Type = "mobile"
	FixedOrMobile Type = "fixed_or_mobile"
	TollFree      Type = "toll_free"
	Premium       Type = "premium"
	SharedCost    Type = "shared_cost"
	VoIP          Type = "voip"
	Personal      Type = "personal"
	Pager         Type = "pager"
	Company       Type = "company" // a universal access number
	Voicemail     Type = "voicemail"
)

var types = map[phonenumbers.PhoneNumberType]Type{
	phonenumbers.FIXED_LINE: Fixed, phonenumbers.MOBILE: Mobile, phonenumbers.FIXED_LINE_OR_MOBILE: FixedOrMobile,
	phonenumbers.TOLL_FREE: TollFree, phonenumbers.PREMIUM_RATE: Premium, phonenumbers.SHARED_COST: SharedCost,
	phonenumbers.VOIP: VoIP, phonenumbers.PERSONAL_NUMBER: Personal, phonenumbers.PAGER: Pager, phonenumbers.UAN: Company,
	phonenumbers.VOICEMAIL: Voicemail,
}

// Number is a valid telephone number.
type Number struct {
	E164      string // "+989121234567": plus, country code, national number; 16 characters at most
	Region    string // the ISO 3166 code of the country, or "001" for a number of no country
	Type      Type
	Extension string // ASCII digits, at most seven; empty when there is none
}

// Parse reads a number as people write it: with digits of any script, spaces, dots, dashes, slashes and brackets, with + or 00 before
// the country code, and with an extension after "ext", "x", "#", "داخلی" or "daxili". A number without a country code is one of
// region, an ISO 3166 code such as "IR" or "AZ" in either case.
//
// A number that no plan knows, or a text that is no number, is refused with an Invalid fault "value.phone"; a number that needs a
// region when region is empty or unknown, with "value.phone_region" and the parameter "region".
func Parse(typed, region string) (Number, error) {
	digits, extension, ok := split(typed)
	if !ok {
		return Number{}, fault.New(fault.Invalid, "value.phone")
	}
	region = strings.ToUpper(region)
	if digits[0] != '+' && phonenumbers.GetCountryCodeForRegion(region) == 0 {
		return Number{}, fault.New(fault.Invalid, "value.phone_region", "region", region)
	}
	number, known := quick(digits, region)
	if !known {
		number, known = lookUp(digits, region)
	}
	if !known {
		return Number{}, fault.New(fault.Invalid, "value.phone")
	}
	number.Extension = extension
	return number, nil
}

// lookUp finds the number in the plan of its country.
func lookUp(digits, region string) (Number, bool) {
	parsed, err := phonenumbers.Parse(digits, region)
	if err != nil {
		return Number{}, false
	}
	return describe(parsed)
}

func describe(parsed *phonenumbers.PhoneNumber) (Number, bool) {
	kind, valid := types[phonenumbers.GetNumberType(parsed)]
	if !valid {
		return Number{}, false
	}
	return Number{
		E164:   phonenumbers.Format(parsed, phonenumbers.E164),
		Region: phonenumbers.GetRegionCodeForNumber(parsed),
		Type:   kind,
	}, true
}

// plan is a numbering plan so plain that its numbers need no parser: one country, the prefix 0, and no number that starts with it.
type plan struct {
	region string
	code   int32
	prefix string
}

var plainPlans = []plan{{"IR", 98, "+98"}, {"AZ", 994, "+994"}}

// quick finds the number in a plain plan. It does what lookUp does in a third of the time, for the numbers that an import here is
// full of; it finds nothing where it is not sure.
func quick(digits, region string) (Number, bool) {
	const shortest, longest = 8, 12
	for _, p := range plainPlans {
		national, found := strings.CutPrefix(digits, p.prefix)
		if !found && p.region == region {
			national, found = strings.CutPrefix(digits, "0")
		}
		if !found || len(national) < shortest || len(national) > longest || national[0] == '0' {
			continue
		}
		if region, ok := surelyMobile(p.prefix + national); ok {
			return Number{E164: p.prefix + national, Region: region, Type: Mobile}, true
		}
		value, err := strconv.ParseUint(national, 10, 64)
		if err != nil {
			return Number{}, false
		}
		return describe(&phonenumbers.PhoneNumber{CountryCode: &p.code, NationalNumber: &value})
	}
	return Number{}, false
}

// Format gives a number for a reader in region: in national form when it is a number of that region, else in international form. A
// text that is no number in E.164 form is given back as it is.
func Format(e164, region string) string {
	if len(e164) < 2 || len(e164) > MaxText || e164[0] != '+' {
		return e164
	}
	parsed, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return e164
	}
	if phonenumbers.GetRegionCodeForNumber(parsed) == strings.ToUpper(region) {
		return phonenumbers.Format(parsed, phonenumbers.NATIONAL)
	}
	return phonenumbers.Format(parsed, phonenumbers.INTERNATIONAL)
}

// The lengths of what Parse hands to the plans, in ASCII digits: shorter and longer numbers exist nowhere.
const (
	minDigits, maxDigits = 3, 20
	maxExtension         = 7
)

// split takes a typed text apart into a number, of digits with or without a plus before them, and an extension.
func split(typed string) (digits, extension string, ok bool) {
	if len(typed) > 8*MaxText {
		return "", "", false
	}
	typed = strings.TrimSpace(strings.ToLower(text.Digits(strings.Map(visible, typed))))
	if text.Length(typed) > MaxText {
		return "", "", false
	}
	typed = strings.TrimPrefix(typed, "tel:")
	number, extension, ok := cutExtension(typed)
	if !ok {
		return "", "", false
	}
	digits, ok = onlyDigits(strings.TrimSpace(number))
	return digits, extension, ok
}

func visible(r rune) rune {
	switch {
	case r == '＋':
		return '+'
	case unicode.Is(unicode.Cf, r):
		return -1
	}
	return r
}

// extensionMarks are what people write before an extension, in lower case, the longer before the shorter that it contains.
var extensionMarks = []string{";ext=", "extension", "ext.", "ext", "داخلی", "داخلي", "daxili", "доб.", "доб", "x", "#"}

// cutExtension parts the extension from the end of a typed number; ok is false when what follows the mark is no extension.
func cutExtension(typed string) (number, extension string, ok bool) {
	for _, mark := range extensionMarks {
		before, after, found := strings.Cut(typed, mark)
		if !found {
			continue
		}
		extension = strings.Trim(after, " .:)")
		return strings.TrimRight(before, " ,;("), extension, allDigits(extension) && len(extension) <= maxExtension
	}
	return typed, "", true
}

func allDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// onlyDigits leaves the separators of a number out. A plus may stand only at the start (brackets aside); 00 there means a plus, and
// the (0) that some write after the country code is dropped.
func onlyDigits(number string) (string, bool) {
	if strings.HasPrefix(number, "+") || strings.HasPrefix(number, "00") {
		number = strings.Replace(number, "(0)", "", 1)
	}
	var b strings.Builder
	for _, r := range number {
		switch {
		case '0' <= r && r <= '9', r == '+' && b.Len() == 0:
			b.WriteRune(r)
		case unicode.IsSpace(r), strings.ContainsRune("-‐‑‒–—−./()[]٫_", r):
		default:
			return "", false
		}
	}
	digits := b.String()
	if rest, ok := strings.CutPrefix(digits, "00"); ok {
		digits = "+" + rest
	}
	count := len(strings.TrimPrefix(digits, "+"))
	return digits, minDigits <= count && count <= maxDigits
}
