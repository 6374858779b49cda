package calendar_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ashna/kit/calendar"
)

// nowruzTable gives the day of March, less 20, of 1 Farvardin of the years 1278 to 1480. It comes from the Persian calendar of ICU, whose
// leap years follow the computed spring equinox, and shares no algorithm with this package.
const nowruzTable = "" +
	"1112211221122112211221122112211121112111211121112111211121" +
	"1121111111111111111111111111111111111110111011101110111011" +
	"1011101110111001100110011001100110011001100110001000100010" +
	"00100010001000100010000000011"

const firstTableYear = 1278

// icuNowruz is the day of 1 Farvardin by the table.
func icuNowruz(t *testing.T, year int) calendar.Day {
	t.Helper()
	return gregorian(t, year+621, 3, 20+int(nowruzTable[year-firstTableYear]-'0'))
}

func gregorian(t *testing.T, y, m, d int) calendar.Day {
	t.Helper()
	day, err := calendar.FromYMD(calendar.Gregorian, y, m, d)
	if err != nil {
		t.Fatalf("FromYMD(%d, %d, %d): %v", y, m, d, err)
	}
	return day
}

func jalali(t *testing.T, y, m, d int) calendar.Day {
	t.Helper()
	day, err := calendar.FromYMD(calendar.Jalali, y, m, d)
	if err != nil {
		t.Fatalf("FromYMD(Jalali, %d, %d, %d): %v", y, m, d, err)
	}
	return day
}

// TestEveryJalaliDay walks from 1899 to 2101 with months of 31 and 30 days and an Esfand that ends where the table says.
func TestEveryJalaliDay(t *testing.T) {
	day := icuNowruz(t, firstTableYear)
	for year := firstTableYear; year < firstTableYear+len(nowruzTable)-1; year++ {
		next := icuNowruz(t, year+1)
		for month := 1; month <= 12; month++ {
			length := 31
			switch {
			case month == 12:
				length = int(next - day)
			case month > 6:
				length = 30
			}
			if got := calendar.DaysIn(calendar.Jalali, year, month); got != length {
				t.Fatalf("%d-%d has %d days, want %d", year, month, got, length)
			}
			for d := 1; d <= length; d++ {
				if gy, gm, gd := day.YMD(calendar.Jalali); gy != year || gm != month || gd != d {
					t.Fatalf("%v is %d-%d-%d, want %d-%d-%d", day, gy, gm, gd, year, month, d)
				}
				if back := jalali(t, year, month, d); back != day {
					t.Fatalf("%d-%d-%d is %v, want %v", year, month, d, back, day)
				}
				day++
			}
		}
		if leap := next-icuNowruz(t, year) == 366; calendar.IsLeap(calendar.Jalali, year) != leap {
			t.Errorf("IsLeap(%d) = %v", year, !leap)
		}
	}
	if day < gregorian(t, 2101, 1, 1) {
		t.Fatalf("the walk ended at %v", day)
	}
}

// TestJalaliYearsAreWhole holds for all 9,377 years: 365 or 366 days, leap years four or five years apart except at a break of the
// table, and every first and last day reads back.
func TestJalaliYearsAreWhole(t *testing.T) {
	first, last := calendar.Jalali.Years()
	sinceLeap := 0
	for year := first; year <= last; year++ {
		start := jalali(t, year, 1, 1)
		end := jalali(t, year, 12, calendar.DaysIn(calendar.Jalali, year, 12))
		want := calendar.Day(364)
		sinceLeap++
		if calendar.IsLeap(calendar.Jalali, year) {
			want = 365
			if year > 10 && sinceLeap != 4 && sinceLeap != 5 {
				t.Errorf("leap year %d comes %d years after the last", year, sinceLeap)
			}
			sinceLeap = 0
		}
		if end-start != want {
			t.Fatalf("year %d has %d days", year, end-start+1)
		}
		for _, day := range []calendar.Day{start, start + 185, start + 186, end} {
			y, m, d := day.YMD(calendar.Jalali)
			if y != year || jalali(t, y, m, d) != day {
				t.Fatalf("%v is %d-%d-%d, which is not the way back", day, y, m, d)
			}
		}
		if year < last && jalali(t, year+1, 1, 1) != end+1 {
			t.Fatalf("year %d does not begin after %v", year+1, end)
		}
	}
}

