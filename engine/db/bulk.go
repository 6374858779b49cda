package db

import (
	"context"
	"fmt"
	"slices"
)

// WithoutReferences runs do, which fills empty tables, with the declared links out of the way: rows may come before those they link to,
// and checking costs little. order names the tables as do fills them. When do has returned, the links hold again for everything it wrote: a
// row that links to nothing is a ReferenceError of WithoutReferences, or of the commit where the database checks only there.
func WithoutReferences(ctx context.Context, tx *Tx, order []string, do func() error) error {
	if tx.Dialect().LateReferences {
		return redeclareAround(ctx, tx, do)
	}
	return deferAround(ctx, tx, order, do)
}

// redeclareAround takes the links away and declares them again, which checks each with one statement instead of one for each row.
func redeclareAround(ctx context.Context, tx *Tx, do func() error) error {
	type link struct{ table, name, definition string }
	var links []link
	err := Each(ctx, tx, "SELECT t.relname::text, k.conname::text, pg_get_constraintdef(k.oid) FROM pg_constraint AS k "+
		"JOIN pg_class AS t ON t.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = t.relnamespace "+
		"WHERE k.contype = 'f' AND n.nspname = current_schema() ORDER BY 1, 2", nil, func(r Row) error {
		links = append(links, link{r.Text(0), r.Text(1), r.Text(2)})
		return nil
	})
	if err != nil {
		return fmt.Errorf("list links: %w", err)
	}
	for _, l := range links {
		if _, err := tx.Exec(ctx, "ALTER TABLE "+identifier(l.table)+" DROP CONSTRAINT "+identifier(l.name)); err != nil {
			return fmt.Errorf("take link %s away: %w", l.name, err)
		}
	}
	if err := do(); err != nil {
		return err
	}
	for _, l := range links {
		if _, err := tx.Exec(ctx, "ALTER TABLE "+identifier(l.table)+" ADD CONSTRAINT "+identifier(l.name)+" "+l.definition); err != nil {
			return fmt.Errorf("declare link %s: %w", l.name, err)
		}
	}
	return nil
}

// deferAround leaves the check of links to the commit. While a link waits for its target, each new row of that target is looked for in the
// tables that link to it: those filled before need an index for as long, or the whole would take the square of the rows.
func deferAround(ctx context.Context, tx *Tx, order []string, do func() error) error {
	references, err := References(ctx, tx)
	if err != nil {
		return fmt.Errorf("list links: %w", err)
	}
	if _, err := tx.Exec(ctx, "PRAGMA defer_foreign_keys = ON"); err != nil {
		return fmt.Errorf("leave links to the commit: %w", err)
	}
	var made []string
	for _, r := range references {
		if from, to := slices.Index(order, r.Table), slices.Index(order, r.Target); from < 0 || from > to {
			continue
		}
		index := identifier("load_" + r.Table + "_" + r.Column)
		if _, err := tx.Exec(ctx, "CREATE INDEX "+index+" ON "+identifier(r.Table)+"("+identifier(r.Column)+")"); err != nil {
			return fmt.Errorf("make index %s: %w", index, err)
		}
		made = append(made, index)
	}
	if err := do(); err != nil {
		return err
	}
	for _, index := range made {
		if _, err := tx.Exec(ctx, "DROP INDEX "+index); err != nil {
			return fmt.Errorf("drop index %s: %w", index, err)
		}
	}
	return nil
}

// identifier writes a name of the database's own catalogue into a statement.
func identifier(s string) string { return `"` + s + `"` }
