package record_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/ident"
	"ashna/testkit"
	"ashna/testkit/enginetest"
)

// Two databases that differ only in what a viewer may not see answer alike, to the byte: lists, filters, orders, counts, cursors, search,
// history, links, and the texts of errors.
func TestTwoWorlds(t *testing.T) { twoWorlds(t, 500, 1) }

// TestSoakTwoWorlds asks other questions, of one seed after the other.
func TestSoakTwoWorlds(t *testing.T) {
	soak(t, func(seed uint64) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { twoWorlds(t, 1_000, seed) })
	})
}

// soak runs do with one seed after the other for the time that ASHNA_SOAK gives, and is skipped without it.
func soak(t *testing.T, do func(seed uint64)) {
	t.Helper()
	length, ok := soakTime(t)
	if !ok {
		t.Skip("ASHNA_SOAK is not set")
	}
	end := time.Now().Add(length)
	for seed := uint64(2); time.Now().Before(end) && !t.Failed(); seed++ {
		do(seed)
	}
}

// viewers are those who look at both worlds: fields are hidden from all of them, and from some the records of strangers.
var viewers = []struct {
	name, rights string
	strangers    bool // the records of strangers are hidden
}{
	{"own", `{"objects":{"*":{"rights":{"read":"own","create":"own","update":"own","delete":"own","*":"own"}}}}`, true},
	{"team", `{"objects":{"*":{"rights":{"read":"team","create":"own","update":"team","delete":"own"}}}}`, true},
	{"all but the secret", `{"objects":{"*":{"rights":{"read":"all","create":"all","update":"all","delete":"all","export":"all"}}}}`, false},
	{"all but named fields", `{"objects":{"*":{"rights":{"read":"all","update":"own"},"fields":{"secret":"hidden"}}}}`, false},
}

func twoWorlds(t *testing.T, questions int, seed uint64) {
	for _, v := range viewers {
		bothDatabases(t, v.name, func(t *testing.T, open func() *enginetest.World) {
			a, b := settle(open(), "a", v.rights, v.strangers), settle(open(), "b", v.rights, v.strangers)
			if x, y := fmt.Sprint(a.ids), fmt.Sprint(b.ids); x != y {
				t.Fatalf("the worlds have other ids: %s and %s", x, y)
			}
			r := rand.New(rand.NewPCG(seed, uint64(len(v.name))))
			answered := 0
			for range questions {
				q := a.question(r)
				x, y := q.ask(a), q.ask(b)
				if x != y {
					t.Fatalf("%s\none world:   %s\nthe other: %s", q.what, x, y)
				}
				if !strings.HasPrefix(x, "error") {
					answered++
				}
			}
			if answered < questions/3 {
				t.Errorf("only %d of %d questions were answered: the test asks too much that is refused", answered, questions)
			}
		})
	}
}

// bothDatabases runs a test on each database with a function that opens as many worlds as it wants.
func bothDatabases(t *testing.T, name string, do func(t *testing.T, open func() *enginetest.World)) {
	t.Run(name+"/sqlite", func(t *testing.T) {
		t.Parallel()
		do(t, func() *enginetest.World { return enginetest.Open(t, db.Config{Dir: t.TempDir()}, options()) })
	})
	t.Run(name+"/postgres", func(t *testing.T) {
		t.Parallel()
		do(t, func() *enginetest.World {
			url, ok := testkit.PostgresURL(t)
			if !ok {
				t.Skip("PostgreSQL tests are off")
			}
			return enginetest.Open(t, db.Config{URL: url}, options())
		})
	})
}

// world is one of two, with the viewer and the ids to ask about.
type world struct {
	*enginetest.World
	who *access.Viewer
	ids []ident.ID // of accounts, visible and hidden
}

