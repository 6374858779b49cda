package testkit

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long one statement of the kit may take.
const patience = 30 * time.Second

// advice says what to do when nobody decided about the server.
const advice = envPostgres + ` is not set. Run "make test", which starts a server and stops it; or start one with "scripts/postgres.sh start" and ` +
	`set ` + envPostgres + ` to the URL that it prints; or set it to "off" to leave the tests on PostgreSQL out`

// PostgresURL gives the URL of the test server with a fresh, empty schema in its parameter search_path, as pgx understands it; the
// schema and all it holds is dropped when the test ends, so close every connection before (t.Cleanup runs the
// last registered first). ok is false when ASHNA_TEST_POSTGRES is "off": leave the part of the test on PostgreSQL out. The test fails when the
// setting is absent, because a test that silently did not run is worth nothing, or when the server does not answer.
func PostgresURL(t testing.TB) (address string, ok bool) {
	t.Helper()
	server := os.Getenv(envPostgres)
	switch server {
	case "off":
		t.Log("PostgreSQL tests are OFF")
		return "", false
	case "":
		t.Fatal(advice)
	}
	schema := schemaName(t.Name())
	address, err := withSchema(server, schema)
	if err != nil {
		t.Fatal(err)
	}
	quoted := pgx.Identifier{schema}.Sanitize()
	if err := execute(server, "CREATE SCHEMA "+quoted); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execute(server, "DROP SCHEMA IF EXISTS "+quoted+" CASCADE"); err != nil {
			t.Error(err)
		}
	})
	return address, true
}

// withSchema puts the schema into the URL of a server.
func withSchema(server, schema string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("parse %s: %w", envPostgres, err)
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", fmt.Errorf("%s must be a postgres:// URL or \"off\"", envPostgres)
	}
	values := u.Query()
	values.Set("search_path", schema)
	u.RawQuery = values.Encode()
	return u.String(), nil
}

// maxSlug is how much of a test's name goes into its schema's: PostgreSQL cuts names at 63 bytes.
const maxSlug = 40

// schemaName makes a name that no other test has, and from which a person can tell the test.
func schemaName(test string) string {
	slug := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, test)
	chance := make([]byte, 6)
	_, _ = rand.Read(chance) // it never fails: see crypto/rand
	return "t_" + slug[:min(len(slug), maxSlug)] + "_" + hex.EncodeToString(chance)
}

// execute runs one statement on a connection of its own.
func execute(server, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
