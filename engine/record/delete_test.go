package record_test

import (
	"fmt"
	"slices"
	"testing"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/testkit/enginetest"
)

// rows counts the rows of a table that meet a condition.
func rows(w *enginetest.World, table, where string, args ...any) int64 {
	w.Helper()
	var n int64
	err := w.DB.Read(ctx, func(q db.Querier) error {
		row, _, err := db.One(ctx, q, "SELECT count(*) FROM "+table+" WHERE "+where, args...)
		if err == nil {
			n = row.Int(0)
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// A record goes with what belongs to it and comes back with just that.
func TestDeleteAndRestore(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		a := w.Create(sys, "account", record.Patch{"name": "Alpha", "code": "alpha"})
		g := w.Create(sys, "circle", record.Patch{"name": "G"})
		w.Update(sys, a, record.Patch{"groups": ids(g)})
		p := w.Create(sys, "purchase", record.Patch{"account": id(a), "amount": 10, "words": "winter"})
		early := w.Create(sys, "purchase", record.Patch{"account": id(a), "amount": 4})
		w.Create(sys, "item", record.Patch{"purchase": id(p), "what": "boots", "count_of": 2})
		below := w.Create(sys, "account", record.Patch{"name": "Beta", "above": id(a)})
		w.Delete(sys, early)
		w.Clock.Advance(1e9)
		last := w.Last()
		w.Delete(sys, a)
		logged(w, last, "delete account", `update account {"above":["`, "delete purchase", "delete item", "delete membership")
		refused(w.T, "deleted twice", remove(w, sys, a), "record.deleted")
		refused(w.T, "changed when deleted", update(w, sys, a, record.Patch{"score": 1}, 0), "record.deleted")
		refused(w.T, "a link to a deleted record", create(w, sys, "ticket", record.Patch{"subject": "s", "account": id(a)}), "account value.reference")
		if hits := find(w, "alpha"); len(hits) > 0 || len(find(w, "boots")) > 0 {
			w.Errorf("deleted records are found: %v", hits)
		}
		if got := w.Get(sys, "account", below.ID()); got.Link("above") != 0 {
			w.Error("a link that clears was not cleared")
		}
		refused(w.T, "a part before its whole", restore(w, sys, p), "account value.reference_deleted")
		w.Clock.Advance(1e9)
		last = w.Last()
		back := w.Restore(sys, a)
		logged(w, last, "restore account", "restore purchase", "restore item", "restore membership")
		if back.Int("purchases_n") != 1 || back.Int("spent") != 10 || len(find(w, "boots")) != 1 || len(find(w, "alpha")) != 1 {
			w.Errorf("after restoring: %d purchases, %d spent", back.Int("purchases_n"), back.Int("spent"))
		}
		if got := w.Get(sys, "account", a.ID()); len(got.Many["groups"]) != 1 {
			w.Errorf("groups %v", got.Many)
		}
		if got := w.List(sys, "purchase", "", ""); len(got) != 1 {
			w.Errorf("purchases %v: one was deleted before", got)
		}
		refused(w.T, "restored twice", restore(w, sys, a), "record.not_deleted")
		w.Restore(sys, early)
		if got := w.Get(sys, "account", a.ID()); got.Int("spent") != 14 || got.Int("usual") != 70000 {
			w.Errorf("spent %d, usual %d", got.Int("spent"), got.Int("usual"))
		}
	})
}

func TestRestoreMeetsAnother(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		a := w.Create(sys, "account", record.Patch{"name": "A", "code": "one", "region": "r", "place": 1})
		w.Delete(sys, a)
		b := w.Create(sys, "account", record.Patch{"name": "B", "code": "ONE"})
		err := restore(w, sys, a)
		refused(w.T, "a value that is taken", err, "code value.duplicate")
		kind(w.T, "a value that is taken", err, fault.Conflict)
		w.Update(sys, b, record.Patch{"code": "two", "region": "R", "place": 1})
		refused(w.T, "two values that are taken", restore(w, sys, a), "region value.duplicate", "place value.duplicate")
		w.Delete(sys, b)
		w.Restore(sys, a)
	})
}

