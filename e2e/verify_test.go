package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
)

// logRow is a row of the log as far as the tests look at it.
type logRow struct {
	Seq     int64
	Tx      int64
	Object  string
	Record  string
	Version int64
	Op      string
	Fields  map[string]json.RawMessage
}

// logbook is what was read of the log.
type logbook struct {
	next     int64
	versions map[string][]int64 // of each record, in the order of the log
	words    map[string]logRow  // the row that wrote a nickname
	turns    map[string]logRow  // the row of a version of a record
}

func newLogbook() *logbook {
	return &logbook{versions: map[string][]int64{}, words: map[string]logRow{}, turns: map[string]logRow{}}
}

// read reads on to the end of the log.
func (l *logbook) read(c *client) error {
	for {
		var p struct {
			Items []logRow
			Next  int64
		}
		if err := c.get(fmt.Sprintf("/changes?after=%d&limit=1000", l.next), &p); err != nil {
			return err
		}
		for _, row := range p.Items {
			l.note(row)
		}
		if p.Next == l.next {
			return nil
		}
		l.next = p.Next
	}
}

func (l *logbook) note(row logRow) {
	if row.Op == "event" || row.Op == "schema" {
		return
	}
	l.versions[row.Record] = append(l.versions[row.Record], row.Version)
	l.turns[turn(row.Record, row.Version, row.Op)] = row
	var word []*string
	if row.Object == "person" && json.Unmarshal(row.Fields["nickname"], &word) == nil && len(word) == 2 && word[1] != nil {
		l.words[*word[1]] = row
	}
}

func turn(record string, version int64, op string) string {
	return fmt.Sprintf("%s %d %s", record, version, op)
}

// whole says whether the log has every version of a record once and in order.
func (l *logbook) whole(record string, version int64) error {
	have := l.versions[record]
	for i, v := range have {
		if v != int64(i)+1 {
			return fmt.Errorf("the log has the versions %v", have)
		}
	}
	if int64(len(have)) != version {
		return fmt.Errorf("the record has version %d and the log %v", version, have)
	}
	return nil
}

// find gives the row of the log that an effect wrote.
func (l *logbook) find(e effect) (logRow, bool) {
	if e.op == "create" || e.op == "update" {
		row, ok := l.words[e.after.word()]
		return row, ok && row.Op == e.op
	}
	row, ok := l.turns[turn(e.after.id, e.after.version, e.op)]
	return row, ok
}

// fate says whether a write happened. It must have happened as a whole, in one transaction, or not at all.
func (l *logbook) fate(w *write) (happened bool, err error) {
	found, transactions := 0, map[int64]bool{}
	for _, e := range w.effects {
		if row, ok := l.find(e); ok {
			found++
			transactions[row.Tx] = true
		}
	}
	if found != 0 && (found != len(w.effects) || len(transactions) != 1) {
		return false, fmt.Errorf("%v: %d of %d changes are in the log, in %d transactions", w, found, len(w.effects), len(transactions))
	}
	return found > 0, nil
}

// compare asks the server for a person and everything around it.
func (l *logbook) compare(c *client, p *person) error {
	var have struct {
		ID      string
		Version int64
		Deleted *string
		Name, Nickname, Email, Phone,
		First_name, Last_name string
	}
	if err := c.get("/people/"+p.id+"?fields=name,nickname,email,phone,first_name,last_name,deleted", &have); err != nil {
		return err
	}
	fields := map[string]string{"name": have.Name, "nickname": have.Nickname, "email": have.Email, "phone": have.Phone,
		"first_name": have.First_name, "last_name": have.Last_name}
	if have.Version != p.version || (have.Deleted != nil) != p.deleted || !maps.Equal(fields, p.fields) {
		return fmt.Errorf("person %s is version %d, deleted %v, %v; acknowledged was version %d, deleted %v, %v",
			p.id, have.Version, have.Deleted != nil, fields, p.version, p.deleted, p.fields)
	}
	if err := l.whole(p.id, p.version); err != nil {
		return fmt.Errorf("person %s: %w", p.id, err)
	}
	if err := l.comparePoints(c, p); err != nil {
		return fmt.Errorf("person %s: %w", p.id, err)
	}
	var want []string
	if !p.deleted {
		want = []string{p.id}
	}
	if err := hits(c, p.word(), want); err != nil {
		return err
	}
	if p.gone == "" {
		return nil
	}
	return hits(c, p.gone, nil)
}

