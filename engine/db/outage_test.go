package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ashna/kit/fault"
	"ashna/testkit"
)

// backend gives the process of the server behind a connection.
func backend(ctx context.Context, q Querier) (int64, error) {
	row, _, err := One(ctx, q, "SELECT pg_backend_pid()")
	if err != nil {
		return 0, err
	}
	return row.Int(0), nil
}

// kill ends a backend and waits until it is gone.
func kill(t *testing.T, by *DB, pid int64) {
	t.Helper()
	number(t, by, "SELECT pg_terminate_backend($1::int, 5000)::int", pid)
}

func TestAConnectionLostInsideATransaction(t *testing.T) {
	address := postgresURL(t)
	d, other, ctx := table(t, Config{URL: address}), opened(t, Config{URL: address}), context.Background()
	for name, last := range map[string]func(*Tx) error{
		"before a statement": func(tx *Tx) error { _, err := tx.Exec(ctx, "INSERT INTO thing (id) VALUES (2)"); return err },
		"before a query": func(tx *Tx) error {
			_, _, err := One(ctx, tx, "INSERT INTO thing (id) VALUES (2) RETURNING id")
			return err
		},
		"an error that is ignored": func(tx *Tx) error { _, _ = tx.Exec(ctx, "INSERT INTO thing (id) VALUES (2)"); return nil },
		"inside what may be undone": func(tx *Tx) error {
			return tx.Try(ctx, func() error { return tx.Later(ctx, "INSERT INTO thing (id) VALUES (2)") })
		},
	} {
		run(t, d, "DELETE FROM thing")
		runs := 0
		err := d.Write(ctx, func(tx *Tx) error {
			runs++
			if err := tx.Later(ctx, "INSERT INTO thing (id) VALUES (1)"); err != nil {
				return err
			}
			pid, err := backend(ctx, tx)
			if err != nil {
				return err
			}
			if runs == 1 {
				kill(t, other, pid)
			}
			return last(tx)
		})
		if err != nil || runs != 2 || count(t, d) != 2 {
			t.Errorf("%s: %v after %d runs, %d rows", name, err, runs, count(t, d))
		}
	}
}

func TestAConnectionLostBeforeTheCommit(t *testing.T) {
	address := postgresURL(t)
	d, other, ctx := table(t, Config{URL: address}), opened(t, Config{URL: address}), context.Background()
	runs := 0
	err := d.Write(ctx, func(tx *Tx) error {
		runs++
		if _, err := tx.Exec(ctx, "INSERT INTO thing (id) VALUES (1)"); err != nil {
			return err
		}
		pid, err := backend(ctx, tx)
		if err == nil {
			kill(t, other, pid)
		}
		return err
	})
	if n := count(t, d); err == nil || !fault.Is(err, fault.Unavailable) || !errors.Is(err, ErrUnknown) || runs != 1 || n != 0 {
		t.Errorf("%v after %d runs, %d rows", err, runs, n)
	}
}

func TestIdleConnectionsThatWereLostAreReplaced(t *testing.T) {
	address := postgresURL(t)
	d, other, ctx := table(t, Config{URL: address, Readers: 4}), opened(t, Config{URL: address}), context.Background()
	for name, use := range map[string]func() error{
		"read":     func() error { return d.Read(ctx, func(q Querier) error { _, err := backend(ctx, q); return err }) },
		"snapshot": func() error { return d.Snapshot(ctx, func(q Querier) error { _, err := backend(ctx, q); return err }) },
		"write":    func() error { return write(d, "UPDATE thing SET n = 1") },
	} {
		for range 3 {
			for _, pid := range pids(t, d, 4) {
				kill(t, other, pid)
			}
			if err := use(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	err := d.Snapshot(ctx, func(q Querier) error {
		pid, err := backend(ctx, q)
		if err != nil {
			return err
		}
		kill(t, other, pid)
		_, err = backend(ctx, q)
		return err
	})
	wantKind(t, err, fault.Unavailable)
}

// pids opens n connections at once and gives their backends.
func pids(t *testing.T, d *DB, n int) []int64 {
	t.Helper()
	var list []int64
	var nest func(n int) error
	nest = func(n int) error {
		if n == 0 {
			return nil
		}
		return d.Read(context.Background(), func(q Querier) error {
			pid, err := backend(context.Background(), q)
			list = append(list, pid)
			if err != nil {
				return err
			}
			return nest(n - 1)
		})
	}
	if err := nest(n); err != nil {
		t.Fatal(err)
	}
	return list
}

// proxy stands between a program and its server, and can cut.
type proxy struct {
	listener net.Listener
	target   string
	swallow  atomic.Bool // what the program says next is lost, and the connection with it
	deafen   atomic.Bool // what the program says next arrives, and the connection is cut when the server answers
	group    sync.WaitGroup
}

func startProxy(t *testing.T, address string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, target: u.Host}
	p.group.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.group.Wait()
	})
	u.Host = listener.Addr().String()
	return p, u.String()
}

