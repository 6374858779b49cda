package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"ashna/engine/db"
	"ashna/kit/fault"
)

// Write writes an archive of a workspace that goes on running: all rows are those of one moment. files may be nil when there are none.
// Memory stays small whatever the size. A content that cannot be read does not stop the rest: see Missing of Summary. After an error what
// was written is no archive, and Read and Verify refuse it.
func Write(ctx context.Context, d *db.DB, files FileSource, w io.Writer, info Info) (Summary, error) {
	if files != nil {
		release, err := files.Hold()
		if err != nil {
			return Summary{}, fmt.Errorf("hold the files: %w", err)
		}
		defer release()
	}
	a, err := newArchive(w, info.Created)
	if err != nil {
		return Summary{}, err
	}
	b := &writer{archive: a, files: files}
	if err := d.Snapshot(ctx, func(q db.Querier) error { return b.write(ctx, q, info) }); err != nil {
		return Summary{}, fmt.Errorf("write backup: %w", err)
	}
	s := b.index.summary()
	s.Hash, s.Bytes, err = a.close()
	return s, err
}

// Digests gives the count and the digest of the rows of tables, as they stand in the summary of an archive: equal rows have an equal digest, in
// any order and on any database.
func Digests(ctx context.Context, q db.Querier, tables []Table) ([]TableSum, error) {
	var sums []TableSum
	for _, t := range tables {
		var sum digest
		var row []byte
		err := eachRow(ctx, q, t, func(values db.Row) (err error) {
			if row, err = appendRow(row[:0], values); err == nil {
				sum.add(row)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("digest table %s: %w", t.Name, err)
		}
		sums = append(sums, sum.sum(t.Name))
	}
	return sums, nil
}

func eachRow(ctx context.Context, q db.Querier, t Table, do func(db.Row) error) error {
	return db.Each(ctx, q, "SELECT "+strings.Join(t.Columns, ", ")+" FROM "+t.Name, nil, do)
}

type writer struct {
	archive *archive
	files   FileSource
	index   index
}

func (b *writer) write(ctx context.Context, q db.Querier, info Info) error {
	tables, err := plan(ctx, q, info.Tables)
	if err != nil {
		return err
	}
	m := Manifest{Format: Format, Program: info.Program, Schema: info.Schema, Created: info.Created.UTC(), Tables: tables, Extra: info.Extra}
	if err := b.manifest(m); err != nil {
		return err
	}
	for _, t := range tables {
		if err := b.table(ctx, q, t); err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	if b.files != nil {
		if err := b.files.Named(ctx, q, func(hash string, _ int64) error { return b.file(ctx, hash) }); err != nil {
			return fmt.Errorf("files: %w", err)
		}
	}
	b.index.Members = b.archive.members.sum()
	return b.json("index.json", b.index)
}

func (b *writer) manifest(m Manifest) error {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	if len(text) > maxManifest {
		return fmt.Errorf("the manifest has %d bytes, more than %d", len(text), maxManifest)
	}
	if err := b.archive.add(manifestName, text); err != nil {
		return err
	}
	return b.archive.add(manifestSum, sumOf(text))
}

// sumOf is the content of manifest.sha256, as the tool sha256sum reads it.
func sumOf(manifest []byte) []byte {
	return fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(manifest), manifestName)
}

func (b *writer) json(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return b.archive.add(name, text)
}

// table writes the rows of a table, a chunk at a time.
func (b *writer) table(ctx context.Context, q db.Querier, t Table) error {
	var sum digest
	chunk := make([]byte, 0, chunkSize+chunkSize/4)
	number := 0
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		number++
		err := b.archive.add(chunkName(t.Name, number), seal(chunk))
		chunk = chunk[:0]
		return err
	}
	err := eachRow(ctx, q, t, func(values db.Row) error {
		before := len(chunk)
		var err error
		if chunk, err = appendRow(chunk, values); err != nil {
			return err
		}
		if len(chunk)-before > maxChunk-chunkSize-sha256.Size {
			return fmt.Errorf("a row has %d bytes, too much for a backup", len(chunk)-before)
		}
		sum.add(chunk[before:])
		if len(chunk) >= chunkSize {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.index.Tables = append(b.index.Tables, sum.sum(t.Name))
	return flush()
}

// smallFile is the size up to which a content is read once, into memory.
const smallFile = 4 << 20

// file writes a content. It is read in full before its member begins, because a damaged one must not get a name it does not deserve.
func (b *writer) file(ctx context.Context, hash string) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Unavailable, "error.timeout", err)
	}
	body, size, err := b.whole(hash)
	if err != nil {
		b.index.Missing++
		if len(b.index.Lost) < maxMissing {
			b.index.Lost = append(b.index.Lost, hash)
		}
		return nil
	}
	defer func() { _ = body.Close() }()
	b.index.Files++
	b.index.FileBytes += size
	return b.archive.copy(fileName(hash), size, body)
}

// whole opens a content that matches its hash, at its start.
func (b *writer) whole(hash string) (io.ReadCloser, int64, error) {
	if !isHash(hash) {
		return nil, 0, fmt.Errorf("%.64q is no hash", hash)
	}
	f, size, err := b.files.Open(hash)
	if err != nil {
		return nil, 0, err
	}
	sum := sha256.New()
	var memory bytes.Buffer
	to := io.Writer(sum)
	if size <= smallFile {
		to = io.MultiWriter(sum, &memory)
	}
	n, err := io.Copy(to, io.LimitReader(f, size+1))
	if err == nil && (n != size || hex.EncodeToString(sum.Sum(nil)) != hash) {
		err = fmt.Errorf("content %s is damaged", hash)
	}
	if err == nil && size > smallFile {
		if _, err = f.Seek(0, io.SeekStart); err == nil {
			return f, size, nil
		}
	}
	_ = f.Close()
	return io.NopCloser(&memory), size, err
}

// plan checks the tables, fills in their columns, and puts what is linked to before what links.
func plan(ctx context.Context, q db.Querier, wanted []Table) ([]Table, error) {
	have, err := db.Columns(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	tables := slices.Clone(wanted)
	for i, t := range tables {
		columns := have[t.Name]
		if len(t.Columns) == 0 {
			tables[i].Columns = columns
		}
		for _, c := range tables[i].Columns {
			if !slices.Contains(columns, c) {
				return nil, fmt.Errorf("there is no column %s in table %s", c, t.Name)
			}
		}
	}
	if err := checkTables(tables); err != nil {
		return nil, err
	}
	links, err := db.References(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	return inOrder(tables, links), nil
}

// checkTables refuses names that could not stand in a statement, and lists without an end.
func checkTables(tables []Table) error {
	if len(tables) > maxTables {
		return fmt.Errorf("%d tables are too many", len(tables))
	}
	seen := map[string]bool{}
	for _, t := range tables {
		if !identifier.MatchString(t.Name) || seen[t.Name] {
			return fmt.Errorf("table %.80q twice, or no name", t.Name)
		}
		seen[t.Name] = true
		if len(t.Columns) == 0 || len(t.Columns) > maxColumns {
			return fmt.Errorf("table %s has %d columns", t.Name, len(t.Columns))
		}
		for i, c := range t.Columns {
			if !identifier.MatchString(c) || slices.Contains(t.Columns[:i], c) {
				return fmt.Errorf("column %.80q of table %s twice, or no name", c, t.Name)
			}
		}
	}
	return nil
}

// inOrder puts targets of links first, and keeps the order otherwise. In a circle of links some table comes before its target.
func inOrder(tables []Table, links []db.Reference) []Table {
	targets := map[string][]string{}
	for _, l := range links {
		targets[l.Table] = append(targets[l.Table], l.Target)
	}
	named := map[string]Table{}
	for _, t := range tables {
		named[t.Name] = t
	}
	sorted := make([]Table, 0, len(tables))
	begun := map[string]bool{}
	var put func(name string) // as deep as there are tables
	put = func(name string) {
		t, ok := named[name]
		if !ok || begun[name] {
			return
		}
		begun[name] = true
		for _, target := range targets[name] {
			put(target)
		}
		sorted = append(sorted, t)
	}
	for _, t := range tables {
		put(t.Name)
	}
	return sorted
}
