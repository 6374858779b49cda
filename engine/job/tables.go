package job

import "ashna/engine/db"

// The numbers in the column state. Partial indexes and statements spell them out, because a database picks a partial index only when
// it sees the number.
//
//	-1 planned, for a later time; 0 ready; 1 running; 2 dead; 3 done and kept
const (
	planned = -1
	ready   = 0
	running = 1
	dead    = 2
	done    = 3
)

// Tables gives the statements that create the tables of the queue where they are missing. Times are microseconds since 1970.
//
// Jobs of a kind with a limit wait in a lane of their own, named as the kind; all others share the lane without a name. So a long
// line of a kind that may not run now costs the others nothing. Planned jobs are kept apart from ready ones for the same reason.
func Tables(d *db.Dialect) []string {
	number, text := " "+d.Int+" NOT NULL", " "+d.Text+" NOT NULL"
	return []string{
		"CREATE TABLE IF NOT EXISTS job(id " + d.Key + ", kind" + text + ", args" + text + ", state" + number + ", lane" + text +
			", run_at" + number + ", priority" + number + ", attempt" + number + ", max_attempts" + number +
			", lease" + number + ", token" + number + ", cancel" + number + ", actor" + number +
			", done" + number + ", total" + number + ", note" + text +
			", uniq " + d.Text + ", error " + d.Text + ", result " + d.Text + ", done_at " + d.Int + ", expires_at " + d.Int + ")",
		"CREATE INDEX IF NOT EXISTS job_ready ON job(lane, priority, run_at) WHERE state = 0",
		"CREATE INDEX IF NOT EXISTS job_planned ON job(run_at) WHERE state = -1",
		"CREATE INDEX IF NOT EXISTS job_running ON job(lease) WHERE state = 1",
		"CREATE INDEX IF NOT EXISTS job_ended ON job(state, id) WHERE state >= 2",
		"CREATE INDEX IF NOT EXISTS job_expired ON job(expires_at) WHERE state >= 2",
		"CREATE UNIQUE INDEX IF NOT EXISTS job_unique ON job(kind, uniq) WHERE uniq IS NOT NULL AND state < 2",
		"CREATE TABLE IF NOT EXISTS schedule(name " + d.Text + " PRIMARY KEY, next_at" + number + ", spec" + text + ")",
	}
}