// comparePoints compares the contact points of a person.
func (l *logbook) comparePoints(c *client, p *person) error {
	type point struct {
		ID          string
		Version     int64
		Kind, Value string
		Main        bool
	}
	have, err := list[point](c, "/contact_points", "filter", "of = "+quoted(p.id), "fields", "kind,value,main", "limit", "200")
	if err != nil {
		return err
	}
	got, want := []string{}, []string{}
	for _, one := range have {
		got = append(got, fmt.Sprint(one.Kind, " ", one.Value, " ", one.Main))
		if err := l.whole(one.ID, one.Version); err != nil {
			return fmt.Errorf("contact point %s: %w", one.ID, err)
		}
	}
	for value, kind := range p.points {
		if !p.deleted {
			want = append(want, fmt.Sprint(kind, " ", value, " ", value == p.fields["email"] || value == p.fields["phone"]))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Errorf("contact points %v, want %v", got, want)
	}
	return nil
}

// hits compares what the search finds.
func hits(c *client, word string, want []string) error {
	type hit struct{ ID string }
	have, err := list[hit](c, "/search", "q", word, "objects", "people")
	if err != nil {
		return err
	}
	var got []string
	for _, h := range have {
		got = append(got, h.ID)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("the search for %s finds %v, want %v", word, got, want)
	}
	return nil
}

// absent checks that nothing is left of a record that was never made.
func absent(c *client, p *person) error {
	for _, question := range [][2]string{
		{"/people", "nickname = " + quoted(p.word())}, {"/contact_points", "value = " + quoted(p.fields["email"])},
		{"/contact_points", "value = " + quoted(p.fields["phone"])},
	} {
		have, err := list[struct{ ID string }](c, question[0], "filter", question[1], "fields", "id")
		if err != nil {
			return err
		}
		if len(have) > 0 {
			return fmt.Errorf("%s where %s: %v is left of a write that did not happen", question[0], question[1], have)
		}
	}
	return hits(c, p.word(), nil)
}

// settle finds out what became of the write whose answer was lost, and sends it again: it gets the first answer when it had happened, and
// happens once when it had not.
func (l *logbook) settle(c *client, r *writer) error {
	w := r.pending
	if w == nil {
		return nil
	}
	happened, err := l.fate(w)
	if err != nil {
		return err
	}
	for _, e := range w.effects {
		switch {
		case happened:
		case e.op == "create":
			err = absent(c, &e.after)
		default:
			err = l.compare(c, e.who)
		}
		if err != nil {
			return fmt.Errorf("%v did not happen, but: %w", w, err)
		}
	}
	a, err := w.send(context.Background(), c)
	if err != nil {
		return err
	}
	replayed := a.header.Get("Idempotency-Replayed") == "true"
	if a.status != w.status || replayed != happened {
		return fmt.Errorf("%v sent again: %v, replayed %v, but it had happened: %v", w, a, replayed, happened)
	}
	return r.acknowledge(a)
}

// again sends acknowledged writes once more: each gets its first answer.
func again(c *client, r *writer) error {
	for _, w := range r.last {
		a, err := w.send(context.Background(), c)
		if err != nil {
			return err
		}
		if a.status != w.answer.status || string(a.body) != string(w.answer.body) || a.header.Get("Idempotency-Replayed") != "true" {
			return fmt.Errorf("%v sent again after its answer %v: %v", w, w.answer, a)
		}
	}
	return nil
}

// verify compares everything that writers believe with the server: all of it, or what was touched since the last time.
func (c *crew) verify(t testing.TB, to *client, all bool) {
	t.Helper()
	if err := c.log.read(to); err != nil {
		t.Fatal(err)
	}
	c.each(func(r *writer) {
		if err := c.log.settle(to, r); err != nil {
			t.Error(err)
		}
		if err := again(to, r); err != nil {
			t.Error(err)
		}
		r.forget()
	})
	if err := c.log.read(to); err != nil {
		t.Fatal(err)
	}
	c.each(func(r *writer) {
		for _, p := range r.people {
			if !all && !p.touched {
				continue
			}
			if err := c.log.compare(to, p); err != nil {
				t.Errorf("writer %d: %v", r.number, err)
				return
			}
			p.touched = false
		}
	})
	if t.Failed() {
		t.FailNow()
	}
}
