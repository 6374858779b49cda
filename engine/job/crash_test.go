package job

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ashna/engine/db"
)

// crashDir names the folder in which a child of TestKilledProcess works.
const crashDir = "ASHNA_TEST_JOB_CRASH"

// A process is killed while it adds and runs jobs, again and again. What it said was committed must run in the end, and what a handler
// settles in its own transaction must have happened once.
func TestKilledProcess(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		addUntilKilled(t, dir)
	}
	dir := t.TempDir()
	r := crashRig(t, dir)
	r.tally()
	committed := map[string]bool{}
	for range 4 {
		for _, name := range killedChild(t, dir, 40) {
			committed[name] = true
		}
	}
	stop := r.run()
	for deadline := time.Now().Add(patience); r.rows() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d jobs are left", r.rows())
		}
	}
	must(t, stop())
	times := r.times()
	for name := range committed {
		if times[name] != 1 {
			t.Errorf("job %s happened %d times", name, times[name])
		}
	}
	for name, n := range times {
		if n != 1 {
			t.Errorf("job %s happened %d times", name, n)
		}
	}
	if len(committed) < 160 {
		t.Errorf("only %d jobs were acknowledged", len(committed))
	}
	t.Logf("%d acknowledged, %d happened", len(committed), len(times))
}

// crashRig is a queue whose handler counts and settles in one transaction.
func crashRig(t *testing.T, dir string) *rig {
	r := newRig(t, openTables(t, db.Config{Dir: dir})).live(uint16(os.Getpid()))
	r.set.Alone = true
	r.kind(Kind[note]{Name: "a"}, func(ctx context.Context, j Job, n note) error {
		return r.db.Write(ctx, func(tx *db.Tx) error {
			if err := count(ctx, tx, n.Text); err != nil {
				return err
			}
			return j.Settle(ctx, tx)
		})
	})
	return r.begin()
}

// addUntilKilled is what the child does: it says the name of each job whose transaction is committed.
func addUntilKilled(t *testing.T, dir string) {
	r := crashRig(t, dir)
	r.run()
	for i := 0; ; i++ {
		name := fmt.Sprintf("%d-%d", os.Getpid(), i)
		r.add(Kind[note]{Name: "a"}, name, Options{})
		fmt.Println("committed", name)
	}
}

// killedChild starts a child, kills it after it said so many names, and gives the names.
func killedChild(t *testing.T, dir string, names int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKilledProcess$")
	child.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	var heard []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "committed "); ok {
			heard = append(heard, name)
		}
		if len(heard) == names {
			must(t, child.Process.Kill())
		}
	}
	if err := child.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	return heard
}
