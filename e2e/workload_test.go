package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// person is what a writer believes about a record of its own.
type person struct {
	id      string
	version int64
	deleted bool
	fields  map[string]string
	points  map[string]string // contact points: from value to kind; the main ones are those that the fields show
	gone    string            // a word that it had once, by which it must not be found any more
	touched bool              // since it was compared with the server
}

func (p *person) copy() person {
	c := *p
	c.fields, c.points = maps.Clone(p.fields), maps.Clone(p.points)
	return c
}

// word is what the search finds a person by: no two writes give the same.
func (p *person) word() string { return p.fields["nickname"] }

// effect is what a write does to one record.
type effect struct {
	op     string  // as the log says it
	who    *person // who is made or changed
	after  person
	result int // its place among the results of a batch
}

// write is a request with its intent: what is true when it is done, and not before.
type write struct {
	key, method, path string
	body              []byte
	match             int64 // version that it asks for, 0 for none
	status            int
	effects           []effect
	answer            answer
}

func (w *write) String() string { return fmt.Sprintf("%s %s %s (%s)", w.method, w.path, w.body, w.key) }

// send sends a write; it may be sent again.
func (w *write) send(ctx context.Context, c *client) (answer, error) {
	header := []string{"Idempotency-Key", w.key}
	if w.match > 0 {
		header = append(header, "If-Match", `"`+strconv.FormatInt(w.match, 10)+`"`)
	}
	return c.send(ctx, w.method, w.path, w.body, header...)
}

// done makes the intent true. It notes the keys of records that were made.
func (w *write) done(a answer) error {
	var batch struct {
		Results []struct {
			Status int
			Record struct{ ID string }
		}
	}
	_ = json.Unmarshal(a.body, &batch)
	w.answer = a
	for _, e := range w.effects {
		if e.op == "create" {
			e.after.id = keyOf(a.body)
			if len(w.effects) > 1 && e.result < len(batch.Results) {
				e.after.id = batch.Results[e.result].Record.ID
			}
			if e.after.id == "" {
				return fmt.Errorf("%v: no key in the answer %v", w, a)
			}
		}
		*e.who = e.after
		e.who.touched = true
	}
	return nil
}

// writer is one client that changes people of its own, one request after the other. The journal is what it believes (acknowledged) and the
// write whose fate it does not know (intended).
type writer struct {
	number  int
	chance  *rand.Rand
	count   int
	people  []*person
	pending *write
	last    []*write // acknowledged, the newest last
	acked   int
	refused int // answers that it should come again later
	slowest time.Duration
}

const keepWrites = 4 // acknowledged writes that are sent once more

// next makes the next write.
func (r *writer) next() *write {
	r.count++
	w := &write{key: fmt.Sprintf("writer-%d-%d", r.number, r.count)}
	live, deleted := r.some(false), r.some(true)
	switch n := r.chance.IntN(100); {
	case live == nil || n < 40:
		e, values := r.create()
		w.method, w.path, w.status, w.effects = "POST", "/people", http.StatusCreated, []effect{e}
		w.body = encoded(values)
	case n < 70:
		e, values := r.update(live)
		w.method, w.path, w.status, w.effects = "PATCH", "/people/"+live.id, http.StatusOK, []effect{e}
		w.body = encoded(values)
		w.match = live.version * int64(r.chance.IntN(2))
	case n < 80:
		w.method, w.path, w.status, w.effects = "DELETE", "/people/"+live.id, http.StatusNoContent, []effect{turned(live, "delete", true)}
	case n < 88 && deleted != nil:
		w.method, w.path, w.status, w.effects = "POST", "/people/"+deleted.id+"/restore", http.StatusOK, []effect{turned(deleted, "restore", false)}
	default:
		w.method, w.path, w.status = "POST", "/people/batch", http.StatusOK
		w.body = r.batch(w, live)
	}
	return w
}

func encoded(values any) []byte {
	body, err := json.Marshal(values)
	if err != nil {
		return nil
	}
	return body
}

// batch makes two people and changes a third, all or nothing.
func (r *writer) batch(w *write, live *person) []byte {
	type operation map[string]any
	var list []operation
	for i := range 3 {
		if i == 1 {
			e, values := r.update(live)
			e.result = i
			w.effects = append(w.effects, e)
			list = append(list, operation{"op": "update", "id": live.id, "values": values})
			continue
		}
		e, values := r.create()
		e.result = i
		w.effects = append(w.effects, e)
		list = append(list, operation{"op": "create", "values": values})
	}
	return encoded(map[string]any{"atomic": true, "operations": list})
}

