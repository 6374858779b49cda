package record

import (
	"context"
	"slices"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/query"
	"ashna/engine/row"
	"ashna/engine/search"
	"ashna/kit/ident"
)

// Hit is one record that a search found.
type Hit struct {
	Entity *meta.Entity
	ID     ident.ID
	Title  string
}

// Search finds records by words and fragments, newest first, among all objects or some, and gives the key to go on from: 0 when there are no
// more. Nobody finds a record by a field that is hidden from him.
func (e *Engine) Search(ctx context.Context, who *access.Viewer, words string, objects []*meta.Entity, limit int, after ident.ID) ([]Hit, ident.ID, error) {
	s := &seeker{engine: e, who: who, matcher: search.NewMatcher(words), titles: map[int64]Hit{}}
	question := search.Question{Text: words, Limit: limit, After: int64(after)}
	var open, narrow []*meta.Entity
	for _, entity := range who.Catalog.Entities {
		switch {
		case !who.Object(entity) || !row.Searchable(entity) || len(objects) > 0 && !slices.Contains(objects, entity):
		case who.Rows(entity, access.Read).All:
			open = append(open, entity)
		default:
			narrow = append(narrow, entity)
		}
	}
	var out []Hit
	var next int64
	err := e.db.Read(ctx, func(q db.Querier) error {
		acl, err := e.sparse(ctx, q, who, narrow)
		if err != nil {
			return err
		}
		if acl == nil {
			open, narrow = append(open, narrow...), nil
		}
		found, n, err := s.find(ctx, q, question, open, nil)
		if err != nil {
			return err
		}
		own, m, err := s.find(ctx, q, question, narrow, acl)
		if err != nil {
			return err
		}
		out, next = s.merge(found, n, own, m, limit)
		return nil
	})
	return out, ident.ID(next), err
}

// seeker is one search of a viewer.
type seeker struct {
	engine  *Engine
	who     *access.Viewer
	matcher *search.Matcher
	titles  map[int64]Hit
}

// find asks the index about some objects.
func (s *seeker) find(ctx context.Context, q db.Querier, question search.Question, objects []*meta.Entity, acl *search.Acl) ([]search.Hit, int64, error) {
	if len(objects) == 0 {
		return nil, 0, nil
	}
	question.Acl = acl
	for _, entity := range objects {
		question.Objects = append(question.Objects, entity.Name)
	}
	return search.Find(ctx, q, question, s.visible)
}

// merge puts two answers together, newest first. An answer that has more behind its key says nothing about lower keys, so the answer ends
// there.
func (s *seeker) merge(a []search.Hit, nextA int64, b []search.Hit, nextB int64, limit int) (out []Hit, next int64) {
	if limit <= 0 {
		limit = search.DefaultLimit
	}
	limit = min(limit, search.MaxLimit)
	floor := max(nextA, nextB)
	all := slices.SortedFunc(slices.Values(slices.Concat(a, b)), func(x, y search.Hit) int {
		switch {
		case x.ID > y.ID:
			return -1
		case x.ID < y.ID:
			return 1
		}
		return 0
	})
	for _, h := range all {
		if h.ID < floor {
			break
		}
		if len(out) == limit {
			return out, int64(out[limit-1].ID)
		}
		out = append(out, s.titles[h.ID])
	}
	return out, floor
}

// visible asks the records themselves which of them the viewer may see, and takes their titles along. Where the viewer may not see all that
// an object is found by, what it may see has to match.
func (s *seeker) visible(ctx context.Context, q db.Querier, object string, ids []int64) (map[int64]bool, error) {
	entity, ok := s.who.Catalog.Object(object)
	if !ok {
		return nil, nil
	}
	columns := []*meta.Attr{entity.TitleAttr}
	masked := false
	for _, a := range entity.Fields {
		switch {
		case !a.Search:
		case !s.who.Readable(a):
			masked = true
		case a != entity.TitleAttr:
			columns = append(columns, a)
		}
	}
	if !masked {
		columns = columns[:1]
	}
	l := query.List{Entity: entity, Rows: s.who.Rows(entity, access.Read), Columns: columns, Env: s.engine.formulaEnv(s.who, nil)}
	seen := make(map[int64]bool, len(ids))
	for some := range slices.Chunk(ids, query.MaxLimit) {
		rows, err := query.Get(ctx, q, l, some)
		if err != nil {
			return nil, err
		}
		for _, r := range recordsOf(entity, columns, rows) {
			r.Hide(s.who)
			entry := row.Entry(r, s.who)
			if masked && !s.matcher.Match(&entry) {
				continue
			}
			seen[int64(r.ID())] = true
			s.titles[int64(r.ID())] = Hit{Entity: entity, ID: r.ID(), Title: r.ShownTitle(s.who)}
		}
	}
	return seen, nil
}

// sparseShare says how few of the records a viewer may see for the marks of the index to help: one in so many.
const sparseShare = 50

// sparse gives the marks that find all records a viewer may see, when these are few and nothing is shared with the viewer; else nil.
func (e *Engine) sparse(ctx context.Context, q db.Querier, who *access.Viewer, entities []*meta.Entity) (*search.Acl, error) {
	var acl search.Acl
	var live, seen int64
	var names []string
	var principals []int64
	for _, entity := range entities {
		n, known := e.counters.Live(entity.Name)
		if !known {
			return nil, nil
		}
		rows := who.Rows(entity, access.Read)
		live += n
		names = append(names, entity.Name)
		principals = joined(principals, rows.Principals)
		if rows.Me != 0 {
			acl.Owners = joined(acl.Owners, []int64{rows.Me})
		}
		acl.Teams, acl.Branches = joined(acl.Teams, rows.Teams), joined(acl.Branches, rows.Branches)
		seen += e.counters.Visible(entity.Name, rows)
	}
	keys := len(acl.Owners) + len(acl.Teams) + len(acl.Branches)
	if len(entities) == 0 || keys == 0 || keys > search.MaxKeys || seen >= live/sparseShare {
		return nil, nil
	}
	shared, err := anyShared(ctx, q, names, principals)
	if err != nil || shared {
		return nil, err
	}
	return &acl, nil
}

// anyShared says whether any record of some objects is shared with any of some principals.
func anyShared(ctx context.Context, q db.Querier, objects []string, principals []int64) (bool, error) {
	for _, name := range objects {
		text := "SELECT 1 FROM record_share WHERE object = $1 AND " + q.Dialect().InInts("principal", 2) + " LIMIT 1"
		_, found, err := db.One(ctx, q, text, name, q.Dialect().Ints(principals))
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// joined gives the members of two lists, each once.
func joined(a, b []int64) []int64 {
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}
