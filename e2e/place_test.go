package e2e

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ashna/testkit"
)

// place is where a workspace lives: a data folder, and a database server when it has a URL.
type place struct {
	data string
	url  string
}

// on gives the arguments of a command on the place.
func (p place) on(args ...string) []string {
	args = append(args, "--data", p.data)
	if p.url != "" {
		args = append(args, "--database", p.url)
	}
	return args
}

// everywhere runs a test in an empty place on each database.
func everywhere(t *testing.T, do func(t *testing.T, p place)) {
	t.Run("sqlite", func(t *testing.T) { do(t, place{data: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { do(t, onServer(t)) })
}

// onServer makes an empty place on PostgreSQL, or skips the test when that is off.
func onServer(t testing.TB) place {
	t.Helper()
	url, ok := testkit.PostgresURL(t)
	if !ok {
		t.Skip("PostgreSQL tests are off")
	}
	return place{data: t.TempDir(), url: url}
}

// owner is the address of the person whom all clients sign in as.
const owner = "owner@example.com"

// open makes the workspace with its owner, and gives a token of hers.
func (p place) open(t testing.TB) (token string) {
	t.Helper()
	must(t, p.on("user", "add", owner, "--role", "owner")...)
	return strings.TrimSpace(must(t, p.on("token", "create", owner)...))
}

// server is a running server.
type server struct {
	*child
	url  string
	took time.Duration // from its start until it said that it answers
}

// startTime is how long a start may take on a machine that does other things too.
const startTime = 30 * time.Second

// serve starts a server on a free port.
func (p place) serve(t testing.TB, more ...string) *server {
	t.Helper()
	began := time.Now()
	c := spawn(t, append(p.on("serve", "--listen", "127.0.0.1:0"), more...)...)
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	go func() {
		<-c.ended
		cancel()
	}()
	url, ok := c.err.after(ctx, "Ashna answers at ")
	if !ok {
		c.kill()
		t.Fatalf("the server did not start:\n%s", c.err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server said:\n%s", tail(c.err.String(), 4_000))
		}
	})
	return &server{child: c, url: url, took: time.Since(began)}
}

func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return "…" + s[len(s)-n:]
}

// stop ends a server as an operator does, and checks that it ends well.
func (s *server) stop(t testing.TB) {
	t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	if status := s.wait(t, 40*time.Second); status != 0 {
		t.Errorf("the server ended with status %d\n%s", status, s.err)
	}
}

// checkReport is what the command check prints.
type checkReport struct {
	Changes  int64
	Files    int64
	Findings []struct{ Where, What string }
}

// check runs the command check, which must find nothing.
func (p place) check(t testing.TB) checkReport {
	t.Helper()
	r := run(t, p.on("check")...)
	var report checkReport
	if err := json.Unmarshal([]byte(r.out), &report); err != nil {
		t.Fatalf("check: exit status %d, %v\n%s%s", r.status, err, r.out, r.err)
	}
	if r.status != 0 || len(report.Findings) > 0 {
		t.Errorf("check: exit status %d, findings %v", r.status, report.Findings)
	}
	return report
}

// export gives the records of an object as JSON lines, in the order of their keys.
func (p place) export(t testing.TB, object string, more ...string) []string {
	t.Helper()
	text := must(t, p.on(append([]string{"export", object, "--format", "jsonl"}, more...)...)...)
	return lines(text)
}

func lines(text string) []string {
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// seeded gives the chance of a test, which the printed seed repeats.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("ASHNA_E2E_SEED"); given != "" {
		n, err := strconv.ParseUint(given, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	t.Logf("ASHNA_E2E_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// between gives a time of chance.
func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64(high-low)))
}
