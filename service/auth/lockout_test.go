package auth

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
)

func TestNetworks(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"198.51.100.7", "198.51.100.250", "198.51.100.0/24"},
		{"::ffff:198.51.100.9", "198.51.100.7", "198.51.100.0/24"},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::", "2001:db8:1:2::/64"},
		{"fe80::1%eth0", "fe80::2%eth1", "fe80::/64"},
	} {
		if got := network(netip.MustParseAddr(c.a)); got != c.want || network(netip.MustParseAddr(c.b)) != c.want {
			t.Errorf("%s and %s lie in %s and %s, want %s", c.a, c.b, got, network(netip.MustParseAddr(c.b)), c.want)
		}
	}
	if network(netip.MustParseAddr("198.51.101.7")) == network(netip.MustParseAddr(home)) {
		t.Error("two networks are one")
	}
	if network(netip.Addr{}) != "none" {
		t.Errorf("no address lies in %s", network(netip.Addr{}))
	}
}

func TestDelaysGrow(t *testing.T) {
	last := time.Duration(0)
	for n := range int64(mostFailures + 10) {
		d := delay(n)
		if d < last || n < freeFailures && d != 0 || n >= freeFailures && n < mostFailures && (d < firstDelay || d > longestDelay) {
			t.Errorf("after %d failures the wait is %v, before it was %v", n, d, last)
		}
		last = d
	}
	if delay(freeFailures) != firstDelay || delay(freeFailures+1) != 2*firstDelay || delay(mostFailures-1) != longestDelay || delay(1<<60) != restTime {
		t.Error("the delays are not those that are documented")
	}
}

// failures tries wrong passwords from an address until it is locked, at most max times, and says how many were let in.
func (w *world) failures(email, ip string, most int) int {
	w.t.Helper()
	for n := range most {
		_, err := w.signIn(email, "surely not this", "", ip)
		switch fault.KindOf(err) {
		case fault.Unauthenticated:
		case fault.TooMany:
			expect(w.t, err, fault.TooMany, "auth.locked")
			return n
		default:
			w.t.Fatal(err)
		}
	}
	return most
}

func TestPairIsLocked(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		for _, email := range []string{"sara@example.org", "nobody@example.org"} {
			if n := w.failures(email, home, 20); n != freeFailures {
				t.Errorf("%s: %d failures were free, want %d", email, n, freeFailures)
			}
			hashes, rows := w.hash.work.Load(), len(w.log())
			_, err := w.signIn(email, goodPassword, "", home)
			expect(t, err, fault.TooMany, "auth.locked")
			if f := fault.Of(err); f != nil && f.Params["seconds"] != int64(firstDelay/time.Second) {
				t.Errorf("%s: the wait is %v seconds", email, f.Params["seconds"])
			}
			if w.hash.work.Load() != hashes || len(w.log()) != rows {
				t.Errorf("%s: who is locked out costs a hash or a row in the log", email)
			}
		}
		w.clock.Advance(firstDelay)
		if n := w.failures("sara@example.org", home, 20); n != 1 {
			t.Errorf("after the wait %d failures were let in, want 1", n)
		}
		w.clock.Advance(2*firstDelay - time.Second)
		_, err := w.signIn("sara@example.org", goodPassword, "", home)
		expect(t, err, fault.TooMany, "auth.locked")
		w.clock.Advance(time.Second)
		w.mustSignIn("sara@example.org", goodPassword, "")
		if n := w.failures("sara@example.org", home, 20); n != freeFailures {
			t.Errorf("after signing in %d failures were free, want %d", n, freeFailures)
		}
		w.write(func(ctx context.Context, tx *db.Tx) error { return w.Unlock(ctx, tx, Caller{}, sara) })
		w.expectEvents("unlocked")
		w.mustSignIn("sara@example.org", goodPassword, "")
		w.failures("sara@example.org", home, 20)
		w.setPassword(sara, goodPassword)
		w.mustSignIn("sara@example.org", goodPassword, "")
	})
}

// TestNobodyLocksAnotherOut lets strangers fail from everywhere, and the owner sign in at home, and on a journey.
func TestNobodyLocksAnotherOut(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		w.user("sara@example.org", goodPassword)
		w.mustSignIn("sara@example.org", goodPassword, "")
		for i := range 150 {
			w.failures("sara@example.org", fmt.Sprintf("203.0.%d.5", i), 3)
		}
		w.mustSignIn("sara@example.org", goodPassword, "")
		if _, err := w.signIn("sara@example.org", goodPassword, "", "192.0.2.44"); err != nil {
			t.Errorf("on a journey: %v", err)
		}
	})
}

// TestColleaguesAreSafeFromEachOther lets one machine behind the address of an office fail with every name there is.
func TestColleaguesAreSafeFromEachOther(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		w.user("sara@example.org", goodPassword)
		w.user("omid@example.org", goodPassword)
		w.mustSignIn("sara@example.org", goodPassword, "")
		let := 0
		for i := range 60 {
			let += w.failures(fmt.Sprintf("name%d@example.org", i), fmt.Sprintf("198.51.100.%d", i), 4)
		}
		if let != networkFailures {
			t.Errorf("a network had %d failures, the limit is %d", let, networkFailures)
		}
		w.mustSignIn("sara@example.org", goodPassword, "")
		_, err := w.signIn("omid@example.org", goodPassword, "", home)
		expect(t, err, fault.TooMany, "auth.locked")
		w.clock.Advance(networkRefill)
		w.mustSignIn("omid@example.org", goodPassword, "")
		if n := w.failures("sara@example.org", home, 20); n != freeFailures {
			t.Errorf("who is known in a full network has %d failures free, want %d", n, freeFailures)
		}
		w.clock.Advance(restTime)
		for i := range 40 {
			w.failures(fmt.Sprintf("other%d@example.org", i), home, 4)
		}
		_, err = w.signIn("sara@example.org", goodPassword, "", home)
		expect(t, err, fault.TooMany, "auth.locked")
	})
}

