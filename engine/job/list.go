package job

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// State is what people call the state of a job.
type State string

// The states. A finished job is Done only when its kind keeps it; otherwise it is gone.
const (
	Any     State = ""
	Waiting State = "waiting" // now or for its time
	Running State = "running"
	Dead    State = "dead" // failed for good, or cancelled
	Done    State = "done"
)

// conditions are spelled with numbers, so that partial indexes serve them.
var conditions = map[State]string{
	Any: "", Waiting: "state <= 0", Running: "state = 1", Dead: "state >= 2 AND state = 2", Done: "state >= 2 AND state = 3",
}

var stateNames = map[int64]State{planned: Waiting, ready: Waiting, running: Running, dead: Dead, done: Done}

// DefaultLimit and MaxLimit are the number of jobs that List gives.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// Filter chooses jobs; the zero value chooses all.
type Filter struct {
	State State
	Kind  string
	After ident.ID // the last key of the page before; zero for the first page
	Limit int      // DefaultLimit when zero, at most MaxLimit
}

// Entry is a job as a page or an API shows it.
type Entry struct {
	ID        ident.ID
	Kind      string
	Args      json.RawMessage
	State     State
	Cancelled bool      // somebody cancelled it; one that runs is about to end
	RunAt     time.Time // when it is due, or was
	Priority  int
	Attempt   int // tries begun
	Max       int
	Actor     ident.ID
	Error     string // of the last failure
	Done      int64  // progress, of Total
	Total     int64
	Note      string
	Result    json.RawMessage // nil when there is none
	EndedAt   time.Time       // zero while it waits or runs
}

const entryColumns = `SELECT id, kind, args, state, cancel, run_at, priority, attempt, max_attempts, actor, error, done, total, note, result, done_at FROM job`

// List gives a page of jobs, the newest first. An unknown state is refused as Invalid ("value.choice").
func (q *Queue) List(ctx context.Context, f Filter) ([]Entry, error) {
	condition, known := conditions[f.State]
	if !known {
		return nil, fault.At("state", "value.choice")
	}
	text, args := f.where(condition)
	var list []Entry
	err := q.db.Read(ctx, func(r db.Querier) error {
		return db.Each(ctx, r, entryColumns+text, args, func(row db.Row) error {
			list = append(list, entry(row))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return list, nil
}

func (f Filter) where(condition string) (string, []any) {
	limit := min(f.Limit, MaxLimit)
	if limit <= 0 {
		limit = DefaultLimit
	}
	var parts []string
	var args []any
	if condition != "" {
		parts = append(parts, condition)
	}
	if f.Kind != "" {
		args = append(args, f.Kind)
		parts = append(parts, fmt.Sprintf("kind = $%d", len(args)))
	}
	if f.After > 0 {
		args = append(args, int64(f.After))
		parts = append(parts, fmt.Sprintf("id < $%d", len(args)))
	}
	text := ""
	if len(parts) > 0 {
		text = " WHERE " + strings.Join(parts, " AND ")
	}
	args = append(args, int64(limit))
	return fmt.Sprintf("%s ORDER BY id DESC LIMIT $%d", text, len(args)), args
}

// Get gives one job. It is NotFound ("job.unknown") when it never was, or ended and was not kept.
func (q *Queue) Get(ctx context.Context, id ident.ID) (Entry, error) {
	var e Entry
	err := q.db.Read(ctx, func(r db.Querier) error {
		row, found, err := db.One(ctx, r, entryColumns+` WHERE id = $1`, int64(id))
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.NotFound, "job.unknown")
		}
		e = entry(row)
		return nil
	})
	if err != nil {
		return Entry{}, fmt.Errorf("get job %s: %w", id, err)
	}
	return e, nil
}

func entry(row db.Row) Entry {
	e := Entry{
		ID: ident.ID(row.Int(0)), Kind: row.Text(1), Args: json.RawMessage(row.Text(2)), State: stateNames[row.Int(3)], Cancelled: row.Int(4) == 1,
		RunAt: time.UnixMicro(row.Int(5)).UTC(), Priority: int(row.Int(6)), Attempt: int(row.Int(7)), Max: int(row.Int(8)), Actor: ident.ID(row.Int(9)),
		Error: row.Text(10), Done: row.Int(11), Total: row.Int(12), Note: row.Text(13),
	}
	if result := row.Text(14); result != "" {
		e.Result = json.RawMessage(result)
	}
	if ended := row.Int(15); ended > 0 {
		e.EndedAt = time.UnixMicro(ended).UTC()
	}
	return e
}

// Counts are the numbers for metrics and alarms.
type Counts struct {
	Ready     int64         // due, not yet taken
	Planned   int64         // for later, retries included
	Running   int64         // in all processes
	Dead      int64         // failed for good; cancelled ones are not counted
	OldestAge time.Duration // how long the oldest ready job has been due
}

// Counts counts the jobs of the workspace, of all processes.
func (q *Queue) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := q.db.Read(ctx, func(r db.Querier) error {
		row, _, err := db.One(ctx, r, `SELECT (SELECT count(*) FROM job WHERE state = 0), (SELECT count(*) FROM job WHERE state = -1),`+
			` (SELECT count(*) FROM job WHERE state = 1), (SELECT count(*) FROM job WHERE state >= 2 AND state = 2 AND cancel = 0),`+
			` (SELECT min(run_at) FROM job WHERE state = 0)`)
		if err != nil {
			return err
		}
		c = Counts{Ready: row.Int(0), Planned: row.Int(1), Running: row.Int(2), Dead: row.Int(3)}
		if oldest := row.Int(4); c.Ready > 0 {
			c.OldestAge = time.Duration(max(0, q.micros()-oldest)) * time.Microsecond
		}
		return nil
	})
	if err != nil {
		return Counts{}, fmt.Errorf("count jobs: %w", err)
	}
	return c, nil
}
