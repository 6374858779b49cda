package db

// Search is what the two databases do differently to keep and to ask the index of words. On both an entry is a row of the table
// search_entry, and its tokens are an inverted index: a full-text table of its own, or a column of the entry.
type Search struct {
	// Tables makes the table of entries and the index of their tokens.
	Tables []string
	// Apart is the table of the tokens where they are not a column of the entry; then its key is the column rowid.
	Apart string
	// Add writes entries where their tokens are a column: $1 is a JSON list of objects with the columns as members.
	Add string
	// Quote stands around a token, And and Or between conditions, Prefix behind a quoted token that only begins one.
	Quote, And, Or, Prefix string
	// Match gives the keys below $2 whose tokens fit the condition $1, the highest first, at most $3.
	Match string
	// Window gives the same among the entries from $4 on, looking at each of them; empty where Match stops early by itself. Where it
	// does not, entries are marked with ranges of keys.
	Window string
	// Share takes the lock of those who add entries until the end of the transaction; Alone tries to have it alone and answers 1 or 0.
	Share, Alone string
}

var sqliteSearch = Search{
	Tables: []string{
		"CREATE TABLE IF NOT EXISTS search_entry (id INTEGER PRIMARY KEY, object TEXT NOT NULL, words TEXT NOT NULL, parts TEXT NOT NULL)",
		`CREATE VIRTUAL TABLE IF NOT EXISTS search_token USING fts5(tokens, content='', contentless_delete=1, detail=none, tokenize="ascii tokenchars '_@'")`,
	},
	Apart: "search_token",
	Quote: `"`, And: " AND ", Or: " OR ", Prefix: "*",
	Match: "SELECT rowid FROM search_token WHERE search_token MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3",
}

// The index of PostgreSQL holds our own tokens, not those of pg_trgm: that extension sees only letters that the locale of the database
// knows, and the locale C knows none of the Persian ones. ts_match_vq is the operator @@ as a function, which no index serves.
var postgresSearch = Search{
	Tables: []string{
		`CREATE TABLE IF NOT EXISTS search_entry (id bigint PRIMARY KEY, object text COLLATE "C" NOT NULL, words text COLLATE "C" NOT NULL, ` +
			`parts text COLLATE "C" NOT NULL, tokens tsvector NOT NULL)`,
		"CREATE INDEX IF NOT EXISTS search_entry_tokens ON search_entry USING gin (tokens) WITH (gin_pending_list_limit = 1024)",
		"CREATE TABLE IF NOT EXISTS search_range (first bigint PRIMARY KEY)",
	},
	Add: "INSERT INTO search_entry (id, object, words, parts, tokens) SELECT id, object, words, parts, tokens::tsvector " +
		"FROM json_to_recordset($1::json) AS e(id bigint, object text, words text, parts text, tokens text)",
	Quote: "'", And: " & ", Or: " | ", Prefix: ":*",
	Match:  "WITH m AS MATERIALIZED (SELECT id FROM search_entry WHERE tokens @@ $1::tsquery AND id + 0 < $2) SELECT id FROM m ORDER BY id DESC LIMIT $3",
	Window: "SELECT id FROM search_entry WHERE ts_match_vq(tokens, $1::tsquery) AND id < $2 AND id >= $4 ORDER BY id DESC LIMIT $3",
	Share:  "SELECT pg_advisory_xact_lock_shared(4712, hashtext(current_schema()))",
	Alone:  "SELECT CASE WHEN pg_try_advisory_xact_lock(4712, hashtext(current_schema())) THEN 1 ELSE 0 END",
}
