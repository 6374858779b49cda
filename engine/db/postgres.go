package db

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ashna/kit/fault"
)

const (
	announceEvery = 20 * time.Millisecond // at most so often a process tells others that it wrote
	announceName  = "ashna_commit"
	retries       = 5
	minVersion    = 150_000
)

var schemaPattern = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// postgresDB is one schema of a PostgreSQL server.
type postgresDB struct {
	pool    *pgxpool.Pool
	schema  string
	pending atomic.Bool // others are to be told
	stop    context.CancelFunc
}

func openPostgres(ctx context.Context, c Config) (*postgresDB, error) {
	address, schema, err := splitSchema(c.URL)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("read database address: %w", err)
	}
	config.ConnConfig.RuntimeParams["search_path"] = schema + ",public"
	config.ConnConfig.RuntimeParams["application_name"] = "ashna"
	config.ConnConfig.RuntimeParams["jit"] = "off"
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	config.MaxConns = int32(max(16, 8*runtime.GOMAXPROCS(0)))
	if c.Readers > 0 {
		config.MaxConns = int32(c.Readers + 4)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	d := &postgresDB{pool: pool, schema: schema}
	if err := d.prepare(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	run, stop := context.WithCancel(context.Background())
	d.stop = stop
	go d.tell(run)
	return d, nil
}

// splitSchema takes the schema off the address: our own parameter, or the search path as PostgreSQL names it.
func splitSchema(address string) (rest, schema string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", errors.New("the database address cannot be read: it looks like postgres://user:password@host:5432/name")
	}
	q := u.Query()
	for _, name := range []string{"schema", "search_path"} {
		if schema == "" {
			schema = q.Get(name)
		}
		q.Del(name)
	}
	if schema == "" {
		schema = "ashna"
	}
	if !schemaPattern.MatchString(schema) {
		return "", "", fmt.Errorf("the schema %q cannot be used: lower-case letters, digits and underscores only", schema)
	}
	u.RawQuery = q.Encode()
	return u.String(), schema, nil
}

// prepare asserts version and settings, and makes the schema and the extension for search.
func (d *postgresDB) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return d.read(ctx, false, func(q Querier) error {
		for _, want := range [][2]string{{"fsync", "on"}, {"full_page_writes", "on"}} {
			row, _, err := One(ctx, q, "SELECT current_setting('"+want[0]+"')")
			if err != nil {
				return err
			}
			if row.Text(0) != want[1] {
				return fmt.Errorf("the database server has %s = %s: the data would not be safe, switch it %s", want[0], row.Text(0), want[1])
			}
		}
		row, _, err := One(ctx, q, "SELECT current_setting('synchronous_commit'), current_setting('server_version_num')::int")
		if err != nil {
			return err
		}
		if row.Text(0) == "off" || row.Text(0) == "local" {
			return errors.New("the database server has synchronous_commit off: answers would come before the data is safe, switch it on")
		}
		if row.Int(1) < minVersion {
			return fmt.Errorf("PostgreSQL %s is too old: version 15 or later is needed", strconv.FormatInt(row.Int(1)/10_000, 10))
		}
		return d.makeSchema(ctx, q)
	})
}

func (d *postgresDB) makeSchema(ctx context.Context, q Querier) error {
	row, _, err := One(ctx, q, "SELECT count(*) FROM pg_namespace WHERE nspname = $1", d.schema)
	if err != nil {
		return err
	}
	if row.Int(0) == 0 {
		if err := Each(ctx, q, "CREATE SCHEMA IF NOT EXISTS "+d.schema, nil, func(Row) error { return nil }); err != nil {
			return err
		}
	}
	row, _, err = One(ctx, q, "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'")
	if err != nil || row.Int(0) > 0 {
		return err
	}
	err = Each(ctx, q, "CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public", nil, func(Row) error { return nil })
	var unique *UniqueError
	if errors.As(err, &unique) { // another process made it at the same moment
		return nil
	}
	if err != nil {
		return fmt.Errorf("search needs the extension pg_trgm; let an administrator run CREATE EXTENSION pg_trgm: %w", err)
	}
	return nil
}

func (d *postgresDB) dialect() *Dialect { return postgresDialect }

func (d *postgresDB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "error.unavailable", err)
	}
	return conn, nil
}

func (d *postgresDB) read(ctx context.Context, snapshot bool, do func(Querier) error) error {
	conn, err := d.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if snapshot {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return explain("begin", err)
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	}
	return do(&pgReader{conn.Conn()})
}

// write runs do in a transaction, again when the database says that it lost a race. A connection that breaks before the commit was sent
// leaves nothing behind, so another one is tried; after it, the outcome is unknown and the caller hears so.
func (d *postgresDB) write(ctx context.Context, do func(*Tx) error) error {
	var err error
	for range retries {
		var tx *Tx
		tx, err = d.attempt(ctx, do)
		if err == nil {
			tx.committed()
			return nil
		}
		if !transient(err) || ctx.Err() != nil {
			break
		}
	}
	return err
}

func (d *postgresDB) attempt(ctx context.Context, do func(*Tx) error) (*Tx, error) {
	conn, err := d.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	s := &pgSession{pgReader: pgReader{conn.Conn()}}
	tx := &Tx{session: s}
	s.queue("BEGIN ISOLATION LEVEL READ COMMITTED", nil)
	if err := guard(tx, do); err != nil {
		s.undo(ctx)
		return nil, err
	}
	s.queue("COMMIT", nil)
	if err := s.flush(ctx); err != nil {
		s.undo(ctx)
		return nil, err
	}
	return tx, nil
}

func (d *postgresDB) announce() { d.pending.Store(true) }

// tell wakes other processes, at most every 20 ms: a notification in each transaction would take three quarters of the commits.
func (d *postgresDB) tell(ctx context.Context) {
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if d.pending.Swap(false) {
				_, _ = d.pool.Exec(ctx, "SELECT pg_notify($1, $2)", announceName, d.schema)
			}
		}
	}
}

func (d *postgresDB) watch(ctx context.Context, wake func()) {
	for ctx.Err() == nil {
		d.listen(ctx, wake)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
			wake()
		}
	}
}

func (d *postgresDB) listen(ctx context.Context, wake func()) {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return
	}
	raw := conn.Hijack()
	defer func() { _ = raw.Close(context.WithoutCancel(ctx)) }()
	if _, err := raw.Exec(ctx, "LISTEN "+announceName); err != nil {
		return
	}
	for {
		n, err := raw.WaitForNotification(ctx)
		if err != nil {
			return
		}
		if n.Payload == d.schema {
			wake()
		}
	}
}

func (d *postgresDB) close() error {
	d.stop()
	d.pool.Close()
	return nil
}
