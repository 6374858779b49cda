package search

import (
	"context"
	"fmt"
	"math"

	"ashna/engine/db"
)

// Question is what somebody looks for.
type Question struct {
	// Text is what the person typed: words in any order, beginnings of words, fragments of numbers and addresses. All must be found.
	Text string
	// Objects limits the search to these; none means all.
	Objects []string
	// Limit is how many hits are wanted, DefaultLimit when 0 and MaxLimit at most.
	Limit int
	// After is the key to go on from: hits have lower keys. 0 begins with the newest.
	After int64
	// Acl is given for a viewer who may see few records, all of which have one of its keys; nil looks at every match.
	Acl *Acl
}

// Acl is a hint which records a viewer may see: those with one of these owners, teams or branches. An Acl without keys means that the
// viewer may see nothing. With more than MaxKeys keys it is not used.
type Acl struct {
	Owners, Teams, Branches []int64
}

// Hit is a record that was found.
type Hit struct {
	ID     int64
	Object string
}

// The limits of an answer.
const (
	DefaultLimit = 20
	MaxLimit     = 200
	// MaxExamined is how many matches one call looks at before it gives up: a viewer who may see few of many gets fewer hits
	// than wanted and a key to go on from.
	MaxExamined = 20_000
	// maxLetters is the same for single letters, which no token serves.
	maxLetters = 5_000
)

// Visible says which of the records of an object the viewer may find, as the records are now. It is the only judge: marks in the index
// may be older than the records.
type Visible func(ctx context.Context, q db.Querier, object string, ids []int64) (map[int64]bool, error)

// Find gives the records that match, newest first, and the key to go on from: 0 when there are no more. It looks at MaxExamined matches
// at most, so there can be fewer hits than wanted, even none, and more behind them. An empty question finds nothing.
func Find(ctx context.Context, q db.Querier, question Question, visible Visible) (hits []Hit, next int64, err error) {
	asked := parse(question.Text)
	if len(asked.clauses) == 0 && len(asked.letters) == 0 || question.Acl.empty() {
		return nil, 0, nil
	}
	for _, o := range question.Objects {
		if !isName(o) {
			return nil, 0, fmt.Errorf("search in %q: not the name of an object", o)
		}
	}
	f := &finder{q: q, asked: asked, visible: visible, wanted: limit(question.Limit), most: MaxExamined}
	f.walk = walk{q: q, condition: condition(&q.Dialect().Search, &question, asked), before: question.After}
	if question.After <= 0 {
		f.walk.before = math.MaxInt64
	}
	if len(asked.clauses) == 0 {
		f.most = maxLetters
	}
	if err := f.run(ctx); err != nil {
		return nil, 0, fmt.Errorf("search: %w", err)
	}
	return f.hits, f.next, nil
}

func (a *Acl) empty() bool {
	return a != nil && len(a.Owners)+len(a.Teams)+len(a.Branches) == 0
}

func limit(n int) int {
	if n <= 0 {
		return DefaultLimit
	}
	return min(n, MaxLimit)
}

// finder collects the hits of one question.
type finder struct {
	q       db.Querier
	asked   terms
	visible Visible
	walk    walk
	wanted  int
	most    int // matches that may be examined
	hits    []Hit
	next    int64
}

// The sizes of batches: the first is a little more than wanted, each further one three times the one before.
const (
	spare    = 12
	growth   = 3
	maxBatch = 2_000
)

func (f *finder) run(ctx context.Context) error {
	examined, size := 0, f.wanted+spare
	for {
		ids, err := f.walk.step(ctx, min(size, f.most-examined))
		if err != nil {
			return err
		}
		full, err := f.take(ctx, ids)
		if err != nil || full {
			return err
		}
		examined += len(ids)
		if f.walk.done {
			return nil
		}
		if examined >= f.most {
			f.next = f.walk.before
			return nil
		}
		size = min(size*growth, maxBatch)
	}
}

// take adds what fits and may be seen; full says that there are enough.
func (f *finder) take(ctx context.Context, ids []int64) (full bool, err error) {
	if len(ids) == 0 {
		return false, nil
	}
	objects, err := f.check(ctx, ids)
	if err != nil {
		return false, err
	}
	seen, err := f.see(ctx, ids, objects)
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		if !seen[id] {
			continue
		}
		if len(f.hits) == f.wanted {
			f.next = f.hits[len(f.hits)-1].ID
			return true, nil
		}
		f.hits = append(f.hits, Hit{ID: id, Object: objects[id]})
	}
	return false, nil
}

// check reads the entries and keeps those whose texts have what is asked for, with their objects.
func (f *finder) check(ctx context.Context, ids []int64) (map[int64]string, error) {
	objects := make(map[int64]string, len(ids))
	d := f.q.Dialect()
	text := "SELECT id, object, words, parts FROM search_entry WHERE " + d.InInts("id", 1)
	err := db.Each(ctx, f.q, text, []any{d.Ints(ids)}, func(r db.Row) error {
		if f.asked.fits(r.Text(2), r.Text(3)) {
			objects[r.Int(0)] = r.Text(1)
		}
		return nil
	})
	return objects, err
}

// see asks for each object which records may be seen.
func (f *finder) see(ctx context.Context, ids []int64, objects map[int64]string) (map[int64]bool, error) {
	groups := map[string][]int64{}
	for _, id := range ids {
		if object, fits := objects[id]; fits {
			groups[object] = append(groups[object], id)
		}
	}
	seen := make(map[int64]bool, len(ids))
	for object, group := range groups {
		may, err := f.visible(ctx, f.q, object, group)
		if err != nil {
			return nil, fmt.Errorf("see %s: %w", object, err)
		}
		for _, id := range group {
			seen[id] = may[id]
		}
	}
	return seen, nil
}