// settle fills a world. What is hidden carries the mark of the world.
func settle(w *enginetest.World, mark, rights string, strangers bool) *world {
	sys := w.System()
	mine, theirs := w.Create(sys, meta.ObjectTeam, record.Patch{"name": "Mine"}), w.Create(sys, meta.ObjectTeam, record.Patch{"name": "Theirs"})
	role := w.Role("tested", rights)
	who := w.Member("me@example.com", record.Patch{"team": id(mine)}, role)
	stranger := w.Member("stranger@example.com", record.Patch{"team": id(theirs)}, role)
	r := rand.New(rand.NewPCG(3, 3))
	out := &world{World: w}
	var last *record.Record
	for i := range 24 {
		hidden := i%3 == 1
		visible := func(value string) string {
			if hidden && strangers {
				return value + " " + mark
			}
			return value
		}
		owner := who.User
		if hidden {
			owner = stranger.User
		}
		score := r.IntN(9)
		if hidden && strangers {
			score += 3 * int(mark[0]-'a')
		}
		patch := record.Patch{
			"name": visible(fmt.Sprint("Firm ", i%7)), "score": score, "owner": owner.String(), "secret": fmt.Sprint("hush ", mark, i%5),
			"region": visible([]string{"north", "south"}[i%2]), "place": i, "status": []string{"new", "active"}[r.IntN(2)], "owed": fmt.Sprint(r.IntN(50), " USD"),
		}
		if last != nil && i%4 != 0 {
			patch["above"] = id(last)
		}
		acc := w.Create(sys, "account", patch)
		for j := range i % 3 {
			w.Create(sys, "purchase", record.Patch{"account": id(acc), "amount": score + j, "words": visible("linen")})
		}
		ticket := record.Patch{"subject": visible("late"), "account": id(acc), "owner": owner.String()}
		w.Create(sys, "ticket", ticket)
		w.Update(sys, acc, record.Patch{"secret": fmt.Sprint("whisper ", mark, i%4)})
		if i%8 == 7 {
			w.Delete(sys, w.Create(sys, "account", record.Patch{"name": visible("Gone"), "owner": owner.String()}))
		}
		out.ids = append(out.ids, acc.ID())
		last = acc
	}
	out.who = w.Viewer(who.User)
	return out
}

