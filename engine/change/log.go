// Package change is the log of everything that happened: one row for each record that a transaction changed, written in the same
// transaction, in the order of commits, chained by hashes. Everything that reacts to a change reads it here.
package change

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"

	"ashna/engine/db"
	"ashna/kit/ident"
)

// Op is what happened to a record.
type Op string

// The operations of the log.
const (
	Create  Op = "create"
	Update  Op = "update"
	Delete  Op = "delete"
	Restore Op = "restore"
	Purge   Op = "purge"
	Derive  Op = "derive" // a roll-up or a computed field followed another change
	Schema  Op = "schema" // the catalog changed
	Event   Op = "event"  // something happened that changed no record: a sign-in, an export, a share
)

// Via is the way a change came in.
type Via string

// The ways in.
const (
	ViaAPI      Via = "api"
	ViaUI       Via = "ui"
	ViaImport   Via = "import"
	ViaCommand  Via = "command"
	ViaWorkflow Via = "workflow"
	ViaJob      Via = "job"
	ViaSystem   Via = "system"
)

// Change is one row of the log.
type Change struct {
	Seq     int64           `json:"seq"`
	Tx      int64           `json:"tx"` // the first seq of the transaction it belongs to
	At      int64           `json:"at"` // µs since 1970
	Actor   ident.ID        `json:"actor"`
	Via     Via             `json:"via"`
	Cause   int64           `json:"cause,omitempty"` // the seq that this reacts to
	Depth   int             `json:"depth,omitempty"` // how many reactions lie between this and a person
	Object  string          `json:"object"`
	Record  ident.ID        `json:"record"`
	Version int64           `json:"version"`
	Op      Op              `json:"op"`
	Fields  json.RawMessage `json:"fields"` // {"stage": ["new", "won"]}: before and after; of an event its details
	Hash    []byte          `json:"-"`
}

// Tables makes the tables of the log.
func Tables(d *db.Dialect) []string {
	return []string{
		`CREATE TABLE changes (seq ` + d.Key + `, tx ` + d.Int + ` NOT NULL, at ` + d.Int + ` NOT NULL, actor ` + d.Int + ` NOT NULL, via ` + d.Text +
			` NOT NULL, cause ` + d.Int + ` NOT NULL, depth ` + d.Int + ` NOT NULL, object ` + d.Text + ` NOT NULL, record ` + d.Int +
			` NOT NULL, version ` + d.Int + ` NOT NULL, op ` + d.Text + ` NOT NULL, fields ` + d.Text + ` NOT NULL, hash ` + d.Bytes + ` NOT NULL)`,
		`CREATE INDEX changes_by_record ON changes (record, seq)`,
		`CREATE INDEX changes_by_object ON changes (object, seq) WHERE op IN ('schema', 'event')`,
		`CREATE TABLE reader (name ` + d.Text + ` PRIMARY KEY, seq ` + d.Int + ` NOT NULL)`,
	}
}

var columns = []string{"seq", "tx", "at", "actor", "via", "cause", "depth", "object", "record", "version", "op", "fields", "hash"}

// lockKey names the lock that puts writers of the log in a row; the schema's own number is added, so that workspaces do not wait for
// each other.
const lockText = "SELECT pg_advisory_xact_lock(4711, hashtext(current_schema()))"

// Append writes the changes of a transaction as its last statement, in the order of commits: on a database with several writers it takes
// the log's lock first, so that a number is never given before a smaller one is visible. It fills Seq, Tx and Hash.
func Append(ctx context.Context, tx *db.Tx, list []Change) error {
	return AppendIf(ctx, tx, list, "0", func(int64) error { return nil })
}

// AppendIf is Append after a last look: the scalar expression also, a number, is read together with the end of the log and put before
// check, whose error ends it before anything is written. An empty list reads and writes nothing.
func AppendIf(ctx context.Context, tx *db.Tx, list []Change, also string, check func(int64) error) error {
	if len(list) == 0 {
		return nil
	}
	if tx.Dialect().Lateral {
		if err := tx.Later(ctx, lockText); err != nil {
			return err
		}
	}
	seq, hash, seen, err := head(ctx, tx, also)
	if err != nil {
		return err
	}
	if err := check(seen); err != nil {
		return err
	}
	rows := make([][]any, len(list))
	for i := range list {
		c := &list[i]
		c.Seq, c.Tx = seq+int64(i)+1, seq+1
		c.Hash = c.sum(hash)
		hash = c.Hash
		rows[i] = c.row()
	}
	return tx.Insert(ctx, "changes", columns, rows)
}

