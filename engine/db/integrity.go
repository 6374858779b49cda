package db

import (
	"context"
	"fmt"
)

const maxDamage = 100

// Integrity lets the database check itself and says what it found: damaged pages and indexes, and links that lead nowhere.
func Integrity(ctx context.Context, q Querier) ([]string, error) {
	var found []string
	note := func(format string) func(Row) error {
		return func(r Row) error {
			if len(found) < maxDamage {
				found = append(found, fmt.Sprintf(format, []any(r)...))
			}
			return nil
		}
	}
	if !q.Dialect().Lateral {
		err := Each(ctx, q, "PRAGMA integrity_check(100)", nil, note("%v"))
		if err != nil {
			return nil, err
		}
		if len(found) == 1 && found[0] == "ok" {
			found = nil
		}
		return found, Each(ctx, q, `SELECT "table", rowid, parent FROM pragma_foreign_key_check LIMIT 100`, nil, note("%v: row %v links to a row of %v that is not there"))
	}
	var links []string
	err := Each(ctx, q, `SELECT format('SELECT ''%1$s'', a.id, ''%2$s'' FROM %1$I AS a LEFT JOIN %2$I AS b ON b.id = a.%3$I WHERE a.%3$I IS NOT NULL AND b.id IS NULL LIMIT 100',
		t.relname, r.relname, k.attname) FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid JOIN pg_class AS r ON r.oid = c.confrelid
		JOIN pg_attribute AS k ON k.attrelid = t.oid AND k.attnum = c.conkey[1] WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace`,
		nil, func(r Row) error {
			links = append(links, r.Text(0))
			return nil
		})
	if err != nil {
		return nil, err
	}
	for _, text := range links {
		if err := Each(ctx, q, text, nil, note("%v: row %v links to a row of %v that is not there")); err != nil {
			return nil, err
		}
	}
	return found, nil
}
