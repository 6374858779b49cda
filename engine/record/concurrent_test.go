package record_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/testkit/enginetest"
)

const writers = 8

// together runs do in goroutines and reports their errors.
func together(w *enginetest.World, n int, do func(i int) error) {
	w.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = do(i) })
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			w.Errorf("goroutine %d: %v", i, err)
		}
	}
}

// Writers that meet at one record: its roll-ups are exact, numbers have no gap and no double, and a reader of the log misses nothing.
func TestWritersMeet(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		a := w.Create(sys, "account", record.Patch{"name": "A"})
		e := w.Entity("purchase")
		follower := &listener{w: w, name: "test.all"}
		follower.begin()
		stop := make(chan struct{})
		var reading sync.WaitGroup
		reading.Go(func() { follower.run(stop) })
		const each = 12
		together(w, writers, func(i int) error {
			for n := range each {
				err := w.Engine.Write(ctx, sys, change.ViaJob, func(tx *record.Tx) error {
					r, err := tx.Create(ctx, sys, e, record.Patch{"account": id(a), "amount": 1 + n})
					if err != nil {
						return err
					}
					if n%4 == 3 {
						return tx.Delete(ctx, sys, e, r.ID(), 0)
					}
					return nil
				})
				if err != nil {
					return fmt.Errorf("write %d: %w", n, err)
				}
			}
			return nil
		})
		close(stop)
		reading.Wait()
		got := w.Get(sys, "account", a.ID())
		count, sum := 0, 0
		for n := range each {
			if n%4 != 3 {
				count, sum = count+writers, sum+writers*(1+n)
			}
		}
		if got.Int("purchases_n") != int64(count) || got.Int("spent") != int64(sum) || got.Int("least") != 1 || got.Int("most") != each-1 ||
			got.Int("usual") != int64(sum*10000/count) || got.Int("open_n") != int64(count) {
			w.Errorf("roll-ups %s, want %d records of %d", got.AppendJSON(nil, got.Entity.Fields), count, sum)
		}
		checkNumbers(w, writers*each)
		follower.check()
		checkChain(w)
	})
}

// checkNumbers compares the numbers of the purchases with 1, 2, 3 …
func checkNumbers(w *enginetest.World, n int) {
	w.Helper()
	var numbers []string
	err := w.DB.Read(ctx, func(q db.Querier) error {
		return db.Each(ctx, q, "SELECT serial FROM purchases ORDER BY length(serial), serial", nil, func(r db.Row) error {
			numbers = append(numbers, r.Text(0))
			return nil
		})
	})
	if err != nil {
		w.Fatal(err)
	}
	for i := range n {
		if want := fmt.Sprintf("P-%d", i+1); len(numbers) != n || strings.TrimLeft(strings.TrimPrefix(numbers[i], "P-"), "0") != fmt.Sprint(i+1) {
			w.Fatalf("%d numbers, want %d; number %d, want %s: %v", len(numbers), n, i, want, numbers)
		}
	}
}

func checkChain(w *enginetest.World) {
	w.Helper()
	err := w.DB.Read(ctx, func(q db.Querier) error {
		broken, n, err := change.Verify(ctx, q)
		if err == nil && (len(broken) > 0 || n == 0) {
			err = fmt.Errorf("%d rows, broken at %v", n, broken)
		}
		return err
	})
	if err != nil {
		w.Error(err)
	}
}

// listener is a durable reader that keeps what it saw in the transaction in which its place moves, and fails now and then.
type listener struct {
	w     *enginetest.World
	name  string
	calls atomic.Int64
}

func (l *listener) begin() {
	l.w.Helper()
	for _, text := range []string{"CREATE TABLE seen (n " + l.w.DB.Dialect().Key + ", seq " + l.w.DB.Dialect().Int + " NOT NULL)"} {
		if err := l.w.DB.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(ctx, text); return err }); err != nil {
			l.w.Fatal(err)
		}
	}
	if err := change.Begin(ctx, l.w.DB, l.name); err != nil {
		l.w.Fatal(err)
	}
}

var errCrash = errors.New("crash")

func (l *listener) do(ctx context.Context, tx *db.Tx, changes []change.Change) error {
	crash := l.calls.Add(1)%3 == 0
	for _, c := range changes {
		if _, err := tx.Exec(ctx, "INSERT INTO seen (n, seq) SELECT coalesce(max(n), 0) + 1, $1 FROM seen", c.Seq); err != nil {
			return err
		}
	}
	if crash {
		return errCrash
	}
	return nil
}

func (l *listener) run(stop chan struct{}) {
	reader := change.Reader{Name: l.name, Do: l.do}
	for {
		n, err := change.Step(ctx, l.w.DB, reader)
		if err != nil && !errors.Is(err, errCrash) {
			l.w.Error(err)
			return
		}
		select {
		case <-stop:
			if n == 0 && err == nil {
				return
			}
		default:
		}
	}
}

