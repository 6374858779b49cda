package meta

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ashna/kit/fault"
	"ashna/kit/formula"
)

// An answer is kept when it reads only stored fields of its own record, and neither the clock nor the viewer nor whether others are there.
func TestWhichFormulasAreStored(t *testing.T) {
	for source, want := range map[string]bool{
		"amount > 5": true, "stage = 'won' and name contains 'x'": true, "version > 3": true, "created_at is empty": true, "company is empty": true, "true": true,
		"closes_on < '2026-03-21'": true, "coalesce(amount, 0) = 5": true, "if(stage = 'won', amount, 0) > 3": true, "length(name) > 3": true, "year(closes_on) = 2026": true,
		"created_at > '2026-03-21T10:00:00Z'": true, "id is empty": true, "record.amount = 5": true, "closes_on - '2026-01-01' > 3": true,
		"closes_on < today()": false, "created_at < now()": false, "owner = me()": false, "within(closes_on, 'this month')": false, "closes_on > daysAgo(3)": false,
		"closes_on > daysAhead(3)": false, "closes_on = startOfMonth()": false, "closes_on = startOfYear('jalali')": false, "company.name = 'x'": false, "owner.name = 'x'": false,
		"any(items)": false, "count(items) > 3": false, "sum(items, quantity) > 3": false, "any(company.deals)": false, "if(true, amount, 0) > 3 or count(items) > 1": false,
		"amount > 5 and not (name = 'x' or closes_on = today())": false, "company.id is empty": false, "company = company.id": false,
	} {
		s := good()
		s.Extensions = []Extension{{Object: "deal", Fields: []Field{of("x", FormulaKind{Source: source, Result: BoolKind{}})}}}
		c, err := Compile(s)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		a := attr(t, entity(t, c, "deal"), "x")
		if a.Stored != want || a.Answer == nil || a.Sortable() != want {
			t.Errorf("%s: stored %v, want %v", source, a.Stored, want)
		}
		s.Extensions = []Extension{{Object: "company", Fields: []Field{of("x", RollupKind{List: "deals", Function: Count, Where: source})}}}
		_, err = Compile(s)
		if one := fault.Of(err); (err == nil) != want || one != nil && (one.Key != "formula.own_fields" || one.Field != "company.x.where") {
			t.Errorf("a roll-up where %s: %v", source, err)
		}
	}
}

// A roll-up takes the kind of what it joins; an average has four decimals, or is an amount.
func TestKindsOfRollups(t *testing.T) {
	for _, c := range []struct {
		function Function
		field    string
		want     string
	}{
		{Count, "", "number 0"}, {Sum, "amount", "money 0"}, {Min, "amount", "money 0"}, {Average, "amount", "money 0"}, {Sum, "twice", "money 0"}, {Sum, "quantity", "number 2"},
		{Max, "quantity", "number 2"}, {Average, "quantity", "number 4"}, {Average, "stars", "number 4"}, {Sum, "stars", "rating 0"}, {Max, "closes_on", "date 0"}, {Min, "created_at", "datetime 0"},
		{Sum, "part", "percent 2"}, {Average, "part", "number 4"}, {Max, "doubled", "number 3"}, {Sum, "version", "number 0"},
	} {
		s := good()
		s.Extensions = []Extension{
			{Object: "deal", Fields: []Field{of("quantity", NumberKind{Decimals: 2}), of("stars", RatingKind{}), of("part", PercentKind{}),
				of("doubled", FormulaKind{Source: "quantity * 2", Result: NumberKind{Decimals: 3}})}},
			{Object: "company", Fields: []Field{of("x", RollupKind{List: "deals", Function: c.function, Field: c.field})}},
		}
		k := attr(t, entity(t, compiled(t, s), "company"), "x").Kind.(RollupKind)
		if got := fmt.Sprint(k.Result.Type(), " ", k.Formula().Scale); got != c.want {
			t.Errorf("%s of %s is %s, want %s", c.function, c.field, got, c.want)
		}
	}
}

// What has no order or no sum cannot be joined, and the fault says what was needed.
func TestRollupsRefused(t *testing.T) {
	for field, kind := range sampleKinds() {
		s := good()
		s.Extensions = []Extension{{Object: "deal", Fields: []Field{of("x", kind)}}}
		if field == "links" || field == "link" || field == "rollup" {
			continue
		}
		for _, function := range []Function{Sum, Average, Min, Max} {
			s.Extensions = append(s.Extensions[:1:1], Extension{Object: "company", Fields: []Field{of("y", RollupKind{List: "deals", Function: function, Field: "x"})}})
			number := kind.Formula().Kind == formula.Number
			dated := field == "date" || field == "datetime"
			_, err := Compile(s)
			one := fault.Of(err)
			if (err == nil) != (number || dated && (function == Min || function == Max)) {
				t.Errorf("%s of %s: %v", function, field, err)
			}
			if one != nil && (one.Field != "company.y.field" || one.Key != "formula.needs" && one.Key != "value.unknown_field") {
				t.Errorf("%s of %s: %v", function, field, err)
			}
		}
	}
}

