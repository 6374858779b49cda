package query

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/formula"
)

// textOf compiles a condition on an object and gives its joins and text, without the types of its arguments.
func textOf(t testing.TB, d *db.DB, e *meta.Entity, source string, visible Visible) (string, *Builder) {
	t.Helper()
	b := NewBuilder(d.Dialect())
	w, err := Condition(e, parsed(t, e, source), Options{Builder: b, Visible: visible})
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return strings.NewReplacer("::bigint", "", `::text COLLATE "C"`, "").Replace(strings.TrimSpace(w.Joins + " " + w.Text)), b
}

// TestTexts shows what each construct becomes where both databases are told the same.
func TestTexts(t *testing.T) {
	c := shop(t)
	e := object(t, c, "deal")
	everywhere(t, func(t *testing.T, d *db.DB) {
		for _, x := range []struct{ source, want string }{
			{`name = "x"`, "t.name_k = $1"},
			{`stage = "won"`, "t.stage = $1"},
			{`stage in ["won", "new"]`, "t.stage IN ($1, $2)"},
			{`stage not in ["won"]`, "(t.stage IN ($1)) IS NOT TRUE"},
			{"stage is empty", "t.stage IS NULL"},
			{"stage = empty", "t.stage IS NULL"},
			{"stage != empty", "t.stage IS NOT NULL"},
			{"name is not empty", "t.name IS NOT NULL"},
			{"owner = me()", "t.owner = $1"},
			{"owner != me()", "t.owner <> $1"},
			{"owner is empty", "t.owner = 0"},
			{"owner.active", "LEFT JOIN users AS j1 ON j1.id = t.owner AND j1.deleted = 0 j1.active = 1"},
			{"won", "t.won = 1"},
			{"not won", "(t.won = 1) IS NOT TRUE"},
			{"won and not won", "(t.won = 1 AND (t.won = 1) IS NOT TRUE)"},
			{"not (won or won)", "((t.won = 1) IS NOT TRUE AND (t.won = 1) IS NOT TRUE)"},
			{"true", "1 = 1"},
			{"false", "1 = 0"},
			{"probability > 5", "t.probability > $1"},
			{"probability <= 5", "t.probability <= $1"},
			{"not (probability < 5)", "(t.probability < $1) IS NOT TRUE"},
			{"closes_on >= today()", "t.closes_on >= $1"},
			{"closes_on between today() and today()", "t.closes_on BETWEEN $1 AND $2"},
			{"seen_at > today()", "t.seen_at >= $1"},
			{"seen_at <= today()", "t.seen_at < $1"},
			{"seen_at = today()", "t.seen_at BETWEEN $1 AND $2"},
			{`within(closes_on, "this month")`, "t.closes_on BETWEEN $1 AND $2"},
			{`name startsWith "ab"`, "(t.name_k >= $1 AND t.name_k < $2)"},
			{"name startsWith \"\U0010FFFF\"", "t.name_k >= $1"},
			{`length(name) > 3`, "length(t.name) > $1"},
			{`year(closes_on) = 1401`, "(SELECT c1.gy FROM calendar_day AS c1 WHERE c1.day = t.closes_on) = $1"},
			{`month(closes_on, "jalali") = 3`, "(SELECT c1.jm FROM calendar_day AS c1 WHERE c1.day = t.closes_on) = $1"},
			{`coalesce(probability, 0) = 0`, "coalesce(t.probability, $1) = $2"},
			{`if(won, 1, 0) = 1`, "(CASE WHEN t.won = 1 THEN $1 ELSE $2 END) = $3"},
			{"any(items)", "t.id IN (SELECT a1.deal FROM items AS a1 WHERE a1.deal IS NOT NULL AND a1.deleted = 0)"},
			{"not any(items, quantity > 1)", "(t.id IN (SELECT a1.deal FROM items AS a1 WHERE a1.deal IS NOT NULL AND a1.deleted = 0 AND a1.quantity > $1)) IS NOT TRUE"},
			{"any(items, quantity > record.probability)", "EXISTS (SELECT 1 FROM items AS a1 WHERE a1.deal = t.id AND a1.deleted = 0 AND a1.quantity > t.probability)"},
			{"count(items) = 0", "(SELECT count(*) FROM items AS a1 WHERE a1.deal = t.id AND a1.deleted = 0) = $1"},
			{"count(company.mentions) = 0", "LEFT JOIN companies AS j1 ON j1.id = t.company AND j1.deleted = 0 " +
				"(SELECT count(*) FROM deals AS a2 WHERE a2.about = j1.id AND a2.about_object = $1 AND a2.deleted = 0) = $2"},
			{"min(items, quantity) > 1", "(SELECT min(s2.v) FROM (SELECT a1.quantity AS v FROM items AS a1 WHERE a1.deal = t.id AND a1.deleted = 0) AS s2) > $1"},
			{"company.active and company.parent.active", "LEFT JOIN companies AS j1 ON j1.id = t.company AND j1.deleted = 0 " +
				"LEFT JOIN companies AS j2 ON j2.id = j1.parent AND j2.deleted = 0 (j1.active = 1 AND j2.active = 1)"},
		} {
			if got, _ := textOf(t, d, e, x.source, nil); got != x.want {
				t.Errorf("%s:\n%s, want\n%s", x.source, got, x.want)
			}
		}
	})
}

