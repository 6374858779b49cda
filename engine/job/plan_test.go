package job

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ashna/engine/db"
)

// The statements of a turn must find their rows by an index, however long the table is.
func TestStatementsUseTheirIndexes(t *testing.T) {
	r := newRig(t, openTables(t, db.Config{Dir: t.TempDir()}))
	k := r.kind(Kind[note]{Name: "a", Limit: 1}, nil)
	r.begin()
	r.add(k, "x", Options{})
	for text, want := range map[string]string{
		`SELECT id FROM job WHERE state = 0 AND lane = 'a' ORDER BY priority, run_at LIMIT 5`:                         "job_ready",
		`SELECT id FROM job WHERE state = -1 AND run_at <= 5 ORDER BY run_at LIMIT 5`:                                 "job_planned",
		`SELECT min(run_at) FROM job WHERE state = -1`:                                                                "job_planned",
		`UPDATE job SET state = 0 WHERE state = 1 AND lease < 5`:                                                      "job_running",
		`SELECT id, token FROM job WHERE state = 1 AND cancel = 1`:                                                    "job_running",
		`SELECT id FROM job WHERE state >= 2 AND expires_at <= 5 LIMIT 5`:                                             "job_expired",
		`SELECT id FROM job WHERE kind = 'a' AND uniq = 'b' AND uniq IS NOT NULL AND state < 2`:                       "job_unique",
		`SELECT count(*) FROM job WHERE state = 0`:                                                                    "job_ready",
		`SELECT id FROM job WHERE ` + conditions[Dead] + ` ORDER BY id DESC LIMIT 5`:                                  "job_ended",
		`SELECT id FROM job WHERE ` + conditions[Done] + ` AND id < 9 ORDER BY id DESC LIMIT 5`:                       "job_ended",
		`DELETE FROM job WHERE token = 5 AND ` + r.db.Dialect().InInts("id", 1):                                       "PRIMARY KEY",
		`SELECT column1 FROM (VALUES ('a')) AS l WHERE EXISTS (SELECT 1 FROM job WHERE state = 0 AND lane = column1)`: "job_ready",
	} {
		var plan []string
		must(t, r.db.Read(r.ctx, func(q db.Querier) error {
			var args []any
			if strings.Contains(text, "$1") {
				args = []any{"[1]"}
			}
			return db.Each(r.ctx, q, "EXPLAIN QUERY PLAN "+text, args, func(row db.Row) error {
				plan = append(plan, row.Text(3))
				return nil
			})
		}))
		if all := strings.Join(plan, "; "); !strings.Contains(all, want) || strings.Contains(all, "TEMP B-TREE") {
			t.Errorf("%s\n  plan %s, want %s and no sorting", text, all, want)
		}
	}
}

// A long line of planned jobs, and one of a kind that may not run now, must not slow down the others.
func TestLongLinesDoNotHoldUpOthers(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		r.set.Workers = 2
		k := r.kind(Kind[note]{Name: "a"}, nil)
		slow, entered, _ := r.sleeper("slow", func(error) error { return nil })
		slow.Limit = 1
		r.reg.kinds["slow"].limit = 1
		r.begin()
		const long = 20_000
		r.write(func(tx *db.Tx) error {
			for i := range long {
				o := Options{Priority: -1}
				if i%2 == 0 {
					o.At = start.Add(time.Hour)
				}
				if _, _, err := Add(r.ctx, tx, r.queue, slow, note{}, o); err != nil {
					return err
				}
			}
			return nil
		})
		r.turn()
		id := receive(t, entered)
		began := time.Now()
		const others = 200
		for i := range others {
			r.add(k, fmt.Sprint(i), Options{})
			r.turn()
			r.loop.collect(receive(t, r.queue.ended))
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("%d others took %v", others, took)
		}
		if got := len(r.heard()) - 1; got != others {
			t.Errorf("%d others ran", got)
		}
		r.queue.stopJob(id, errTest)
		r.reap()
	})
}
