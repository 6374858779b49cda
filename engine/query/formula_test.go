package query

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/formula/formulatest"
	"ashna/testkit"
)

// shop has every kind of field that formulas can read.
func shop(t testing.TB) *meta.Catalog {
	options := []meta.Option{{Code: "new"}, {Code: "won"}, {Code: "lost"}}
	return compiled(t, append(platform,
		meta.Object{Name: "company", Plural: "companies", Fields: []meta.Field{
			{Name: "name", Kind: meta.TextKind{}}, {Name: "phone", Kind: meta.PhoneKind{}}, {Name: "credit", Kind: meta.MoneyKind{}},
			{Name: "active", Kind: meta.BoolKind{}}, {Name: "founded", Kind: meta.DateKind{}},
			{Name: "parent", Kind: meta.RefKind{To: "company", Inverse: "children"}}, {Name: "manager", Kind: meta.RefKind{To: "user", Inverse: "managed"}},
			{Name: "tags", Kind: meta.TagsKind{}}, {Name: "address", Kind: meta.AddressKind{}},
			{Name: "notes", Kind: meta.LongTextKind{}},
			{Name: "fresh", Kind: meta.FormulaKind{Source: "founded > daysAgo(20)", Result: meta.BoolKind{}}},
			{Name: "shown", Kind: meta.FormulaKind{Source: `if(active, name, parent.name)`, Result: meta.TextKind{}}},
			{Name: "load", Kind: meta.FormulaKind{Source: "count(deals, won) + 1", Result: meta.NumberKind{}}},
		}},
		meta.Object{Name: "deal", Plural: "deals", Fields: []meta.Field{
			{Name: "name", Kind: meta.TextKind{}, Sort: true}, {Name: "amount", Kind: meta.MoneyKind{}, Index: true},
			{Name: "probability", Kind: meta.NumberKind{}}, {Name: "score", Kind: meta.NumberKind{Decimals: 3}},
			{Name: "closes_on", Kind: meta.DateKind{}, Index: true}, {Name: "seen_at", Kind: meta.DateTimeKind{}},
			{Name: "company", Kind: meta.RefKind{To: "company", Inverse: "deals"}}, {Name: "won", Kind: meta.BoolKind{}},
			{Name: "stage", Kind: meta.ChoiceKind{Options: options}, Index: true}, {Name: "marks", Kind: meta.MultiChoiceKind{Options: options}},
			{Name: "about", Kind: meta.AnyRefKind{To: []string{"company"}, Inverse: "mentions"}},
		}},
		meta.Object{Name: "item", Plural: "items", Parent: "deal", Fields: []meta.Field{
			{Name: "deal", Required: true, Kind: meta.RefKind{To: "deal", Inverse: "items"}}, {Name: "quantity", Kind: meta.NumberKind{}},
			{Name: "price", Kind: meta.MoneyKind{}}, {Name: "note", Kind: meta.TextKind{}}, {Name: "due", Kind: meta.DateKind{}},
			{Name: "sent", Kind: meta.DateTimeKind{}},
		}})...)
}

var hiddenFields = []string{"notes", "fresh", "shown", "load", meta.FieldVersion}

// truth is the world of a viewer: records that are deleted or that the viewer may not see are not there.
type truth struct {
	world   *formulatest.World
	catalog *meta.Catalog
	rows    map[string]access.Rows
	shares  map[string][]share
	now     int64
}

func (w *truth) sees(object string, r formula.Record) bool {
	rows := w.rows[object]
	o := access.Owned{Owner: r.Values[meta.SlotOwner].Int, Team: r.Values[meta.SlotTeam].Int, Branch: r.Values[meta.SlotBranch].Int}
	o.Share = levelOf(w.shares[object], rows, r.ID, w.now)
	return rows.Pass(o)
}

func (w *truth) Get(object string, id int64) (formula.Record, bool) {
	r, ok := w.world.Get(object, id)
	return r, ok && w.sees(object, r)
}

func (w *truth) Inverse(object, field string, id int64) []formula.Record {
	var list []formula.Record
	for _, r := range w.world.Inverse(object, field, id) {
		if w.sees(object, r) {
			list = append(list, r)
		}
	}
	return list
}

