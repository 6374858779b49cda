package db

import "context"

// Columns gives the tables of the workspace with their columns in order, without those that the database keeps for itself or for its search.
func Columns(ctx context.Context, q Querier) (map[string][]string, error) {
	return inspect(ctx, q, q.Dialect().listColumns)
}

// Indexes gives the tables of the workspace with the names of their indexes in order: those that a statement made by name, not those that
// hold up a primary key or another constraint of a table.
func Indexes(ctx context.Context, q Querier) (map[string][]string, error) {
	return inspect(ctx, q, q.Dialect().listIndexes)
}

func inspect(ctx context.Context, q Querier, text string) (map[string][]string, error) {
	found := map[string][]string{}
	err := Each(ctx, q, text, nil, func(r Row) error {
		found[r.Text(0)] = append(found[r.Text(0)], r.Text(1))
		return nil
	})
	return found, err
}

// Reference is a link that a table declares: what Column holds is the key of a row of Target.
type Reference struct{ Table, Column, Target string }

// References gives the declared links of all tables, by table and column.
func References(ctx context.Context, q Querier) ([]Reference, error) {
	text := liteReferences
	if q.Dialect().LateReferences {
		text = pgReferences
	}
	var found []Reference
	err := Each(ctx, q, text, nil, func(r Row) error {
		found = append(found, Reference{Table: r.Text(0), Column: r.Text(1), Target: r.Text(2)})
		return nil
	})
	return found, err
}

const (
	liteTables = "m.type = 'table' AND m.name NOT LIKE 'sqlite@_%' ESCAPE '@' AND m.name NOT IN (SELECT t.name FROM pragma_table_list AS t " +
		"WHERE t.schema = 'main' AND t.type IN ('virtual', 'shadow'))"

	liteColumns = "SELECT m.name, p.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p WHERE " + liteTables + " ORDER BY m.name, p.cid"
	liteIndexes = "SELECT m.tbl_name, m.name FROM sqlite_master AS m WHERE m.type = 'index' AND m.sql IS NOT NULL ORDER BY m.tbl_name, m.name"

	liteReferences = "SELECT m.name, f.\"from\", f.\"table\" FROM sqlite_master AS m JOIN pragma_foreign_key_list(m.name) AS f WHERE " + liteTables +
		" ORDER BY 1, 2, 3"

	pgColumns = "SELECT c.relname::text, a.attname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace " +
		"JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped " +
		"WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') ORDER BY c.relname, a.attnum"
	pgIndexes = "SELECT c.relname::text, i.relname::text FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid " +
		"JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() " +
		"AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x')) ORDER BY c.relname, i.relname"

	pgReferences = "SELECT t.relname::text, a.attname::text, f.relname::text FROM pg_constraint AS k JOIN pg_class AS t ON t.oid = k.conrelid " +
		"JOIN pg_class AS f ON f.oid = k.confrelid JOIN pg_namespace AS n ON n.oid = t.relnamespace " +
		"JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.conkey[1] WHERE k.contype = 'f' AND n.nspname = current_schema() ORDER BY 1, 2, 3"
)
