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

// TestWithoutReferences fills tables in an order in which nearly every link leads forward, and checks that the links hold afterwards.
func TestWithoutReferences(t *testing.T) {
	const n = 20_000
	onBoth(t, func(t *testing.T, d *db.DB) {
		family(t, d)
		before := inspected(t, d)
		if err := fill(t.Context(), d, n, n); err != nil {
			t.Fatal(err)
		}
		if after := inspected(t, d); !reflect.DeepEqual(before, after) {
			t.Errorf("the shape is %v, not %v", after, before)
		}
		if got := counted(t, d); got != n {
			t.Errorf("%d companies, want %d", got, n)
		}
		for _, text := range []string{"UPDATE company SET parent = 0 WHERE id = 1", "INSERT INTO person (id, company) VALUES (1, 0)", "DELETE FROM company WHERE id = 7"} {
			var broken *db.ReferenceError
			if err := do(t.Context(), d, text); !errors.As(err, &broken) {
				t.Errorf("%s: %v, want a ReferenceError", text, err)
			}
		}
	})
}

func TestWithoutReferencesRefusesALinkToNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		family(t, d)
		before := inspected(t, d)
		var broken *db.ReferenceError
		if err := fill(t.Context(), d, 100, 99); !errors.As(err, &broken) {
			t.Fatalf("got %v, want a ReferenceError", err)
		}
		stop := errors.New("stop")
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			return db.WithoutReferences(t.Context(), tx, nil, func() error { return stop })
		})
		if !errors.Is(err, stop) {
			t.Errorf("the error of the function came back as %v", err)
		}
		if after := inspected(t, d); !reflect.DeepEqual(before, after) {
			t.Errorf("after failures the shape is %v, not %v", after, before)
		}
		if got := counted(t, d); got != 0 {
			t.Errorf("%d companies are left", got)
		}
	})
}

// fill writes companies whose parents come later, and then persons.
func fill(ctx context.Context, d *db.DB, companies, persons int64) error {
	var c, p [][]any
	for i := int64(1); i <= companies; i++ {
		c = append(c, []any{i, fmt.Sprint("c", i), companies - i + 1, companies + i})
	}
	for i := int64(1); i <= persons; i++ {
		p = append(p, []any{companies + i, i})
	}
	return d.Write(ctx, func(tx *db.Tx) error {
		return db.WithoutReferences(ctx, tx, []string{"company", "person"}, func() error {
			if err := tx.Insert(ctx, "company", []string{"id", "name", "parent", "contact"}, c); err != nil {
				return err
			}
			return tx.Insert(ctx, "person", []string{"id", "company"}, p)
		})
	})
}

func counted(t *testing.T, d *db.DB) (n int64) {
	t.Helper()
	err := d.Read(t.Context(), func(q db.Querier) error {
		row, _, err := db.One(t.Context(), q, "SELECT count(*) FROM company")
		n = row.Int(0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