func (p *proxy) accept() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = in.Close()
			continue
		}
		cut := sync.OnceFunc(func() { _, _ = in.Close(), out.Close() })
		p.group.Go(func() { defer cut(); p.pass(out, in, &p.swallow) })
		p.group.Go(func() { defer cut(); p.pass(in, out, &p.deafen) })
	}
}

func (p *proxy) pass(to io.Writer, from io.Reader, stop *atomic.Bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil || stop.CompareAndSwap(true, false) {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func TestAConnectionCutAroundTheCommit(t *testing.T) {
	p, address := startProxy(t, postgresURL(t))
	d, ctx := table(t, Config{URL: address, Readers: 1}), context.Background()
	insert := func(id int) error {
		return d.Write(ctx, func(tx *Tx) error { return tx.Later(ctx, "INSERT INTO thing (id) VALUES ($1)", id) })
	}
	warm := func(from int) { // prepares every statement on a connection, so that the next write is one message
		for id := from; id < from+3; id++ {
			if err := insert(id); err != nil {
				t.Fatal(err)
			}
		}
	}
	there := func(id int) bool {
		return number(t, d, fmt.Sprintf("SELECT count(*) FROM thing WHERE id = %d", id)) == 1
	}
	// A cut may meet an announcement, or the preparation of a statement on a connection that was not warm: then it says nothing about the
	// commit, and the next one is tried.
	cuts := func(from int, cut *atomic.Bool, tells func(id int, err error) bool) bool {
		for id := from; id < from+200; id += 10 {
			warm(id + 1)
			cut.Store(true)
			err := insert(id)
			if err != nil && !fault.Is(err, fault.Unavailable) {
				t.Errorf("cut at %d: %v", id, err)
			}
			if err == nil && !there(id) {
				t.Errorf("the row %d was confirmed and is not there", id)
			}
			if tells(id, err) {
				return true
			}
		}
		return false
	}
	if !cuts(1_000, &p.swallow, func(id int, err error) bool { return errors.Is(err, ErrUnknown) && !there(id) }) {
		t.Error("no write that was lost on the way was seen")
	}
	arrived := func(id int, err error) bool {
		for range 50 {
			if errors.Is(err, ErrUnknown) && there(id) {
				return true
			}
			time.Sleep(2 * time.Millisecond)
		}
		return false
	}
	if !cuts(2_000, &p.deafen, arrived) {
		t.Error("no write that arrived and whose answer was lost was seen")
	}
}

// ownServer starts a server that only this test uses, so that it can be spoilt.
func ownServer(t *testing.T) string {
	t.Helper()
	postgresURL(t) // skips where there is no PostgreSQL
	script, name := filepath.Join(testkit.Root(), "scripts", "postgres.sh"), fmt.Sprintf("outage-%d", os.Getpid())
	command := func(verb string) (string, error) {
		c := exec.Command(script, verb)
		c.Env = append(os.Environ(), "ASHNA_TEST_SERVER="+name)
		out, err := c.Output()
		return strings.TrimSpace(string(out)), err
	}
	t.Cleanup(func() {
		if _, err := command("stop"); err != nil {
			t.Error(err)
		}
	})
	address, err := command("start")
	if err != nil {
		t.Skipf("a server cannot be started here: %v", err)
	}
	return address
}

func TestSettingsOfAServerAreAsserted(t *testing.T) {
	address := postgresURL(t)
	for _, value := range []string{"off", "local"} {
		_, err := Open(context.Background(), Config{URL: address + "&synchronous_commit=" + value})
		if err == nil || !strings.Contains(err.Error(), "synchronous_commit") {
			t.Errorf("synchronous_commit = %s: %v", value, err)
		}
	}
	for _, bad := range []string{address + "&schema=No-Good", "postgres://%zz", "postgres://127.0.0.1:1/x?connect_timeout=1"} {
		if d, err := Open(context.Background(), Config{URL: bad}); err == nil {
			t.Errorf("%s: opened %v", bad, d)
		}
	}
}

// TestAServerThatGoesWrong spoils a server of its own: its settings first, then its life.
func TestAServerThatGoesWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	address := ownServer(t)
	d := table(t, Config{URL: address + "&schema=outage", Wait: 2 * time.Second})
	for _, setting := range []string{"fsync", "full_page_writes"} {
		alter(t, address, "ALTER SYSTEM SET "+setting+" = off")
		_, err := Open(context.Background(), Config{URL: address})
		if err == nil || !strings.Contains(err.Error(), setting+" = off") {
			t.Errorf("%s: %v", setting, err)
		}
		d.driver.(*postgresDB).pool.Reset() // a running program notices with its next connection
		if err := write(d, "UPDATE thing SET n = 1"); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a running program: %v", err)
		}
		alter(t, address, "ALTER SYSTEM RESET "+setting)
		eventually(t, "the program goes on when the setting is right again", func() bool { return write(d, "UPDATE thing SET n = 1") == nil })
	}
	alter(t, address, "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0")
	_, err := Open(context.Background(), Config{URL: strings.Replace(address, "/postgres?", "/ascii?", 1)})
	if err == nil || !strings.Contains(err.Error(), "SQL_ASCII") {
		t.Errorf("encoding: %v", err)
	}
	underLoad(t, d, func() { restart(t, address) })
}