// TestVisibleText shows where the rows of a viewer stand: in joins and in lists, never for the record itself.
func TestVisibleText(t *testing.T) {
	c := shop(t)
	e := object(t, c, "deal")
	d := opened(t, db.Config{Dir: t.TempDir()})
	visible := ByRows(func(e *meta.Entity) access.Rows {
		return map[string]access.Rows{"company": {Me: 5, Teams: []int64{1}}, "item": {All: true}}[e.Name]
	})
	for source, want := range map[string]string{
		"company.active": "LEFT JOIN companies AS j1 ON j1.id = t.company AND j1.deleted = 0 AND " +
			"(j1.owner = $1 OR j1.team IN (SELECT value FROM json_each($2))) j1.active = 1",
		"any(items)":   "t.id IN (SELECT a1.deal FROM items AS a1 WHERE a1.deal IS NOT NULL AND a1.deleted = 0)",
		"owner.active": "LEFT JOIN users AS j1 ON j1.id = t.owner AND j1.deleted = 0 AND 1 = 0 j1.active = 1",
	} {
		if got, _ := textOf(t, d, e, source, visible); got != want {
			t.Errorf("%s:\n%s, want\n%s", source, got, want)
		}
	}
	b := NewBuilder(d.Dialect())
	shared := VisibleRows(e, access.Rows{Principals: []int64{4}, Level: access.ShareEdit}, "x", b)
	want := "(x.id IN (SELECT s1.record FROM record_share AS s1 WHERE s1.object = 'deal' AND s1.principal IN (SELECT value FROM json_each($2))" +
		" AND s1.level >= $3 AND (s1.until IS NULL OR s1.until > $1)))"
	if shared != want {
		t.Errorf("shares:\n%s, want\n%s", shared, want)
	}
	args := b.Args(&formula.Env{Now: noon})
	if fmt.Sprint(args) != fmt.Sprint([]any{noon.UnixMicro(), "[4]", int64(2)}) {
		t.Errorf("shares are bound to %v", args)
	}
}

// TestBoundAtRun checks that one statement serves every day and everybody.
func TestBoundAtRun(t *testing.T) {
	c := shop(t)
	e := object(t, c, "deal")
	d := opened(t, db.Config{Dir: t.TempDir()})
	_, b := textOf(t, d, e, "closes_on = today() and owner = me() and seen_at < now()", nil)
	first := b.Args(&formula.Env{Now: noon, Me: 4})
	second := b.Args(&formula.Env{Now: noon.AddDate(0, 0, 1)})
	if first[0].(int64)+1 != second[0].(int64) {
		t.Errorf("today is %v, then %v", first[0], second[0])
	}
	if first[1] != int64(4) || second[1] != int64(0) {
		t.Errorf("the owner is %v, then %v", first[1], second[1])
	}
	if second[2].(int64)-first[2].(int64) != (24 * time.Hour).Microseconds() {
		t.Errorf("now is %v, then %v", first[2], second[2])
	}
}

