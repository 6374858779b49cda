package ident_test

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ashna/kit/clock"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

func refused(t *testing.T, what string, err error) {
	t.Helper()
	f := fault.Of(err)
	if f == nil || f.Kind != fault.Invalid || f.Key != "value.id" {
		t.Errorf("%s: error %v, want the fault value.id", what, err)
	}
}

func TestSpelling(t *testing.T) {
	for _, c := range []struct {
		id   ident.ID
		text string
	}{
		{1, "0000000000001"},
		{31, "000000000000z"},
		{32, "0000000000010"},
		{1 << 60, "1000000000000"},
		{math.MaxInt64 - 1, "7zzzzzzzzzzzy"},
	} {
		if got := c.id.String(); got != c.text {
			t.Errorf("%d.String() = %q, want %q", int64(c.id), got, c.text)
		}
		if got, err := ident.Parse(c.text); err != nil || got != c.id {
			t.Errorf("Parse(%q) = %d, %v, want %d", c.text, int64(got), err, int64(c.id))
		}
	}
}

func TestParseForgivesLookalikes(t *testing.T) {
	want, err := ident.Parse("0abc110010dv2")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"0ABC110010DV2", "OABCILOO1ODV2", "oabcilooiodv2"} {
		if got, err := ident.Parse(text); err != nil || got != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "1", "000000000001", "00000000000001", "000000000000u", "00000000000-1", " 000000000001", "000000000000\x00",
		"0000000000000", "8000000000000", "zzzzzzzzzzzzz", "7zzzzzzzzzzzz", "00000000000۱", strings.Repeat("1", 1<<20),
	} {
		id, err := ident.Parse(text)
		refused(t, text[:min(len(text), 20)], err)
		if id != 0 {
			t.Errorf("a refused text gives the key %v", id)
		}
	}
}

func TestTextsSortAsNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ids := make([]ident.ID, 5000)
	for i := range ids {
		ids[i] = ident.ID(1 + r.Int64N(1<<(1+r.IntN(62))))
	}
	slices.SortFunc(ids, func(a, b ident.ID) int { return strings.Compare(a.String(), b.String()) })
	if !slices.IsSortedFunc(ids, func(a, b ident.ID) int { return cmp.Compare(a, b) }) {
		t.Error("the order of texts is not the order of numbers")
	}
	for _, id := range ids {
		if back, err := ident.Parse(id.String()); err != nil || back != id {
			t.Fatalf("Parse(%q) = %d, %v, want %d", id.String(), int64(back), err, int64(id))
		}
	}
}

func TestJSON(t *testing.T) {
	type row struct {
		ID    ident.ID            `json:"id"`
		Owner ident.ID            `json:"owner"`
		Votes map[ident.ID]string `json:"votes"`
	}
	in := row{ID: 33, Votes: map[ident.ID]string{34: "yes"}}
	data, err := json.Marshal(in)
	if want := `{"id":"0000000000011","owner":null,"votes":{"0000000000012":"yes"}}`; err != nil || string(data) != want {
		t.Fatalf("Marshal = %s, %v, want %s", data, err, want)
	}
	out := row{Owner: 7}
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if out.ID != 33 || !out.Owner.IsZero() || out.Votes[34] != "yes" {
		t.Errorf("read back %+v", out)
	}
}

func TestJSONRefuses(t *testing.T) {
	for _, text := range []string{`33`, `""`, `"33"`, `true`, `[]`, `{}`, `"000000000000u"`, `"0000000000000"`, `1000000000000000`} {
		id := ident.ID(5)
		refused(t, text, json.Unmarshal([]byte(text), &id))
		if id != 5 {
			t.Errorf("%s: a refused text changed the key to %v", text, id)
		}
	}
	var votes map[ident.ID]string
	refused(t, "object name", json.Unmarshal([]byte(`{"x":"yes"}`), &votes))
}

func TestTimeOfKey(t *testing.T) {
	at := time.Date(2026, 3, 21, 9, 30, 15, 123456789, time.UTC)
	id := ident.NewSource(clock.NewFake(at), 9).Next()
	if got, want := id.Time(), at.Truncate(time.Millisecond); got != want {
		t.Errorf("Time() = %v, want %v", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"0abc110010dv2", "7zzzzzzzzzzzy", "0000000000000", "oil", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ident.Parse(text)
		if err != nil {
			refused(t, text, err)
			return
		}
		if id <= 0 || id == math.MaxInt64 {
			t.Fatalf("Parse(%q) = %d is no key", text, int64(id))
		}
		if again, err := ident.Parse(id.String()); err != nil || again != id {
			t.Fatalf("Parse(%q) = %d, %v, want %d", id.String(), int64(again), err, int64(id))
		}
	})
}
