package db

import (
	"context"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5/pgtype"
)

// cursor is the open result of a statement.
type cursor interface {
	next() (bool, error)
	row() []any   // valid until the next call
	close() error // may be called twice
}

// Rows is the result of a statement, read row by row.
type Rows struct {
	c      cursor
	tx     *Tx // told about errors, when there is one
	err    error
	closed bool
}

// Next moves to the next row; false at the end or after an error.
func (r *Rows) Next() bool {
	if r.closed {
		return false
	}
	ok, err := r.c.next()
	if err != nil {
		r.fail(err)
	}
	if err != nil || !ok {
		r.Close()
		return false
	}
	return true
}

// Row gives the current row; it is valid until the next call of Next.
func (r *Rows) Row() Row { return r.c.row() }

// Err gives the error that ended the rows, if one did.
func (r *Rows) Err() error { return r.err }

// Close ends the reading; it may be called twice.
func (r *Rows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	if err := r.c.close(); err != nil {
		r.fail(err)
	}
}

func (r *Rows) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	if r.tx != nil {
		_ = r.tx.fail(err)
	}
}

// Row is one row: int64, string, []byte and nil.
type Row []any

// Int gives the i-th value as a number, 0 when it is empty or no number.
func (r Row) Int(i int) int64 {
	n, _ := r[i].(int64)
	return n
}

// Text gives the i-th value as a text, empty when there is none.
func (r Row) Text(i int) string {
	s, _ := r[i].(string)
	return s
}

// Bytes gives the i-th value as bytes, nil when there is none. They stay valid after the row.
func (r Row) Bytes(i int) []byte {
	b, _ := r[i].([]byte)
	return b
}

// Each runs a statement and calls do with each row.
func Each(ctx context.Context, q Querier, text string, args []any, do func(Row) error) error {
	rows, err := q.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows.Row()); err != nil {
			return err
		}
	}
	return rows.Err()
}

// One runs a statement and gives a copy of its first row; false when there is none.
func One(ctx context.Context, q Querier, text string, args ...any) (Row, bool, error) {
	rows, err := q.Query(ctx, text, args...)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, false, rows.Err()
	}
	row := append(Row(nil), rows.Row()...)
	rows.Close()
	if err := rows.Err(); err != nil {
		return nil, false, err
	}
	return row, true, nil
}

// checkArgs refuses values that the two databases would not store alike.
func checkArgs(text string, args []any) error {
	for i, v := range args {
		switch v.(type) {
		case nil, int64, string, []byte, int, []int64:
		default:
			return fmt.Errorf("run %q: argument %d is %T, not int64, string, []byte or nil", short(text), i+1, v)
		}
	}
	return nil
}

// plain brings what a driver gives to the four types that rows have.
func plain(v any) any {
	switch v := v.(type) {
	case nil, int64, string, []byte:
		return v
	case int32:
		return int64(v)
	case int16:
		return int64(v)
	case int:
		return int64(v)
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case float64:
		return int64(v)
	case pgtype.Numeric:
		return plainNumeric(v)
	}
	return fmt.Sprint(v)
}

// plainNumeric makes a number of what sum and arithmetic of PostgreSQL give: whole, cut toward zero like a division. One that leaves 64
// bits becomes empty, as Clamp does. Exponents beyond 40 digits cannot fit and are not computed.
func plainNumeric(v pgtype.Numeric) any {
	if !v.Valid || v.NaN || v.InfinityModifier != pgtype.Finite || v.Int == nil || v.Exp > 40 {
		return nil
	}
	n := v.Int
	if v.Exp != 0 {
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(v.Exp, -v.Exp))), nil)
		if v.Exp > 0 {
			n = new(big.Int).Mul(n, power)
		} else {
			n = new(big.Int).Quo(n, power)
		}
	}
	if !n.IsInt64() {
		return nil
	}
	return n.Int64()
}
