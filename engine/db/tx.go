package db

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// Tx is a transaction. It is used by one goroutine and not after the function that got it returned. The first error of a statement ends it
// on both databases: later statements give the same error, and nothing is committed. Try limits that to a part.
type Tx struct {
	session
	after []func()
	err   error // what ended the transaction
	tries int   // calls of Try that are open
}

// session is what each database brings to a transaction.
type session interface {
	Querier
	exec(ctx context.Context, text string, args []any) (int64, error)
	later(ctx context.Context, text string, args []any) error
	flush(ctx context.Context) error
	discard() // forgets what was put off
	insert(ctx context.Context, table string, columns []string, rows [][]any) error
}

// errEnded is what statements give after the function of the transaction returned.
var errEnded = errors.New("the transaction has ended")

// errGone is what a write gives when its goroutine ended in the middle of it.
var errGone = errors.New("the goroutine of the transaction ended")

// Query runs a statement that answers with rows; the caller closes them.
func (t *Tx) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	if err := t.ready(text, args); err != nil {
		return nil, err
	}
	rows, err := t.session.Query(ctx, text, args...)
	if err != nil {
		return nil, t.fail(err)
	}
	rows.tx = t
	return rows, nil
}

// Exec runs a statement and says how many rows it changed.
func (t *Tx) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	if err := t.ready(text, args); err != nil {
		return 0, err
	}
	n, err := t.session.exec(ctx, text, args)
	return n, t.fail(err)
}

// Later runs a statement whose result nobody needs. Where a round trip costs, it travels together with the next statement or with the
// commit, so its error may come from those. The arguments must not be changed until then.
func (t *Tx) Later(ctx context.Context, text string, args ...any) error {
	if err := t.ready(text, args); err != nil {
		return err
	}
	return t.fail(t.session.later(ctx, text, args))
}

// Flush runs what Later has put off, so that its errors come now.
func (t *Tx) Flush(ctx context.Context) error {
	if t.err != nil {
		return t.err
	}
	return t.fail(t.session.flush(ctx))
}

// Insert writes many rows of one table, each with a value for every column. Like Later it may put off the work.
func (t *Tx) Insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	for i, row := range rows {
		if len(row) != len(columns) {
			return t.fail(fmt.Errorf("insert into %s: row %d has %d values for %d columns", table, i, len(row), len(columns)))
		}
		if err := t.ready(table, row); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return t.err
	}
	return t.fail(t.session.insert(ctx, table, columns, rows))
}

// Try runs do so that its failure, or that of a statement in it, undoes only what it did, and the transaction goes on. It gives the error of
// do. When not even that can be undone, the transaction has ended, and statements after it say so.
func (t *Tx) Try(ctx context.Context, do func() error) error {
	t.tries++
	defer func() { t.tries-- }()
	name, after := fmt.Sprintf("try%d", t.tries), len(t.after)
	if _, err := t.Exec(ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	err := do()
	if err == nil {
		err = t.Flush(ctx)
	}
	if err == nil {
		_, err = t.Exec(ctx, "RELEASE SAVEPOINT "+name)
		return err
	}
	t.after = t.after[:after]
	t.session.discard()
	if _, undo := t.Exec(ctx, "ROLLBACK TO SAVEPOINT "+name); undo != nil {
		return errors.Join(err, undo)
	}
	if _, undo := t.Exec(ctx, "RELEASE SAVEPOINT "+name); undo != nil {
		return errors.Join(err, undo)
	}
	return err
}

// After calls do when the transaction is committed, in the goroutine that called Write and before Write returns: do must be quick and
// touch no database.
func (t *Tx) After(do func()) { t.after = append(t.after, do) }

func (t *Tx) committed() {
	for _, do := range t.after {
		do()
	}
}

// ready refuses a statement of a transaction that failed or ended, and values that are not ours.
func (t *Tx) ready(text string, args []any) error {
	if t.err != nil && t.err != errEnded && returns(text) {
		t.err = nil
	}
	if t.err != nil {
		return t.err
	}
	if controls(text) {
		return t.fail(fmt.Errorf("run %q: a transaction begins and ends with its function", short(text)))
	}
	return t.fail(checkArgs(text, args))
}

// fail remembers the first error and passes its argument on.
func (t *Tx) fail(err error) error {
	if err != nil && t.err == nil {
		t.err = err
	}
	return err
}

// run calls do and closes the transaction to later use. A panic becomes an error, so that the transaction is undone and the process lives
// on; so does the end of the goroutine, which only report hears about.
func (t *Tx) run(do func(*Tx) error, report func(error)) {
	err := errGone
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in a transaction: %v\n%s", r, debug.Stack())
		}
		if err == nil {
			err = t.err
		}
		t.err = errEnded
		report(err)
	}()
	err = do(t)
}
