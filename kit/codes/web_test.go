package codes

import (
	"strings"
	"testing"
)

func TestEmail(t *testing.T) {
	expect(t, "value.email", Email,
		[]good{
			{"ali@example.com", "ali@example.com"},
			{"  Ali.Rezaei+crm@EXAMPLE.Com ", "Ali.Rezaei+crm@example.com"},
			{"\u200eali@example.com\u202c", "ali@example.com"},
			{"ali۱۲@example.com", "ali12@example.com"},
			{"o'brien@example.co.uk", "o'brien@example.co.uk"},
			{"a@www.example.com", "a@www.example.com"},
			{"info@bücher.example", "info@bücher.example"},
			{"info@XN--BCHER-KVA.example", "info@bücher.example"},
			{"info@آریا.ایران", "info@آریا.ایران"},
			{"用户@例子.广告", "用户@例子.广告"},
			{strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com"},
		},
		[]string{
			"", "@", "ali", "ali@", "@example.com", "ali@example", "ali@@example.com", "a b@example.com", "ali@exam ple.com", ".a@example.com",
			"a.@example.com", "a..b@example.com", "ali@example..com", "ali@.example.com", "ali@example.com.", "ali@-example.com",
			"ali@example-.com", "ali@exa_mple.com", "ali@1.2.3.4", "ali@[1.2.3.4]", `"a b"@example.com`, "(c)a@example.com",
			"Ali <ali@example.com>", "mailto:ali@example.com", "ali@example.com,b@example.com", "ali@example.c", "a\x00@example.com",
			"a\n@b\n.com", "\xff@example.com", strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("a", 64) + ".com",
			"a@" + strings.Repeat("abcdefg.", 40) + "com", strings.Repeat("a", 1<<20) + "@example.com",
		})
}

// refusedByChoice are forms that the RFCs allow and Email refuses on purpose, as its doc says.
func refusedByChoice(address string) bool {
	at := strings.LastIndexByte(address, '@')
	local, domain := address[:max(at, 0)], address[at+1:]
	dot := strings.LastIndexByte(domain, '.')
	tld := domain[dot+1:]
	return strings.ContainsAny(local, `"()<> `) || strings.ContainsAny(domain, "[]()<>_ ") || dot < 0 || len(tld) < 2 ||
		strings.Trim(tld, "0123456789") == "" || strings.Contains(address, "\x07")
}

func TestOutsideEmails(t *testing.T) {
	for _, v := range vectors(t, "contact-format-vectors/email-mailbox.jsonl") {
		want := v.expected.(bool) && !refusedByChoice(v.input)
		if got, err := Email(v.input); (err == nil) != want {
			t.Errorf("Email(%q) = %q, %v, want %v", v.input, got, err, want)
		}
	}
	for _, v := range vectors(t, "contact-format-vectors/email-localpart.jsonl") {
		want := v.expected.(bool) && !refusedByChoice(v.input+"@example.com")
		if got, err := Email(v.input + "@example.com"); (err == nil) != want {
			t.Errorf("Email(%q@example.com) = %q, %v, want %v", v.input, got, err, want)
		}
	}
	for _, v := range vectors(t, "contact-format-vectors/email-address.jsonl") {
		verdict := v.expected.(map[string]any)["category"].(string)
		typed := strings.TrimSpace(v.input)
		want := !refusedByChoice(typed) && verdict != "ISEMAIL_RFC5322" && (verdict != "ISEMAIL_ERR" || typed == "test@iana.org")
		if got, err := Email(v.input); (err == nil) != want {
			t.Errorf("Email(%q) = %q, %v, want %v (%s)", v.input, got, err, want, v.expected)
		}
	}
}

func TestEmailKeyAndDomain(t *testing.T) {
	cases := []struct{ in, key, domain string }{
		{" Ali@Example.com", "ali@example.com", "example.com"},
		{"ALI@example.com", "ali@example.com", "example.com"},
		{"x@xn--bcher-kva.example", "x@bücher.example", "bücher.example"},
		{"No Address", "no address", ""},
		{"", "", ""},
	}
	for _, c := range cases {
		if got := EmailKey(c.in); got != c.key {
			t.Errorf("EmailKey(%q) = %q, want %q", c.in, got, c.key)
		}
		if got := EmailDomain(c.in); got != c.domain {
			t.Errorf("EmailDomain(%q) = %q, want %q", c.in, got, c.domain)
		}
	}
}

func TestDomain(t *testing.T) {
	expect(t, "value.domain", Domain,
		[]good{
			{"example.com", "example.com"}, {" WWW.Example.COM. ", "example.com"}, {"https://www.example.com/about?x#y", "example.com"},
			{"example.com/about", "example.com"}, {"example.com:8080", "example.com"}, {"http://example.com?x", "example.com"},
			{"www.com", "www.com"}, {"a.b.example.com", "a.b.example.com"}, {"www.www.example.com", "example.com"},
			{"www.آریا.ایران", "آریا.ایران"}, {"xn--bcher-kva.example", "bücher.example"}, {"c--n.com", "c--n.com"}, {"3com.com", "3com.com"},
		},
		[]string{
			"", ".", "com", "localhost", "1.2.3.4", "[::1]", "http://1.2.3.4/", "-a.com", "a-.com", "a_b.com", "a..com", "a b.com",
			"user@example.com", "ftp://example.com", "\xff.com", strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 130) + "com", "xn--a.com",
		})
}

func TestASCIIDomain(t *testing.T) {
	expect(t, "value.domain", ASCIIDomain,
		[]good{{"Example.com", "example.com"}, {"bücher.example", "xn--bcher-kva.example"}, {"xn--bcher-kva.example", "xn--bcher-kva.example"}},
		[]string{"", "localhost", "a b.com", "1.2.3.4"})
}