// question is one thing that is asked in both worlds.
type question struct {
	what string
	ask  func(w *world) string
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func (w *world) question(r *rand.Rand) question {
	object := pick(r, "account", "account", "account", "purchase", "ticket")
	one := pick(r, w.ids...)
	switch r.IntN(10) {
	case 0:
		words := pick(r, "hush", "whisper", "firm", "hush a1", "whisper b2", "firm 3", "linen", "late a", "late b", "no", "gone")
		limit := 1 + r.IntN(30)
		return question{"search " + words, func(w *world) string { return w.search(words, limit) }}
	case 1:
		return question{"get " + one.String(), func(w *world) string { return w.get(one) }}
	case 2:
		return question{"timeline " + one.String(), func(w *world) string { return w.timeline(one) }}
	case 3:
		return w.change(r, one)
	}
	q := record.Question{Filter: condition(r, object, 0), Sort: order(r, object), Limit: 1 + r.IntN(12), Count: r.IntN(2) == 0, Deleted: r.IntN(12) == 0}
	if r.IntN(8) == 0 {
		q.Filter = ""
	}
	return question{fmt.Sprintf("list %s where %s by %s", object, q.Filter, q.Sort), func(w *world) string { return w.list(object, q) }}
}

// list reads the first pages of a list.
func (w *world) list(object string, q record.Question) string {
	e, _ := w.who.Catalog.Object(object)
	var b strings.Builder
	for range 6 {
		page, err := w.Engine.List(ctx, w.who, e, q)
		if err != nil {
			return b.String() + "error " + err.Error()
		}
		for _, r := range page.Records {
			b.Write(r.AppendJSON(nil, page.Fields))
		}
		if page.Total != nil {
			fmt.Fprintf(&b, " %+v", *page.Total)
		}
		b.WriteString(" next " + page.Next + "\n")
		if q.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	return b.String()
}

func (w *world) search(words string, limit int) string {
	var b strings.Builder
	var after ident.ID
	for range 6 {
		hits, next, err := w.Engine.Search(ctx, w.who, words, nil, limit, after)
		if err != nil {
			return "error " + err.Error()
		}
		for _, h := range hits {
			fmt.Fprintf(&b, "%s %s %s\n", h.Entity.Name, h.ID, h.Title)
		}
		fmt.Fprintf(&b, "next %s\n", next)
		if after = next; next == 0 {
			break
		}
	}
	return b.String()
}

func (w *world) get(one ident.ID) string {
	e, _ := w.who.Catalog.Object("account")
	r, err := w.Engine.Get(ctx, w.who, e, one, nil)
	if err != nil {
		return "error " + err.Error()
	}
	fields, err := w.Engine.Fields(w.who, e, nil)
	if err != nil {
		return "error " + err.Error()
	}
	return string(r.AppendJSON(nil, fields)) + fmt.Sprint(r.Slots)
}

func (w *world) timeline(one ident.ID) string {
	e, _ := w.who.Catalog.Object("account")
	list, err := w.Engine.Timeline(ctx, w.who, e, one, 0, 50)
	if err != nil {
		return "error " + err.Error()
	}
	var b strings.Builder
	for _, c := range list {
		fmt.Fprintf(&b, "%d %s %d %s\n", c.Seq, c.Op, c.Version, c.Fields)
	}
	return b.String()
}

// change tries to change or make something, and undoes it: what matters is the answer.
func (w *world) change(r *rand.Rand, one ident.ID) question {
	other := pick(r, w.ids...)
	patch := record.Patch{}
	for range 1 + r.IntN(3) {
		field := pick(r, "name", "score", "secret", "above", "status", "nosuch", "secret_", "region", "owner")
		switch field {
		case "above":
			patch[field] = other.String()
		case "owner":
			patch[field] = w.who.User.String()
		case "score":
			patch[field] = r.IntN(9)
		default:
			patch[field] = pick(r, "hush a1", "whisper b1", "active", "closed", "north")
		}
	}
	kind := r.IntN(3)
	return question{fmt.Sprint([]string{"update ", "create ", "delete "}[kind], one, patch), func(w *world) string {
		e, _ := w.who.Catalog.Object("account")
		answer := ""
		err := w.Try(w.who, func(tx *record.Tx) error {
			var now *record.Record
			var err error
			switch kind {
			case 0:
				now, err = tx.Update(ctx, w.who, e, one, patch, 0)
			case 1:
				now, err = tx.Create(ctx, w.who, e, patch)
			default:
				err = tx.Delete(ctx, w.who, e, one, 0)
			}
			if err != nil {
				return err
			}
			if now != nil {
				fields, _ := w.Engine.Fields(w.who, e, nil)
				answer = string(now.AppendJSON(nil, fields))
			}
			return context.Canceled
		})
		return fmt.Sprint("error ", err, answer)
	}}
}

// condition writes a filter over what may be seen and what may not.
func condition(r *rand.Rand, object string, depth int) string {
	if depth < 2 && r.IntN(3) == 0 {
		return fmt.Sprintf("(%s) %s (%s)", condition(r, object, depth+1), pick(r, "and", "or"), condition(r, object, depth+1))
	}
	n := r.IntN(12)
	account := []string{
		fmt.Sprintf("score > %d", n), fmt.Sprintf("score between %d and %d", n/2, n), `name contains "firm"`, fmt.Sprintf(`name = "firm %d"`, n%7), `status = "active"`,
		fmt.Sprintf("above.score > %d", n), `above.name contains "a"`, `above.name contains "firm"`, "above is empty", "above.name is empty", fmt.Sprintf("count(below) = %d", n%3),
		fmt.Sprintf("any(below, score > %d)", n), fmt.Sprintf("any(purchases, amount > %d)", n), fmt.Sprintf("spent > %d", n), "owner = me", `any(tickets, subject contains "a")`,
		fmt.Sprintf("sum(below, score) > %d", n), fmt.Sprintf("above.above.score < %d", n), "any(above.below, score > 4)", `not (region = "north")`, fmt.Sprintf("double > %d", n), "owed > 20",
	}
	hidden := []string{`secret contains "a"`, `secret = "hush a1"`, "secret is empty", `above.secret contains "b"`, `any(below, secret contains "a")`, "nosuch = 1", `score > "x"`, "score >"}
	switch object {
	case "purchase":
		return pick(r, fmt.Sprintf("amount > %d", n), fmt.Sprintf("account.score > %d", n), `account.name contains "a"`, `account.above.name contains "b"`, `words contains "linen"`, `account.secret contains "a"`)
	case "ticket":
		return pick(r, `subject contains "late"`, fmt.Sprintf("account.score > %d", n), `account.region = "north"`, `account.secret = "x"`, "account.name is empty")
	}
	if r.IntN(7) == 0 {
		return pick(r, hidden...)
	}
	return pick(r, account...)
}

func order(r *rand.Rand, object string) string {
	switch object {
	case "purchase":
		return pick(r, "", "-amount", "account", "words")
	case "ticket":
		return pick(r, "", "subject", "account")
	}
	return pick(r, "", "", "name", "-score", "status,-name", "secret", "-secret", "above", "owed,name", "nosuch", "region", "spent")
}
