package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"ashna/kit/fault"
)

// UniqueError says that a value occurs already where it may occur once.
type UniqueError struct {
	Table   string   // empty on SQLite when the index is over expressions
	Columns []string // empty when the index is over expressions
	Index   string   // on SQLite only when the index is over expressions
	Err     error
}

// Error names the table and what is unique in it.
func (e *UniqueError) Error() string {
	return fmt.Sprintf("unique %s %s%s: %v", e.Table, strings.Join(e.Columns, ","), e.Index, e.Err)
}

// Unwrap gives the error of the database.
func (e *UniqueError) Unwrap() error { return e.Err }

// ReferenceError says that a row is linked to that is not there, or that a row is removed which others link to.
type ReferenceError struct{ Err error }

// Error is the text of the database.
func (e *ReferenceError) Error() string { return "reference: " + e.Err.Error() }

// Unwrap gives the error of the database.
func (e *ReferenceError) Unwrap() error { return e.Err }

// explain turns an error of a database into one that the engine understands, and names the statement for the log.
func explain(text string, err error) error {
	if err == nil {
		return nil
	}
	var lite sqlite3.Error
	var pg *pgconn.PgError
	switch {
	case fault.Of(err) != nil:
		return err
	case errors.As(err, &lite):
		return explainSQLite(text, lite)
	case errors.As(err, &pg):
		return explainPostgres(text, pg)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return late(err)
	case lostConnection(err):
		return unavailable(err)
	}
	return fmt.Errorf("run %q: %w", short(text), err)
}

func short(text string) string {
	if len(text) > 200 {
		return text[:200] + "…"
	}
	return text
}

func explainSQLite(text string, err sqlite3.Error) error {
	switch err.Code {
	case sqlite3.ErrConstraint:
		switch err.ExtendedCode {
		case sqlite3.ErrConstraintUnique, sqlite3.ErrConstraintPrimaryKey, sqlite3.ErrConstraintRowID:
			return uniqueOf(err)
		case sqlite3.ErrConstraintForeignKey:
			return &ReferenceError{Err: err}
		}
	case sqlite3.ErrFull:
		return fault.Wrap(fault.Full, "error.full", err)
	case sqlite3.ErrIoErr:
		if err.SystemErrno == syscall.ENOSPC || err.SystemErrno == syscall.EDQUOT || err.SystemErrno == syscall.EFBIG {
			return fault.Wrap(fault.Full, "error.full", err)
		}
		return unavailable(err)
	case sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrReadonly, sqlite3.ErrCantOpen, sqlite3.ErrProtocol, sqlite3.ErrNomem:
		return unavailable(err)
	case sqlite3.ErrInterrupt:
		return late(err)
	}
	return fmt.Errorf("run %q: %w", short(text), err)
}

// uniqueOf reads "UNIQUE constraint failed: person.email_k, person.team", or "…failed: index 'person_lower'" of an index over expressions.
func uniqueOf(err sqlite3.Error) error {
	u := &UniqueError{Err: err}
	_, list, _ := strings.Cut(err.Error(), "failed: ")
	if index, ok := strings.CutPrefix(list, "index '"); ok {
		u.Index = strings.TrimSuffix(index, "'")
		return u
	}
	for _, name := range strings.Split(list, ", ") {
		table, column, ok := strings.Cut(name, ".")
		if ok {
			u.Table = table
			u.Columns = append(u.Columns, column)
		}
	}
	return u
}

func explainPostgres(text string, err *pgconn.PgError) error {
	switch {
	case err.Code == "23505":
		return &UniqueError{Table: err.TableName, Index: err.ConstraintName, Columns: columnsOf(err.Detail), Err: err}
	case err.Code == "23503":
		return &ReferenceError{Err: err}
	case err.Code == "57014":
		return late(err)
	case err.Code == "53100":
		return fault.Wrap(fault.Full, "error.full", err)
	case slices.Contains(passing, err.Code) || slices.Contains(passing, err.Code[:min(2, len(err.Code))]):
		return unavailable(err)
	}
	return fmt.Errorf("run %q: %w", short(text), err)
}

// passing are the codes of PostgreSQL, and classes of codes, after which the same may succeed later: no connection, no resources, no
// lock, a read-only server, shutdown and start, a transaction that lost a race or sat idle too long.
var passing = []string{"08", "53", "55P03", "25006", "25P03", "40", "57P01", "57P02", "57P03", "57P04", "57P05", "58030"}

// columnsOf reads the columns from the detail "Key (email_k, team)=(a, 1) already exists.", which stays so in every language. A key over
// an expression has no columns.
func columnsOf(detail string) []string {
	_, list, ok := strings.Cut(detail, "(")
	list, _, closed := strings.Cut(list, ")=(")
	if !ok || !closed || strings.ContainsAny(list, "(\"") {
		return nil
	}
	return strings.Split(list, ", ")
}

// lostConnection says whether a connection broke, so that another one may work.
func lostConnection(err error) bool {
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &network) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.As(err, &connect) || strings.Contains(err.Error(), "conn closed") ||
		strings.Contains(err.Error(), "closed pool")
}

// transient says whether PostgreSQL asks for the transaction to be run again.
func transient(err error) bool {
	var pg *pgconn.PgError
	return stale(err) || errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// stale says whether a prepared statement no longer fits its tables.
func stale(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "0A000" && strings.Contains(pg.Routine, "RevalidateCachedQuery") || pg.Code == "26000")
}