func TestRestrict(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		a := w.Create(sys, "account", record.Patch{"name": "A"})
		c := w.Create(sys, "ticket", record.Patch{"subject": "s", "account": id(a)})
		err := remove(w, sys, a)
		refused(w.T, "in use", err, "record.in_use")
		if f := fault.Of(err); f.Params["n"] != int64(1) || f.Params["object"] != "ticket" {
			w.Errorf("params %v", f.Params)
		}
		member := w.Member("m@example.com", nil, w.Role("narrow", `{"objects":{"account":{"rights":{"read":"all","delete":"all"}},"ticket":{"rights":{"read":"own"}}}}`))
		if f := fault.Of(remove(w, member, a)); f == nil || f.Key != "record.in_use" || f.Params != nil {
			w.Errorf("how many hidden records use it is told: %v", f)
		}
		w.Delete(sys, c)
		w.Delete(sys, a)
	})
}

func TestPurge(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		a := w.Create(sys, "account", record.Patch{"name": "A"})
		p := w.Create(sys, "purchase", record.Patch{"account": id(a), "amount": 1})
		early := w.Create(sys, "purchase", record.Patch{"account": id(a), "amount": 2})
		w.Create(sys, "item", record.Patch{"purchase": id(p), "what": "thing"})
		c := w.Create(sys, "ticket", record.Patch{"subject": "s", "account": id(a)})
		v := w.Create(sys, "visit", record.Patch{"subject": "v", "about": "account:" + id(a)})
		later := w.Create(sys, "visit", record.Patch{"subject": "deleted alone", "about": "account:" + id(a)})
		friend := w.User("s@example.com", "member", nil)
		w.Must(sys, func(tx *record.Tx) error {
			return tx.Share(ctx, sys, a.Entity, a.ID(), record.Share{Principal: friend.User, Level: "read"})
		})
		refused(w.T, "a live record", purge(w, sys, a), "record.not_deleted")
		for _, r := range []*record.Record{early, later, c} {
			w.Delete(sys, r)
			w.Clock.Advance(1e9)
		}
		w.Delete(sys, a)
		last := w.Last()
		if err := purge(w, sys, a); err != nil {
			w.Fatal(err)
		}
		ops := map[change.Op]int{}
		for _, c := range w.Changes()[last:] {
			ops[c.Op]++
		}
		if ops[change.Purge] != 5 || len(ops) != 1 {
			w.Errorf("operations %v, want the account, two purchases, an item and a visit", ops)
		}
		for _, table := range []string{"accounts", "purchases", "items", "record_share"} {
			if n := rows(w, table, "1 = 1"); n != 0 {
				w.Errorf("%s keeps %d rows", table, n)
			}
		}
		if n := rows(w, "visits", "about IS NULL AND about_object IS NULL"); n != 1 {
			w.Errorf("%d visits with a cleared link, want 1", n)
		}
		if err := restore(w, sys, later); err != nil {
			w.Errorf("a record whose optional link is gone: %v", err)
		}
		if got := w.Restore(sys, c); got.Link("account") != 0 {
			w.Error("a link to what is gone for good came back")
		}
		kind(w.T, "gone for good", purge(w, sys, a), fault.NotFound)
		kind(w.T, "gone with it", restore(w, sys, v), fault.NotFound)
	})
}

