package db

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ashna/kit/fault"
)

func TestASecondServerOfAFolderIsRefused(t *testing.T) {
	c := Config{Dir: t.TempDir(), Serve: true}
	first := opened(t, c)
	if d, err := Open(context.Background(), c); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Fatalf("%v %v", d, err)
	}
	opened(t, Config{Dir: c.Dir}) // a command beside the server is welcome
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	opened(t, c)
}

func TestTheFileIsForItsOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	table(t, Config{Dir: dir})
	files, err := filepath.Glob(filepath.Join(dir, FileName+"*"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%v %v", files, err)
	}
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}

func TestSettingsOfAConnectionAreAsserted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	for _, setting := range []string{"synchronous = NORMAL", "synchronous = OFF", "foreign_keys = OFF", "trusted_schema = ON", "cell_size_check = OFF", "journal_mode = DELETE"} {
		conn, err := openLite(path, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := assertLite(conn); err != nil {
			t.Errorf("before: %v", err)
		}
		if _, err := conn.exec("PRAGMA "+setting, nil); err != nil {
			t.Fatal(err)
		}
		if err := assertLite(conn); err == nil || !strings.Contains(err.Error(), "would not be safe") {
			t.Errorf("%s: %v", setting, err)
		}
		conn.close()
	}
}

func TestAFileThatIsNoDatabaseIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte(strings.Repeat("this is no database ", 1_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err := Open(context.Background(), Config{Dir: dir}); err == nil {
		t.Errorf("opened %v", d)
	}
	if _, err := Open(context.Background(), Config{Dir: filepath.Join(dir, FileName, "below")}); err == nil {
		t.Error("opened a folder inside a file")
	}
}

// fills writes until the disk says no, and gives the number of rows that were confirmed.
func fills(t *testing.T, d *DB) int64 {
	t.Helper()
	ctx, written := context.Background(), count(t, d)
	for i := range 10_000 {
		err := d.Write(ctx, func(tx *Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO thing (n, b) VALUES ($1, $2)", i, make([]byte, 20_000))
			return err
		})
		if err != nil {
			wantKind(t, err, fault.Full, fault.Unavailable)
			return written
		}
		written++
	}
	t.Fatal("the disk was never full")
	return 0
}

func TestAFullDisk(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit func(t *testing.T) (dir string, full func(*DB), free func(*DB))
	}{
		{"limit of pages", func(t *testing.T) (string, func(*DB), func(*DB)) {
			pages := func(n int) func(*DB) {
				return func(d *DB) {
					if _, err := d.driver.(*sqliteDB).writer.conn.exec(fmt.Sprint("PRAGMA max_page_count = ", n), nil); err != nil {
						t.Fatal(err)
					}
				}
			}
			return t.TempDir(), pages(300), pages(1 << 30)
		}},
		{"small disk", func(t *testing.T) (string, func(*DB), func(*DB)) {
			dir := t.TempDir()
			if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
				t.Skipf("a disk cannot be mounted here: %v", err)
			}
			t.Cleanup(func() {
				if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
					t.Error(err)
				}
			})
			return dir, func(*DB) {}, func(*DB) {
				if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=50m"); err != nil {
					t.Fatal(err)
				}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, full, free := c.limit(t)
			d, ctx := table(t, Config{Dir: dir}), context.Background()
			full(d)
			written := fills(t, d)
			if n := count(t, d); n != written {
				t.Errorf("%d rows, %d were confirmed", n, written)
			}
			var group sync.WaitGroup
			for range 8 { // a group of large writes fails, and reads go on beside it
				group.Go(func() {
					err := d.Write(ctx, func(tx *Tx) error {
						_, err := tx.Exec(ctx, "INSERT INTO thing (b) VALUES ($1)", make([]byte, 4<<20))
						return err
					})
					wantKind(t, err, fault.Full, fault.Unavailable)
				})
				group.Go(func() {
					if n := count(t, d); n != written {
						t.Errorf("read %d rows, want %d", n, written)
					}
				})
			}
			group.Wait()
			free(d)
			run(t, d, "INSERT INTO thing (n) VALUES (1)")
			row, _, err := one(d, "PRAGMA integrity_check")
			if err != nil || row.Text(0) != "ok" || count(t, d) != written+1 {
				t.Errorf("%v %v, %d rows, want %d", row, err, count(t, d), written+1)
			}
		})
	}
}