// randomRows makes what a viewer may see of an object with owners 1–6, teams 1–4 and branches 1–3.
func randomRows(r *rand.Rand) access.Rows {
	rows := access.Rows{Level: access.ShareRead}
	switch r.IntN(5) {
	case 0:
		return access.Rows{All: true}
	case 1:
		rows.Me = 1 + r.Int64N(6)
	case 2:
		rows.Me, rows.Principals = 1+r.Int64N(6), subset(r, numbers(1, 10), 0.5)
	case 3:
		rows.Teams, rows.Branches = subset(r, numbers(1, 4), 0.5), subset(r, numbers(1, 3), 0.4)
	case 4:
		rows.Me, rows.Teams, rows.Branches = 1+r.Int64N(6), subset(r, numbers(1, 4), 0.3), subset(r, numbers(1, 3), 0.3)
		rows.Principals, rows.Level = subset(r, numbers(1, 10), 0.3), access.ShareEdit
	}
	return rows
}

func randomShares(r *rand.Rand, records int64, now int64) []share {
	var list []share
	for p := int64(1); p <= 10; p++ {
		for id := int64(1); id <= records; id++ {
			if r.IntN(10) == 0 {
				list = append(list, share{p, id, []int64{0, now - 1, now + 1}[r.IntN(3)], 1 + r.Int64N(2)})
			}
		}
	}
	return list
}

var worldSizes = map[string]int{"branch": 3, "company": 14, "deal": 30, "item": 40, "team": 4, "user": 6}

// newTruth makes a random world and writes it into the databases.
func newTruth(t testing.TB, r *rand.Rand, c *meta.Catalog, databases []*db.DB) *truth {
	t.Helper()
	schema := listing{c.Schema(nil), c, hiddenFields}
	w := &truth{world: formulatest.NewWorld(r, schema, worldSizes), catalog: c, rows: map[string]access.Rows{}, shares: map[string][]share{}}
	w.now = noon.UnixMicro()
	rows := randomRows(r)
	for _, e := range c.Entities {
		w.rows[e.Name] = rows
		if r.IntN(2) == 0 {
			w.rows[e.Name] = randomRows(r)
		}
		w.shares[e.Name] = randomShares(r, int64(worldSizes[e.Name]), w.now)
		for _, rec := range w.world.Records(e.Name) {
			for _, slot := range []int{meta.SlotCreatedAt, meta.SlotChangedAt} {
				if !rec.Values[slot].Ok {
					rec.Values[slot] = formula.Whole(noon.UnixMicro())
				}
			}
			rec.Values[meta.SlotVersion] = formula.Whole(1)
			rec.Values[meta.SlotExternalID] = formula.Value{} // it occurs once, which random texts do not
		}
	}
	for _, d := range databases {
		w.store(t, d)
	}
	return w
}

func (w *truth) store(t testing.TB, d *db.DB) {
	t.Helper()
	exec(t, d, "DELETE FROM record_share")
	for _, e := range w.catalog.Entities {
		exec(t, d, "DELETE FROM "+Table(e))
		names, _ := tableColumns(e, d.Dialect())
		var rows [][]any
		for _, r := range w.world.Records(e.Name) {
			row := rowOf(e, names, r)
			for i, n := range names {
				if n == "about_object" {
					row[i] = "company"
				}
			}
			rows = append(rows, row)
		}
		insert(t, d, e.Table(), names, rows)
		insertShares(t, d, e.Name, w.shares[e.Name])
	}
}

// related gives what the viewer of the world sees.
func (w *truth) related() Visible {
	return ByRows(func(e *meta.Entity) access.Rows { return w.rows[e.Name] })
}

// TestOneAnswer holds SQL to the evaluation in memory, with random formulas, records, viewers, clocks and zones.
func TestOneAnswer(t *testing.T) {
	rounds, formulas := 16, 130
	if testing.Short() {
		rounds, formulas = 3, 60
	}
	c := shop(t)
	databases := map[string]*db.DB{"sqlite": opened(t, db.Config{Dir: t.TempDir()})}
	if address, ok := testkit.PostgresURL(t); ok {
		databases["postgres"] = opened(t, db.Config{URL: ownSchema(t, address)})
	}
	var all []*db.DB
	for _, d := range databases {
		createTables(t, d, c)
		fillCalendar(t, d)
		all = append(all, d)
	}
	tally := map[string]int{}
	for round := range rounds {
		r := rand.New(rand.NewPCG(uint64(round), 7))
		w := newTruth(t, r, c, all)
		g := formulatest.New(listing{c.Schema(nil), c, hiddenFields}, uint64(round))
		env := &formula.Env{Now: noon, Zone: formulatest.Zones()[round%len(formulatest.Zones())], Me: r.Int64N(5), World: w}
		for range formulas {
			a := newAnswer(g, c, r)
			if a == nil {
				tally["refused"]++
				continue
			}
			for name, d := range databases {
				a.check(t, name, d, w, env, tally)
			}
			if t.Failed() {
				return
			}
		}
	}
	t.Log(tally)
	if tally["refused"] > tally["ran"] || tally["split"] < tally["ran"]/10 || tally["empty"] == 0 {
		t.Error("the formulas are too dull to prove anything")
	}
}

