package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"runtime"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	announceEvery = 20 * time.Millisecond // at most so often a process tells others that it wrote
	announceName  = "ashna_commit"
	retries       = 6 // runs of a write that the database asks to be run again
	pauseUnit     = 10 * time.Millisecond
	migrationLock = 4_712
	cancelTime    = time.Second     // how long a server may take to end a statement before its connection is given up
	pingTime      = 2 * time.Second // how long a connection that rested may take to show that it is alive
	idleTime      = 5 * time.Second // how long the server keeps a write whose process is silent: it may be gone, and its locks stop all others
)

// patientText lets a reading take its time between statements: it holds no lock that anybody waits for.
const patientText = "SELECT set_config('idle_in_transaction_session_timeout', '0', true)"

var schemaPattern = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// postgresDB is one schema of a PostgreSQL server.
type postgresDB struct {
	pool    *pgxpool.Pool
	schema  string
	wait    time.Duration
	writing chan struct{} // places for writes: fewer than connections, so that reads go on when all writes wait for a lock
	changed chan struct{} // others are to be told
	closing chan struct{}
	told    sync.WaitGroup
	once    sync.Once
}

func openPostgres(ctx context.Context, c Config) (*postgresDB, error) {
	config, schema, err := configure(c)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	places := config.MaxConns - max(1, config.MaxConns/4)
	d := &postgresDB{
		pool: pool, schema: schema, wait: c.Wait,
		writing: make(chan struct{}, places), changed: make(chan struct{}, 1), closing: make(chan struct{}),
	}
	for range places {
		d.writing <- struct{}{}
	}
	if err := d.prepare(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	d.told.Go(d.tell)
	return d, nil
}

// configure makes the settings of the pool. Every connection asserts what durability rests on, because a server may change while we run.
func configure(c Config) (*pgxpool.Config, string, error) {
	address, schema, err := splitSchema(c.URL)
	if err != nil {
		return nil, "", err
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, "", fmt.Errorf("read database address: %w", err)
	}
	conn := config.ConnConfig
	conn.RuntimeParams["search_path"] = schema + ",public"
	conn.RuntimeParams["application_name"] = "ashna"
	conn.RuntimeParams["jit"] = "off"
	conn.RuntimeParams["idle_in_transaction_session_timeout"] = fmt.Sprint(idleTime.Milliseconds())
	conn.RuntimeParams["lock_timeout"] = fmt.Sprint(c.Wait.Milliseconds())
	conn.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	conn.ConnectTimeout = 5 * time.Second
	// Who gives up a statement asks the server to end it, so that the connection can be used again.
	conn.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: cancelTime}
	}
	config.AfterConnect = assertPostgres
	config.PingTimeout = pingTime
	config.MaxConns = int32(max(16, 8*runtime.GOMAXPROCS(0)))
	if c.Readers > 0 {
		config.MaxConns = int32(c.Readers + 4)
	}
	return config, schema, nil
}

// splitSchema takes our own parameter off the address. A search_path of one schema means the same.
func splitSchema(address string) (rest, schema string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", errors.New("the database address cannot be read: it looks like postgres://user:password@host:5432/name")
	}
	q := u.Query()
	schema = q.Get("schema")
	if schema == "" {
		schema = q.Get("search_path")
	}
	if schema == "" {
		schema = "ashna"
	}
	if !schemaPattern.MatchString(schema) {
		return "", "", fmt.Errorf("the schema %q cannot be used: lower-case letters, digits and underscores only", schema)
	}
	q.Del("schema")
	q.Del("search_path")
	u.RawQuery = q.Encode()
	return u.String(), schema, nil
}

func (d *postgresDB) dialect() *Dialect { return postgresDialect }

// acquire takes a connection from the pool, or dials. It waits no longer than the configuration allows.
func (d *postgresDB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	bounded, cancel := context.WithTimeout(ctx, d.wait)
	defer cancel()
	conn, err := d.pool.Acquire(bounded)
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, late(ctx.Err())
	}
	return nil, unavailable(err)
}

// replace gives back a connection that broke and takes one that answers. The pool may hold others that broke with it.
func (d *postgresDB) replace(ctx context.Context, broken *pgxpool.Conn) (*pgxpool.Conn, error) {
	broken.Release()
	for range d.pool.Config().MaxConns + 1 {
		conn, err := d.acquire(ctx)
		if err != nil {
			return nil, err
		}
		if conn.Ping(ctx) == nil {
			return conn, nil
		}
		conn.Release()
	}
	return nil, unavailable(errors.New("no connection to the database answers"))
}