// check compares what the reader saw with the log: each change once, in order.
func (l *listener) check() {
	l.w.Helper()
	var seen []int64
	err := l.w.DB.Read(ctx, func(q db.Querier) error {
		return db.Each(ctx, q, "SELECT seq FROM seen ORDER BY n", nil, func(r db.Row) error {
			seen = append(seen, r.Int(0))
			return nil
		})
	})
	if err != nil {
		l.w.Fatal(err)
	}
	last := l.w.Last()
	for i, seq := range seen {
		if want := last - int64(len(seen)) + int64(i) + 1; seq != want {
			l.w.Fatalf("place %d has change %d, want %d", i, seq, want)
		}
	}
	if len(seen) == 0 || seen[len(seen)-1] != last {
		l.w.Fatalf("saw %d changes, the log ends at %d", len(seen), last)
	}
}

// The same key at the same time: one does the work, all get its answer.
func TestIdempotency(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		other := w.User("o@example.com", "administrator", nil)
		e := w.Entity("account")
		once := func(who *access.Viewer, key, request string) (record.Answer, error) {
			return w.Engine.Once(ctx, who, change.ViaAPI, key, []byte(request), func(tx *record.Tx) (record.Answer, error) {
				r, err := tx.Create(ctx, who, e, record.Patch{"name": request})
				if err != nil {
					return record.Answer{}, err
				}
				return record.Answer{Status: 201, Body: []byte(id(r))}, nil
			})
		}
		answers := make([]string, writers)
		together(w, writers, func(i int) error {
			a, err := once(sys, "k", "same")
			answers[i] = fmt.Sprint(a.Status, " ", string(a.Body))
			return err
		})
		if slices.Sort(answers); answers[0] != answers[writers-1] || !strings.HasPrefix(answers[0], "201 ") {
			w.Errorf("answers %v", answers)
		}
		if n := rows(w, "accounts", "name = 'same'"); n != 1 {
			w.Errorf("%d records of one key", n)
		}
		if _, err := once(sys, "k", "another"); !fault.Is(err, fault.Conflict) {
			w.Errorf("another request with the key: %v", err)
		}
		if a, err := once(other, "k", "another"); err != nil || strings.HasSuffix(answers[0], string(a.Body)) {
			w.Errorf("the key of another person: %v %v", a, err)
		}
		if a, err := once(sys, "bad", ""); err == nil || a.Status != 0 {
			w.Errorf("a refused request: %v %v", a, err)
		}
		if a, err := once(sys, "bad", "corrected"); err != nil || a.Status != 201 {
			w.Errorf("a key whose request was refused can be used again: %v %v", a, err)
		}
		if _, err := once(sys, "", "no key"); err != nil {
			w.Error(err)
		}
		w.Clock.Advance(23 * time.Hour)
		if a, err := once(sys, "k", "same"); err != nil || !strings.HasSuffix(answers[0], string(a.Body)) {
			w.Errorf("after 23 hours: %v %v", a, err)
		}
		w.Clock.Advance(2 * time.Hour)
		if a, err := once(sys, "k", "same"); err != nil || strings.HasSuffix(answers[0], string(a.Body)) {
			w.Errorf("after 25 hours: %v %v", a, err)
		}
		w.Clock.Advance(25 * time.Hour)
		if err := w.Engine.Sweep(ctx); err != nil || rows(w, "idempotency", "1 = 1") != 0 {
			w.Errorf("sweep: %v", err)
		}
	})
}

// Who links to a record while another deletes it: either the link is refused or the deletion.
func TestLinkMeetsDeletion(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		for range 6 {
			a := w.Create(sys, "account", record.Patch{"name": "A"})
			var gone, linked atomic.Int64
			together(w, 4, func(i int) error {
				if i == 0 {
					err := remove(w, sys, a)
					if err == nil {
						gone.Add(1)
					} else if !fault.Is(err, fault.Conflict) {
						return err
					}
					return nil
				}
				err := create(w, sys, "ticket", record.Patch{"subject": "t", "account": id(a)})
				if err == nil {
					linked.Add(1)
				} else if !fault.Is(err, fault.Invalid) {
					return err
				}
				return nil
			})
			if gone.Load() > 0 && linked.Load() > 0 {
				w.Errorf("%d live records link to a deleted one", linked.Load())
			}
		}
	})
}

// The same stale version in many hands: one of them wins, nobody's change is lost unseen.
func TestLostUpdate(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		a := w.Create(sys, "account", record.Patch{"name": "A", "score": 0})
		var won atomic.Int64
		together(w, writers, func(i int) error {
			for {
				now, err := w.Engine.Get(ctx, sys, a.Entity, a.ID(), nil)
				if err != nil {
					return err
				}
				err = update(w, sys, a, record.Patch{"score": now.Int("score") + 1}, now.Version())
				if err == nil {
					won.Add(1)
					return nil
				}
				if !fault.Is(err, fault.Conflict) {
					return err
				}
			}
		})
		if got := w.Get(sys, "account", a.ID()); got.Int("score") != writers || got.Version() != writers+1 {
			w.Errorf("score %d, version %d", got.Int("score"), got.Version())
		}
	})
}

