package record

import (
	"context"
	"sort"
	"sync"

	"ashna/engine/db"
	"ashna/engine/meta"
)

// counters know roughly how many live rows each owner, team, branch and indexed choice or link has. They are counted in the background and
// serve the planner of lists only.
type counters struct {
	mu      sync.RWMutex
	objects map[string]*objectCount
}

type objectCount struct {
	last   int64 // seq of the log when counted
	live   int64
	keys   map[string]map[any]int64
	ranges map[string][]int64 // column to the borders of a hundred equal parts
}

func newCounters() *counters { return &counters{objects: map[string]*objectCount{}} }

func (c *counters) of(object string) *objectCount {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.objects[object]
}

// Live gives the live records of an object.
func (c *counters) Live(object string) (int64, bool) {
	o := c.of(object)
	if o == nil {
		return 0, false
	}
	return o.live, true
}

// Rows gives the live records with a key in a column.
func (c *counters) Rows(object, column string, key any) (int64, bool) {
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
func (c *counters) Below(object, column string, value int64) (float64, bool) {
	o := c.of(object)
	if o == nil || len(o.ranges[column]) == 0 {
		return 0, false
	}
	borders := o.ranges[column]
	i := sort.Search(len(borders), func(i int) bool { return borders[i] >= value })
	return float64(i) / float64(len(borders)), true
}

// Shares is not counted: a share is rare beside what roles give.
func (c *counters) Shares(string, []int64) (int64, bool) { return 0, false }

const (
	maxCountedKeys = 5_000 // values of one column that are told apart
	recountShare   = 50    // an object is counted again when one in so many of its rows changed
)

// refresh counts the objects that changed much since they were counted.
func (c *counters) refresh(ctx context.Context, e *Engine) {
	for _, entity := range e.Catalog().Entities {
		if ctx.Err() != nil {
			return
		}
		if entity.Small {
			continue
		}
		if err := c.count(ctx, e, entity); err != nil {
			e.log.Debug("count rows", "object", entity.Name, "err", err)
		}
	}
}

func (c *counters) count(ctx context.Context, e *Engine, entity *meta.Entity) error {
	return e.db.Read(ctx, func(q db.Querier) error {
		row, _, err := db.One(ctx, q, "SELECT coalesce(max(seq), 0) FROM changes")
		if err != nil {
			return err
		}
		if old := c.of(entity.Name); old != nil && row.Int(0)-old.last < max(old.live/recountShare, 1_000) {
			return nil
		}
		fresh := &objectCount{last: row.Int(0), keys: map[string]map[any]int64{}, ranges: map[string][]int64{}}
		for _, column := range countedColumns(entity) {
			keys, err := countKeys(ctx, q, entity, column)
			if err != nil {
				return err
			}
			if keys != nil {
				fresh.keys[column] = keys
			}
		}
		for _, n := range fresh.keys[meta.FieldOwner] {
			fresh.live += n
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.objects[entity.Name] = fresh
		return nil
	})
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

// countKeys counts the rows of each key; nil when there are too many to tell apart.
func countKeys(ctx context.Context, q db.Querier, entity *meta.Entity, column string) (map[any]int64, error) {
	keys := map[any]int64{}
	err := db.Each(ctx, q, "SELECT "+column+", count(*) FROM "+entity.Table()+" WHERE deleted = 0 GROUP BY "+column, nil, func(r db.Row) error {
		if len(keys) < maxCountedKeys || column == meta.FieldOwner {
			keys[r[0]] = r.Int(1)
		}
		return nil
	})
	return keys, err
}
