package meta

import (
	"testing"
	"time"
)

// personRow is a row of a file of people, kinds and cells, as companies bring them.
func personRow(t testing.TB) ([]*Attr, []string) {
	cells := []struct {
		name string
		kind Kind
		cell string
	}{
		{"first_name", TextKind{}, "شبنم"}, {"last_name", TextKind{}, "محمدی نژاد"}, {"latin", TextKind{}, "Shabnam Mohammadi"},
		{"title", TextKind{}, "Head of Procurement"}, {"email", EmailKind{}, "shabnam@example.com"}, {"email2", EmailKind{}, ""},
		{"phone", PhoneKind{}, "0912 345 6789"}, {"phone2", PhoneKind{}, "+982188776655"}, {"site", URLKind{}, "example.com"},
		{"national", CodeKind{Scheme: NationalID}, "0499370899"}, {"birthday", DateKind{}, "1990-05-11"}, {"joined", DateTimeKind{}, "2026-03-21T10:00:00Z"},
		{"kind", ChoiceKind{Options: testOptions}, "won"}, {"interest", MultiChoiceKind{Options: testOptions}, "new;won"}, {"tags", TagsKind{}, "vip;tehran"},
		{"score", NumberKind{}, "87"}, {"chance", PercentKind{}, "12.5"}, {"stars", RatingKind{}, "4"}, {"active", BoolKind{}, "yes"},
		{"credit", MoneyKind{}, "1200.50"}, {"city", TextKind{}, "Tehran"}, {"street", TextKind{}, "خیابان ولیعصر، کوچه ۱۲"},
		{"code", TextKind{Pattern: "[A-Z]{2}-[0-9]+"}, "TH-1234"}, {"note", LongTextKind{}, "Met at the fair; wants a call in spring."}, {"company", RefKind{To: "person"}, idText},
	}
	o := Object{Name: "person", Plural: "people"}
	var texts []string
	for _, c := range cells {
		o.Fields = append(o.Fields, Field{Name: c.name, Kind: c.kind})
		texts = append(texts, c.cell)
	}
	catalog, err := Compile(Sources{Objects: []Object{o}})
	if err != nil {
		t.Fatal(err)
	}
	e, _ := catalog.Object("person")
	return e.Fields[systemSlots:], texts
}

func parseRow(t testing.TB, env *Env, attrs []*Attr, cells []string) {
	for i, a := range attrs {
		if _, err := a.Kind.Parse(env, cells[i]); err != nil {
			t.Fatalf("%s: %v", a.Name, err)
		}
	}
}

// Twenty-five cells take some 10 µs; the test allows a hundred times that, because machines of tests are shared.
func TestRowIsParsedFast(t *testing.T) {
	attrs, cells := personRow(t)
	if len(attrs) != 25 {
		t.Fatalf("%d cells", len(attrs))
	}
	env, best := testEnv(), time.Hour
	for range 50 {
		start := time.Now()
		parseRow(t, env, attrs, cells)
		best = min(best, time.Since(start))
	}
	if best > time.Millisecond {
		t.Errorf("a row takes %v", best)
	}
}

func BenchmarkParseRow(b *testing.B) {
	attrs, cells := personRow(b)
	env := testEnv()
	b.ReportAllocs()
	for b.Loop() {
		parseRow(b, env, attrs, cells)
	}
}

func BenchmarkParseCell(b *testing.B) {
	attrs, cells := personRow(b)
	env := testEnv()
	for i, a := range attrs {
		b.Run(a.Name, func(b *testing.B) {
			for b.Loop() {
				_, _ = a.Kind.Parse(env, cells[i])
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	s := good()
	for b.Loop() {
		if _, err := Compile(s); err != nil {
			b.Fatal(err)
		}
	}
}
