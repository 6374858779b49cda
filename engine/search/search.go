// Package search is the full-text index over the records of all objects: one entry for each record, found by the beginnings of its
// words in any order and by any fragment of its numbers, addresses and codes. The index decides nothing about rights: every match is
// put before the caller, whose rules look at the record itself.
//
// An entry is kept as normalised text and as tokens: the whole words, their first two and three letters, the trigrams of the parts, and
// marks of the object, owner, team and branch. A database finds entries by tokens, newest first; what tokens alone cannot tell (that
// trigrams stand next to each other) is checked on the text. So both databases answer alike, whatever their locale.
package search

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"ashna/engine/db"
)

// Entry is what a record gives to be found by. A record without words and parts can have an entry; nothing finds it.
type Entry struct {
	// ID is the key of the record, positive and unique over all objects; higher is newer.
	ID int64
	// Object is the name of the object in the catalog: lower-case letters, digits and underscores.
	Object string
	// Words is text as people wrote it, of all fields in a row: the first text.MaxWords words are found by their beginnings.
	Words string
	// Parts are e-mail addresses, digits of telephones, codes, set apart by white space: found by any fragment of three characters or
	// more. At most MaxParts characters count.
	Parts string
	// Owner, Team and Branch are the keys that Acl asks for; 0 is none.
	Owner, Team, Branch int64
}

// chunk is how many entries travel in one statement.
const chunk = 500

// Tables gives the statements that create the tables of the index where they are missing.
func Tables(d *db.Dialect) []string { return slices.Clone(d.Search.Tables) }

// Put writes entries in the place of those with the same keys, if there are any. The same key twice is an error.
func Put(ctx context.Context, tx *db.Tx, entries []Entry) error {
	ids := make([]int64, len(entries))
	for i := range entries {
		ids[i] = entries[i].ID
	}
	if err := Remove(ctx, tx, ids); err != nil {
		return err
	}
	return Add(ctx, tx, entries)
}

// Add writes entries whose keys have none: those of new records. It is the cheaper way; a key that has an entry is an error.
func Add(ctx context.Context, tx *db.Tx, entries []Entry) error {
	var m maker
	for some := range slices.Chunk(entries, chunk) {
		rows := make([]row, len(some))
		for i := range some {
			if err := checkEntry(&some[i]); err != nil {
				return err
			}
			rows[i] = m.row(&some[i])
		}
		if err := addRows(ctx, tx, rows); err != nil {
			return fmt.Errorf("add %d entries to the index: %w", len(some), err)
		}
	}
	return nil
}

func addRows(ctx context.Context, tx *db.Tx, rows []row) error {
	if tx.Dialect().Search.Window == "" {
		return write(ctx, tx, rows)
	}
	if err := markRanges(ctx, tx, rows); err != nil {
		return err
	}
	if err := write(ctx, tx, rows); err != nil {
		return err
	}
	return growRanges(ctx, tx, rows)
}

// Remove takes entries out; keys without one are no error.
func Remove(ctx context.Context, tx *db.Tx, ids []int64) error {
	d := tx.Dialect()
	for some := range slices.Chunk(ids, chunk) {
		if d.Search.Apart != "" {
			if err := tx.Later(ctx, "DELETE FROM "+d.Search.Apart+" WHERE "+d.InInts("rowid", 1), d.Ints(some)); err != nil {
				return fmt.Errorf("remove %d entries from the index: %w", len(some), err)
			}
		}
		if err := tx.Later(ctx, "DELETE FROM search_entry WHERE "+d.InInts("id", 1), d.Ints(some)); err != nil {
			return fmt.Errorf("remove %d entries from the index: %w", len(some), err)
		}
	}
	return nil
}

// checkEntry refuses what the tables could not keep apart.
func checkEntry(e *Entry) error {
	if e.ID <= 0 {
		return fmt.Errorf("entry %d of %q: a key is positive", e.ID, e.Object)
	}
	if !isName(e.Object) {
		return fmt.Errorf("entry %d: %q is not the name of an object", e.ID, e.Object)
	}
	return nil
}

// row is an entry as the tables keep it.
type row struct {
	ID     int64  `json:"id"`
	Object string `json:"object"`
	Words  string `json:"words"`
	Parts  string `json:"parts"`
	Tokens string `json:"tokens"`
}

func write(ctx context.Context, tx *db.Tx, rows []row) error {
	s := &tx.Dialect().Search
	if s.Apart == "" {
		text, err := json.Marshal(rows)
		if err != nil {
			return fmt.Errorf("encode entries: %w", err)
		}
		return tx.Later(ctx, s.Add, string(text))
	}
	entries, tokens := make([][]any, len(rows)), make([][]any, len(rows))
	for i := range rows {
		r := &rows[i]
		entries[i] = []any{r.ID, r.Object, r.Words, r.Parts}
		tokens[i] = []any{r.ID, r.Tokens}
	}
	if err := tx.Insert(ctx, "search_entry", []string{"id", "object", "words", "parts"}, entries); err != nil {
		return err
	}
	return tx.Insert(ctx, s.Apart, []string{"rowid", "tokens"}, tokens)
}
