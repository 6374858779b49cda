// Package tally knows, roughly and from memory, how many records there are: for the planner of lists and for searches. What it does not know,
// or has wrong, costs time and never changes an answer.
package tally

import (
	"context"
	"fmt"
	"log/slog"
	"sort"
	"sync"
	"time"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/formula"
)

// Counters know roughly how many live rows each owner, team, branch and indexed choice has, and how the values of indexed numbers, days and
// moments lie. They are counted in the background and serve the planner of lists only.
type Counters struct {
	mu      sync.RWMutex
	objects map[string]*objectCount
}

type objectCount struct {
	last   int64 // seq of the log when counted
	live   int64
	keys   map[string]map[any]int64
	ranges map[string]spread
}

// spread is how the values of a column lie: the borders of equal parts, and the share of live rows that have a value.
type spread struct {
	borders []int64
	filled  float64
}

// New makes counters that know nothing yet.
func New() *Counters { return &Counters{objects: map[string]*objectCount{}} }

func (c *Counters) of(object string) *objectCount {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.objects[object]
}

// Live gives the live records of an object.
func (c *Counters) Live(object string) (int64, bool) {
	o := c.of(object)
	if o == nil {
		return 0, false
	}
	return o.live, true
}

// Rows gives the live records with a key in a column.
func (c *Counters) Rows(object, column string, key any) (int64, bool) {
	o := c.of(object)
	if o == nil {
		return 0, false
	}
	keys, known := o.keys[column]
	if !known {
		return 0, false
	}
	return keys[key], true
}

// Below gives the share of live records below a value.
func (c *Counters) Below(object, column string, value int64) (float64, bool) {
	o := c.of(object)
	if o == nil || len(o.ranges[column].borders) == 0 {
		return 0, false
	}
	s := o.ranges[column]
	i := sort.Search(len(s.borders), func(i int) bool { return s.borders[i] >= value })
	return float64(i) / float64(len(s.borders)) * s.filled, true
}

// Shares is not counted: a share is rare beside what roles give.
func (c *Counters) Shares(string, []int64) (int64, bool) { return 0, false }

// Visible gives how many live records of an object are among rows, those that are shared aside; some may be counted twice.
func (c *Counters) Visible(object string, rows access.Rows) int64 {
	var n int64
	add := func(column string, keys ...int64) {
		for _, key := range keys {
			if rows, known := c.Rows(object, column, key); known {
				n += rows
			}
		}
	}
	if rows.Me != 0 {
		add(meta.FieldOwner, rows.Me)
	}
	add(meta.FieldTeam, rows.Teams...)
	add(meta.FieldBranch, rows.Branches...)
	return n
}

const (
	countEvery     = 30 * time.Second
	countTime      = 20 * time.Second // one object may take so long; then what was known stays
	maxCountedKeys = 5_000            // values of one column that are told apart
	recountShare   = 50               // an object is counted again when one in so many of its rows changed
	recountLeast   = 500              // and at least so many
	recountLook    = 200_000          // changes that are looked at; after more, everything is counted
	rangeParts     = 100
)

