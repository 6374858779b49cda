package e2e

import (
	"context"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestDebugRestart(t *testing.T) {
	own := privateCluster(t)
	p := place{data: t.TempDir(), url: own.url}
	token := p.open(t)
	broken, address := through(t, own.url)
	const wait = 4 * time.Second
	x := &outage{T: t, place: p, proxy: broken, crew: newCrew(seeded(t)), patient: 2*wait + 3*time.Second}
	x.server = place{data: p.data, url: address}.serve(t, "--verbose", "--wait", wait.String())
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
	dbgServer, dbgURL = x.server, own.url[:len(own.url)-len("&schema=outage")]
	x.crew.verify(t, x.client, true)
	p.check(t)
	x.server.stop(t)
	acked, refused, slowest := x.crew.total()
	t.Logf("%d writes acknowledged, %d answered with 503, slowest %v", acked, refused, slowest)
	if slowest > x.patient {
		t.Errorf("a request took %v, want %v at most", slowest, x.patient)
	}
}


func debugProbe(t *testing.T, c *client, s *server) {
	restarted := time.Now()
	var once sync.Once
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 30 {
				done := make(chan struct{})
				began := time.Now()
				go func() {
					select {
					case <-done:
					case <-time.After(1500 * time.Millisecond):
						once.Do(func() {
							s.cmd.Process.Signal(syscall.SIGQUIT)
						})
					}
				}()
				a, err := c.send(context.Background(), "GET", "/people?limit=10", nil)
				close(done)
				if took := time.Since(began); took > 500*time.Millisecond {
					t.Logf("%v after the restart: %v %v %v", time.Since(restarted), took, a.status, err)
				}
			}
		})
	}
	all.Wait()
	os.WriteFile("/tmp/e2e-dump.txt", []byte(s.err.String()), 0o600)
	if !s.running() {
		t.FailNow()
	}
}