// TestFailuresAreBounded has an attacker at one address who tries whenever it is allowed, for three months.
func TestFailuresAreBounded(t *testing.T) {
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{})
	w.user("sara@example.org", goodPassword)
	failed := 0
	for until := start.Add(80 * day); w.clock.Now().Before(until); {
		failed += w.failures("sara@example.org", "203.0.113.5", 200)
		w.clock.Advance(time.Hour)
		if failed >= mostFailures {
			w.clock.Advance(5 * day)
		}
	}
	if failed != mostFailures {
		t.Errorf("%d failures in a row, the limit is %d", failed, mostFailures)
	}
	w.mustSignIn("sara@example.org", goodPassword, "")
}

// TestManyGuessesAtOnce shows that trying at once is no way around: each try counts before the password is looked at.
func TestManyGuessesAtOnce(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		w.user("sara@example.org", goodPassword)
		before := w.hash.work.Load()
		var group sync.WaitGroup
		for i := range 60 {
			group.Go(func() {
				in := Login{Email: "sara@example.org", Password: Secret(fmt.Sprintf("guess number %d", i))}
				_, err := w.SignIn(context.Background(), from(home), in)
				if kind := fault.KindOf(err); kind != fault.Unauthenticated && kind != fault.TooMany {
					t.Errorf("guess %d: %v", i, err)
				}
			})
		}
		group.Wait()
		if n := w.hash.work.Load() - before; n != freeFailures {
			t.Errorf("%d guesses were looked at, want %d", n, freeFailures)
		}
	})
}

func TestClockSetBackUnlocks(t *testing.T) {
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{})
	w.user("sara@example.org", goodPassword)
	w.clock.Advance(365 * day)
	w.failures("sara@example.org", home, 20)
	w.clock.Set(start)
	w.mustSignIn("sara@example.org", goodPassword, "")
}

// TestCountersNameNobody looks for what was typed in the table of attempts.
func TestCountersNameNobody(t *testing.T) {
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{})
	w.failures("typed by mistake", home, 2)
	w.read(func(ctx context.Context, q db.Querier) error {
		return db.Each(ctx, q, "SELECT key FROM attempt", nil, func(r db.Row) error {
			if strings.Contains(r.Text(0), "mistake") {
				t.Errorf("a counter is called %s", r.Text(0))
			}
			return nil
		})
	})
}

// TestCounterOfNetwork compares the counter with a model that keeps the time of every failure.
func TestCounterOfNetwork(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		now, counter := start.UnixMicro(), attempt{}
		level, at := 0.0, now // of a bucket that leaks without steps
		for range 300 {
			now += r.Int64N(2 * networkRefill.Microseconds())
			level = max(0, level-float64(now-at)/float64(networkRefill.Microseconds()))
			at = now
			counter = counter.drained(now)
			if diff := float64(counter.count) - level; diff < -1.001 || diff > 1.001 {
				t.Fatalf("the counter is %d, the model %f", counter.count, level)
			}
			counter.count++
			level++
		}
	}
	future := attempt{count: 100, at: start.Add(day).UnixMicro()}
	if got := future.drained(start.UnixMicro()); got.count != 0 || got.at != start.UnixMicro() {
		t.Errorf("a counter of the future is %+v", got)
	}
}

// TestPairsAgainstModel plays random tries of two accounts in two networks and compares every answer with a model of the rules.
func TestPairsAgainstModel(t *testing.T) {
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{})
	w.user("sara@example.org", goodPassword)
	w.user("omid@example.org", goodPassword)
	type pair struct {
		count int64
		until time.Time
	}
	model := map[string]*pair{}
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 600 {
		email := []string{"sara@example.org", "omid@example.org", "nobody@example.org"}[r.IntN(3)]
		ip := []string{home, "2001:db8::1"}[r.IntN(2)]
		right := r.IntN(12) == 0
		if r.IntN(3) == 0 {
			w.clock.Advance(time.Duration(r.Int64N(int64(10 * time.Minute))))
		}
		p := model[email+ip]
		if p == nil {
			p = &pair{}
			model[email+ip] = p
		}
		password := Secret("surely not this")
		if right {
			password = goodPassword
		}
		_, err := w.signIn(email, password, "", ip)
		now := w.clock.Now()
		switch {
		case now.Before(p.until):
			expect(t, err, fault.TooMany, "auth.locked")
		case right && email != "nobody@example.org":
			if err != nil {
				t.Errorf("step %d: %s from %s is refused: %v", i, email, ip, err)
			}
			*p = pair{}
		default:
			p.count++
			p.until = now.Add(delay(p.count))
			expect(t, err, fault.Unauthenticated, "auth.wrong")
		}
		if t.Failed() {
			t.Fatalf("step %d: %s from %s, right %v, model %+v", i, email, ip, right, *p)
		}
	}
}