// head reads the end of the log, and one number besides.
func head(ctx context.Context, q db.Querier, also string) (seq int64, hash []byte, seen int64, err error) {
	row, _, err := db.One(ctx, q, "SELECT h.seq, h.hash, ("+also+") FROM (SELECT 1 AS one) AS o LEFT JOIN "+
		"(SELECT seq, hash FROM changes ORDER BY seq DESC LIMIT 1) AS h ON 1 = 1")
	if err != nil {
		return 0, nil, 0, err
	}
	if row[0] == nil {
		return 0, make([]byte, sha256.Size), row.Int(2), nil
	}
	return row.Int(0), row.Bytes(1), row.Int(2), nil
}

// sum is SHA-256 over the hash before and every field of the change, each with its length before it, so that no two changes read alike.
func (c *Change) sum(before []byte) []byte {
	buf := make([]byte, 0, 256+len(c.Fields))
	buf = append(buf, before...)
	for _, n := range [...]int64{c.Seq, c.Tx, c.At, int64(c.Actor), c.Cause, int64(c.Depth), int64(c.Record), c.Version} {
		buf = append(strconv.AppendInt(buf, n, 10), ' ')
	}
	for _, s := range [...]string{string(c.Via), c.Object, string(c.Op)} {
		buf = append(strconv.AppendInt(buf, int64(len(s)), 10), ':')
		buf = append(buf, s...)
	}
	buf = append(strconv.AppendInt(buf, int64(len(c.Fields)), 10), ':')
	buf = append(buf, c.Fields...)
	sum := sha256.Sum256(buf)
	return sum[:]
}

func (c *Change) row() []any {
	fields := string(c.Fields)
	return []any{c.Seq, c.Tx, c.At, int64(c.Actor), string(c.Via), c.Cause, int64(c.Depth), c.Object, int64(c.Record), c.Version, string(c.Op), fields, c.Hash}
}

func fromRow(r db.Row) Change {
	return Change{
		Seq: r.Int(0), Tx: r.Int(1), At: r.Int(2), Actor: ident.ID(r.Int(3)), Via: Via(r.Text(4)), Cause: r.Int(5), Depth: int(r.Int(6)),
		Object: r.Text(7), Record: ident.ID(r.Int(8)), Version: r.Int(9), Op: Op(r.Text(10)), Fields: json.RawMessage(r.Text(11)),
		Hash: append([]byte(nil), r.Bytes(12)...),
	}
}

const selectColumns = "SELECT seq, tx, at, actor, via, cause, depth, object, record, version, op, fields, hash FROM changes "

// Since gives the changes after a seq, oldest first, at most limit. It is the only reader of the table that follows the log.
func Since(ctx context.Context, q db.Querier, seq int64, limit int) ([]Change, error) {
	return list(ctx, q, selectColumns+"WHERE seq > $1 ORDER BY seq LIMIT $2", seq, int64(limit))
}

// Of gives the changes of one record before a seq (0 is from the end), newest first, at most limit.
func Of(ctx context.Context, q db.Querier, record ident.ID, before int64, limit int) ([]Change, error) {
	if before == 0 {
		before = 1 << 62
	}
	return list(ctx, q, selectColumns+"WHERE record = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3", int64(record), before, int64(limit))
}

// Last gives the highest seq, 0 of an empty log.
func Last(ctx context.Context, q db.Querier) (int64, error) {
	row, _, err := db.One(ctx, q, "SELECT coalesce(max(seq), 0) FROM changes")
	if err != nil {
		return 0, err
	}
	return row.Int(0), nil
}

func list(ctx context.Context, q db.Querier, text string, args ...any) ([]Change, error) {
	var out []Change
	err := db.Each(ctx, q, text, args, func(r db.Row) error {
		out = append(out, fromRow(r))
		return nil
	})
	return out, err
}

// Broken is a place where the chain does not hold.
type Broken struct {
	Seq    int64
	Reason string
}

// Verify reads the whole log and gives the first places where it was tampered with, at most ten, and how many rows it read.
func Verify(ctx context.Context, q db.Querier) (found []Broken, rows int64, err error) {
	before := make([]byte, sha256.Size)
	last := int64(0)
	err = db.Each(ctx, q, selectColumns+"ORDER BY seq", nil, func(r db.Row) error {
		c := fromRow(r)
		rows++
		switch {
		case len(found) >= 10:
		case c.Seq != last+1:
			found = append(found, Broken{c.Seq, fmt.Sprintf("rows %d to %d are missing", last+1, c.Seq-1)})
		case string(c.sum(before)) != string(c.Hash):
			found = append(found, Broken{c.Seq, "the row does not match its hash"})
		}
		before, last = c.Hash, c.Seq
		return nil
	})
	return found, rows, err
}