// alter runs a statement through the client program, beside our own connections, and lets the server read its settings.
func alter(t *testing.T, address, text string) {
	t.Helper()
	out, err := exec.Command("psql", address, "-qAt", "-c", text, "-c", "SELECT pg_reload_conf()", "-c", "SELECT pg_sleep(0.1)").CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v %s", text, err, out)
	}
}

// underLoad writes and reads while something happens, and checks that every answer was true and that all works soon after.
func underLoad(t *testing.T, d *DB, happens func()) {
	t.Helper()
	run(t, d, "DELETE FROM thing")
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	var next, confirmed, unknown, failed atomic.Int64
	for range 8 {
		group.Go(func() {
			for ctx.Err() == nil {
				id := next.Add(1)
				err := d.Write(context.Background(), func(tx *Tx) error {
					return tx.Later(ctx, "INSERT INTO thing (id) VALUES ($1)", id)
				})
				switch {
				case err == nil:
					confirmed.Add(1)
				case errors.Is(err, ErrUnknown):
					unknown.Add(1)
				case ctx.Err() == nil && !fault.Is(err, fault.Unavailable):
					t.Errorf("write: %v", err)
				default:
					failed.Add(1)
				}
			}
		})
		group.Go(func() {
			for ctx.Err() == nil {
				err := d.Read(context.Background(), func(q Querier) error {
					_, _, err := One(context.Background(), q, "SELECT count(*) FROM thing")
					return err
				})
				if err != nil && !fault.Is(err, fault.Unavailable) {
					t.Errorf("read: %v", err)
				}
			}
		})
	}
	eventually(t, "writes are on their way", func() bool { return confirmed.Load() > 50 })
	happens()
	before := confirmed.Load()
	eventually(t, "writes go on", func() bool { return confirmed.Load() > before+50 })
	stop()
	group.Wait()
	rows := count(t, d)
	if rows < confirmed.Load() || rows > confirmed.Load()+unknown.Load() {
		t.Errorf("%d rows, %d confirmed, %d unknown, %d failed", rows, confirmed.Load(), unknown.Load(), failed.Load())
	}
	t.Logf("%d rows, %d confirmed, %d unknown, %d failed", rows, confirmed.Load(), unknown.Load(), failed.Load())
}

// restart kills a server of this machine at once and starts it again on the same port.
func restart(t *testing.T, address string) {
	t.Helper()
	out, err := exec.Command("psql", address, "-qAtc", "SHOW data_directory").Output()
	if err != nil {
		t.Fatal(err)
	}
	data := strings.TrimSpace(string(out))
	lines, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		t.Skipf("the server is not on this machine: %v", err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(lines), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		t.Skipf("the server's program is not known: %v", err)
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is gone", func() bool { return syscall.Kill(pid, 0) != nil })
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	start := exec.Command(filepath.Join(filepath.Dir(program), "pg_ctl"), "-D", data, "-l", filepath.Join(filepath.Dir(data), "server.log"),
		"-o", "-p "+u.Port(), "-w", "-t", "30", "start")
	start.Dir = filepath.Dir(data)
	info, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && os.Getuid() == 0 {
		start.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	if err := start.Run(); err != nil {
		t.Fatalf("start the server again: %v", err)
	}
}
