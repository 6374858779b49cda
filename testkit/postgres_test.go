package testkit

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestPostgresOffAndUnset(t *testing.T) {
	t.Setenv("ASHNA_TEST_POSTGRES", "off")
	ok := true
	if s := watch(func(t *spy) { _, ok = PostgresURL(t) }); ok || s.verdict != "" || !strings.Contains(s.said, "OFF") {
		t.Errorf("off: ok %v, verdict %q, said %q", ok, s.verdict, s.said)
	}
	t.Setenv("ASHNA_TEST_POSTGRES", "")
	if s := watch(func(t *spy) { PostgresURL(t) }); s.verdict != "fatal" || !strings.Contains(s.said, "make test") {
		t.Errorf("unset: verdict %q, said %q, want a failure that advises make test", s.verdict, s.said)
	}
	t.Setenv("ASHNA_TEST_POSTGRES", "mysql://x")
	if s := watch(func(t *spy) { PostgresURL(t) }); s.verdict != "fatal" {
		t.Errorf("another scheme: verdict %q, want a failure", s.verdict)
	}
	t.Setenv("ASHNA_TEST_POSTGRES", "postgres://nobody@127.0.0.1:1/none?sslmode=disable")
	if s := watch(func(t *spy) { PostgresURL(t) }); s.verdict != "fatal" || !strings.Contains(s.said, "connect") {
		t.Errorf("no server: verdict %q, said %q, want a failure", s.verdict, s.said)
	}
}

// ask runs a query that gives one number.
func ask(t *testing.T, address, query string, args ...any) int {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var n int
	if err := conn.QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func schemaOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("search_path")
}

func TestPostgresSchemas(t *testing.T) {
	server, ok := PostgresURL(t)
	if !ok {
		return
	}
	const count = "SELECT count(*) FROM pg_namespace WHERE nspname = $1"
	var first, second string
	one := watch(func(t *spy) { first, _ = PostgresURL(t) })
	two := watch(func(t *spy) { second, _ = PostgresURL(t) })
	if one.verdict+two.verdict != "" || schemaOf(t, first) == schemaOf(t, second) {
		t.Fatalf("verdicts %q %q, addresses %s %s", one.said, two.said, first, second)
	}
	for _, address := range []string{first, second} {
		if got := ask(t, server, count, schemaOf(t, address)); got != 1 {
			t.Errorf("%s: %d schemas, want 1", address, got)
		}
		if got := ask(t, address, "SELECT (current_schema() = $1)::int", schemaOf(t, address)); got != 1 {
			t.Errorf("%s: the schema of the address is not the current one", address)
		}
	}
	fill(t, first)
	for _, s := range []*spy{one, two} {
		for _, f := range s.cleanup {
			f()
		}
		if s.verdict != "" {
			t.Errorf("cleanup: %s", s.said)
		}
	}
	if left := ask(t, server, count, schemaOf(t, first)) + ask(t, server, count, schemaOf(t, second)); left != 0 {
		t.Errorf("%d schemas are left after the tests", left)
	}
}

// fill puts a table with a row into the schema, so that dropping it has something to drop.
func fill(t *testing.T, address string) {
	t.Helper()
	if err := execute(address, "CREATE TABLE deal AS SELECT 1 AS id"); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, address, "SELECT count(*) FROM deal"); got != 1 {
		t.Errorf("%d rows, want 1", got)
	}
}

func TestSchemaName(t *testing.T) {
	seen := map[string]bool{}
	for _, test := range []string{"TestDeal/won in «تهران»", "TestDeal/won in «تهران»", "", strings.Repeat("Long", 50)} {
		name := schemaName(test)
		if len(name) > 63 || seen[name] || !strings.HasPrefix(name, "t_") || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			t.Errorf("schemaName(%q) = %q", test, name)
		}
		seen[name] = true
	}
}

func TestWithSchema(t *testing.T) {
	got, err := withSchema("postgres://u:p%40@h:1/d?sslmode=disable", "t_a")
	if err != nil || got != "postgres://u:p%40@h:1/d?search_path=t_a&sslmode=disable" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{"http://h", "://", "host=h dbname=d"} {
		if got, err := withSchema(bad, "t_a"); err == nil {
			t.Errorf("withSchema(%q) = %q, want an error", bad, got)
		}
	}
}