// some picks a person that is live, or one that is deleted; nil when there is none.
func (r *writer) some(deleted bool) *person {
	var fit []*person
	for _, p := range r.people {
		if p.deleted == deleted && p.id != "" {
			fit = append(fit, p)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return fit[r.chance.IntN(len(fit))]
}

func (r *writer) word() string {
	r.count++
	return fmt.Sprintf("zq%c%06d", 'a'+rune(r.number), r.count)
}

func (r *writer) email() string { return r.word() + "@clients.example.com" }

func (r *writer) phone() string {
	r.count++
	return fmt.Sprintf("+98912%d%06d", r.number, r.count)
}

// create makes a person with an e-mail address and a telephone number, which become contact points.
func (r *writer) create() (effect, map[string]string) {
	values := map[string]string{"first_name": "Ada", "last_name": "Writer", "nickname": r.word(), "email": r.email(), "phone": r.phone()}
	after := person{version: 1, fields: maps.Clone(values), points: map[string]string{values["email"]: "email", values["phone"]: "mobile"}}
	after.fields["name"] = "Ada Writer"
	p := &person{}
	r.people = append(r.people, p)
	return effect{op: "create", who: p, after: after}, values
}

// update gives a person a new word, and sometimes another address, number or name. What was the main contact point stays as one beside.
func (r *writer) update(p *person) (effect, map[string]string) {
	values := map[string]string{"nickname": r.word()}
	after := p.copy()
	after.version, after.gone = p.version+1, p.word()
	if r.chance.IntN(2) == 0 {
		values["email"] = r.email()
		after.points[values["email"]] = "email"
	}
	if r.chance.IntN(3) == 0 {
		values["phone"] = r.phone()
		after.points[values["phone"]] = "mobile"
	}
	if r.chance.IntN(3) == 0 {
		values["first_name"] = "Ada" + strconv.Itoa(r.count)
		after.fields["name"] = values["first_name"] + " Writer"
	}
	maps.Copy(after.fields, values)
	return effect{op: "update", who: p, after: after}, values
}

// turned deletes a person or brings one back.
func turned(p *person, op string, deleted bool) effect {
	after := p.copy()
	after.version, after.deleted = p.version+1, deleted
	return effect{op: op, who: p, after: after}
}

// errLater says that a write has to be sent again.
type errLater struct{ why string }

func (e errLater) Error() string { return e.why }

// step sends the write whose fate is unknown, or a new one. After an errLater it is to be called again; other errors are defects.
func (r *writer) step(ctx context.Context, c *client) error {
	if r.pending == nil {
		r.pending = r.next()
	}
	w := r.pending
	began := time.Now()
	a, err := w.send(ctx, c)
	r.slowest = max(r.slowest, time.Since(began))
	switch {
	case err != nil:
		return errLater{err.Error()}
	case a.status == http.StatusServiceUnavailable:
		r.refused++
		if a.header.Get("Retry-After") == "" {
			return fmt.Errorf("%v: 503 without Retry-After: %v", w, a)
		}
		return errLater{"503"}
	case a.status != w.status:
		return fmt.Errorf("%v: answered %v", w, a)
	}
	return r.acknowledge(a)
}

func (r *writer) acknowledge(a answer) error {
	w := r.pending
	r.pending = nil
	r.acked++
	r.last = append(r.last, w)
	r.last = r.last[max(0, len(r.last)-keepWrites):]
	return w.done(a)
}

// forget takes people out that were never made.
func (r *writer) forget() {
	r.people = slices.DeleteFunc(r.people, func(p *person) bool { return p.id == "" })
}

// crew is several writers at work.
type crew struct {
	writers []*writer
	log     *logbook
}

const writers = 8

func newCrew(chance *rand.Rand) *crew {
	c := &crew{log: newLogbook()}
	for i := range writers {
		c.writers = append(c.writers, &writer{number: i, chance: rand.New(rand.NewPCG(chance.Uint64(), uint64(i)))})
	}
	return c
}

// each runs do for every writer at once.
func (c *crew) each(do func(*writer)) {
	var all sync.WaitGroup
	for _, w := range c.writers {
		all.Go(func() { do(w) })
	}
	all.Wait()
}

// work lets all writers write until stop is closed. A writer that meets an errLater gives up, or tries again after a pause when it is
// stubborn. The function that is returned waits for all of them.
func (c *crew) work(t testing.TB, to *client, stop <-chan struct{}, stubborn bool) (wait func()) {
	var all sync.WaitGroup
	for _, w := range c.writers {
		all.Go(func() {
			for running := true; running; {
				select {
				case <-stop:
					return
				default:
					running = c.once(t, w, to, stubborn)
				}
			}
		})
	}
	return all.Wait
}

// pause is between a refusal and the next try; shorter than Retry-After says, so that recovery is measured well.
const pause = 50 * time.Millisecond

func (c *crew) once(t testing.TB, w *writer, to *client, stubborn bool) bool {
	err := w.step(context.Background(), to)
	if err == nil {
		return true
	}
	if _, later := err.(errLater); !later {
		t.Error(err)
		return false
	}
	if stubborn {
		time.Sleep(pause)
	}
	return stubborn
}

// total sums what the writers counted.
func (c *crew) total() (acked, refused int, slowest time.Duration) {
	for _, w := range c.writers {
		acked, refused, slowest = acked+w.acked, refused+w.refused, max(slowest, w.slowest)
	}
	return acked, refused, slowest
}
