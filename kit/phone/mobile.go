package phone

import (
	"slices"
	"strings"
)

// mobilePlans say for plain plans what the national number of a mobile telephone starts with; the plans of the countries decide the rest.
var mobilePlans = []struct {
	prefix string
	starts []string
}{
	{"+98", []string{"90", "91", "92", "93"}},
	{"+994", []string{"10", "50", "51", "55", "60", "70", "77", "99"}},
}

// IsMobile tells whether a number that Parse gave, in E.164 form, is surely that of a mobile telephone. Where mobile and fixed numbers look
// alike, and for a text that is no number, it is false.
func IsMobile(e164 string) bool {
	for _, p := range mobilePlans {
		national, found := strings.CutPrefix(e164, p.prefix)
		if found && slices.ContainsFunc(p.starts, func(start string) bool { return strings.HasPrefix(national, start) }) {
			return true
		}
	}
	number, err := Parse(e164, "")
	return err == nil && number.Type == Mobile
}