// answer is a formula and what it is asked as.
type answer struct {
	source    string
	entity    *meta.Entity
	x         *formula.Expr
	condition bool
}

func newAnswer(g *formulatest.Generator, c *meta.Catalog, r *rand.Rand) *answer {
	e := c.Entities[len(platform)+r.IntN(3)]
	a := &answer{entity: e, condition: r.IntN(4) > 0}
	want := formula.AnyValue()
	switch {
	case a.condition:
		a.source, want = g.Condition(e.Name, 1+r.IntN(4)), formula.Condition()
	case r.IntN(3) == 0:
		a.source = g.Date(e.Name, 1+r.IntN(3))
	default:
		a.source = g.Number(e.Name, 1+r.IntN(4))
	}
	var err error
	if a.x, err = formula.Compile(c.Schema(nil), e.Name, a.source, want, c.Settings()); err != nil {
		return nil
	}
	return a
}

func (a *answer) check(t *testing.T, name string, d *db.DB, w *truth, env *formula.Env, tally map[string]int) {
	t.Helper()
	b := NewBuilder(d.Dialect())
	o := Options{Builder: b, Visible: w.related()}
	var where Where
	var err error
	if a.condition {
		where, err = Condition(a.entity, a.x, o)
	} else {
		where, err = Value(a.entity, a.x, o)
	}
	if fault.Is(err, fault.TooLarge) {
		tally["too large"]++
		return
	}
	if err != nil {
		t.Fatalf("%s: %s: %v", name, a.source, err)
	}
	text := fmt.Sprintf("SELECT t.id, %s FROM %s AS t%s", where.Text, Table(a.entity), where.Joins)
	if a.condition {
		text = fmt.Sprintf("SELECT t.id, 1 FROM %s AS t%s WHERE %s", Table(a.entity), where.Joins, where.Text)
	}
	got := map[int64]any{}
	err = d.Read(context.Background(), func(q db.Querier) error {
		return db.Each(context.Background(), q, text, b.Args(env), func(r db.Row) error {
			got[r.Int(0)] = r[1]
			return nil
		})
	})
	if err != nil {
		t.Fatalf("%s: %s\n%s\n%v", name, a.source, text, err)
	}
	tally["ran"]++
	if a.condition && len(got) > 0 && len(got) < len(w.world.Records(a.entity.Name)) {
		tally["split"]++
	}
	for _, r := range w.world.Records(a.entity.Name) {
		v, err := a.x.Eval(env, r)
		if err != nil {
			t.Fatal(err)
		}
		sql, in := got[r.ID]
		want := "-"
		if a.condition {
			if in != v.Holds() {
				t.Fatalf("%s: %s\nrow %d: memory %v, database %v\n%s\n%v", name, a.source, r.ID, v.Holds(), in, text, b.Args(env))
			}
			continue
		}
		if v.Ok {
			want = strconv.FormatInt(v.Int, 10)
		} else {
			tally["empty"]++
		}
		if shown(sql) != want {
			t.Fatalf("%s: %s\nrow %d: memory %s, database %v\n%s\n%v", name, a.source, r.ID, want, sql, text, b.Args(env))
		}
	}
}

func shown(v any) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprint(v)
}

// matches gives the ids of live deals, or of another object, that a condition keeps.
func matches(t testing.TB, d *db.DB, e *meta.Entity, source string, env *formula.Env) []int64 {
	t.Helper()
	b := NewBuilder(d.Dialect())
	w, err := Condition(e, parsed(t, e, source), Options{Builder: b})
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	var ids []int64
	for _, r := range read(t, d, "SELECT t.id FROM "+Table(e)+" AS t"+w.Joins+" WHERE "+w.Text+" ORDER BY t.id", b.Args(env)...) {
		ids = append(ids, r.Int(0))
	}
	return ids
}

