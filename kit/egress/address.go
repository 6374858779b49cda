package egress

import (
	"net/netip"
	"strings"

	"ashna/kit/fault"
)

// special lists the ranges that no outside service lives in: the special-purpose registries of IANA, and the one public address that a
// large cloud answers on from inside its machines.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),         // this network
	netip.MustParsePrefix("10.0.0.0/8"),        // private
	netip.MustParsePrefix("100.64.0.0/10"),     // shared by carriers; the metadata service of one cloud
	netip.MustParsePrefix("127.0.0.0/8"),       // loopback
	netip.MustParsePrefix("168.63.129.16/32"),  // platform service of one cloud
	netip.MustParsePrefix("169.254.0.0/16"),    // link-local; the metadata services of most clouds
	netip.MustParsePrefix("172.16.0.0/12"),     // private
	netip.MustParsePrefix("192.0.0.0/24"),      // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),      // documentation
	netip.MustParsePrefix("192.31.196.0/24"),   // AS112
	netip.MustParsePrefix("192.52.193.0/24"),   // multicast tunnels
	netip.MustParsePrefix("192.88.99.0/24"),    // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),    // private
	netip.MustParsePrefix("192.175.48.0/24"),   // AS112
	netip.MustParsePrefix("198.18.0.0/15"),     // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"),   // documentation
	netip.MustParsePrefix("203.0.113.0/24"),    // documentation
	netip.MustParsePrefix("224.0.0.0/4"),       // multicast
	netip.MustParsePrefix("240.0.0.0/4"),       // reserved, and broadcast
	netip.MustParsePrefix("2001::/23"),         // protocol assignments: Teredo, ORCHID, benchmarks
	netip.MustParsePrefix("2001:db8::/32"),     // documentation
	netip.MustParsePrefix("2002::/16"),         // 6to4, which carries any IPv4 address
	netip.MustParsePrefix("2620:4f:8000::/48"), // AS112
	netip.MustParsePrefix("3fff::/20"),         // documentation
}

// global is the only part of IPv6 that the world routes. All else is refused by it: loopback, unspecified, mapped and compatible IPv4,
// NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), discard, segment routing, unique local, link-local, site-local and multicast.
var global = netip.MustParsePrefix("2000::/3")

// maxName is the longest domain name, and maxLabel the longest part of one.
const (
	maxName  = 253
	maxLabel = 63
)

// CheckAddress refuses an address that is not one of the public internet, with the fault "egress.refused". IPv4 inside IPv6 and addresses
// with a zone are refused whatever they carry.
func CheckAddress(a netip.Addr) error {
	if !isPublic(a) {
		return refused()
	}
	return nil
}

func isPublic(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" || a.Is6() && !global.Contains(a) {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(a) {
			return false
		}
	}
	// ISATAP hides an IPv4 address in the interface half of any address.
	if raw := a.As16(); a.Is6() && raw[8]&^2 == 0 && raw[9] == 0 && raw[10] == 0x5e && raw[11] == 0xfe {
		return false
	}
	return true
}

// CheckHost refuses a host by its spelling alone, without asking anybody: an address that the policy does not allow, an odd spelling of an
// address, or what is no domain name in ASCII. A name that passes may still lead to a refused address; Dial tells.
func (p Policy) CheckHost(host string) error {
	if a, err := netip.ParseAddr(host); err == nil {
		return p.check(a)
	}
	if !isDomain(host) {
		return refused()
	}
	return nil
}

// check refuses an address unless it is public or the operator allowed it. An allowed range opens no zones.
func (p Policy) check(a netip.Addr) error {
	for _, prefix := range p.Allow {
		if prefix.Contains(a) {
			return nil
		}
	}
	return CheckAddress(a)
}

// isDomain says whether a host is a domain name in ASCII. A name whose last part is a number is none: such spellings ("127.1",
// "0x7f.1", "2130706433") are addresses to some resolvers and not to others.
func isDomain(host string) bool {
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > maxName {
		return false
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return false
		}
	}
	return !isNumber(labels[len(labels)-1])
}

func isLabel(label string) bool {
	if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range []byte(label) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// isNumber says whether a label reads as a decimal, octal or hexadecimal number.
func isNumber(label string) bool {
	lower := strings.ToLower(label)
	digits, isHex := strings.CutPrefix(lower, "0x")
	set := "0123456789"
	if isHex {
		set += "abcdef"
	}
	return strings.Trim(digits, set) == ""
}

// refused is the one answer for every address that is not allowed, whether something listens there or not.
func refused() error { return fault.New(fault.Invalid, "egress.refused") }