// A circle of roll-ups is refused, of whatever length; a chain is not.
func TestRollupCircles(t *testing.T) {
	for n := 1; n <= 4; n++ {
		for _, closed := range []bool{false, true} {
			var s Sources
			for i := range n {
				fields := []Field{{Name: "up", Kind: RefKind{To: fmt.Sprintf("o%d", (i+n-1)%n), Inverse: "below"}}, of("n", NumberKind{})}
				source := "x"
				if i == n-1 && !closed {
					source = "n"
				}
				fields = append(fields, of("x", RollupKind{List: "below", Function: Sum, Field: "y"}), of("y", FormulaKind{Source: source + " * 2", Result: NumberKind{}}))
				s.Objects = append(s.Objects, Object{Name: fmt.Sprintf("o%d", i), Plural: fmt.Sprintf("os%d", i), Fields: fields})
			}
			_, err := Compile(s)
			if (err != nil) != closed {
				t.Errorf("%d objects, closed %v: %v", n, closed, err)
			}
			if closed && len(fault.All(err)) != n {
				t.Errorf("a circle of %d is reported %d times", n, len(fault.All(err)))
			}
		}
	}
}

// signature is what a catalog says of its objects, without the order of declaration.
func signature(c *Catalog) map[string]string {
	all := map[string]string{}
	for _, e := range c.Entities {
		for _, a := range e.Fields {
			all[e.Name+"."+a.Name] = fmt.Sprint(a.Kind.Type(), a.Columns, a.Key, a.Order, a.Stored, a.System, a.Formula(), a.Answer != nil, a.Indexed(), a.Sortable())
		}
		var lists, checks, rollups []string
		for _, l := range e.Lists {
			lists = append(lists, l.Name+":"+l.Entity.Name+"."+l.Via.Name)
		}
		for _, k := range e.Checks {
			checks = append(checks, fmt.Sprint(k.Name, k.Field, k.Key, k.Where != nil, k.Must != nil))
		}
		for _, a := range e.Rollups {
			rollups = append(rollups, a.Name)
		}
		slices.Sort(lists)
		slices.Sort(checks)
		slices.Sort(rollups)
		all[e.Name] = fmt.Sprint(e.TitleAttr.Name, lists, checks, rollups, e.Slots)
	}
	return all
}

// The order in which objects and fields are declared does not matter.
func TestOrderOfDeclarationDoesNotMatter(t *testing.T) {
	want := signature(compiled(t, good()))
	r := rand.New(rand.NewPCG(31, 1))
	for range 40 {
		s := good()
		r.Shuffle(len(s.Objects), func(i, j int) { s.Objects[i], s.Objects[j] = s.Objects[j], s.Objects[i] })
		for _, o := range s.Objects {
			r.Shuffle(len(o.Fields), func(i, j int) { o.Fields[i], o.Fields[j] = o.Fields[j], o.Fields[i] })
		}
		if got := signature(compiled(t, s)); !maps.Equal(got, want) {
			for name, line := range want {
				if got[name] != line {
					t.Fatalf("%s is %s, was %s", name, got[name], line)
				}
			}
		}
	}
}

// Every link leads to lists of its targets, each under one name that is no field's, whatever the objects.
func TestListsOfRandomCatalogs(t *testing.T) {
	r := rand.New(rand.NewPCG(32, 2))
	linked := 0
	for range 300 {
		var s Sources
		n := 1 + r.IntN(6)
		name := func(i int) string { return fmt.Sprintf("o%d", i) }
		for i := range n {
			o := Object{Name: name(i), Plural: fmt.Sprintf("os%d", i)}
			for j := range r.IntN(5) {
				f := Field{Name: fmt.Sprintf("f%d", j), Kind: RefKind{To: name(r.IntN(n))}}
				if r.IntN(3) == 0 {
					f.Kind = AnyRefKind{To: []string{name(r.IntN(n))}}
				}
				o.Fields = append(o.Fields, f)
			}
			s.Objects = append(s.Objects, o)
		}
		c := compiled(t, s)
		lists := map[string]int{}
		for _, e := range c.Entities {
			seen := map[string]bool{}
			for _, l := range e.Lists {
				found, ok := e.List(l.Name)
				if !ok || found.Via != l.Via || seen[l.Name] || e.byName[l.Name] != nil || l.Via.Entity != l.Entity || !slices.Contains(l.Via.Targets(), e.Name) {
					t.Fatalf("list %s of %s: %+v", l.Name, e.Name, l)
				}
				seen[l.Name] = true
				lists[e.Name+" from "+l.Entity.Name+"."+l.Via.Name]++
			}
		}
		for _, e := range c.Entities {
			for _, a := range e.Fields[systemSlots:] {
				for _, to := range a.Targets() {
					if linked++; lists[to+" from "+e.Name+"."+a.Name] != 1 {
						t.Fatalf("%s.%s is in %d lists of %s", e.Name, a.Name, lists[to+" from "+e.Name+"."+a.Name], to)
					}
					delete(lists, to+" from "+e.Name+"."+a.Name)
				}
			}
		}
		if len(lists) > 0 {
			t.Fatalf("lists without a link: %v", lists)
		}
	}
	if linked < 1000 {
		t.Errorf("only %d links", linked)
	}
}

