package egress

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"ashna/kit/fault"
)

// spellings are hosts that lead, or led in some product, to a place inside. Every one must be refused, whatever a resolver says.
var spellings = []string{
	// loopback, written as people and attackers write it
	"127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.000.000.001", "0177.0.0.1", "0177.0.0.01", "017700000001", "2130706433", "0x7f000001",
	"0X7F000001", "0x7f.0.0.1", "0x7f.1", "0x7f.0x0.0x0.0x1", "127.0.0.0x1", "0x", "0", "0.0.0.0", "0.0.0.1", "00000000000000000000177.1",
	"127.255.255.254", "127.0.0.1%00", "127.0.0.1%0a", "127.0.0.1 ", " 127.0.0.1", "127。0。0。1", "１２７.0.0.1", "①②⑦.⓪.⓪.①",
	"LOCALHOST", "localhost", "localhost.", "LocalHost.LocalDomain", "ip6-localhost", "127.0.0.1.nip.example",
	// IPv6 loopback, unspecified, mapped, compatible and translated
	"::1", "0:0:0:0:0:0:0:1", "0000:0000:0000:0000:0000:0000:0000:0001", "::", "::1%lo", "::1%25lo", "::127.0.0.1", "::7f00:1",
	"::ffff:127.0.0.1", "::FFFF:127.0.0.1", "::ffff:7f00:1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "0:0:0:0:0:ffff:10.0.0.1",
	"64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:FF9B::169.254.169.254", "64:ff9b:1::10.0.0.1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
	"2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2a00:1450:4001::200:5efe:7f00:1", "2a00:1450:4001::5efe:10.0.0.1",
	// private, shared, link-local and metadata
	"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1.254", "100.64.0.1", "100.100.100.200",
	"100.127.255.255", "169.254.169.254", "169.254.170.2", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "169.254.43518", "192.0.0.192",
	"168.63.129.16", "fd00:ec2::254", "FD00:EC2::254", "fd20:ce::254", "fc00::1", "fe80::1", "fe80::1%eth0", "FE80::1%1", "fec0::1", "febf::1",
	// documentation, benchmarks, multicast, reserved
	"192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1", "198.19.255.255", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
	"2001:db8::1", "3fff::1", "3fff:fff::1", "100::1", "5f00::1", "ff02::1", "ff0e::1", "192.88.99.1", "2001:2::1", "2001:10::1", "2001:20::1",
	// what is no name
	"", ".", "..", "a..b", "-a.example", "a-.example", "exa mple.com", "user@example.com", "example.com/", "example.com#", "example.com?x",
	"exämple.com", "[::1]", strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 127) + "example", "example.com\r\nHost:x", "a\x00b",
}

func TestSpellingsAreMany(t *testing.T) {
	if len(spellings) < 60 {
		t.Fatalf("only %d spellings", len(spellings))
	}
}

func TestCheckHost(t *testing.T) {
	passing := map[string]bool{
		"localhost": true, "LOCALHOST": true, "localhost.": true, "LocalHost.LocalDomain": true, "ip6-localhost": true, "127.0.0.1.nip.example": true,
	}
	for _, host := range spellings {
		err := Policy{}.CheckHost(host)
		if passing[host] {
			if err != nil {
				t.Errorf("%q is a name and only a resolver can tell where it leads: %v", host, err)
			}
			continue
		}
		if e := fault.Of(err); e == nil || e.Key != "egress.refused" || e.Kind != fault.Invalid {
			t.Errorf("%q: got %v, want egress.refused", host, err)
		}
	}
	for _, host := range []string{
		"example.com", "EXAMPLE.com", "example.com.", "mail.example.org", "xn--mgba3a4f16a.example", "a1.b2", "_dmarc.example.com", "8.8.8.8",
		"1.1.1.1", "2a00:1450:4001:800::200e", "0x7f.example", "1e100.net", "0xabcdefg",
	} {
		if err := (Policy{}).CheckHost(host); err != nil {
			t.Errorf("%q refused: %v", host, err)
		}
	}
}

func TestEdgesOfRanges(t *testing.T) {
	for _, prefix := range special {
		first, last := prefix.Masked().Addr(), lastOf(prefix)
		for _, a := range []netip.Addr{first, last} {
			if CheckAddress(a) == nil {
				t.Errorf("%s in %s is let through", a, prefix)
			}
		}
	}
	outside := []string{
		"9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "168.63.129.15", "168.63.129.17",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.167.255.255",
		"192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:200::", "2001:db7:ffff::1", "2001:db9::", "2003::1",
		"3fff:1000::", "2000::1", "3ffe::1",
	}
	for _, text := range outside {
		if err := CheckAddress(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s is public and refused: %v", text, err)
		}
	}
	if CheckAddress(netip.Addr{}) == nil {
		t.Error("the zero address is let through")
	}
}

func lastOf(prefix netip.Prefix) netip.Addr {
	raw := prefix.Masked().Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(raw)*8; bit++ {
		raw[bit/8] |= 1 << (7 - bit%8)
	}
	a, _ := netip.AddrFromSlice(raw)
	return a
}

// Property: no IPv4 address hides in IPv6 in any of the known ways, and everything outside the global range is refused.
func TestHiddenAddresses(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	for range 5000 {
		var raw [16]byte
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
		if raw[0]>>5 == 1 {
			raw[0] ^= 0x80
		}
		if a := netip.AddrFrom16(raw); CheckAddress(a) == nil {
			t.Fatalf("%s is outside 2000::/3 and let through", a)
		}
		four := netip.AddrFrom4([4]byte(raw[:4]))
		if a := netip.AddrFrom16(four.As16()); CheckAddress(a) == nil {
			t.Fatalf("mapped %s is let through", a)
		}
		if zoned := netip.MustParseAddr("2a00::1").WithZone("eth0"); CheckAddress(zoned) == nil {
			t.Fatal("a zone is let through")
		}
	}
}

func TestAllow(t *testing.T) {
	p := Policy{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}}
	for host, ok := range map[string]bool{
		"10.1.2.3": true, "fd00::7": true, "8.8.8.8": true,
		"10.2.0.1": false, "::ffff:10.1.2.3": false, "fd00::7%eth0": false, "10.1.515": false, "127.0.0.1": false,
	} {
		if got := p.CheckHost(host) == nil; got != ok {
			t.Errorf("%s allowed: %v, want %v", host, got, ok)
		}
	}
}

func FuzzCheckHost(f *testing.F) {
	for _, host := range spellings {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if (Policy{}).CheckHost(host) != nil {
			return
		}
		if a, err := netip.ParseAddr(host); err == nil {
			if !isPublic(a) {
				t.Fatalf("%q is not public and passes", host)
			}
			return
		}
		if last := host[strings.LastIndexByte(strings.TrimSuffix(host, "."), '.')+1:]; isNumber(strings.TrimSuffix(last, ".")) {
			t.Fatalf("%q ends in a number and passes", host)
		}
	})
}
