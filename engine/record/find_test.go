package record

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/search"
	"ashna/kit/clock"
	"ashna/kit/ident"
)

var bg = context.Background()

// engineOf opens an engine with one object of many owners.
func engineOf(t *testing.T) *Engine {
	t.Helper()
	d, err := db.Open(bg, db.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	c := clock.NewFake(time.Date(2026, 3, 21, 8, 0, 0, 0, time.UTC))
	e, err := Open(bg, Options{
		DB: d, Clock: c, IDs: ident.NewSeeded(c, 1, 1), Log: slog.New(slog.DiscardHandler), Language: "en",
		Objects: []meta.Object{{Name: "lead", Plural: "leads", Fields: []meta.Field{
			{Name: "name", Kind: meta.TextKind{Max: 40}, Search: true}, {Name: "score", Kind: meta.NumberKind{}, Index: true}, {Name: "seen_on", Kind: meta.DateKind{}},
			{Name: "stage", Kind: meta.ChoiceKind{Options: []meta.Option{{Code: "a"}, {Code: "b"}}}, Index: true},
		}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *Engine) makeFor(t *testing.T, who *access.Viewer, object string, patches ...Patch) []*Record {
	t.Helper()
	var list []*Record
	entity, _ := who.Catalog.Object(object)
	err := e.Write(bg, who, change.ViaAPI, func(tx *Tx) error {
		list = nil
		for _, p := range patches {
			r, err := tx.Create(bg, who, entity, p)
			if err != nil {
				return err
			}
			list = append(list, r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What is counted is right, is counted again when much changed, and stays when little did.
func TestCounters(t *testing.T) {
	e := engineOf(t)
	var patches []Patch
	for i := range 1_000 {
		p := Patch{"name": fmt.Sprint("lead ", i), "stage": []string{"a", "a", "b"}[i%3]}
		if i%2 == 0 {
			p["score"] = i
		}
		patches = append(patches, p)
	}
	e.makeFor(t, e.System(0), "lead", patches...)
	if _, known := e.counters.Live("lead"); known {
		t.Error("counted before it was asked to")
	}
	if err := e.counters.Refresh(bg, e.db, e.Catalog()); err != nil {
		t.Fatal(err)
	}
	if n, known := e.counters.Live("lead"); n != 1_000 || !known {
		t.Errorf("%d live", n)
	}
	if n, known := e.counters.Rows("lead", "stage", "b"); n != 333 || !known {
		t.Errorf("%d of stage b, %t", n, known)
	}
	if n, known := e.counters.Rows("lead", "stage", "none"); n != 0 || !known {
		t.Errorf("%d of no stage", n)
	}
	if _, known := e.counters.Rows("lead", "name_k", "x"); known {
		t.Error("names are counted")
	}
	for value, want := range map[int64]float64{-5: 0, 500: 0.25, 5_000: 0.5} {
		if got, known := e.counters.Below("lead", "score", value); !known || got < want-0.02 || got > want+0.02 {
			t.Errorf("below %d lie %v, want %v", value, got, want)
		}
	}
	if _, known := e.counters.Below("lead", "seen_on", 5); known {
		t.Error("a field without an index is counted")
	}
	e.makeFor(t, e.System(0), "lead", patches[:100]...)
	if err := e.counters.Refresh(bg, e.db, e.Catalog()); err != nil {
		t.Fatal(err)
	}
	if n, _ := e.counters.Live("lead"); n != 1_000 {
		t.Errorf("%d live: little changed, and all was counted again", n)
	}
	e.makeFor(t, e.System(0), "lead", patches[:450]...)
	if err := e.counters.Refresh(bg, e.db, e.Catalog()); err != nil {
		t.Fatal(err)
	}
	if n, _ := e.counters.Live("lead"); n != 1_550 {
		t.Errorf("%d live after much changed", n)
	}
	ended, cancel := context.WithCancel(bg)
	cancel()
	if e.counters.Refresh(ended, e.db, e.Catalog()) == nil {
		t.Error("counting went on after its context ended")
	}
}

// Whoever sees few records finds with the marks of the index what he finds without them.
func TestSparseSearch(t *testing.T) {
	e := engineOf(t)
	sys := e.System(0)
	role := e.makeFor(t, sys, meta.ObjectRole, Patch{"code": "own", "name": "own", "rights": `{"objects":{"*":{"rights":{"read":"team"}}}}`})[0]
	team := e.makeFor(t, sys, meta.ObjectTeam, Patch{"name": "Common team"})[0]
	user := e.makeFor(t, sys, meta.ObjectUser, Patch{"name": "Common Person", "email": "p@example.com", "active": true, "team": team.ID().String(), "roles": []any{role.ID().String()}})[0]
	sys = e.System(0)
	var patches []Patch
	for i := range 700 {
		p := Patch{"name": fmt.Sprint("Common ", i)}
		switch i {
		case 3, 300, 650:
			p["owner"] = user.ID().String()
		case 5:
			p["team"] = team.ID().String()
		}
		patches = append(patches, p)
	}
	leads := e.makeFor(t, sys, "lead", patches...)
	who, err := e.Viewer(user.ID(), nil)
	if err != nil {
		t.Fatal(err)
	}
	entity, _ := who.Catalog.Object("lead")
	sparse := func() (acl *search.Acl) {
		t.Helper()
		err := e.db.Read(bg, func(q db.Querier) (err error) {
			acl, err = e.sparse(bg, q, who, []*meta.Entity{entity})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return acl
	}
	ask := func() (titles []string) {
		t.Helper()
		after := ident.ID(0)
		for range 20 {
			hits, next, err := e.Search(bg, who, "common", nil, 2, after)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range hits {
				titles = append(titles, h.Title)
			}
			if after = next; next == 0 {
				break
			}
		}
		return titles
	}
	want := []string{"Common 650", "Common 300", "Common 5", "Common 3", "Common Person", "Common team"}
	if got := ask(); !slices.Equal(got, want) || sparse() != nil {
		t.Errorf("before counting: %v", got)
	}
	if err := e.counters.Refresh(bg, e.db, e.Catalog()); err != nil {
		t.Fatal(err)
	}
	if acl := sparse(); acl == nil || len(acl.Owners) != 1 || len(acl.Teams) != 1 {
		t.Fatalf("marks %+v", acl)
	}
	if got := ask(); !slices.Equal(got, want) {
		t.Errorf("with marks: %v, want %v", got, want)
	}
	err = e.Write(bg, sys, change.ViaAPI, func(tx *Tx) error {
		return tx.Share(bg, sys, entity, leads[100].ID(), Share{Principal: user.ID(), Level: "read"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(); sparse() != nil || !slices.Contains(got, "Common 100") || len(got) != len(want)+1 {
		t.Errorf("with a share: %v", got)
	}
}

// Two answers become one, newest first, and say nothing below the place where one of them stopped looking.
func TestMerge(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 2_000 {
		s := &seeker{titles: map[int64]Hit{}}
		all := r.Perm(30)
		var a, b []search.Hit
		for _, n := range all[:20] {
			h := search.Hit{ID: int64(n + 1)}
			s.titles[h.ID] = Hit{ID: ident.ID(h.ID)}
			if r.IntN(2) == 0 {
				a = append(a, h)
			} else {
				b = append(b, h)
			}
		}
		newest := func(x, y search.Hit) int { return int(y.ID - x.ID) }
		slices.SortFunc(a, newest)
		slices.SortFunc(b, newest)
		limit := 1 + r.IntN(25)
		out, next := s.merge(a, stop(r, a), b, 0, limit)
		if len(out) > limit {
			t.Fatalf("%d hits of %d", len(out), limit)
		}
		for i, h := range out {
			if i > 0 && out[i-1].ID <= h.ID || int64(h.ID) < next {
				t.Fatalf("hits %v, next %d", out, next)
			}
		}
	}
	s := &seeker{titles: map[int64]Hit{9: {ID: 9}, 8: {ID: 8}, 5: {ID: 5}, 3: {ID: 3}}}
	out, next := s.merge([]search.Hit{{ID: 9}, {ID: 5}}, 5, []search.Hit{{ID: 8}, {ID: 3}}, 0, 10)
	if len(out) != 3 || next != 5 {
		t.Errorf("hits %v, next %d: what lies below 5 comes with the next question", out, next)
	}
}

// stop is the key of the last hit, or none.
func stop(r *rand.Rand, list []search.Hit) int64 {
	if len(list) == 0 || r.IntN(2) == 0 {
		return 0
	}
	return list[len(list)-1].ID
}
