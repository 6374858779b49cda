package files

import (
	"context"
	"fmt"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// MaxPerRecord is how many files a record may have.
const MaxPerRecord = 1_000

// File is a row: a content at a record. Object, Record and Field say where; Field is empty for what is attached to the record as a whole.
type File struct {
	ID        ident.ID
	Hash      string // of the content
	Name      string // as CleanName gives it
	Type      string // as Sniff and Refine give it, never what a browser claims
	Size      int64  // bytes
	Object    string
	Record    ident.ID
	Field     string
	CreatedAt time.Time // to the microsecond, UTC
	CreatedBy ident.ID
	Deleted   time.Time // zero for a file that is there
}

// Tables gives the statements that make the table and its indexes. Times are microseconds since 1970.
func Tables(d *db.Dialect) []string {
	number, words := " "+d.Int+" NOT NULL", " "+d.Text+" NOT NULL"
	return []string{
		"CREATE TABLE file (id " + d.Key + ", hash" + words + ", name" + words + ", type" + words + ", size" + number + ", object" + words +
			", record" + number + ", field" + words + ", created_at" + number + ", created_by" + number + ", deleted" + number + ")",
		"CREATE INDEX file_by_record ON file (object, record, id)",
		"CREATE INDEX file_by_hash ON file (hash)",
		"CREATE INDEX file_deleted ON file (deleted) WHERE deleted > 0",
	}
}

// columns are in the order of row and fileOf.
var columns = []string{"id", "hash", "name", "type", "size", "object", "record", "field", "created_at", "created_by", "deleted"}

const columnList = "id, hash, name, type, size, object, record, field, created_at, created_by, deleted"

// Add writes a row for a content that Put has given, and gives it back as written: with a clean name. A record that has MaxPerRecord files
// takes no more.
func Add(ctx context.Context, tx *db.Tx, f File) (File, error) {
	name, err := CleanName(f.Name)
	if err != nil {
		return File{}, err
	}
	f.Name, f.CreatedAt, f.Deleted = name, f.CreatedAt.UTC().Truncate(time.Microsecond), time.Time{}
	if !isHash(f.Hash) || f.Size < 0 || f.ID.IsZero() || f.Object == "" {
		return File{}, fmt.Errorf("add file %s of %s %s: no key, no hash or no object", f.ID, f.Object, f.Record)
	}
	row, _, err := db.One(ctx, tx, "SELECT count(*) FROM file WHERE object = $1 AND record = $2 AND deleted = 0", f.Object, int64(f.Record))
	if err != nil {
		return File{}, fmt.Errorf("count files of %s %s: %w", f.Object, f.Record, err)
	}
	if row.Int(0) >= MaxPerRecord {
		return File{}, fault.New(fault.Invalid, "value.too_many", "max", MaxPerRecord)
	}
	err = tx.Insert(ctx, "file", columns, [][]any{{
		int64(f.ID), f.Hash, f.Name, f.Type, f.Size, f.Object, int64(f.Record), f.Field, f.CreatedAt.UnixMicro(), int64(f.CreatedBy), int64(0),
	}})
	if err != nil {
		return File{}, fmt.Errorf("add file %s: %w", f.ID, err)
	}
	return f, nil
}

// Of gives the files of a record, oldest first, without the deleted ones.
func Of(ctx context.Context, q db.Querier, object string, record ident.ID) ([]File, error) {
	var list []File
	err := db.Each(ctx, q, "SELECT "+columnList+" FROM file WHERE object = $1 AND record = $2 AND deleted = 0 ORDER BY id LIMIT $3",
		[]any{object, int64(record), MaxPerRecord}, func(r db.Row) error {
			list = append(list, fileOf(r))
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("list files of %s %s: %w", object, record, err)
	}
	return list, nil
}

// Get gives a file, also a deleted one. One that is not there is NotFound. Whether the caller may see its record is for the caller to ask.
func Get(ctx context.Context, q db.Querier, id ident.ID) (File, error) {
	row, found, err := db.One(ctx, q, "SELECT "+columnList+" FROM file WHERE id = $1", int64(id))
	if err != nil {
		return File{}, fmt.Errorf("get file %s: %w", id, err)
	}
	if !found {
		return File{}, fault.New(fault.NotFound, "file.missing")
	}
	return fileOf(row), nil
}

// Delete takes a file off its record; Restore can bring it back until Expire. One that is not there, or is deleted already, is NotFound.
func Delete(ctx context.Context, tx *db.Tx, id ident.ID, at time.Time) error {
	return mark(ctx, tx, "UPDATE file SET deleted = $2 WHERE id = $1 AND deleted = 0", id, max(at.UnixMicro(), 1))
}

// Restore brings back a deleted file. One that is not deleted is NotFound.
func Restore(ctx context.Context, tx *db.Tx, id ident.ID) error {
	return mark(ctx, tx, "UPDATE file SET deleted = 0 WHERE id = $1 AND deleted > 0", id)
}

// Purge removes a row for good, as when a person's data is erased; Collect then takes the content when no other row names it.
func Purge(ctx context.Context, tx *db.Tx, id ident.ID) error {
	return mark(ctx, tx, "DELETE FROM file WHERE id = $1", id)
}

func mark(ctx context.Context, tx *db.Tx, text string, id ident.ID, more ...any) error {
	n, err := tx.Exec(ctx, text, append([]any{int64(id)}, more...)...)
	if err != nil {
		return fmt.Errorf("change file %s: %w", id, err)
	}
	if n == 0 {
		return fault.New(fault.NotFound, "file.missing")
	}
	return nil
}

// Expire removes for good the rows that were deleted before a time, and says how many. It takes at most 1,000 at once, so that no transaction
// grows long: call it again while it gives 1,000.
func Expire(ctx context.Context, tx *db.Tx, before time.Time) (int64, error) {
	n, err := tx.Exec(ctx, "DELETE FROM file WHERE id IN (SELECT id FROM file WHERE deleted > 0 AND deleted < $1 LIMIT 1000)", before.UnixMicro())
	if err != nil {
		return 0, fmt.Errorf("expire files: %w", err)
	}
	return n, nil
}

func fileOf(r db.Row) File {
	f := File{
		ID: ident.ID(r.Int(0)), Hash: r.Text(1), Name: r.Text(2), Type: r.Text(3), Size: r.Int(4), Object: r.Text(5),
		Record: ident.ID(r.Int(6)), Field: r.Text(7), CreatedAt: time.UnixMicro(r.Int(8)).UTC(), CreatedBy: ident.ID(r.Int(9)),
	}
	if at := r.Int(10); at > 0 {
		f.Deleted = time.UnixMicro(at).UTC()
	}
	return f
}