func TestALargeMemberDoesNotTakeItsGroupDown(t *testing.T) {
	d, ctx := table(t, Config{Dir: t.TempDir()}), context.Background()
	if _, err := d.driver.(*sqliteDB).writer.conn.exec("PRAGMA max_page_count = 300", nil); err != nil {
		t.Fatal(err)
	}
	release := held(t, d)
	errs := make([]error, 6)
	var group sync.WaitGroup
	for m := range errs {
		group.Go(func() {
			errs[m] = d.Write(ctx, func(tx *Tx) error {
				size := 10
				if m == 3 {
					size = 8 << 20
				}
				_, err := tx.Exec(ctx, "INSERT INTO thing (id, b) VALUES ($1, $2)", m, make([]byte, size))
				return err
			})
		})
		queued(t, d, m+1)
	}
	release()
	group.Wait()
	for m, err := range errs {
		if m == 3 {
			wantKind(t, err, fault.Full)
		} else if err != nil {
			t.Errorf("member %d: %v", m, err)
		}
	}
	if n := count(t, d); n != 5 {
		t.Errorf("%d rows", n)
	}
}

func TestAnotherProcessThatWritesIsWaitedFor(t *testing.T) {
	c := Config{Dir: t.TempDir()}
	d, other := table(t, c), opened(t, c)
	release := held(t, other)
	heard := make(chan error)
	go func() { heard <- write(d, "INSERT INTO thing (id) VALUES (1)") }()
	select {
	case err := <-heard:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	release()
	if err := <-heard; err != nil {
		t.Error(err)
	}
}

// The child of the next test writes and says after each commit which row is safe.
const crashDir = "ASHNA_TEST_CRASH_DIR"

func TestCrashChild(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("this runs only as a child of TestKillsLoseNothing")
	}
	d, err := Open(context.Background(), Config{Dir: dir, Serve: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	var next atomic.Int64
	next.Store(number(t, d, "SELECT coalesce(max(id), 0) FROM thing"))
	for range 8 {
		go func() {
			for {
				id := next.Add(1)
				err := d.Write(ctx, func(tx *Tx) error {
					if err := tx.Later(ctx, "INSERT INTO thing (id, n) VALUES ($1, 1)", id); err != nil {
						return err
					}
					return tx.Later(ctx, "INSERT INTO twin (id) VALUES ($1)", id)
				})
				if err != nil {
					return
				}
				_, _ = os.Stdout.WriteString(fmt.Sprintf("safe %d\n", id))
			}
		}()
	}
	select {}
}

func TestKillsLoseNothing(t *testing.T) {
	dir := t.TempDir()
	d := table(t, Config{Dir: dir})
	run(t, d, "CREATE TABLE twin (id INTEGER PRIMARY KEY)")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	var safe []int64
	for round := range 4 {
		child := exec.Command(os.Args[0], "-test.run=^TestCrashChild$")
		child.Env = append(os.Environ(), crashDir+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for heard := 0; lines.Scan(); heard++ {
			if heard == 20+50*round {
				_ = child.Process.Kill()
			}
			if text, ok := strings.CutPrefix(lines.Text(), "safe "); ok {
				id, err := strconv.ParseInt(text, 10, 64)
				if err == nil { // the last line may be cut
					safe = append(safe, id)
				}
			}
		}
		_ = child.Wait()
	}
	if len(safe) < 300 {
		t.Fatalf("only %d rows were confirmed", len(safe))
	}
	d = opened(t, Config{Dir: dir})
	there := map[int64]bool{}
	err := d.Read(context.Background(), func(q Querier) error {
		return Each(context.Background(), q, "SELECT id FROM thing", nil, func(r Row) error { there[r.Int(0)] = true; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	if lost := slices.DeleteFunc(safe, func(id int64) bool { return there[id] }); len(lost) > 0 {
		t.Errorf("confirmed and lost: %v", lost)
	}
	if half := number(t, d, "SELECT count(*) FROM thing WHERE id NOT IN (SELECT id FROM twin)"); half != 0 || number(t, d, "SELECT count(*) FROM twin") != int64(len(there)) {
		t.Errorf("%d are half there", half)
	}
	if row, _, err := one(d, "PRAGMA integrity_check"); err != nil || row.Text(0) != "ok" {
		t.Errorf("%v %v", row, err)
	}
}

func TestExplainKnowsTheErrorsOfTheSystem(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind fault.Kind
	}{
		{context.Canceled, fault.Unavailable},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), fault.Unavailable},
		{syscall.EPIPE, fault.Unavailable},
		{syscall.ECONNRESET, fault.Unavailable},
		{errors.New("conn closed"), fault.Unavailable},
		{fault.New(fault.Conflict, "x"), fault.Conflict},
		{errors.New("anything"), fault.Internal},
	} {
		if got := fault.KindOf(explain("SELECT 1", c.err)); got != c.kind {
			t.Errorf("%v: %v, want %v", c.err, got, c.kind)
		}
	}
	if explain("x", nil) != nil {
		t.Error("nothing became an error")
	}
	if long := explain(strings.Repeat("x", 5_000), errors.New("y")); len(long.Error()) > 300 {
		t.Error("a long statement is not cut")
	}
}
