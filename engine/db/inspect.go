package db

import "context"

// Columns gives the tables of the workspace with their columns, without those that the database keeps for itself or for its search.
func Columns(ctx context.Context, q Querier) (map[string][]string, error) {
	return inspect(ctx, q, q.Dialect().listColumns)
}

// Indexes gives the tables of the workspace with the names of their indexes that were made by a statement.
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

const (
	liteTables = "m.type = 'table' AND m.name NOT LIKE 'sqlite@_%' ESCAPE '@' AND m.name NOT IN (SELECT t.name FROM pragma_table_list AS t WHERE t.type IN ('virtual', 'shadow'))"

	liteColumns = "SELECT m.name, p.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p WHERE " + liteTables + " ORDER BY m.name, p.cid"
	liteIndexes = "SELECT m.tbl_name, m.name FROM sqlite_master AS m WHERE m.type = 'index' AND m.sql IS NOT NULL ORDER BY m.tbl_name, m.name"

	pgColumns = "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns AS c JOIN information_schema.tables AS t " +
		"ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE' " +
		"WHERE c.table_schema = current_schema() ORDER BY c.table_name, c.ordinal_position"
	pgIndexes = "SELECT i.tablename::text, i.indexname::text FROM pg_indexes AS i WHERE i.schemaname = current_schema() " +
		"AND i.indexname NOT LIKE '%\\_pkey' ORDER BY i.tablename, i.indexname"
)