// TestRepeatedTexts checks that the statements of a list repeat, so that a database prepares them once: whatever the viewer, the day and the
// position, with the same kinds of scopes.
func TestRepeatedTexts(t *testing.T) {
	c := shop(t)
	e := object(t, c, "deal")
	everywhere(t, func(t *testing.T, d *db.DB) {
		for _, shape := range []choice{{first: ShapeStart}, {first: ShapeMerge}, {first: ShapeFilter}, {first: ShapeAll}, {ShapeWalk, 512, ""}} {
			var made []string
			for i := range int64(3) {
				l := List{Entity: e, Env: &formula.Env{Now: noon.AddDate(0, 0, int(i)), Me: i}, Rows: access.Rows{Me: 1 + i, Teams: numbers(1, 2+i)},
					Filter: parsed(t, e, `stage = "won" and closes_on > today()`), Counters: fixedCounters{1000 + i, 10 * i}}
				p, err := l.prepare(d.Dialect())
				if err != nil {
					t.Fatal(err)
				}
				p.after = []any{i * 1000, i}
				text, b, err := p.write(shape.first, shape.window)
				if err != nil {
					t.Fatal(err)
				}
				made = append(made, text)
				for n := range b.args {
					if !strings.Contains(text, fmt.Sprintf("$%d", n+1)) {
						t.Errorf("%s: the argument %d is bound and not used:\n%s", shape.first, n+1, text)
					}
				}
			}
			if len(slices.Compact(made)) != 1 {
				t.Errorf("%s: the statements differ:\n%s", shape.first, strings.Join(made, "\n"))
			}
			if strings.Contains(made[0], "OFFSET") {
				t.Errorf("%s counts rows over", shape.first)
			}
		}
	})
}

// TestLimits checks that what would make too large a statement is refused with a fault.
func TestLimits(t *testing.T) {
	d := opened(t, db.Config{Dir: t.TempDir()})
	fields := []meta.Field{{Name: "name", Kind: meta.TextKind{}}, {Name: "won", Kind: meta.BoolKind{}}}
	var parts []string
	for i := range maxJoins + 1 {
		name := fmt.Sprintf("link%d", i)
		fields = append(fields, meta.Field{Name: name, Kind: meta.RefKind{To: "node", Inverse: "back" + fmt.Sprint(i)}})
		parts = append(parts, name+".won")
	}
	e := object(t, compiled(t, append(platform, meta.Object{Name: "node", Plural: "nodes", Fields: fields})...), "node")
	compile := func(source string) error {
		_, err := Condition(e, parsed(t, e, source), Options{Builder: NewBuilder(d.Dialect())})
		return err
	}
	if err := compile(strings.Join(parts[:maxJoins], " or ")); err != nil {
		t.Error("as many links as there may be:", err)
	}
	if err := compile(strings.Join(parts, " or ")); !fault.Is(err, fault.TooLarge) {
		t.Error("one link more:", err)
	}
	if err := compile("won and won and name = \"x\""); err != nil {
		t.Error(err)
	}
	wide, err := newGenerator(e, Options{Builder: NewBuilder(d.Dialect())}).finish(strings.Repeat("x", maxSQL+1))
	if !fault.Is(err, fault.TooLarge) || wide.Text == "" {
		t.Error("a long text:", err)
	}
}

// TestDefects checks that trees which no checker makes are errors of the programmer, not panics.
func TestDefects(t *testing.T) {
	c := shop(t)
	e := object(t, c, "deal")
	d := opened(t, db.Config{Dir: t.TempDir()})
	path := func(level int, object, name string) *formula.Expr {
		return &formula.Expr{Op: formula.OpPath, Level: level, Type: formula.Type{Kind: formula.Bool},
			Steps: []formula.Step{{Object: object, Field: formula.Field{Name: name}}}}
	}
	for name, x := range map[string]*formula.Expr{
		"a level that is not there": path(3, "deal", "won"),
		"a field that is not there": path(0, "deal", "none"),
		"a path of nothing":         {Op: formula.OpPath, Type: formula.Type{Kind: formula.Bool}},
		"an operation of nothing":   {Op: 0, Type: formula.Type{Kind: formula.Bool}},
		"an operation to come":      {Op: 250, Type: formula.Type{Kind: formula.Bool}},
		"a list of nothing": {Op: formula.OpAny, Type: formula.Type{Kind: formula.Bool}, Loop: &formula.Loop{Base: path(0, "deal", "id"),
			List: formula.List{Object: "none", Field: "none"}, Level: 1}},
		"a list too deep": {Op: formula.OpAny, Type: formula.Type{Kind: formula.Bool}, Loop: &formula.Loop{Base: path(0, "deal", "id"),
			List: formula.List{Object: "item", Field: "deal"}, Level: 3}},
	} {
		if w, err := Condition(e, x, Options{Builder: NewBuilder(d.Dialect())}); err == nil {
			t.Errorf("%s became %q", name, w.Text)
		}
	}
	if _, err := (List{}).prepare(d.Dialect()); err == nil {
		t.Error("a list of nothing was prepared")
	}
	if w, err := Condition(e, nil, Options{}); err != nil || w.Text != "1 = 1" {
		t.Error("no condition is always true:", w, err)
	}
}
