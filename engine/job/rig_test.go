package job

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/kit/clock"
	"ashna/kit/ident"
	"ashna/testkit"
)

// patience is how long a test waits for something that must happen.
const patience = 20 * time.Second

// onBoth runs a test on each database, with the tables of the queue.
func onBoth(t *testing.T, test func(t *testing.T, open func(t testing.TB) *db.DB)) {
	t.Helper()
	t.Run("file", func(t *testing.T) {
		dir := t.TempDir()
		test(t, func(t testing.TB) *db.DB { return openTables(t, db.Config{Dir: dir}) })
	})
	t.Run("server", func(t *testing.T) {
		address := serverURL(t)
		test(t, func(t testing.TB) *db.DB { return openTables(t, db.Config{URL: address}) })
	})
}

// serverURL gives the address of an empty schema, in the form the engine reads.
func serverURL(t testing.TB) string {
	t.Helper()
	address, ok := testkit.PostgresURL(t)
	if !ok {
		t.Skip("PostgreSQL is off")
	}
	u, err := url.Parse(address)
	must(t, err)
	values := u.Query()
	values.Set("schema", values.Get("search_path"))
	values.Del("search_path")
	u.RawQuery = values.Encode()
	return u.String()
}

func openTables(t testing.TB, c db.Config) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), c)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	must(t, d.Write(context.Background(), func(tx *db.Tx) error {
		for _, text := range Tables(d.Dialect()) {
			if _, err := tx.Exec(context.Background(), text); err != nil {
				return err
			}
		}
		return nil
	}))
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var start = time.Date(2026, 3, 20, 20, 30, 0, 0, time.UTC)

// note is the arguments of the kinds of the tests.
type note struct {
	Text string `json:"text"`
}

// rig is a queue that a test drives turn by turn, with a clock that it sets.
type rig struct {
	*testing.T
	ctx   context.Context
	db    *db.DB
	clock *clock.Fake
	reg   *Registry
	queue *Queue
	loop  *loop
	set   Settings

	mu  sync.Mutex
	log []string // what handlers say
}

func newRig(t *testing.T, d *db.DB) *rig {
	r := &rig{T: t, ctx: context.Background(), db: d, clock: clock.NewFake(start), reg: NewRegistry()}
	r.set = Settings{Clock: r.clock, IDs: ident.NewSource(r.clock, 1), Workers: 4, Chance: func() float64 { return 0 }}
	return r
}

// twin is a second process on the same database, with the same clock and kinds.
func (r *rig) twin() *rig {
	other := newRig(r.T, r.db)
	other.clock, other.reg = r.clock, r.reg
	other.set.Clock, other.set.IDs = r.clock, ident.NewSource(r.clock, 2)
	return other
}

func (r *rig) begin() *rig {
	r.Helper()
	q, err := New(r.db, r.reg, r.set)
	must(r.T, err)
	r.queue = q
	r.loop = &loop{queue: q, first: true}
	return r
}

// kind registers a kind that notes its argument and answers what do says.
func (r *rig) kind(k Kind[note], do func(ctx context.Context, j Job, n note) error) Kind[note] {
	r.Helper()
	k.Run = func(ctx context.Context, j Job, n note) error {
		r.say(n.Text)
		if do == nil {
			return nil
		}
		return do(ctx, j, n)
	}
	must(r.T, Register(r.reg, k))
	return k
}

func (r *rig) say(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, text)
}

// heard gives what handlers said since the last call.
func (r *rig) heard() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	log := r.log
	r.log = nil
	return log
}

func (r *rig) write(do func(tx *db.Tx) error) {
	r.Helper()
	must(r.T, r.db.Write(r.ctx, do))
}

// add adds a job in a transaction of its own.
func (r *rig) add(k Kind[note], text string, o Options) ident.ID {
	r.Helper()
	var id ident.ID
	r.write(func(tx *db.Tx) (err error) {
		id, _, err = Add(r.ctx, tx, r.queue, k, note{text}, o)
		return err
	})
	return id
}

// turn runs one turn.
func (r *rig) turn() {
	r.Helper()
	must(r.T, r.loop.turn(r.ctx, false))
}

// reap waits until no handler runs.
func (r *rig) reap() {
	r.Helper()
	for len(r.queue.snapshot()) > 0 {
		select {
		case ended := <-r.queue.ended:
			r.loop.collect(ended)
		case <-time.After(patience):
			r.Fatal("a handler did not end")
		}
	}
}

// drive runs turns until nothing is due at the present instant, and gives what handlers said.
func (r *rig) drive() []string {
	r.Helper()
	for range 1_000 {
		r.turn()
		if len(r.queue.snapshot()) == 0 && len(r.loop.outcomes) == 0 {
			return r.heard()
		}
		r.reap()
	}
	r.Fatal("the queue does not come to rest")
	return nil
}

func (r *rig) get(id ident.ID) Entry {
	r.Helper()
	e, err := r.queue.Get(r.ctx, id)
	must(r.T, err)
	return e
}

func (r *rig) counts() Counts {
	r.Helper()
	c, err := r.queue.Counts(r.ctx)
	must(r.T, err)
	return c
}

// rows counts the rows of the table, in whatever state.
func (r *rig) rows() int64 {
	r.Helper()
	var n int64
	must(r.T, r.db.Read(r.ctx, func(q db.Querier) error {
		row, _, err := db.One(r.ctx, q, "SELECT count(*) FROM job")
		if err == nil {
			n = row.Int(0)
		}
		return err
	}))
	return n
}

// receive waits for a signal of a handler.
func receive[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

var errTest = errors.New("it broke")