func (d *postgresDB) read(ctx context.Context, snapshot bool, do func(Querier) error) error {
	lease, err := d.acquire(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if lease != nil {
			lease.Release()
		}
	}()
	r := &pgReader{conn: lease.Conn()}
	defer r.close()
	r.renew = func(ctx context.Context) error {
		fresh, err := d.replace(ctx, lease)
		if lease = fresh; err == nil {
			r.conn = fresh.Conn()
		}
		return err
	}
	if !snapshot {
		return do(r)
	}
	// A statement that answers with nothing begins the transaction, so that a connection that broke is replaced like in any reading.
	if err := Each(ctx, r, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", nil, func(Row) error { return nil }); err != nil {
		return err
	}
	r.renew = nil
	defer r.rollback(ctx)
	if err := Each(ctx, r, patientText, nil, func(Row) error { return nil }); err != nil {
		return err
	}
	return do(r)
}

// write runs do in a transaction, again when the database says that it lost a race. A connection that breaks before the commit was sent
// leaves nothing behind, so another one is tried once; after it, the outcome is unknown and the caller hears so.
func (d *postgresDB) write(ctx context.Context, do func(*Tx) error) (*Tx, error) {
	place, err := awaited(ctx, d.writing, d.closing, d.wait)
	if err != nil {
		return nil, err
	}
	defer func() { d.writing <- place }()
	lease, err := d.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if lease != nil {
			lease.Release()
		}
	}()
	replaced := false
	for try := 1; ; try++ {
		tx, err := attempt(ctx, lease.Conn(), do)
		if err == nil || ctx.Err() != nil || errors.Is(err, ErrUnknown) || try == retries {
			return tx, err
		}
		switch {
		case lease.Conn().IsClosed():
			if replaced {
				return nil, err
			}
			replaced = true
			if lease, err = d.replace(ctx, lease); err != nil {
				return nil, err
			}
		case !transient(err):
			return nil, err
		default:
			pause(ctx, try)
		}
	}
}

// pause lets those who were in each other's way try again at different moments.
func pause(ctx context.Context, try int) {
	timer := time.NewTimer(rand.N(pauseUnit << try))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// attempt runs do once, in a transaction that leaves nothing on the connection.
func attempt(ctx context.Context, conn *pgx.Conn, do func(*Tx) error) (*Tx, error) {
	s := &pgSession{pgReader: pgReader{conn: conn}}
	tx := &Tx{session: s}
	s.queue("BEGIN ISOLATION LEVEL READ COMMITTED", nil)
	err := errGone
	defer func() {
		if err != nil { // also when the goroutine ends in the middle
			s.rollback(ctx)
		}
	}()
	tx.run(do, func(failed error) { err = failed })
	if err == nil {
		err = s.commit(ctx)
	}
	if err != nil {
		return nil, err
	}
	return tx, nil
}

func (d *postgresDB) announce() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// tell wakes other processes, at most every 20 ms: a notification in each transaction would take three quarters of the commits. What is
// left at the end is told before it.
func (d *postgresDB) tell() {
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.changed:
		case <-d.closing:
			select {
			case <-d.changed:
				_ = d.notify()
			default:
			}
			return
		}
		if d.notify() != nil {
			d.announce()
		}
		select {
		case <-tick.C:
		case <-d.closing:
		}
	}
}

func (d *postgresDB) notify() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := d.pool.Exec(ctx, "SELECT pg_notify($1, $2)", announceName, d.schema)
	return err
}

// watch listens, and listens again a second after the connection was lost. What was missed in between is made good by a signal.
func (d *postgresDB) watch(ctx context.Context, wake func()) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-d.closing:
			stop()
		case <-ctx.Done():
		}
	}()
	for ctx.Err() == nil {
		d.listen(ctx, wake)
		timer := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// listen takes a connection for good: it is not one of those that reads and writes share.
func (d *postgresDB) listen(ctx context.Context, wake func()) {
	raw, err := pgx.ConnectConfig(ctx, d.pool.Config().ConnConfig)
	if err != nil {
		return
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = raw.Close(end)
	}()
	if _, err := raw.Exec(ctx, "LISTEN "+announceName); err != nil {
		return
	}
	wake()
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

// alone runs do while no other process does the same on this schema. The lock belongs to a connection, so it goes with the process.
func (d *postgresDB) alone(ctx context.Context, do func() error) error {
	raw, err := pgx.ConnectConfig(ctx, d.pool.Config().ConnConfig)
	if err != nil {
		return unavailable(err)
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = raw.Close(end)
	}()
	if _, err := raw.Exec(ctx, "SET lock_timeout = 0"); err != nil {
		return explain("lock_timeout", err)
	}
	if _, err := raw.Exec(ctx, "SELECT pg_advisory_lock($1, hashtext($2))", migrationLock, d.schema); err != nil {
		return explain("pg_advisory_lock", err)
	}
	return do()
}

func (d *postgresDB) close() error {
	d.once.Do(func() {
		close(d.closing)
		d.told.Wait()
		d.pool.Close()
	})
	return nil
}
