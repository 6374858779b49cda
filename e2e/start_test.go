package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ashna/engine/db"
)

// TestStart measures how long a server takes until it answers, in a place that has a workspace.
func TestStart(t *testing.T) {
	const limit = time.Second
	everywhere(t, func(t *testing.T, p place) {
		p.open(t)
		best := time.Hour
		for range 5 {
			s := p.serve(t)
			best = min(best, s.took)
			res, err := http.Get(s.url + "/readyz")
			if err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("readyz after the start: %v %v", res, err)
			}
			if err == nil {
				_ = res.Body.Close()
			}
			s.stop(t)
			if best <= limit {
				break
			}
		}
		t.Logf("ready after %v", best)
		if best > limit {
			t.Errorf("ready after %v at best, want %v", best, limit)
		}
	})
}

// TestFirstStart checks that a server in an empty place tells how to make its owner, and that this works once.
func TestFirstStart(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := p.serve(t)
		ctx, cancel := context.WithTimeout(context.Background(), startTime)
		defer cancel()
		secret, ok := s.err.after(ctx, `"token": "`)
		if !ok {
			t.Fatalf("no address for the first start:\n%s", s.err)
		}
		body := fmt.Sprintf(`{"token": %q, "name": "Owner", "email": %q, "password": "a phrase nobody guesses 7"}`, strings.Split(secret, `"`)[0], owner)
		guest := s.as(t, "")
		for i, want := range []int{http.StatusCreated, http.StatusForbidden} {
			a, err := post(guest, "/setup", body)
			if err != nil || a.status != want && (i == 0 || a.status < 400 || a.status >= 500) {
				t.Errorf("setup %d: %v %v, want %d", i, a, err, want)
			}
		}
		s.stop(t)
	})
}

// post sends a body without the header of a token.
func post(c *client, path, body string) (answer, error) {
	res, err := c.http.Post(c.base+path, "application/json", strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	return answer{status: res.StatusCode, header: res.Header}, nil
}

// TestSecondServer checks that a folder has one server at a time, that commands work beside it, and that the folder is free when it is gone.
func TestSecondServer(t *testing.T) {
	p := place{data: t.TempDir()}
	p.open(t)
	first := p.serve(t)
	second := run(t, p.on("serve", "--listen", "127.0.0.1:0")...)
	if second.status != 1 || !strings.Contains(second.err, "another server already works on "+p.data) || !strings.Contains(second.err, "--data") {
		t.Errorf("a second server: status %d, %s", second.status, second.err)
	}
	p.check(t)
	first.kill()
	p.serve(t).stop(t)
}

// TestNewerDatabase checks that a database of a newer program is refused with advice by every command, and left as it is.
func TestNewerDatabase(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		p.open(t)
		err := inside(p, func(d *db.DB) error {
			return d.Write(context.Background(), func(tx *db.Tx) error {
				_, err := tx.Exec(context.Background(),
					"INSERT INTO schema_version (version, name, at, program) VALUES ($1, $2, $3, $4)", 9_999, "things to come", 1, "9.9.9")
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		const rows = "SELECT count(*) FROM changes"
		before := ask(t, p, rows)
		for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"check"}, {"export", "people"}, {"user", "add", "x@example.com"}} {
			r := run(t, p.on(args...)...)
			for _, part := range []string{"9999", "things to come", "use the program of version 9.9.9"} {
				if r.status != 1 || r.out != "" || !strings.Contains(r.err, part) {
					t.Errorf("%v: status %d, %q, want %q in it", args, r.status, r.err, part)
				}
			}
		}
		if after := ask(t, p, rows); after != before {
			t.Errorf("the log went from %d to %d rows", before, after)
		}
	})
}

// TestStop ends a server in the middle of long requests and of a live stream: each request gets its answer, the stream ends, and the server
// is gone soon, with everything on disk.
func TestStop(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		token := p.open(t)
		s := p.serve(t)
		c := s.as(t, token)
		live := listen(t, c)
		const requests, records = 4, 300
		answers := inFlight(t, c, requests, records)
		began := time.Now()
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		for range requests {
			if a := <-answers; a.status != http.StatusOK {
				t.Errorf("a request that ran when the server was told to stop: %v", a)
			}
		}
		if status := s.wait(t, 40*time.Second); status != 0 {
			t.Errorf("status %d\n%s", status, s.err)
		}
		took := time.Since(began)
		t.Logf("gone after %v", took)
		if took > 10*time.Second {
			t.Errorf("the server took %v to stop", took)
		}
		live.ended(t)
		if n := len(p.export(t, "people", "--fields", "name")); n != requests*records {
			t.Errorf("%d people are there, want %d", n, requests*records)
		}
		p.check(t)
	})
}

// inFlight sends batches, and returns when the server has read all of them.
func inFlight(t testing.TB, c *client, requests, records int) <-chan answer {
	t.Helper()
	answers := make(chan answer, requests)
	var sent sync.WaitGroup
	sent.Add(requests)
	for i := range requests {
		var b strings.Builder
		b.WriteString(`{"atomic": true, "operations": [`)
		for j := range records {
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"op": "create", "values": {"name": "Flight %d-%d", "email": "flight-%d-%d@example.com"}}`, i, j, i, j)
		}
		b.WriteString("]}")
		var once sync.Once
		trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { once.Do(sent.Done) }}
		go func() {
			a, err := c.send(httptrace.WithClientTrace(context.Background(), trace), "POST", "/people/batch", []byte(b.String()))
			if err != nil {
				t.Error(err)
			}
			answers <- a
		}()
	}
	sent.Wait()
	time.Sleep(pause) // for the server to take them from its side
	return answers
}

// stream is a live stream that somebody reads.
type stream struct {
	events chan string
	done   chan error
}

// listen opens a live stream, and returns when it is open.
func listen(t testing.TB, c *client) *stream {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	req, err := http.NewRequestWithContext(ctx, "GET", c.base+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := (&http.Client{Transport: c.http.Transport}).Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("live: %v %v", res, err)
	}
	l := &stream{events: make(chan string, 10_000), done: make(chan error, 1)}
	go func() {
		defer func() { _ = res.Body.Close() }()
		for in := bufio.NewScanner(res.Body); ; {
			if !in.Scan() {
				l.done <- in.Err()
				return
			}
			if data, ok := strings.CutPrefix(in.Text(), "data: "); ok {
				l.events <- data
			}
		}
	}()
	return l
}

// ended checks that a stream came to a clean end.
func (l *stream) ended(t testing.TB) {
	t.Helper()
	select {
	case err := <-l.done:
		if err != nil {
			t.Errorf("the live stream broke: %v", err)
		}
	case <-time.After(startTime):
		t.Error("the live stream goes on")
	}
}
