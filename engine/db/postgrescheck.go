package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	minVersion  = 150_000
	prepareTime = 20 * time.Second // for the first connection, the schema and the extension
)

// assertPostgres refuses a connection to a server on which an acknowledged write could be lost, or texts could change.
func assertPostgres(ctx context.Context, conn *pgx.Conn) error {
	var version int
	var fsync, pages, commit, encoding, literals string
	err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('fsync'), current_setting('full_page_writes'),
		current_setting('synchronous_commit'), current_setting('server_encoding'), current_setting('standard_conforming_strings')`,
		pgx.QueryExecModeExec).Scan(&version, &fsync, &pages, &commit, &encoding, &literals)
	if err != nil {
		return fmt.Errorf("read the settings of the database server: %w", err)
	}
	if version < minVersion {
		return fmt.Errorf("PostgreSQL %d is too old: version %d or later is needed", version/10_000, minVersion/10_000)
	}
	for _, s := range [][3]string{{"fsync", fsync, "on"}, {"full_page_writes", pages, "on"}, {"standard_conforming_strings", literals, "on"}} {
		if s[1] != s[2] {
			return fmt.Errorf("the database server has %s = %s: the data would not be safe, switch it %s", s[0], s[1], s[2])
		}
	}
	if commit == "off" || commit == "local" {
		return fmt.Errorf("the database server has synchronous_commit = %s: answers would come before the data is safe, switch it on", commit)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("the database has the encoding %s: make one with UTF8", encoding)
	}
	return nil
}

// prepare makes the first connection and the schema.
func (d *postgresDB) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, prepareTime)
	defer cancel()
	return d.read(ctx, false, func(q Querier) error {
		err := ensure(ctx, q, "SELECT count(*) FROM pg_namespace WHERE nspname = $1", d.schema, "CREATE SCHEMA IF NOT EXISTS "+d.schema)
		if err != nil {
			return fmt.Errorf("make the schema %s: %w", d.schema, err)
		}
		return nil
	})
}

// ensure makes a thing unless a count says that it is there. Another process may make it at the same moment.
func ensure(ctx context.Context, q Querier, count, name, create string) error {
	row, _, err := One(ctx, q, count, name)
	if err != nil || row.Int(0) > 0 {
		return err
	}
	err = Each(ctx, q, create, nil, func(Row) error { return nil })
	var unique *UniqueError
	if errors.As(err, &unique) {
		return nil
	}
	return err
}
