package query

import (
	"context"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/calendar"
	"ashna/kit/formula"
	"ashna/kit/formula/formulatest"
	"ashna/testkit"
)

// everywhere runs a test on both databases.
func everywhere(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Run("sqlite", func(t *testing.T) { test(t, opened(t, db.Config{Dir: t.TempDir()})) })
	t.Run("postgres", func(t *testing.T) { test(t, opened(t, db.Config{URL: postgresURL(t)})) })
}

func postgresURL(t testing.TB) string {
	t.Helper()
	address, ok := testkit.PostgresURL(t)
	if !ok {
		t.Skip("PostgreSQL is switched off")
	}
	return ownSchema(t, address)
}

// ownSchema names the schema of an address as this program does.
func ownSchema(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	values := u.Query()
	values.Set("schema", values.Get("search_path"))
	values.Del("search_path")
	u.RawQuery = values.Encode()
	return u.String()
}

func opened(t testing.TB, c db.Config) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// exec runs statements in one transaction.
func exec(t testing.TB, d *db.DB, statements ...string) {
	t.Helper()
	ctx := context.Background()
	err := d.Write(ctx, func(tx *db.Tx) error {
		for _, text := range statements {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// insert writes rows of a table.
func insert(t testing.TB, d *db.DB, table string, columns []string, rows [][]any) {
	t.Helper()
	const batch = 5_000
	ctx := context.Background()
	for part := range slices.Chunk(rows, batch) {
		err := d.Write(ctx, func(tx *db.Tx) error {
			return tx.Insert(ctx, table, columns, part)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// read runs a statement and gives copies of its rows.
func read(t testing.TB, d *db.DB, text string, args ...any) []db.Row {
	t.Helper()
	var rows []db.Row
	err := d.Read(context.Background(), func(q db.Querier) error {
		return db.Each(context.Background(), q, text, args, func(r db.Row) error {
			rows = append(rows, owned(r))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// tableColumns lists the columns of an object's table with their types.
func tableColumns(e *meta.Entity, d *db.Dialect) (names, types []string) {
	add := func(name string, s meta.Storage) {
		if !slices.Contains(names, name) {
			names = append(names, name)
			types = append(types, map[meta.Storage]string{meta.Int: d.Int, meta.Text: d.Text, meta.Bytes: d.Bytes}[s])
		}
	}
	for _, a := range e.Fields {
		if !a.Stored {
			continue
		}
		for i, c := range a.Columns {
			add(c, a.ColumnStorage(i))
		}
		for _, x := range append(a.Parts(), a) {
			if x.Key != "" && x.Key != x.Columns[0] {
				add(x.Key, meta.Text)
			}
			if x.Order != "" {
				add(x.Order, meta.Bytes)
			}
		}
	}
	return names, types
}

// createTables makes the tables of a catalog, and those that every workspace has, with their indexes.
func createTables(t testing.TB, d *db.DB, c *meta.Catalog) {
	t.Helper()
	s := d.Dialect()
	statements := []string{
		"CREATE TABLE record_share (object " + s.Text + " NOT NULL, principal " + s.Int + " NOT NULL, record " + s.Int +
			" NOT NULL, until " + s.Int + ", level " + s.Int + " NOT NULL, PRIMARY KEY (object, principal, record))",
		"CREATE INDEX share_by_record ON record_share (object, record)",
		"CREATE TABLE calendar_day (day " + s.Key + ", gy " + s.Int + ", gm " + s.Int + ", gd " + s.Int + ", jy " + s.Int + ", jm " + s.Int +
			", jd " + s.Int + ")",
	}
	for _, e := range c.Entities {
		names, types := tableColumns(e, s)
		columns := make([]string, len(names))
		for i, n := range names {
			columns[i] = `"` + n + `" ` + types[i]
			switch {
			case n == meta.FieldID:
				columns[i] = n + " " + s.Key
			case !mayBeEmpty(n):
				columns[i] += " NOT NULL"
			}
		}
		statements = append(statements, "CREATE TABLE "+Table(e)+" ("+strings.Join(columns, ", ")+")")
		for _, x := range Indexes(e) {
			statements = append(statements, x.Create(e, s))
		}
	}
	exec(t, d, statements...)
}

func fillCalendar(t testing.TB, d *db.DB) {
	t.Helper()
	var rows [][]any
	for day := int64(formula.FirstPartDay); day <= formula.LastPartDay; day++ {
		gy, gm, gd := calendar.Day(day).YMD(calendar.Gregorian)
		jy, jm, jd := calendar.Day(day).YMD(calendar.Jalali)
		rows = append(rows, []any{day, int64(gy), int64(gm), int64(gd), int64(jy), int64(jm), int64(jd)})
	}
	insert(t, d, "calendar_day", []string{"day", "gy", "gm", "gd", "jy", "jm", "jd"}, rows)
}

// compiled compiles a catalog or fails the test.
func compiled(t testing.TB, objects ...meta.Object) *meta.Catalog {
	t.Helper()
	c, err := meta.Compile(meta.Sources{Version: 1, Objects: objects, Settings: formula.Settings{BaseScale: 2}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func object(t testing.TB, c *meta.Catalog, name string) *meta.Entity {
	t.Helper()
	e, ok := c.Object(name)
	if !ok {
		t.Fatalf("no object %s", name)
	}
	return e
}

func attr(t testing.TB, e *meta.Entity, name string) *meta.Attr {
	t.Helper()
	a, ok := e.Attr(name)
	if !ok {
		t.Fatalf("no field %s.%s", e.Name, name)
	}
	return a
}

// parsed compiles a condition on an object.
func parsed(t testing.TB, e *meta.Entity, source string) *formula.Expr {
	t.Helper()
	if source == "" {
		return nil
	}
	x, err := formula.Compile(e.Catalog().Schema(nil), e.Name, source, formula.Condition(), e.Catalog().Settings())
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return x
}

var platform = []meta.Object{
	{Name: "user", Plural: "users", Fields: []meta.Field{{Name: "name", Kind: meta.TextKind{}}, {Name: "active", Kind: meta.BoolKind{}}}},
	{Name: "team", Plural: "teams", Small: true, Fields: []meta.Field{{Name: "name", Kind: meta.TextKind{}}}},
	{Name: "branch", Plural: "branches", Small: true, Fields: []meta.Field{{Name: "name", Kind: meta.TextKind{}}}},
}

var noon = time.Date(2022, 3, 22, 9, 30, 0, 0, time.UTC)

// share is one row of record_share.
type share struct {
	principal, record int64
	until             int64 // 0: for ever
	level             int64
}

func insertShares(t testing.TB, d *db.DB, object string, shares []share) {
	t.Helper()
	var rows [][]any
	for _, s := range shares {
		var until any
		if s.until != 0 {
			until = s.until
		}
		rows = append(rows, []any{object, s.principal, s.record, until, s.level})
	}
	insert(t, d, "record_share", []string{"object", "principal", "record", "until", "level"}, rows)
}

// levelOf is the level that a record is shared with a viewer at.
func levelOf(shares []share, rows access.Rows, id, now int64) int {
	level := 0
	for _, s := range shares {
		if s.record == id && slices.Contains(rows.Principals, s.principal) && (s.until == 0 || s.until > now) {
			level = max(level, int(s.level))
		}
	}
	return level
}

// subset picks some of the keys, sorted.
func subset(r *rand.Rand, keys []int64, share float64) []int64 {
	var list []int64
	for _, k := range keys {
		if r.Float64() < share {
			list = append(list, k)
		}
	}
	return list
}

func numbers(from, to int64) []int64 {
	var list []int64
	for i := from; i <= to; i++ {
		list = append(list, i)
	}
	return list
}

// listing shows a schema to the generator of formulas with its lists, and without the fields that the tests fill themselves.
type listing struct {
	formula.Schema
	catalog *meta.Catalog
	hidden  []string
}

func (l listing) Names(object string) []string {
	var names []string
	e, ok := l.catalog.Object(object)
	if !ok {
		return nil
	}
	for _, a := range e.Fields {
		if a.Name != meta.FieldID && a.Name != meta.FieldDeletedAt && !slices.Contains(l.hidden, a.Name) {
			names = append(names, a.Name)
		}
		for _, p := range a.Parts() {
			names = append(names, p.Name)
		}
	}
	for _, x := range e.Lists {
		names = append(names, x.Name)
	}
	return names
}

var _ formula.Schema = listing{}

// rowOf gives the values of the columns of a record of a world.
func rowOf(e *meta.Entity, names []string, r formula.Record) []any {
	values := make([]any, len(names))
	set := func(column string, v any) {
		if i := slices.Index(names, column); i >= 0 {
			values[i] = v
		}
	}
	for _, name := range []string{meta.FieldOwner, meta.FieldTeam, meta.FieldBranch, meta.FieldDeletedAt} {
		set(name, int64(0))
	}
	place := func(a *meta.Attr, v formula.Value) {
		switch {
		case !v.Ok || !a.Stored:
		case isText(a.Formula()):
			set(a.Columns[0], v.Raw)
			if a.Key != "" {
				set(a.Key, v.Text)
			}
			if a.Order != "" {
				set(a.Order, append([]byte(v.Text), 0, byte(len(v.Text)))) // order keys are any bytes
			}
		default:
			set(a.Columns[0], v.Int)
		}
	}
	for _, a := range e.Fields {
		if a.At < len(r.Values) && len(a.Columns) > 0 && len(a.Parts()) == 0 {
			place(a, r.Values[a.At])
		}
		for _, p := range a.Parts() {
			if p.At < len(r.Values) {
				place(p, r.Values[p.At])
			}
		}
	}
	set(meta.FieldID, r.ID)
	if formulatest.Deleted(r.ID) {
		set(meta.FieldDeletedAt, int64(1_000_000)+r.ID)
	}
	return values
}
