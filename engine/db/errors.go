package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"ashna/kit/fault"
)

// UniqueError says that a value occurs already where it may occur once.
type UniqueError struct {
	Table   string
	Columns []string // where the database names them
	Index   string   // where the database names it
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
	case errors.As(err, &lite):
		return explainSQLite(text, lite)
	case errors.As(err, &pg):
		return explainPostgres(text, pg)
	case fault.Of(err) != nil:
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.Unavailable, "error.timeout", err)
	case lostConnection(err):
		return fault.Wrap(fault.Unavailable, "error.unavailable", err)
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
	case sqlite3.ErrIoErr, sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrReadonly, sqlite3.ErrCantOpen:
		return fault.Wrap(fault.Unavailable, "error.unavailable", err)
	case sqlite3.ErrInterrupt:
		return fault.Wrap(fault.Unavailable, "error.timeout", err)
	}
	return fmt.Errorf("run %q: %w", short(text), err)
}

// uniqueOf reads "UNIQUE constraint failed: person.email_k, person.team".
func uniqueOf(err sqlite3.Error) error {
	u := &UniqueError{Err: err}
	_, list, _ := strings.Cut(err.Error(), "failed: ")
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
		return &UniqueError{Table: err.TableName, Index: err.ConstraintName, Err: err}
	case err.Code == "23503":
		return &ReferenceError{Err: err}
	case err.Code == "57014":
		return fault.Wrap(fault.Unavailable, "error.timeout", err)
	case err.Code == "53100":
		return fault.Wrap(fault.Full, "error.full", err)
	case strings.HasPrefix(err.Code, "08"), strings.HasPrefix(err.Code, "57P"), strings.HasPrefix(err.Code, "53"),
		err.Code == "40001", err.Code == "40P01", err.Code == "55P03", err.Code == "25006":
		return fault.Wrap(fault.Unavailable, "error.unavailable", err)
	}
	return fmt.Errorf("run %q: %w", short(text), err)
}

// lostConnection says whether a connection broke, so that the outcome may be unknown and another connection may work.
func lostConnection(err error) bool {
	var network net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &network) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || strings.Contains(err.Error(), "conn closed") ||
		strings.Contains(err.Error(), "closed pool")
}

// transient says whether PostgreSQL asks for the transaction to be run again.
func transient(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "0A000" && strings.Contains(pg.Message, "cached plan"))
}
