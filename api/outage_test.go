package api

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/testkit"
)

// wire passes connections on to a database, until it is cut.
type wire struct {
	net.Listener
	target string
	mu     sync.Mutex
	cut    bool
	open   []net.Conn
}

func newWire(t *testing.T, target string) *wire {
	t.Helper()
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: in, target: target}
	t.Cleanup(func() { w.set(true); _ = in.Close() })
	go func() {
		for {
			c, err := in.Accept()
			if err != nil {
				return
			}
			w.pass(c)
		}
	}()
	return w
}

func (w *wire) pass(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	far, err := net.Dial("tcp", w.target)
	if w.cut || err != nil {
		_ = c.Close()
		return
	}
	w.open = append(w.open, c, far)
	for _, pair := range [][2]net.Conn{{c, far}, {far, c}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			_ = pair[0].Close()
		}()
	}
}

// set cuts every connection and lets no new one through, or lets them through again.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut = cut; cut {
		for _, c := range w.open {
			_ = c.Close()
		}
		w.open = nil
	}
}

// TestLostDatabase cuts the wire to the database in the middle of writes: callers hear 503, what was acknowledged is there afterwards, and
// the program goes on without a restart.
func TestLostDatabase(t *testing.T) {
	address, ok := testkit.PostgresURL(t)
	if !ok {
		t.Skip("PostgreSQL tests are off")
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	cable := newWire(t, u.Host)
	u.Host = cable.Addr().String()
	w := newWorld(t, db.Config{URL: u.String(), Wait: time.Second}, nil)
	live := w.listen(t, http.DefaultClient, "/live", "Authorization: Bearer "+w.token)
	kept := w.company("Before")
	if _, data := live.event(); !strings.Contains(data, kept) {
		t.Errorf("data %s", data)
	}
	ctx, stop := context.WithCancel(t.Context())
	var acknowledged []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			switch got := w.call("POST", "/companies", `{"name":"During"}`); got.status {
			case 201:
				acknowledged = append(acknowledged, got.id(t))
			case 503:
				if got.header.Get("Retry-After") == "" {
					t.Errorf("nobody says when to come again: %s", got.body)
				}
			default:
				t.Errorf("%d %s", got.status, got.body)
			}
		}
	}()
	w.until(func() bool { return w.call("GET", "/companies", nil).status == 200 })
	cable.set(true)
	w.until(func() bool { return w.call("GET", "/companies", nil).status == 503 })
	w.with(http.DefaultClient, "GET", "/readyz", nil).want(t, 503)
	w.with(http.DefaultClient, "GET", "/healthz", nil).want(t, 200)
	cable.set(false)
	w.until(func() bool { return w.with(http.DefaultClient, "GET", "/readyz", nil).status == 200 })
	w.until(func() bool { return w.call("POST", "/companies", `{"name":"After"}`).status == 201 })
	stop()
	<-done
	for _, id := range append(acknowledged, kept) {
		w.call("GET", "/companies/"+id, nil).want(t, 200)
	}
	if len(acknowledged) == 0 {
		t.Error("nothing was acknowledged at all")
	}
}
