package phone_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"ashna/kit/phone"
)

func TestIsMobile(t *testing.T) {
	for number, want := range map[string]bool{
		"+989121234567": true, "+982188887777": false, "+994501234567": true, "+994124980000": false, "+994103123456": true,
		"+905321234567": true, "+902122345678": false, "+447911123456": true, "+442079460958": false, "+12025550123": false,
		"": false, "+": false, "nothing": false,
	} {
		if got := phone.IsMobile(number); got != want {
			t.Errorf("IsMobile(%q) = %v", number, got)
		}
	}
}

// TestIsMobileAgreesWithThePlans asks for many numbers of the countries that are told apart without the plans.
func TestIsMobileAgreesWithThePlans(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	valid := 0
	for range 40_000 {
		number := fmt.Sprintf("+98%d", 1_000_000_000+r.Int64N(9_000_000_000))
		if r.IntN(2) == 0 {
			number = fmt.Sprintf("+994%d", 100_000_000+r.Int64N(900_000_000))
		}
		n, err := phone.Parse(number, "")
		if err != nil {
			continue
		}
		valid++
		if got, want := phone.IsMobile(n.E164), n.Type == phone.Mobile; got != want {
			t.Fatalf("IsMobile(%q) = %v, its type is %s", n.E164, got, n.Type)
		}
	}
	if valid < 5_000 {
		t.Errorf("only %d numbers were valid", valid)
	}
}
