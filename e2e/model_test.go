package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestModel shows that what the tests believe can be wrong: a log that lacks a part of a write, or has it twice, is found out.
func TestModel(t *testing.T) {
	r := &writer{chance: rand.New(rand.NewPCG(1, 1))}
	w := &write{method: "POST", path: "/people/batch"}
	first, _ := r.create()
	second, _ := r.create()
	second.result = 1
	w.effects = []effect{first, second}
	rowOf := func(e effect, seq, tx int64, record string) logRow {
		word := json.RawMessage(fmt.Sprintf(`[null, %q]`, e.after.word()))
		return logRow{Seq: seq, Tx: tx, Object: "person", Record: record, Version: 1, Op: "create", Fields: map[string]json.RawMessage{"nickname": word}}
	}
	for _, x := range []struct {
		name           string
		rows           []logRow
		happened, fine bool
	}{
		{"nothing", nil, false, true},
		{"all", []logRow{rowOf(first, 1, 1, "a"), rowOf(second, 2, 1, "b")}, true, true},
		{"half", []logRow{rowOf(first, 1, 1, "a")}, false, false},
		{"in two transactions", []logRow{rowOf(first, 1, 1, "a"), rowOf(second, 2, 2, "b")}, false, false},
	} {
		log := newLogbook()
		for _, row := range x.rows {
			log.note(row)
		}
		happened, err := log.fate(w)
		if happened != x.happened || (err == nil) != x.fine {
			t.Errorf("%s: happened %v, %v", x.name, happened, err)
		}
	}
	log := newLogbook()
	for _, v := range []int64{1, 2, 2} {
		log.note(logRow{Record: "a", Version: v, Op: "update"})
	}
	if log.whole("a", 3) == nil || log.whole("a", 2) == nil || log.whole("b", 1) == nil {
		t.Error("a version that is in the log twice, or not at all, is not found out")
	}
}

// TestWriterBelieves checks that the answers of a batch reach the people that it made, and that no two writes give the same word.
func TestWriterBelieves(t *testing.T) {
	r := &writer{chance: rand.New(rand.NewPCG(2, 2))}
	words := map[string]bool{}
	for range 2_000 {
		r.pending = r.next()
		body := `{"id": "made", "results": [{"record": {"id": "one"}}, {"record": {"id": "two"}}, {"record": {"id": "three"}}]}`
		for _, e := range r.pending.effects {
			if e.op != "create" && e.op != "update" {
				continue
			}
			if words[e.after.word()] {
				t.Fatalf("%s is written twice", e.after.word())
			}
			words[e.after.word()] = true
		}
		effects := r.pending.effects
		if err := r.acknowledge(answer{status: r.pending.status, body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		if len(effects) == 3 && (effects[0].who.id != "one" || effects[2].who.id != "three") {
			t.Fatalf("a batch made %q and %q", effects[0].who.id, effects[2].who.id)
		}
	}
	if deleted := r.some(true); deleted == nil || r.some(false) == nil {
		t.Error("2,000 writes left nobody deleted, or nobody live")
	}
}
