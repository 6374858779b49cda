package phone

import "strings"

// mobileRange says which national numbers of a country are surely valid numbers of mobile telephones: those of one length that start so.
// It is a part of the plan of the country, for the numbers that an import here is full of.
type mobileRange struct {
	region string
	prefix string // country code with its plus
	length int    // of the national number
	starts []string
}

var mobileRanges = []mobileRange{
	{"IR", "+98", 10, []string{"91", "93", "900", "901", "902", "903", "904", "905", "920", "921", "922"}},
	{"AZ", "+994", 9, []string{"50", "51", "55", "70", "77", "99"}},
}

// surelyMobile finds the country of a number in E.164 form that is surely a mobile one.
func surelyMobile(e164 string) (region string, ok bool) {
	for _, r := range mobileRanges {
		national, found := strings.CutPrefix(e164, r.prefix)
		if !found || len(national) != r.length || !allDigits(national) {
			continue
		}
		for _, start := range r.starts {
			if strings.HasPrefix(national, start) {
				return r.region, true
			}
		}
	}
	return "", false
}

// IsMobile tells whether a number that Parse gave, in E.164 form, is surely that of a mobile telephone. Where mobile and fixed numbers look
// alike, and for a text that is no number, it is false.
func IsMobile(e164 string) bool {
	if _, ok := surelyMobile(e164); ok {
		return true
	}
	number, err := Parse(e164, "")
	return err == nil && number.Type == Mobile
}