// Run counts until ctx ends, on connections for reading; failures are told to log and made good the next time. The catalog is asked for
// before each count.
func (c *Counters) Run(ctx context.Context, d *db.DB, catalog func() *meta.Catalog, log *slog.Logger) {
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	for {
		if err := c.Refresh(ctx, d, catalog()); err != nil && ctx.Err() == nil {
			log.Debug("count rows", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Refresh counts the objects that changed much since they were counted. Its error is the last failure; what was known then stays.
func (c *Counters) Refresh(ctx context.Context, d *db.DB, catalog *meta.Catalog) error {
	var failed error
	for _, entity := range catalog.Entities {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if entity.Small {
			continue
		}
		if err := c.count(ctx, d, entity); err != nil {
			failed = fmt.Errorf("count %s: %w", entity.Name, err)
		}
	}
	return failed
}

// count counts one object, unless little changed.
func (c *Counters) count(ctx context.Context, d *db.DB, entity *meta.Entity) error {
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	return d.Read(ctx, func(q db.Querier) error {
		row, _, err := db.One(ctx, q, "SELECT coalesce(max(seq), 0) FROM changes")
		if err != nil {
			return err
		}
		last := row.Int(0)
		if old := c.of(entity.Name); old != nil {
			changed, err := changedSince(ctx, q, entity.Name, old.last, last)
			if err != nil || changed < max(old.live/recountShare, recountLeast) {
				return err
			}
		}
		fresh, err := countObject(ctx, q, entity)
		if err != nil {
			return err
		}
		fresh.last = last
		c.mu.Lock()
		defer c.mu.Unlock()
		c.objects[entity.Name] = fresh
		return nil
	})
}

// changedSince says how many changes of an object the log has between two places.
func changedSince(ctx context.Context, q db.Querier, object string, from, to int64) (int64, error) {
	if to-from < recountLeast || to-from > recountLook {
		return to - from, nil
	}
	row, _, err := db.One(ctx, q, "SELECT count(*) FROM changes WHERE seq > $1 AND seq <= $2 AND object = $3", from, to, object)
	if err != nil {
		return 0, err
	}
	return row.Int(0), nil
}

func countObject(ctx context.Context, q db.Querier, entity *meta.Entity) (*objectCount, error) {
	o := &objectCount{keys: map[string]map[any]int64{}, ranges: map[string]spread{}}
	for _, column := range countedColumns(entity) {
		keys, total, err := countKeys(ctx, q, entity, column)
		if err != nil {
			return nil, err
		}
		if keys != nil {
			o.keys[column] = keys
		}
		if column == meta.FieldOwner {
			o.live = total
		}
	}
	for _, a := range entity.Fields {
		if !ranged(a) {
			continue
		}
		s, err := spreadOf(ctx, q, entity, a.Key, o.live)
		if err != nil {
			return nil, err
		}
		o.ranges[a.Key] = s
	}
	return o, nil
}

func countedColumns(entity *meta.Entity) []string {
	columns := []string{meta.FieldOwner, meta.FieldTeam, meta.FieldBranch}
	for _, a := range entity.Fields {
		if _, ok := a.Kind.(meta.ChoiceKind); ok && a.Indexed() && !a.System {
			columns = append(columns, a.Key)
		}
	}
	return columns
}

// ranged says whether filters ask for ranges of a field and an index has its values in order.
func ranged(a *meta.Attr) bool {
	switch a.Formula().Kind {
	case formula.Number, formula.Date, formula.Moment:
		return a.Indexed() && a.Name != meta.FieldChangedAt
	}
	return false
}

// countKeys counts the rows of each key, nil when there are too many to tell apart, and all rows.
func countKeys(ctx context.Context, q db.Querier, entity *meta.Entity, column string) (keys map[any]int64, total int64, err error) {
	keys = map[any]int64{}
	err = db.Each(ctx, q, "SELECT "+column+", count(*) FROM "+entity.Table()+" WHERE deleted = 0 GROUP BY "+column, nil, func(r db.Row) error {
		total += r.Int(1)
		if len(keys) <= maxCountedKeys {
			keys[r[0]] = r.Int(1)
		}
		return nil
	})
	if len(keys) > maxCountedKeys {
		keys = nil
	}
	return keys, total, err
}

// spreadOf reads every hundredth part of a column in the order of its index.
func spreadOf(ctx context.Context, q db.Querier, entity *meta.Entity, column string, live int64) (spread, error) {
	where := " FROM " + entity.Table() + " WHERE deleted = 0 AND " + column + " IS NOT NULL"
	row, _, err := db.One(ctx, q, "SELECT count(*)"+where)
	if err != nil || row.Int(0) == 0 || live == 0 {
		return spread{}, err
	}
	s := spread{filled: min(float64(row.Int(0))/float64(live), 1)}
	step := max(row.Int(0)/rangeParts, 1)
	text := "SELECT v FROM (SELECT " + column + " AS v, row_number() OVER (ORDER BY " + column + ") AS n" + where + ") AS x WHERE n % $1 = 0 ORDER BY v"
	err = db.Each(ctx, q, text, []any{step}, func(r db.Row) error {
		s.borders = append(s.borders, r.Int(0))
		return nil
	})
	return s, err
}