// What belongs to a record follows its owner, team and branch, and what is shared of it, at any depth.
func TestPartsFollowTheirWhole(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		team := w.Create(sys, meta.ObjectTeam, record.Patch{"name": "East"})
		branch := w.Create(sys, meta.ObjectBranch, record.Patch{"name": "Baku"})
		own := w.Role("own", `{"objects":{"*":{"rights":{"read":"own","create":"own","update":"own","delete":"own"}}}}`)
		one, two := w.Member("one@example.com", record.Patch{"team": id(team), "branch": id(branch)}, own), w.Member("two@example.com", nil, own)
		a := w.Create(one, "account", record.Patch{"name": "A"})
		p := w.Create(one, "purchase", record.Patch{"account": id(a), "words": "silk"})
		gone := w.Create(one, "purchase", record.Patch{"account": id(a)})
		i := w.Create(one, "item", record.Patch{"purchase": id(p), "what": "scarf"})
		w.Delete(one, gone)
		owners := func() (list []string) {
			for _, r := range []*record.Record{a, p, gone, i} {
				e := w.Entity(r.Entity.Name)
				list = append(list, fmt.Sprint(rows(w, e.Table(), "id = $1 AND owner = $2 AND team = $3 AND branch = $4", int64(r.ID()), int64(two.User), int64(0), int64(0))))
			}
			return list
		}
		last := w.Last()
		w.Update(sys, a, record.Patch{"owner": two.User.String()})
		logged(w, last, "update account", "derive purchase", "derive item", "derive purchase")
		if got := owners(); !slices.Equal(got, []string{"1", "1", "1", "1"}) {
			w.Errorf("who follows: %v", got)
		}
		for _, words := range []string{"silk", "scarf"} {
			if hits, _, _ := w.Engine.Search(ctx, two, words, nil, 5, 0); len(hits) != 1 {
				w.Errorf("the new owner finds %v", hits)
			}
			if hits, _, _ := w.Engine.Search(ctx, one, words, nil, 5, 0); len(hits) != 0 {
				w.Errorf("the old owner finds %v", hits)
			}
		}
		refused(w.T, "an owner of its own", update(w, sys, p, record.Patch{"owner": one.User.String()}, 0), "owner value.read_only")
		kind(w.T, "a part of what one may not change", create(w, one, "item", record.Patch{"purchase": id(p), "what": "x"}), fault.Invalid)
		sees := func(want bool) {
			t.Helper()
			for _, r := range []*record.Record{a, p, i} {
				e, _ := one.Catalog.Object(r.Entity.Name)
				if _, err := w.Engine.Get(ctx, one, e, r.ID(), nil); (err == nil) != want {
					w.Errorf("%s: %v", r.Entity.Name, err)
				}
			}
		}
		sees(false)
		share := func(r *record.Record, level string) {
			w.Must(sys, func(tx *record.Tx) error {
				return tx.Share(ctx, sys, r.Entity, r.ID(), record.Share{Principal: one.User, Level: level})
			})
		}
		share(a, "edit")
		sees(true)
		if err := create(w, one, "item", record.Patch{"purchase": id(p), "what": "a part of what is shared"}); err != nil {
			w.Errorf("whoever may change a shared record makes parts of it: %v", err)
		}
		w.Update(one, p, record.Patch{"words": "changed by share"})
		w.Must(sys, func(tx *record.Tx) error { return tx.Unshare(ctx, sys, a.Entity, a.ID(), one.User) })
		sees(false)
		// A part that moves to another whole is shared as that one is.
		b := w.Create(sys, "account", record.Patch{"name": "B"})
		share(b, "read")
		w.Update(sys, p, record.Patch{"account": id(b)})
		for _, r := range []*record.Record{p, i} {
			if err := w.Engine.May(ctx, one, w.Entity(r.Entity.Name), r.ID(), access.Read); err != nil {
				w.Errorf("%s after the move: %v", r.Entity.Name, err)
			}
		}
		if got := w.Get(sys, "item", i.ID()); got.Owner() != 0 {
			w.Errorf("owner of the item after the move: %v", got.Owner())
		}
	})
}

// A share given in the transaction that made the record reaches the parts made after it.
func TestShareInOneTransaction(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		who := w.Member("m@example.com", nil, w.Role("own", `{"objects":{"*":{"rights":{"read":"own"}}}}`))
		var p *record.Record
		w.Must(sys, func(tx *record.Tx) error {
			a, err := tx.Create(ctx, sys, w.Entity("account"), record.Patch{"name": "A"})
			if err != nil {
				return err
			}
			if err := tx.Share(ctx, sys, a.Entity, a.ID(), record.Share{Principal: who.User, Level: "read"}); err != nil {
				return err
			}
			p, err = tx.Create(ctx, sys, w.Entity("purchase"), record.Patch{"account": id(a)})
			return err
		})
		if err := w.Engine.May(ctx, who, w.Entity("purchase"), p.ID(), access.Read); err != nil {
			w.Errorf("the part is not shared: %v", err)
		}
	})
}

// Whoever cannot bring a record back does not hear that it is in the bin.
func TestBin(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		a := w.Create(sys, "account", record.Patch{"name": "A"})
		w.Delete(sys, a)
		reader := w.Member("r@example.com", nil, w.Role("reader", `{"objects":{"*":{"rights":{"read":"all","update":"all"}}}}`))
		kind(w.T, "update", update(w, reader, a, record.Patch{"score": 1}, 0), fault.NotFound)
		if _, err := w.Engine.Get(ctx, reader, a.Entity, a.ID(), nil); !fault.Is(err, fault.NotFound) {
			w.Errorf("get: %v", err)
		}
		page, err := w.Engine.List(ctx, reader, a.Entity, record.Question{Deleted: true})
		if err != nil || len(page.Records) != 0 {
			w.Errorf("bin: %v %v", page.Records, err)
		}
		if page, err = w.Engine.List(ctx, sys, a.Entity, record.Question{Deleted: true}); err != nil || len(page.Records) != 1 {
			w.Errorf("bin of the administrator: %v %v", page.Records, err)
		}
	})
}