// TestComputedFields holds a computed field to its formula written in its place, near and over a link, in conditions and as values.
func TestComputedFields(t *testing.T) {
	c := shop(t)
	pairs := [][3]string{
		{"company", "fresh", "founded > daysAgo(20)"},
		{"company", "not fresh", "not (founded > daysAgo(20))"},
		{"deal", "company.fresh", "company.founded > daysAgo(20)"},
		{"deal", "not company.fresh and won", "not (company.founded > daysAgo(20)) and won"},
		{"company", `shown = "تهران" or shown contains "a"`, `if(active, name, parent.name) = "تهران" or if(active, name, parent.name) contains "a"`},
		{"company", "shown is empty", "if(active, name, parent.name) is empty"},
		{"company", "load > 1", "count(deals, won) + 1 > 1"},
		{"deal", "company.load = 2", "count(company.deals, won) + 1 = 2 and company is not empty"},
		{"company", "any(deals, company.load > 1 and record.load > 1)", "any(deals) and count(deals, won) + 1 > 1"},
	}
	everywhere(t, func(t *testing.T, d *db.DB) {
		createTables(t, d, c)
		w := newTruth(t, rand.New(rand.NewPCG(3, 3)), c, []*db.DB{d})
		env := &formula.Env{Now: noon, World: w}
		for _, p := range pairs {
			e := object(t, c, p[0])
			got, want := matches(t, d, e, p[1], env), matches(t, d, e, p[2], env)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s gives %v, %s gives %v", p[1], got, p[2], want)
			}
		}
		e := object(t, c, "company")
		b := NewBuilder(d.Dialect())
		value, err := Value(e, attr(t, e, "shown").Answer, Options{Builder: b})
		if err != nil {
			t.Fatal(err)
		}
		text := "SELECT t.id, " + value.Text + ", CASE WHEN t.active = 1 THEN t.name ELSE p.name END FROM companies AS t" + value.Joins +
			" LEFT JOIN companies AS p ON p.id = t.parent AND p.deleted = 0"
		for _, r := range read(t, d, text, b.Args(env)...) {
			if shown(r[1]) != shown(r[2]) {
				t.Errorf("company %d shows %v, not %v", r.Int(0), r[1], r[2])
			}
		}
	})
}

// TestSystemFields checks the fields that keep 0 for empty, and those whose text has no key.
func TestSystemFields(t *testing.T) {
	c := shop(t)
	everywhere(t, func(t *testing.T, d *db.DB) {
		createTables(t, d, c)
		columns := []string{"id", "version", "created_at", "changed_at", "owner", "team", "branch", "deleted", "notes"}
		insert(t, d, "companies", columns, [][]any{
			{int64(1), int64(1), int64(0), int64(0), int64(5), int64(0), int64(0), int64(0), "سلام"},
			{int64(2), int64(1), int64(0), int64(0), int64(0), int64(3), int64(0), int64(0), nil},
			{int64(3), int64(1), int64(0), int64(0), int64(6), int64(3), int64(2), int64(7), "x"},
		})
		e := object(t, c, "company")
		for _, x := range []struct {
			source string
			me     int64
			want   string
		}{
			{"owner = me()", 5, "[1]"}, {"owner != me()", 5, "[2 3]"}, {"owner = me()", 0, "[2]"}, {"owner != me()", 0, "[1 3]"},
			{"me() = owner", 6, "[3]"}, {"owner in [me()]", 0, "[]"}, {"owner in [me()]", 6, "[3]"}, {"owner not in [me()]", 6, "[1 2]"},
			{"owner is empty", 0, "[2]"}, {"owner is not empty", 0, "[1 3]"}, {"deleted is empty", 0, "[1 2]"},
			{"deleted > daysAgo(3)", 0, "[]"}, {"not (deleted > daysAgo(3))", 0, "[1 2 3]"}, {"deleted < now()", 0, "[3]"},
			{"notes is empty", 0, "[2]"}, {"notes is not empty", 0, "[1 3]"}, {"length(notes) = 4", 0, "[1]"}, {"manager = me()", 0, "[1 2 3]"},
		} {
			if got := fmt.Sprint(matches(t, d, e, x.source, &formula.Env{Now: noon, Me: x.me})); got != x.want {
				t.Errorf("%s by %d: %s, want %s", x.source, x.me, got, x.want)
			}
		}
	})
}

