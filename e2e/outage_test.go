package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ashna/testkit"
)

// cluster is a PostgreSQL server that a test may restart.
type cluster struct{ url string }

// privateCluster starts one, or skips the test where that cannot be.
func privateCluster(t testing.TB) *cluster {
	t.Helper()
	if os.Getenv("ASHNA_TEST_POSTGRES") == "off" {
		t.Skip("PostgreSQL tests are off")
	}
	out, err := script("start")
	if err != nil {
		t.Skipf("no server of its own for the test: %v", err)
	}
	t.Cleanup(func() {
		if _, err := script("stop"); err != nil {
			t.Error(err)
		}
	})
	return &cluster{strings.TrimSpace(out) + "&schema=outage"}
}

// script runs scripts/postgres.sh for a server whose name ends in this process, so that later runs sweep it away when this one is killed.
func script(command string) (string, error) {
	c := exec.Command(filepath.Join(testkit.Root(), "scripts", "postgres.sh"), command)
	c.Env = append(environment(), fmt.Sprintf("ASHNA_TEST_SERVER=with-e2e-%d", os.Getpid()))
	c.Stderr = os.Stderr
	out, err := c.Output()
	return string(out), err
}

// outage is a server whose database goes away and comes back.
type outage struct {
	*testing.T
	place   place // without the proxy
	proxy   *proxy
	server  *server
	client  *client
	crew    *crew
	patient time.Duration
}

// TestDatabaseOutages breaks the connection to the database in every way while clients write. Requests are answered with 503 and in time,
// nothing that was acknowledged is lost or done twice, and work goes on soon after the database is back, without a restart.
func TestDatabaseOutages(t *testing.T) {
	own := privateCluster(t)
	p := place{data: t.TempDir(), url: own.url}
	token := p.open(t)
	broken, address := through(t, own.url)
	const wait = 4 * time.Second
	x := &outage{T: t, place: p, proxy: broken, crew: newCrew(seeded(t)), patient: 2*wait + 3*time.Second}
	x.server = place{data: p.data, url: address}.serve(t, "--wait", wait.String())
	x.client = x.server.as(t, token)
	stop := make(chan struct{})
	working := x.crew.work(t, x.client, stop, true)
	time.Sleep(500 * time.Millisecond)
	x.during("connections cut", false, func() {
		for range 5 {
			broken.cut()
			time.Sleep(100 * time.Millisecond)
		}
	})
	x.during("connections ended by the database", false, func() { x.terminate() })
	x.during("connections refused", true, func() {
		broken.refuse(true)
		time.Sleep(2 * time.Second)
		broken.refuse(false)
	})
	x.during("a hole in the network", true, func() {
		heal := broken.swallow()
		time.Sleep(wait + 2*time.Second)
		heal()
	})
	x.during("connections dead without a word", false, func() {
		broken.abandon()
		time.Sleep(wait + 5*time.Second) // until the server gives the requests up, and the database the transactions
	})
	broken.cut() // at last somebody notices
	x.during("the database restarted", false, func() {
		if _, err := script("restart"); err != nil {
			t.Fatal(err)
		}
	})
	close(stop)
	working()
	p.quiet(t, time.Now())
	x.crew.verify(t, x.client, true)
	p.check(t)
	x.server.stop(t)
	acked, refused, slowest := x.crew.total()
	t.Logf("%d writes acknowledged, %d answered with 503, slowest %v", acked, refused, slowest)
	if slowest > x.patient {
		t.Errorf("a request took %v, want %v at most", slowest, x.patient)
	}
}

// terminate lets the database end all connections to the workspace but that of the one who asks.
func (x *outage) terminate() {
	n := ask(x, x.place, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	if n == 0 {
		x.Error("no connection was ended")
	}
}

// recovery is how soon work must go on when the database is back.
const recovery = 5 * time.Second

// during breaks something while everybody works, and measures how soon a write succeeds afterwards. A reader looks on: it must be answered
// all the time, and hear 503 when the database is away for long.
func (x *outage) during(what string, long bool, do func()) {
	x.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var looking sync.WaitGroup
	var refused int
	looking.Go(func() { refused = x.look(ctx) })
	do()
	took, last := x.recover()
	stop()
	looking.Wait()
	x.Logf("%s: work goes on after %v; %d readings answered with 503", what, took, refused)
	if took > recovery {
		x.Errorf("%s: work went on after %v, want %v at most; the last answer before was %s", what, took, recovery, last)
	}
	if long && refused == 0 {
		x.Errorf("%s: no reading was answered with 503", what)
	}
}

// recover tries a write until it succeeds, and gives how long that took.
func (x *outage) recover() (took time.Duration, last string) {
	x.Helper()
	for began := time.Now(); ; {
		a, err := x.client.send(context.Background(), "POST", "/companies", []byte(`{"name": "Back"}`))
		took = time.Since(began)
		if err == nil && a.status == http.StatusCreated {
			return took, last
		}
		if last = fmt.Sprint(a, err); took > 4*recovery {
			x.Fatalf("no work after %v: %s", took, last)
		}
		time.Sleep(pause)
	}
}

// look reads until ctx ends, and gives how often it was told to come later. The process itself stays well.
func (x *outage) look(ctx context.Context) (refused int) {
	for ctx.Err() == nil {
		began := time.Now()
		a, err := x.client.send(context.WithoutCancel(ctx), "GET", "/people?"+url.Values{"limit": {"1"}}.Encode(), nil)
		took := time.Since(began)
		switch {
		case err != nil:
			x.Errorf("a reading was not answered: %v", err)
		case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
			refused++
		case a.status != http.StatusOK:
			x.Errorf("a reading was answered with %v", a)
		}
		if took > x.patient {
			x.Errorf("a reading took %v, want %v at most", took, x.patient)
		}
		if res, err := http.Get(x.server.url + "/healthz"); err != nil || res.StatusCode != http.StatusOK {
			x.Errorf("the process is not well: %v %v", res, err)
		} else {
			_ = res.Body.Close()
		}
		time.Sleep(pause)
	}
	return refused
}