// Two engines over one database: catalogs change in both while both write; nothing is lost, and nothing is left behind by a writer that did
// not know.
func TestCatalogChangesWhileOthersWrite(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		second := w.Again()
		engines := []*enginetest.World{w, second}
		const fields, each = 6, 20
		var made atomic.Int64
		together(w, 6, func(i int) error {
			mine := engines[i%2]
			if i < 2 {
				for n := range fields {
					f := meta.Field{Name: fmt.Sprintf("c_f%d_%d", i, n), Kind: meta.TextKind{Max: 40}}
					if n%3 == 2 {
						f.Kind = meta.FormulaKind{Source: fmt.Sprintf("score * %d", 10+n+i), Result: meta.NumberKind{}}
					}
					if err := mine.Change(meta.Item{Object: "account", Field: &f}); err != nil {
						return fmt.Errorf("field %s: %w", f.Name, err)
					}
				}
				return nil
			}
			for n := range each {
				err := mine.Engine.Fresh(ctx, mine.System(), func(who *access.Viewer) error {
					e, _ := who.Catalog.Object("account")
					return mine.Engine.Write(ctx, who, change.ViaAPI, func(tx *record.Tx) error {
						_, err := tx.Create(ctx, who, e, record.Patch{"name": fmt.Sprintf("w%d %d", i, n), "score": n})
						return err
					})
				})
				if errors.Is(err, record.ErrStale) { // a second change came in between: the client asks again
					continue
				}
				if err != nil {
					return err
				}
				made.Add(1)
			}
			return nil
		})
		for _, x := range engines {
			if err := x.Engine.Refresh(ctx); err != nil {
				w.Fatal(err)
			}
		}
		if n := rows(w, "accounts", "1 = 1"); n != made.Load() || n < 4*each/2 {
			w.Errorf("%d records, %d were acknowledged of %d", n, made.Load(), 4*each)
		}
		for i := range 2 {
			for n := range fields {
				name := fmt.Sprintf("c_f%d_%d", i, n)
				if _, ok := second.Entity("account").Attr(name); !ok {
					w.Errorf("field %s is lost", name)
				} else if n%3 == 2 {
					if wrong := rows(w, "accounts", fmt.Sprintf("%s IS NULL OR %s <> score * %d", name, name, 10+n+i)); wrong > 0 {
						w.Errorf("%s is wrong in %d records", name, wrong)
					}
				}
			}
		}
		checkChain(w)
	})
}

// What one engine changes reaches the other: a field, a right, a setting; a name that it does not know yet is looked up once.
func TestOtherProcess(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		second := w.Again()
		who := second.System()
		w.MustChange(meta.Item{Object: "account", Field: &meta.Field{Name: "c_new", Kind: meta.TextKind{Max: 10}}})
		refused(w.T, "before", create(second, who, "account", record.Patch{"name": "A", "c_new": "x"}), "c_new value.unknown_field")
		runs := 0
		err := second.Engine.Fresh(ctx, who, func(who *access.Viewer) error {
			runs++
			return create(second, who, "account", record.Patch{"name": "A", "c_new": "x"})
		})
		if err != nil || runs != 2 {
			w.Errorf("%d runs: %v", runs, err)
		}
		runs = 0
		err = second.Engine.Fresh(ctx, second.System(), func(who *access.Viewer) error {
			runs++
			return create(second, who, "account", record.Patch{"name": "A", "c_none": "x"})
		})
		refused(w.T, "a field that nobody has", err, "c_none value.unknown_field")
		if runs != 1 {
			w.Errorf("%d runs", runs)
		}
		member := w.User("m@example.com", "member", nil)
		if _, err := second.Engine.Viewer(member.User, nil); err == nil {
			w.Error("the other engine knows the user before it looked")
		}
		if err := second.Engine.Refresh(ctx); err != nil {
			w.Fatal(err)
		}
		before := second.Engine.Catalog()
		if _, err := second.Engine.Viewer(member.User, nil); err != nil {
			w.Error(err)
		}
		user := w.Get(w.System(), "user", member.User)
		w.Update(w.System(), user, record.Patch{"active": false})
		if err := second.Engine.Refresh(ctx); err != nil {
			w.Fatal(err)
		}
		if _, err := second.Engine.Viewer(member.User, nil); !fault.Is(err, fault.Unauthenticated) {
			w.Errorf("a user who is no longer active: %v", err)
		}
		if second.Engine.Catalog() != before {
			w.Error("people changed, and the catalog was compiled again")
		}
	})
}
