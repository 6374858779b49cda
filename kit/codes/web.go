package codes

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// MaxURL is how many bytes a web address has at most.
const MaxURL = 2000

// The limits of DNS names, in bytes.
const (
	maxDomain = 253
	maxLabel  = 63
)

// Domain checks the domain name of an organisation and gives it in lower case, without "www.", in the letters that people read
// (xn--… labels are decoded). A web address may be typed in its place. The name has at least two labels of letters, digits and
// inner dashes, 63 bytes each and 253 in all; the last is not a number, so that an IP address is no domain. A wrong name is refused with
// "value.domain".
func Domain(s string) (string, error) {
	if len(s) > MaxURL {
		return "", invalid("value.domain")
	}
	s = strings.TrimSpace(strings.Map(withoutMarks, s))
	if strings.ContainsAny(s, "/:?#") {
		address, err := URL(s)
		if err != nil {
			return "", invalid("value.domain")
		}
		_, host, _ := strings.Cut(address, "://")
		end := strings.IndexAny(host+"/", "/:?#")
		s = host[:end]
	}
	name, ok := hostName(strings.TrimSuffix(s, "."))
	if !ok {
		return "", invalid("value.domain")
	}
	display := name.display
	for rest, found := strings.CutPrefix(display, "www."); found && strings.Contains(rest, "."); rest, found = strings.CutPrefix(rest, "www.") {
		display = rest
	}
	return display, nil
}

// ASCIIDomain gives a domain name as DNS, SMTP and TLS want it, with labels of other scripts as xn--…; a wrong name is refused with
// "value.domain".
func ASCIIDomain(s string) (string, error) {
	name, ok := hostName(strings.TrimSpace(s))
	if !ok {
		return "", invalid("value.domain")
	}
	return name.ascii, nil
}

// host is a checked host name in its two spellings; they are the same for a name of ASCII letters.
type host struct{ ascii, display string }

// hostName checks a domain name of at least two labels.
func hostName(s string) (host, bool) {
	name, ok := labels(s)
	last := name.ascii[strings.LastIndexByte(name.ascii, '.')+1:]
	if !ok || len(last) == len(name.ascii) || len(last) < 2 {
		return host{}, false
	}
	return name, strings.Trim(last, "0123456789") != ""
}

// labels checks a host name of any number of labels.
func labels(s string) (host, bool) {
	if s == "" || len(s) > 4*maxDomain || !utf8.ValidString(s) || tooLong(s) {
		return host{}, false
	}
	name := host{ascii: strings.ToLower(s)}
	name.display = name.ascii
	if !isASCII(s) || strings.Contains(name.ascii, "xn--") {
		ascii, err := idna.Lookup.ToASCII(s)
		if err != nil {
			return host{}, false
		}
		name = host{ascii: ascii, display: readable(ascii)}
	}
	if len(name.ascii) > maxDomain {
		return host{}, false
	}
	for label := range strings.SplitSeq(name.ascii, ".") {
		if !isLabel(label) {
			return host{}, false
		}
	}
	return name, true
}

// tooLong tells whether a name or a label of it has more characters than any that is valid, before work is spent on it: decoding
// a long label takes time that grows with the square of its length.
func tooLong(s string) bool {
	if utf8.RuneCountInString(s) > maxDomain {
		return true
	}
	for label := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(".。．｡", r) }) {
		if utf8.RuneCountInString(label) > maxLabel {
			return true
		}
	}
	return false
}

// readable decodes the labels of a name, unless the decoded name would not lead back to the same one.
func readable(ascii string) string {
	display, err := idna.Lookup.ToUnicode(ascii)
	if err != nil {
		return ascii
	}
	if back, err := idna.Lookup.ToASCII(display); err != nil || back != ascii {
		return ascii
	}
	return display
}

func isLabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// URL checks a web address and gives it with scheme and host in lower case, the host in the letters that people read and the rest
// escaped where it must be. An address typed without a scheme is one of https; then its host must be a domain. With a scheme, which
// may be http or https only, the host may be any name or IP address. User names and passwords, control characters and backslashes are
// refused, and what is longer than MaxURL. A wrong address is refused with "value.url".
func URL(s string) (string, error) {
	if len(s) > 2*MaxURL {
		return "", invalid("value.url")
	}
	s = strings.TrimSpace(strings.Map(withoutMarks, s))
	if !utf8.ValidString(s) || strings.ContainsRune(s, '\\') || strings.ContainsFunc(s, unicode.IsControl) {
		return "", invalid("value.url")
	}
	typed, bare := s, false
	if !strings.Contains(beforeQuery(s), "://") {
		typed, bare = "https://"+strings.TrimPrefix(s, "//"), true
	}
	u, err := url.Parse(typed)
	if err != nil || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", invalid("value.url")
	}
	authority, ok := authorityOf(u, bare)
	if !ok {
		return "", invalid("value.url")
	}
	address := u.Scheme + "://" + authority + afterHost(u)
	if len(address) > MaxURL {
		return "", invalid("value.url")
	}
	return address, nil
}

// afterHost gives the path, query and fragment of an address, escaped.
func afterHost(u *url.URL) string {
	rest := u.EscapedPath()
	if u.RawQuery != "" {
		rest += "?" + strings.ReplaceAll(u.RawQuery, " ", "%20")
	}
	if u.Fragment != "" {
		rest += "#" + u.EscapedFragment()
	}
	return rest
}

func beforeQuery(s string) string {
	if end := strings.IndexAny(s, "?#"); end >= 0 {
		return s[:end]
	}
	return s
}

// authorityOf gives the checked host and port of an address.
func authorityOf(u *url.URL, bare bool) (string, bool) {
	authority := ""
	name, isName := labels(strings.TrimSuffix(u.Hostname(), "."))
	addr, err := netip.ParseAddr(u.Hostname())
	switch {
	case bare:
		_, isName = hostName(name.ascii)
		if !isName {
			return "", false
		}
		authority = name.display
	case err == nil && addr.Zone() != "":
		return "", false
	case err == nil && addr.Is6():
		authority = "[" + addr.String() + "]"
	case err == nil:
		authority = addr.String()
	case !isName:
		return "", false
	default:
		authority = name.display
	}
	port := u.Port()
	if port == "" {
		return authority, !strings.HasSuffix(u.Host, ":")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", false
	}
	return authority + ":" + port, true
}
