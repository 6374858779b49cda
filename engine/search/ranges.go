package search

import (
	"context"
	"math"
	"slices"
	"strconv"

	"ashna/engine/db"
)

// Where an index must collect every match before it can give the newest, each entry is marked with the range of keys that it lies in,
// and a search asks for the newest ranges first. The table search_range has the first key of each range but the one that begins at 0;
// it is bounded above by the next.
//
// A range is only ever begun above all entries, by a transaction that is alone in adding, so the range of a key never changes once an
// entry with it exists.

const (
	rangeSize = 16_384 // entries after which a new range begins
	rangeMark = "_r"
	lookEvery = 1_024 // one in so many entries makes its transaction look whether the last range is full
)

func rangeToken(first int64) string { return rangeMark + strconv.FormatInt(first, 10) }

// markRanges marks entries with the ranges that their keys lie in, and keeps others from beginning one until the transaction ends.
func markRanges(ctx context.Context, tx *db.Tx, rows []row) error {
	if err := tx.Later(ctx, tx.Dialect().Search.Share); err != nil {
		return err
	}
	low, high := rows[0].ID, rows[0].ID
	for i := range rows {
		low, high = min(low, rows[i].ID), max(high, rows[i].ID)
	}
	firsts := []int64{0}
	err := db.Each(ctx, tx, "SELECT first FROM search_range WHERE first <= $1 AND first >= coalesce((SELECT max(first) FROM search_range WHERE first <= $2), 0)"+
		" ORDER BY first", []any{high, low}, func(r db.Row) error {
		firsts = append(firsts, r.Int(0))
		return nil
	})
	if err != nil {
		return err
	}
	for i := range rows {
		at, found := slices.BinarySearch(firsts, rows[i].ID)
		if !found {
			at--
		}
		rows[i].Tokens += " " + rangeToken(firsts[at])
	}
	return nil
}

// growRanges begins a new range when the last one is full. It looks seldom, by the keys, so that it costs nothing in the sum.
func growRanges(ctx context.Context, tx *db.Tx, rows []row) error {
	if !slices.ContainsFunc(rows, func(r row) bool { return looks(r.ID) }) {
		return nil
	}
	row, _, err := db.One(ctx, tx, "SELECT count(*) FROM (SELECT 1 FROM search_entry WHERE id >= coalesce((SELECT max(first) FROM search_range), 0) LIMIT $1) AS e", rangeSize)
	if err != nil || row.Int(0) < rangeSize {
		return err
	}
	return beginRange(ctx, tx)
}

// looks chooses keys evenly, however their bits are filled.
func looks(id int64) bool {
	const golden = 0x9E3779B97F4A7C15
	return uint64(id)*golden < math.MaxUint64/lookEvery
}

// beginRange begins a range above all entries, unless another transaction is adding some: then a later one will.
func beginRange(ctx context.Context, tx *db.Tx) error {
	row, _, err := db.One(ctx, tx, tx.Dialect().Search.Alone)
	if err != nil || row.Int(0) == 0 {
		return err
	}
	return tx.Later(ctx, "INSERT INTO search_range (first) SELECT max(id) + 1 FROM search_entry HAVING max(id) IS NOT NULL ON CONFLICT DO NOTHING")
}

// rangesBelow gives the first keys of the ranges with keys below a bound, the newest first, at most n.
func rangesBelow(ctx context.Context, q db.Querier, before int64, n int) ([]int64, error) {
	var firsts []int64
	err := db.Each(ctx, q, "SELECT first FROM search_range WHERE first < $1 ORDER BY first DESC LIMIT $2", []any{before, n}, func(r db.Row) error {
		firsts = append(firsts, r.Int(0))
		return nil
	})
	return firsts, err
}
