package phone

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"ashna/kit/fault"
)

func TestParse(t *testing.T) {
	mobileIR := Number{E164: "+989122002580", Region: "IR", Type: Mobile}
	cases := []struct {
		typed, region string
		want          Number
	}{
		{"09122002580", "IR", mobileIR},
		{"۰۹۱۲۲۰۰۲۵۸۰", "IR", mobileIR},
		{"٠٩١٢٢٠٠٢٥٨٠", "ir", mobileIR},
		{"0912 200-25.80", "IR", mobileIR},
		{"(0912) 200 2580", "IR", mobileIR},
		{"9122002580", "IR", mobileIR},
		{"989122002580", "IR", mobileIR},
		{"+98 912 200 2580", "", mobileIR},
		{"0098 912 200 2580", "AZ", mobileIR},
		{"+98 (0)912 200 2580", "AZ", mobileIR},
		{"+98 0912 200 2580", "AZ", mobileIR},
		{"\u202a+98 912 200 2580\u202c", "AZ", mobileIR},
		{"tel:+989122002580", "", mobileIR},
		{"021-88776655 داخلی ۱۲", "IR", Number{E164: "+982188776655", Region: "IR", Type: Fixed, Extension: "12"}},
		{"021 8877 6655 ext. 123", "IR", Number{E164: "+982188776655", Region: "IR", Type: Fixed, Extension: "123"}},
		{"050 212 34 56", "AZ", Number{E164: "+994502123456", Region: "AZ", Type: Mobile}},
		{"+994 12 493 00 91 (daxili: 7)", "IR", Number{E164: "+994124930091", Region: "AZ", Type: Fixed, Extension: "7"}},
		{"(212) 456-7890 x9", "US", Number{E164: "+12124567890", Region: "US", Type: FixedOrMobile, Extension: "9"}},
		{"+1 506 234 5678", "US", Number{E164: "+15062345678", Region: "CA", Type: FixedOrMobile}},
		{"+800 1234 5678", "", Number{E164: "+80012345678", Region: "001", Type: TollFree}},
		{"+39 06 1234 5678", "", Number{E164: "+390612345678", Region: "IT", Type: Fixed}},
	}
	for _, c := range cases {
		if got, err := Parse(c.typed, c.region); err != nil || got != c.want {
			t.Errorf("Parse(%q, %q) = %+v, %v, want %+v", c.typed, c.region, got, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	cases := []struct{ typed, region, key string }{
		{"", "IR", "value.phone"},
		{"   ", "IR", "value.phone"},
		{"12", "IR", "value.phone"},
		{"call me", "IR", "value.phone"},
		{"Ali 09122002580", "IR", "value.phone"},
		{"0912200258", "IR", "value.phone"},
		{"091220025800", "IR", "value.phone"},
		{"+98", "IR", "value.phone"},
		{"+999 123456", "IR", "value.phone"},
		{"0912+2002580", "IR", "value.phone"},
		{"09122002580 ext", "IR", "value.phone"},
		{"09122002580 ext 12345678", "IR", "value.phone"},
		{"09122002580 x 12 x 13", "IR", "value.phone"},
		{"09122002580, 09122002581", "IR", "value.phone"},
		{strings.Repeat("1", 41), "IR", "value.phone"},
		{strings.Repeat(" ", 1<<20) + "09122002580", "IR", "value.phone"},
		{"1-800-FLOWERS", "US", "value.phone"},
		{"09122002580", "", "value.phone_region"},
		{"09122002580", "XX", "value.phone_region"},
		{"09122002580", "Iran", "value.phone_region"},
		{"\xff\xfe", "IR", "value.phone"},
	}
	for _, c := range cases {
		got, err := Parse(c.typed, c.region)
		if !fault.Is(err, fault.Invalid) || fault.Of(err).Key != c.key || got != (Number{}) {
			t.Errorf("Parse(%q, %q) = %+v, %v, want %s", c.typed, c.region, got, err, c.key)
		}
	}
}

// TestQuickAgrees holds the short way of plain plans to the result of the parser.
func TestQuickAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	found := 0
	for range 8000 {
		region := []string{"IR", "AZ"}[rng.IntN(2)]
		starts := []string{"+98", "+994", "0", "+98912", "+989", "09", "021", "+99450", "012", "050", "+9", "+980"}
		digits := starts[rng.IntN(len(starts))]
		for range 4 + rng.IntN(9) {
			digits += string(rune('0' + rng.IntN(10)))
		}
		fast, ok := quick(digits, region)
		if !ok {
			continue
		}
		found++
		if slow, known := lookUp(digits, region); !known || slow != fast {
			t.Errorf("%s in %s: quick gives %+v, the parser %+v, %v", digits, region, fast, slow, known)
		}
	}
	if found < 300 {
		t.Errorf("only %d numbers were found", found)
	}
}

func TestFormat(t *testing.T) {
	cases := []struct{ e164, region, want string }{
		{"+989122002580", "IR", "0912 200 2580"},
		{"+989122002580", "ir", "0912 200 2580"},
		{"+989122002580", "AZ", "+98 912 200 2580"},
		{"+982188776655", "IR", "021 8877 6655"},
		{"+994502123456", "AZ", "050 212 34 56"},
		{"+994502123456", "", "+994 50 212 34 56"},
		{"+12124567890", "US", "(212) 456-7890"},
		{"", "IR", ""},
		{"+", "IR", "+"},
		{"hello", "IR", "hello"},
		{"+hello", "IR", "+hello"},
		{"+" + strings.Repeat("9", 300), "IR", "+" + strings.Repeat("9", 300)},
	}
	for _, c := range cases {
		if got := Format(c.e164, c.region); got != c.want {
			t.Errorf("Format(%q, %q) = %q, want %q", c.e164, c.region, got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("۰۲۱-۸۸۷۷۶۶۵۵ داخلی ۱۲", "IR")
	f.Add("tel:+98(0)912;ext=1", "")
	f.Add("00#0", "AZ")
	f.Fuzz(func(t *testing.T, typed, region string) {
		n, err := Parse(typed, region)
		if err != nil {
			return
		}
		if len(n.E164) > 18 || n.E164[0] != '+' || len(n.Extension) > maxExtension {
			t.Fatalf("Parse(%q, %q) = %+v", typed, region, n)
		}
		again, err := Parse(n.E164, "")
		if err != nil || again.E164 != n.E164 || again.Region != n.Region || again.Type != n.Type {
			t.Fatalf("Parse(%q, %q) = %+v, then %+v, %v", typed, region, n, again, err)
		}
		_ = Format(n.E164, region)
	})
}

// outside opens a file of outside test data, or skips the test where they are absent.
func outside(t *testing.T, name string) *os.File {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	places := []string{filepath.Join(os.Getenv("ASHNA_SHARED"), "data", name)}
	for range 8 {
		places = append(places, filepath.Join(dir, "shared", "data", name))
		dir = filepath.Dir(dir)
	}
	for _, place := range places {
		if f, err := os.Open(place); err == nil {
			t.Cleanup(func() { f.Close() })
			return f
		}
	}
	t.Skip("the outside test data are not here")
	return nil
}

// TestOutsideExamples parses the example number of every region and type. Countries that share a code share some numbers too, so the
// region may be another one of the code.
func TestOutsideExamples(t *testing.T) {
	want := map[string]Type{
		"fixedLine": Fixed, "mobile": Mobile, "tollFree": TollFree, "premiumRate": Premium, "sharedCost": SharedCost, "voip": VoIP,
		"personalNumber": Personal, "pager": Pager, "uan": Company, "voicemail": Voicemail,
	}
	lines := bufio.NewScanner(outside(t, "contact-format-vectors/phone-examples.tsv"))
	lines.Scan()
	count, refused := 0, 0
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		region, kind, national, e164 := f[0], f[3], f[4], f[5]
		count++
		n, err := Parse(e164, "")
		if err != nil {
			refused++
			t.Logf("%s %s %s: %v", region, kind, e164, err)
			continue
		}
		if n.E164 != e164 || phonenumbers.GetCountryCodeForRegion(n.Region) != phonenumbers.GetCountryCodeForRegion(region) {
			t.Errorf("%s %s: Parse(%q) = %+v", region, kind, e164, n)
		}
		if n.Type != want[kind] && n.Type != FixedOrMobile {
			t.Errorf("%s: Parse(%q) is %s, not %s", region, e164, n.Type, kind)
		}
		if local, err := Parse(national, region); region != "001" && (err != nil || local.E164 != e164) {
			t.Errorf("%s: Parse(%q) = %+v, %v, want %s", region, national, local, err, e164)
		}
	}
	if count < 500 || refused > count/100 {
		t.Errorf("%d of %d examples were refused", refused, count)
	}
}

// TestOutsideIranian follows every outside vector of Iranian numbers; the functions differ, so each has its own check.
func TestOutsideIranian(t *testing.T) {
	lines := bufio.NewScanner(outside(t, "persian-vectors/phone-ir.jsonl"))
	count := 0
	for lines.Scan() {
		var v struct {
			Function        string
			Input, Expected any
		}
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		count++
		typed, isText := v.Input.(string)
		if !isText {
			typed = v.Input.([]any)[0].(string)
		}
		n, err := Parse(typed, "IR")
		switch want := v.Expected.(type) {
		case bool:
			if (err == nil) != want {
				t.Errorf("%s: Parse(%q) = %+v, %v", v.Function, typed, n, err)
			}
		case string:
			digits := strings.TrimPrefix(strings.TrimPrefix(want, "+98"), "0")
			if want != "" && !strings.HasPrefix(n.E164, "+98"+digits) || want == "" && err == nil {
				t.Errorf("%s: Parse(%q) = %+v, %v, want %s", v.Function, typed, n, err, want)
			}
		}
	}
	if count < 10 {
		t.Errorf("only %d vectors were checked", count)
	}
}

func BenchmarkParse(b *testing.B) {
	for name, c := range map[string][2]string{
		"e164": {"+989122002580", ""}, "national": {"0912 200 2580", "IR"}, "persian": {"۰۹۱۲۲۰۰۲۵۸۰", "IR"}, "us": {"(212) 456-7890", "US"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(c[0], c[1]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