// TestDayBounds checks the first and the last instant of a day, in a zone whose clocks go forward at midnight of that day.
func TestDayBounds(t *testing.T) {
	c := shop(t)
	e := object(t, c, "deal")
	zone, err := time.LoadLocation("Asia/Tehran")
	if err != nil {
		t.Skip("the machine does not know the zone:", err)
	}
	env := &formula.Env{Now: noon, Zone: zone}
	const today = formulatest.Near
	from, to := env.DayBounds(today)
	everywhere(t, func(t *testing.T, d *db.DB) {
		createTables(t, d, c)
		columns := []string{"id", "version", "created_at", "changed_at", "owner", "team", "branch", "deleted", "seen_at", "closes_on"}
		var rows [][]any
		for i, x := range [][2]any{{from - 1, int64(today - 1)}, {from, int64(today)}, {to - 1, int64(today)}, {to, int64(today + 1)}, {nil, nil}} {
			rows = append(rows, []any{int64(i + 1), int64(1), int64(0), int64(0), int64(0), int64(0), int64(0), int64(0), x[0], x[1]})
		}
		insert(t, d, Table(e), columns, rows)
		for source, want := range map[string]string{
			"seen_at = today()": "[2 3]", "seen_at != today()": "[1 4 5]", `seen_at between "2022-03-22" and today()`: "[2 3]",
			"seen_at < today()": "[1]", "seen_at <= today()": "[1 2 3]", "seen_at > today()": "[4]", "seen_at >= today()": "[2 3 4]",
			`within(seen_at, "today")`: "[2 3]", `not within(seen_at, "today")`: "[1 4 5]", `within(seen_at, "tomorrow")`: "[4]",
			`within(closes_on, "today")`: "[2 3]", `within(closes_on, "yesterday")`: "[1]", "closes_on between daysAgo(1) and today()": "[1 2 3]",
			"seen_at = today() + 100000000000": "[5]", "seen_at != today() + 100000000000": "[1 2 3 4]", "not (seen_at > today() + 100000000000)": "[1 2 3 4 5]",
		} {
			if got := fmt.Sprint(matches(t, d, e, source, env)); got != want {
				t.Errorf("%s: %s, want %s", source, got, want)
			}
		}
	})
}

// TestRefusedFormulas checks the faults of what cannot become a statement.
func TestRefusedFormulas(t *testing.T) {
	c := shop(t)
	e := object(t, c, "company")
	for source, key := range map[string]string{
		`notes contains "x"`:          keyLongText,
		`notes = "x"`:                 keyLongText,
		`lower(notes) = lower(name)`:  keyLongText,
		`any(deals, about = company)`: "",
		`coalesce(notes, name) = "x"`: keyLongText,
	} {
		b := NewBuilder(everyDialect(t)[0])
		_, err := Condition(e, parsed(t, e, source), Options{Builder: b})
		if got := fault.Of(err); key == "" && err != nil || key != "" && (got == nil || got.Key != key) {
			t.Errorf("%s: %v, want %q", source, err, key)
		}
	}
	old := c.Settings()
	old.Old = true
	x, err := formula.Compile(c.Schema(nil), "company", "old.name = name", formula.Condition(), old)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Condition(e, x, Options{Builder: NewBuilder(everyDialect(t)[0])}); err == nil || fault.Of(err) != nil {
		t.Errorf("a path from old gave %v, want an error of the programmer", err)
	}
}

// TestHugeFormula checks that a formula which grows without end is refused, quickly.
func TestHugeFormula(t *testing.T) {
	c := shop(t)
	e := object(t, c, "deal")
	source := "seen_at"
	for range 5 {
		source = "if(" + source + " = today(), " + source + ", seen_at)"
		if len(source) > formula.MaxSource/3 {
			break
		}
	}
	x, err := formula.Compile(c.Schema(nil), "deal", source+" = today()", formula.Condition(), c.Settings())
	if err != nil {
		t.Skip("the language refuses it already:", err)
	}
	_, err = Condition(e, x, Options{Builder: NewBuilder(everyDialect(t)[0])})
	if err != nil && !fault.Is(err, fault.TooLarge) {
		t.Error(err)
	}
}

func everyDialect(t testing.TB) []*db.Dialect {
	t.Helper()
	return []*db.Dialect{opened(t, db.Config{Dir: t.TempDir()}).Dialect()}
}

func TestFollowing(t *testing.T) {
	for s, want := range map[string]string{
		"a": "b", "az": "a{", "\U0010FFFF": "", "a\U0010FFFF": "b", "\uD7FF": "\uE000", "تهران": "تهرا" + string('ن'+1),
	} {
		if got := following(s); got != want {
			t.Errorf("following %q is %q, want %q", s, got, want)
		}
	}
}
