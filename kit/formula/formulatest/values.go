package formulatest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"ashna/kit/calendar"
	"ashna/kit/formula"
	"ashna/kit/text"
)

// hostile are texts that break what is careless: of several scripts, with quotes, patterns, bars and odd letters.
var hostile = []string{"Tehran", "tehran", "تهران", "كرمان", "کرمان", "می‌خواهم", "علي", "علی", "İstanbul", "istanbul", "ISPARTA", "ısparta",
	"Bakı", "Şəki", "Gəncə", "ß", "ﬁ", "é", "e\u0301", "100%", "a_b", "a%b", `back\slash`, `"quoted"`, "it's", "« »", "a|b", "|", " ", "  x  ",
	"\t", "\n", "0", "۱۲۳", "١٢٣", "NULL", "true", "'; DROP TABLE deal; --", "\U0010FFFF", "z\U0010FFFF", "\uFFFD", "😀", "\u200f", "ـ", "%", "_",
	"a", "ab", "abc", strings.Repeat("x", 300)}

// Texts gives texts worth trying: Persian, Arabic, Turkish, Azerbaijani and hostile ones. None is empty, none has a NUL.
func Texts() []string { return slices.Clone(hostile) }

var extremes = []int64{0, 1, -1, 2, 99, 100, -100, 50, 5, -5, 500, -500, 1e15, -1e15, 3037000500, 9007199254740993, 4611686018427387904,
	-4611686018427387904, 9223372036854775806, -9223372036854775806, 922337203685477580}

var oddDays = []int64{0, -1, formula.FirstDay, formula.LastDay, formula.FirstPartDay, formula.LastPartDay, formula.FirstPartDay - 1,
	formula.LastPartDay + 1, 18322, 19070, 19071, 19437}

// Zones gives time zones whose midnights are odd, or not. A zone the machine does not know is left out.
func Zones() []*time.Location {
	zones := []*time.Location{time.UTC}
	for _, name := range []string{"Asia/Tehran", "Asia/Baku", "Asia/Beirut", "America/Havana", "Asia/Amman", "America/Sao_Paulo"} {
		if z, err := time.LoadLocation(name); err == nil {
			zones = append(zones, z)
		}
	}
	return zones
}

// Near is the day around which most random dates and moments lie: 2022-03-22, when Tehran's clocks last went forward at midnight.
const Near = 19073

// Value makes a random value of a field, a quarter of them empty. Ids are what a link may point to; without ids links are empty.
func Value(r *rand.Rand, f formula.Field, ids []int64) formula.Value {
	if r.IntN(4) == 0 {
		return formula.Value{}
	}
	switch f.Type.Kind {
	case formula.Bool:
		return formula.Truth(r.IntN(2) == 0)
	case formula.Text:
		return textValue(r, f)
	case formula.Number:
		if r.IntN(3) == 0 {
			return formula.Whole(pick(r, extremes))
		}
		return formula.Whole(r.Int64N(200_000) - 50_000)
	case formula.Date:
		if r.IntN(8) == 0 {
			return formula.Whole(pick(r, oddDays))
		}
		return formula.Whole(Near + r.Int64N(160) - 80)
	case formula.Moment:
		return moment(r)
	case formula.Link:
		if len(ids) > 0 {
			return formula.Whole(pick(r, ids))
		}
	case formula.Set:
		return setValue(r, f)
	}
	return formula.Value{}
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func textValue(r *rand.Rand, f formula.Field) formula.Value {
	if f.Type.Choice {
		if len(f.Choices) == 0 {
			return formula.Value{}
		}
		code := pick(r, f.Choices)
		return formula.Value{Ok: true, Text: code, Raw: code}
	}
	s := pick(r, hostile)
	return formula.Value{Ok: true, Text: text.Key(s), Raw: s}
}

// moment makes a moment near Near, often the first instant of a day in some zone or the microsecond before it.
func moment(r *rand.Rand) formula.Value {
	if r.IntN(3) > 0 {
		return formula.Whole(Near*86_400_000_000 + r.Int64N(8*86_400_000_000) - 4*86_400_000_000)
	}
	day := calendar.Day(Near + r.Int64N(5) - 2)
	return formula.Whole(calendar.StartOfDay(day, pick(r, Zones())).UnixMicro() - r.Int64N(2))
}

// setValue makes a set of one to three keys, sorted, without bars in them.
func setValue(r *rand.Rand, f formula.Field) formula.Value {
	var keys []string
	for range 1 + r.IntN(3) {
		key := text.Key(pick(r, hostile))
		if len(f.Choices) > 0 {
			key = pick(r, f.Choices)
		}
		if key != "" && !strings.Contains(key, "|") {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return formula.Value{}
	}
	slices.Sort(keys)
	set := "|" + strings.Join(slices.Compact(keys), "|") + "|"
	return formula.Value{Ok: true, Text: set, Raw: set}
}
