package phone

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestIsMobile(t *testing.T) {
	for number, want := range map[string]bool{
		"+989121234567": true, "+982188887777": false, "+994501234567": true, "+994124980000": false, "+994103123456": true,
		"+905321234567": true, "+902122345678": false, "+447911123456": true, "+442079460958": false, "+12025550123": false,
		"": false, "+": false, "nothing": false,
	} {
		if got := IsMobile(number); got != want {
			t.Errorf("IsMobile(%q) = %v", number, got)
		}
	}
}

// TestMobileRangesAgreeWithThePlans asks the whole plan about numbers that are read without it, and about their neighbours.
func TestMobileRangesAgreeWithThePlans(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	sure := 0
	for range 60_000 {
		number := fmt.Sprintf("+989%09d", r.Int64N(1_000_000_000))
		if r.IntN(2) == 0 {
			number = fmt.Sprintf("+994%d", 100_000_000+r.Int64N(900_000_000))
		}
		parsed, err := phonenumbers.Parse(number, "")
		if err != nil {
			t.Fatal(err)
		}
		want := phonenumbers.GetNumberType(parsed) == phonenumbers.MOBILE
		if got := IsMobile(number); got != want {
			t.Fatalf("IsMobile(%q) = %v", number, got)
		}
		region, ok := surelyMobile(number)
		if !ok {
			continue
		}
		sure++
		n, err := Parse(number, "")
		if err != nil || n != (Number{E164: number, Region: phonenumbers.GetRegionCodeForNumber(parsed), Type: Mobile}) || n.Region != region {
			t.Fatalf("%q is read as %+v, %v", number, n, err)
		}
	}
	if sure < 10_000 {
		t.Errorf("only %d numbers were sure", sure)
	}
}

func BenchmarkParseMobile(b *testing.B) {
	for b.Loop() {
		if _, err := Parse("+989121234567", "IR"); err != nil {
			b.Fatal(err)
		}
	}
}