func TestURL(t *testing.T) {
	expect(t, "value.url", URL,
		[]good{
			{"example.com", "https://example.com"},
			{" HTTP://Example.COM/Path?Q=1#F ", "http://example.com/Path?Q=1#F"},
			{"//example.com/x", "https://example.com/x"},
			{"example.com:8080/x", "https://example.com:8080/x"},
			{"example.com/?next=http://other.com", "https://example.com/?next=http://other.com"},
			{"https://example.com/a b?c d", "https://example.com/a%20b?c%20d"},
			{"https://example.com/سلام", "https://example.com/%D8%B3%D9%84%D8%A7%D9%85"},
			{"https://example.com//x//y", "https://example.com//x//y"},
			{"http://localhost:3000/", "http://localhost:3000/"},
			{"http://intranet/wiki", "http://intranet/wiki"},
			{"http://10.0.0.1/", "http://10.0.0.1/"},
			{"http://[::1]:80/", "http://[::1]:80/"},
			{"https://آریا.ایران/", "https://آریا.ایران/"},
			{"https://example.com./", "https://example.com/"},
		},
		[]string{
			"", "foo", "localhost", "javascript:alert(1)", "javascript://example.com/%0aalert(1)", "ftp://example.com", "data:text/html,x",
			"mailto:a@example.com", "https://", "https:///x", "https://user@example.com", "http://u:p@example.com", `https://example.com\@evil.com`,
			"https://exa mple.com", "https://example.com:0", "https://example.com:99999", "https://example.com:", "https://example.com:x",
			"https://a_b.example", "https://exa\nmple.com", "https://example.com/\x00", "https://[fe80::1%25eth0]/", "\xff",
			"https://example.com/" + strings.Repeat("a", 2000), strings.Repeat("a", 1<<20), "https://example.com/" + strings.Repeat("س", 400),
		})
}

// TestOutsideURLs follows the outside vectors, save addresses with a user name or password in them: those leak what should be secret.
func TestOutsideURLs(t *testing.T) {
	const secret = "has a user name"
	follow(t, "contact-format-vectors/url-valid.jsonl", URL, map[string]string{
		"http://userid:password@example.com:8080": secret, "https://userid@example.com": secret, "http://userid:password@example.com": secret,
	})
}

func FuzzEmail(f *testing.F) {
	for _, s := range []string{"Ali@Example.com", "用户@例子.广告", "a@xn--bcher-kva.example", "info@می\u200cشود.ایران", "a@b.c@d", "https://a.b/%2f//?#", "0@Xn--00\x030A.0A"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, check := range map[string]func(string) (string, error){"Email": Email, "Domain": Domain, "URL": URL, "ASCIIDomain": ASCIIDomain} {
			sameAgain(t, name, check, s)
		}
		if key := EmailKey(s); EmailKey(key) != key {
			t.Fatalf("EmailKey: %+q gives %+q, which gives %+q", s, key, EmailKey(key))
		}
		if address, err := Email(s); err == nil && len(address) > maxEmail {
			t.Fatalf("Email(%+q) has %d bytes", s, len(address))
		}
	})
}

func BenchmarkEmail(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Email("Ali.Rezaei@Example.com"); err != nil {
			b.Fatal(err)
		}
	}
}

// TestLongNamesAreRefusedQuickly holds hostile names away from the decoder, whose work grows with the square of a label.
func TestLongNamesAreRefusedQuickly(t *testing.T) {
	for _, label := range []string{"xn--" + strings.Repeat("a0z", 300), strings.Repeat("ü", 400), strings.Repeat("ü。", 300)} {
		if !tooLong(label + ".com") {
			t.Errorf("a name of %d bytes reaches the decoder", len(label))
		}
		if got, err := Email("a@" + label + ".com"); err == nil {
			t.Errorf("Email takes %q", got)
		}
	}
	if name := strings.Repeat("ü", maxLabel) + ".com"; tooLong(name) {
		t.Errorf("%q is too long", name)
	}
}

// TestEmailLimitsAreExact walks over the limits of RFC 5321 one byte at a time.
func TestEmailLimitsAreExact(t *testing.T) {
	for n := 60; n <= 68; n++ {
		if _, err := Email(strings.Repeat("a", n) + "@example.com"); (err == nil) != (n <= maxLocal) {
			t.Errorf("a local part of %d bytes: %v", n, err)
		}
		if _, err := Email("a@" + strings.Repeat("b", n) + ".com"); (err == nil) != (n <= maxLabel) {
			t.Errorf("a label of %d bytes: %v", n, err)
		}
	}
	for n := 30; n <= 60; n++ {
		address := "a@" + strings.Repeat(strings.Repeat("b", 62)+".", 3) + strings.Repeat("c", n) + ".com"
		if _, err := Email(address); (err == nil) != (len(address) <= maxEmail) {
			t.Errorf("an address of %d bytes: %v", len(address), err)
		}
	}
}

// TestDomainOfURL holds the two to one another: a web address of a domain has that domain.
func TestDomainOfURL(t *testing.T) {
	for _, name := range []string{"example.com", "a.b.example.co.uk", "آریا.ایران", "bücher.example"} {
		for _, form := range []string{"%", "https://%", "http://www.%/", "%/path?q=1#f", "HTTPS://%:8443/x"} {
			typed := strings.Replace(form, "%", name, 1)
			address, err := URL(typed)
			if err != nil {
				t.Errorf("URL(%q): %v", typed, err)
				continue
			}
			if got, err := Domain(address); err != nil || got != name {
				t.Errorf("Domain(%q) = %q, %v, want %q", address, got, err, name)
			}
		}
	}
}