func TestJalaliEdges(t *testing.T) {
	first, last := calendar.Jalali.Days()
	if first.String() != "0622-03-22" || last.String() != "9999-03-20" {
		t.Errorf("the calendar goes from %v to %v", first, last)
	}
	for _, day := range []calendar.Day{first - 1, last + 1, calendar.MinDay, calendar.MaxDay, -1 << 62, 1 << 62} {
		if y, m, d := day.YMD(calendar.Jalali); y != 0 || m != 0 || d != 0 {
			t.Errorf("day %d is %d-%d-%d, want zeros", int64(day), y, m, d)
		}
	}
	for _, c := range []struct{ y, m, d int }{
		{0, 1, 1}, {-1, 1, 1}, {9378, 1, 1}, {1404, 0, 1}, {1404, 13, 1}, {1404, 1, 0}, {1404, 1, 32}, {1404, 7, 31}, {1404, 12, 30},
		{1403, 12, 31}, {1404, 6, -1}, {1 << 62, 1, 1}, {1404, 1 << 62, 1}, {1404, 1, 1 << 62},
	} {
		_, err := calendar.FromYMD(calendar.Jalali, c.y, c.m, c.d)
		refused(t, "FromYMD", err, "value.date")
	}
}

// outside opens a file of the public vectors, or skips the test where they are not there.
func outside(t *testing.T, name string) *bufio.Scanner {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	places := []string{os.Getenv("ASHNA_SHARED")}
	for range 8 {
		places = append(places, filepath.Join(dir, "shared"))
		dir = filepath.Dir(dir)
	}
	for _, place := range places {
		file, err := os.Open(filepath.Join(place, "data", "persian-vectors", name))
		if place == "" || err != nil {
			continue
		}
		t.Cleanup(func() { file.Close() })
		return bufio.NewScanner(file)
	}
	t.Skipf("the public vectors %s are not beside the repository", name)
	return nil
}

func TestPublishedDates(t *testing.T) {
	lines, checked := outside(t, "jalali-dates.tsv"), 0
	for lines.Scan() {
		field := strings.Split(lines.Text(), "\t")
		day, err := calendar.ParseISO(field[0])
		if err != nil {
			continue // the heading
		}
		checked++
		if got, err := calendar.Parse(calendar.Jalali, field[1]); err != nil || got != day {
			t.Errorf("%s is %v, %v, want %s", field[1], got, err, field[0])
		}
		y, m, d := day.YMD(calendar.Jalali)
		if got := calendar.Format(y, m, d, '-'); got != field[1] {
			t.Errorf("%s is %s, want %s", field[0], got, field[1])
		}
		if note := field[len(field)-1]; strings.HasPrefix(note, "leap:") && (note == "leap:yes") != calendar.IsLeap(calendar.Jalali, y) {
			t.Errorf("year %d: want %s", y, note)
		}
	}
	if checked < 150 {
		t.Errorf("only %d dates were checked", checked)
	}
}

func TestPublishedLeapYears(t *testing.T) {
	lines, checked := outside(t, "jalali-years.tsv"), 0
	for lines.Scan() {
		year, kind, _ := strings.Cut(lines.Text(), "\t")
		day, err := calendar.Parse(calendar.Jalali, year+"/1/1")
		if err != nil {
			continue // the heading
		}
		checked++
		y, _, _ := day.YMD(calendar.Jalali)
		if got := calendar.IsLeap(calendar.Jalali, y); got != (kind == "leap") {
			t.Errorf("IsLeap(%s) = %v, want %s", year, got, kind)
		}
	}
	if checked < 15 {
		t.Errorf("only %d years were checked", checked)
	}
}
