package db_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"ashna/engine/db"
	"ashna/testkit"
)

// onBoth runs a test on an empty workspace of each database.
func onBoth(t *testing.T, test func(t *testing.T, d *db.DB)) {
	open := func(t *testing.T, c db.Config) *db.DB {
		d, err := db.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d
	}
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, db.Config{Dir: t.TempDir()})) })
	t.Run("postgres", func(t *testing.T) {
		if url, ok := testkit.PostgresURL(t); ok {
			test(t, open(t, db.Config{URL: url}))
		}
	})
}

// do runs statements in one transaction.
func do(ctx context.Context, d *db.DB, texts ...string) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		for _, text := range texts {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// family makes two tables that link to each other and themselves, with every sort of index.
func family(t *testing.T, d *db.DB) {
	t.Helper()
	s := d.Dialect()
	link := func(to string) string {
		if s.LateReferences {
			return ""
		}
		return " REFERENCES " + to + "(id)"
	}
	texts := []string{
		fmt.Sprintf("CREATE TABLE company (id %s, name %s UNIQUE, parent %s%s, contact %s%s)", s.Key, s.Text, s.Int, link("company"), s.Int, link("person")),
		fmt.Sprintf("CREATE TABLE person (id %s, company %s NOT NULL%s, photo %s)", s.Key, s.Int, link("company"), s.Bytes),
		"CREATE INDEX person_company ON person (company, id)",
		"CREATE UNIQUE INDEX company_ab ON company (parent) WHERE parent > 5",
		"CREATE INDEX company_aa_pkey ON company (name)",
		"CREATE VIEW seen AS SELECT id FROM company",
	}
	if s.LateReferences {
		texts = append(texts, "ALTER TABLE company ADD CONSTRAINT l1 FOREIGN KEY (parent) REFERENCES company(id)",
			"ALTER TABLE company ADD CONSTRAINT l2 FOREIGN KEY (contact) REFERENCES person(id)",
			"ALTER TABLE person ADD CONSTRAINT l3 FOREIGN KEY (company) REFERENCES company(id)")
	} else {
		texts = append(texts, "CREATE VIRTUAL TABLE words USING fts5(text)", "ANALYZE")
	}
	if err := do(t.Context(), d, texts...); err != nil {
		t.Fatal(err)
	}
}

func TestInspect(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		empty := inspected(t, d)
		if len(empty.columns)+len(empty.indexes)+len(empty.links) != 0 {
			t.Errorf("an empty workspace has %v", empty)
		}
		family(t, d)
		got := inspected(t, d)
		want := shape{
			columns: map[string][]string{"company": {"id", "name", "parent", "contact"}, "person": {"id", "company", "photo"}},
			indexes: map[string][]string{"company": {"company_aa_pkey", "company_ab"}, "person": {"person_company"}},
			links: []db.Reference{
				{Table: "company", Column: "contact", Target: "person"}, {Table: "company", Column: "parent", Target: "company"},
				{Table: "person", Column: "company", Target: "company"},
			},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v\nwant %v", got, want)
		}
		if err := do(t.Context(), d, "ALTER TABLE person ADD COLUMN extra "+d.Dialect().Text, "ALTER TABLE person DROP COLUMN photo", "DROP INDEX company_ab"); err != nil {
			t.Fatal(err)
		}
		got = inspected(t, d)
		if want := []string{"id", "company", "extra"}; !reflect.DeepEqual(got.columns["person"], want) {
			t.Errorf("columns after a change: %v, want %v", got.columns["person"], want)
		}
		if want := []string{"company_aa_pkey"}; !reflect.DeepEqual(got.indexes["company"], want) {
			t.Errorf("indexes after a change: %v, want %v", got.indexes["company"], want)
		}
	})
}

type shape struct {
	columns, indexes map[string][]string
	links            []db.Reference
}

func inspected(t *testing.T, d *db.DB) (s shape) {
	t.Helper()
	err := d.Read(t.Context(), func(q db.Querier) (err error) {
		var errs [3]error
		s.columns, errs[0] = db.Columns(t.Context(), q)
		s.indexes, errs[1] = db.Indexes(t.Context(), q)
		s.links, errs[2] = db.References(t.Context(), q)
		return errors.Join(errs[:]...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestInspectInsideATransactionSeesItsTables(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Exec(t.Context(), "CREATE TABLE fresh (id "+d.Dialect().Key+")"); err != nil {
				return err
			}
			columns, err := db.Columns(t.Context(), tx)
			if len(columns["fresh"]) != 1 {
				t.Errorf("columns %v", columns)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestWithoutReferences fills tables in an order in which nearly every link leads forward.
func TestWithoutReferences(t *testing.T) {
	const n = 20_000
	onBoth(t, func(t *testing.T, d *db.DB) {
		family(t, d)
		before := inspected(t, d)
		var companies, persons [][]any
		for i := int64(1); i <= n; i++ {
			var parent any
			if i < n {
				parent = n - i + 1 // most of them come later
			}
			companies = append(companies, []any{i, fmt.Sprint("c", i), parent, n + i})
			persons = append(persons, []any{n + i, i})
		}
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			return db.WithoutReferences(t.Context(), tx, []string{"company", "person"}, func() error {
				if err := tx.Insert(t.Context(), "company", []string{"id", "name", "parent", "contact"}, companies); err != nil {
					return err
				}
				return tx.Insert(t.Context(), "person", []string{"id", "company"}, persons)
			})
		})
		if err == nil {
			t.Fatal("the unique index of company.parent did not hold") // 1 → n and so on are unique, but see below
		}
		var unique *db.UniqueError
		if !errors.As(err, &unique) {
			t.Fatal(err)
		}
		if after := inspected(t, d); !reflect.DeepEqual(before, after) {
			t.Errorf("after a failure the shape is %v, not %v", after, before)
		}
	})
}
