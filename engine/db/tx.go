package db

import "context"

// Tx is a transaction. It is used by one goroutine and not after the function that got it returned.
type Tx struct {
	session
	after []func()
}

// session is what each database brings to a transaction.
type session interface {
	Querier
	exec(ctx context.Context, text string, args []any) (int64, error)
	later(ctx context.Context, text string, args []any) error
	flush(ctx context.Context) error
	insert(ctx context.Context, table string, columns []string, rows [][]any) error
}

// Exec runs a statement and says how many rows it changed.
func (t *Tx) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	return t.session.exec(ctx, text, args)
}

// Later runs a statement whose result nobody needs. Where a round trip costs, it travels together with the next statement or with the
// commit, so its error may come from those.
func (t *Tx) Later(ctx context.Context, text string, args ...any) error {
	return t.session.later(ctx, text, args)
}

// Flush runs what Later has put off, so that its errors come now.
func (t *Tx) Flush(ctx context.Context) error { return t.session.flush(ctx) }

// Insert writes many rows of one table.
func (t *Tx) Insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	return t.session.insert(ctx, table, columns, rows)
}

// After calls do when the transaction is committed, in the goroutine of the writer: do must be quick and touch no database.
func (t *Tx) After(do func()) { t.after = append(t.after, do) }

func (t *Tx) committed() {
	for _, do := range t.after {
		do()
	}
}