// randomMask hides each object once in six and each field once in four.
type randomMask map[string]bool

func newMask(r *rand.Rand, c *Catalog) randomMask {
	m := randomMask{}
	for _, e := range c.Entities {
		m[e.Name] = r.IntN(6) == 0
		for _, a := range e.Fields {
			m[e.Name+"."+a.Name] = r.IntN(4) == 0
		}
	}
	return m
}

func (m randomMask) Readable(a *Attr) bool { return !m[a.Entity.Name+"."+a.Name] }

func (m randomMask) Object(e *Entity) bool { return !m[e.Name] }

// Through a mask a schema has what is named, names what it has, and has nothing of what is hidden, nor a way through it.
func TestSchemaThroughRandomMasks(t *testing.T) {
	c := compiled(t, good())
	r := rand.New(rand.NewPCG(33, 3))
	hidden, shown := 0, 0
	for range 200 {
		m := newMask(r, c)
		s := c.Schema(m)
		for _, e := range c.Entities {
			names := s.Names(e.Name)
			if !m.Object(e) && names != nil {
				t.Fatalf("%s is hidden and has the names %q", e.Name, names)
			}
			all := slices.Clone(e.Fields)
			for _, a := range e.Fields {
				all = append(all, a.Parts()...)
			}
			for _, a := range all {
				whole := a
				if a.Part != nil {
					whole = a.Part
				}
				open := m.Object(e) && m.Readable(whole)
				f, found := s.Field(e.Name, a.Name)
				if found != (open && a.Formula().Kind != formula.Unknown) || slices.Contains(names, a.Name) != open {
					t.Fatalf("%s.%s: open %v, found %v, among %q", e.Name, a.Name, open, found, names)
				}
				if found && (f.Index != a.At || f.Type != a.Formula() || f.Name != a.Name) {
					t.Fatalf("%s.%s is %+v", e.Name, a.Name, f)
				}
				if found {
					shown++
				} else {
					hidden++
				}
			}
			for _, l := range e.Lists {
				open := m.Object(e) && m.Object(l.Entity) && m.Readable(l.Via)
				got, found := s.List(e.Name, l.Name)
				if found != open || slices.Contains(names, l.Name) != open || found && (got.Object != l.Entity.Name || got.Field != l.Via.Name) {
					t.Fatalf("the list %s of %s: open %v, found %v", l.Name, e.Name, open, found)
				}
			}
			if len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
				t.Fatalf("%s names something twice: %q", e.Name, names)
			}
		}
	}
	if hidden < 1000 || shown < 1000 {
		t.Errorf("%d hidden, %d shown", hidden, shown)
	}
}

// A formula that reads what is hidden gets the answer of one that reads what never was.
func TestHiddenIsAsIfAbsent(t *testing.T) {
	c := compiled(t, good())
	for _, source := range []string{"%s > 5", "not (%s = 3)", "company.%s = 1", "any(items, %s > 1)", "sum(items, %s) > 3", "%s.name = 'x'", "count(%s) > 3"} {
		for object, name := range map[string]string{"deal": "amount", "company": "credit", "item": "price"} {
			schema := c.Schema(hiding{object + "." + name})
			answer := func(name string) string {
				_, err := formula.Compile(schema, "deal", fmt.Sprintf(source, name), formula.Condition(), c.Settings())
				if err == nil {
					return ""
				}
				one := fault.Of(err)
				return fmt.Sprint(one.Key, one.Params["column"], one.Params["object"], one.Params["near"])
			}
			absent := strings.Repeat("q", len(name))
			visible := object != "deal" && !strings.Contains(source, object)
			if got, want := answer(name), answer(absent); got != want && !visible {
				t.Errorf("%s of a hidden %s.%s: %s, of an absent one: %s", source, object, name, got, want)
			}
		}
	}
}
