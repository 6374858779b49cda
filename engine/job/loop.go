package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ashna/engine/db"
)

// lastTurns is how often the end of Run tries to write the last outcomes.
const lastTurns = 3

// loop is the state of Run; only its goroutine uses it. Instants are microseconds.
type loop struct {
	queue    *Queue
	commits  <-chan struct{}
	outcomes []*try // ended, not yet settled; never more than there are workers
	turns    int
	first    bool  // no turn was committed yet
	hungry   bool  // the last turn left no worker free
	planned  int64 // the earliest planned job that the last turn or look saw, 0 for none
	slotAt   int64 // the next slot of a schedule
	upkeepAt int64 // the next look after leases
}

// Run claims and runs jobs until ctx ends. Then running jobs have the grace to end; after it their contexts end with ErrStopping, and
// Run returns when the last one has returned and all outcomes are stored. It answers an error when it runs already, or when the
// last outcomes could not be stored; those jobs run again. Trouble with the database in between is logged and outlived.
func (q *Queue) Run(ctx context.Context) error {
	if !q.claimed.CompareAndSwap(false, true) {
		return errors.New("run the queue: it runs already")
	}
	defer q.claimed.Store(false)
	commits, stop := q.db.Committed()
	defer stop()
	l := &loop{queue: q, commits: commits, first: true}
	for due := true; ctx.Err() == nil; {
		if due {
			if err := l.turn(ctx, false); err != nil {
				l.rest(ctx, err)
				continue
			}
		}
		due = l.wait(ctx)
	}
	return l.drain(ctx)
}

// rest logs trouble and waits a little, whatever happens meanwhile.
func (l *loop) rest(ctx context.Context, err error) {
	l.queue.set.Log.Error("turn of the job queue", "err", err)
	timer := time.NewTimer(restTime)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// wait sleeps until there is something to do, and says whether there is. A commit of this or, by way of DB.Watch, of another process
// makes it look soon, but not for each of many commits.
func (l *loop) wait(ctx context.Context) bool {
	timer := time.NewTimer(l.sleep())
	defer timer.Stop()
	for soon := false; ; {
		select {
		case <-ctx.Done():
			return false
		case t := <-l.queue.ended:
			l.collect(t)
			return true
		case <-l.queue.poked:
			if !l.hungry {
				return true
			}
		case <-l.commits:
			if !soon {
				soon = true
				timer.Reset(lookAfter)
			}
		case <-timer.C:
			due, err := l.look(ctx)
			if due {
				return true
			}
			if err != nil && ctx.Err() == nil {
				l.rest(ctx, err)
			}
			soon = false
			timer.Reset(l.sleep())
		}
	}
}

// collect takes a try that ended, and all others that ended meanwhile.
func (l *loop) collect(t *try) {
	for {
		l.queue.mu.Lock()
		delete(l.queue.busy, t)
		l.queue.mu.Unlock()
		l.outcomes = append(l.outcomes, t)
		select {
		case t = <-l.queue.ended:
		default:
			return
		}
	}
}

// sleep is how long nothing is due, as far as is known.
func (l *loop) sleep() time.Duration {
	now := l.queue.micros()
	until := min(now+pollEvery.Microseconds(), l.slotAt, l.upkeepAt)
	if l.planned > 0 && !l.hungry {
		until = min(until, l.planned)
	}
	return time.Duration(max(0, until-now)) * time.Microsecond
}

// look asks, without writing, whether a turn would find something, and hears which running jobs were cancelled.
func (l *loop) look(ctx context.Context) (bool, error) {
	now := l.queue.micros()
	if now >= l.slotAt || now >= l.upkeepAt {
		return true, nil
	}
	running := l.queue.snapshot()
	due := false
	err := l.queue.db.Read(ctx, func(r db.Querier) error {
		if len(running) > 0 {
			if err := l.hearCancelled(ctx, r); err != nil {
				return err
			}
		}
		if len(running) >= l.queue.set.Workers {
			return nil
		}
		row, _, err := db.One(ctx, r, `SELECT min(run_at) FROM job WHERE state = -1`)
		if err != nil {
			return err
		}
		l.planned = row.Int(0)
		due = l.planned > 0 && l.planned <= now
		lanes, err := l.queue.waitingLanes(ctx, r)
		busy := kindsOf(running)
		for _, lane := range lanes {
			due = due || lane == "" || busy[lane] < l.queue.registry.kinds[lane].limit
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for jobs: %w", err)
	}
	return due, nil
}

func (l *loop) hearCancelled(ctx context.Context, r db.Querier) error {
	tokens := map[beat]bool{}
	err := db.Each(ctx, r, `SELECT id, token FROM job WHERE state = 1 AND cancel = 1`, nil, func(row db.Row) error {
		tokens[beat{row.Int(0), row.Int(1)}] = true
		return nil
	})
	if err != nil || len(tokens) == 0 {
		return err
	}
	for _, t := range l.queue.snapshot() {
		if tokens[t.beat()] {
			t.stop(ErrCancelled)
		}
	}
	return nil
}

// drain ends Run: it waits for what runs, keeps its leases meanwhile, and stores all outcomes.
func (l *loop) drain(ctx context.Context) error {
	grace := time.NewTimer(l.queue.set.Grace)
	defer grace.Stop()
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for len(l.queue.snapshot()) > 0 {
		select {
		case t := <-l.queue.ended:
			l.collect(t)
		case <-grace.C:
			for _, t := range l.queue.snapshot() {
				t.stop(ErrStopping)
			}
		case <-tick.C:
			if err := l.turn(ctx, true); err != nil {
				l.queue.set.Log.Error("turn of the job queue", "err", err)
			}
		}
	}
	if len(l.outcomes) == 0 {
		return nil
	}
	var err error
	for range lastTurns {
		if err = l.turn(ctx, true); err == nil {
			return nil
		}
		l.rest(context.WithoutCancel(ctx), err)
	}
	return fmt.Errorf("store the outcomes of the last jobs: %w", err)
}
