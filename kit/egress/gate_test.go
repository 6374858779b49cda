package egress

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"ashna/kit/fault"
)

// names is a resolver that gives the next answer of a name each time it is asked; the last answer stays.
type names struct {
	answers map[string][][]string
	asked   atomic.Int64
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.asked.Add(1)
	turns := n.answers[host]
	if len(turns) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(turns) > 1 {
		n.answers[host] = turns[1:]
	}
	var found []netip.Addr
	for _, text := range turns[0] {
		found = append(found, netip.MustParseAddr(text))
	}
	return found, nil
}

// anywhere is a resolver that leads every name to one address.
type anywhere struct{ to string }

func (a anywhere) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr(a.to)}, nil
}

// canary listens on the loopback and counts who comes.
func canary(t *testing.T) (port string, visits *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	visits = new(atomic.Int64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			visits.Add(1)
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return port, visits
}

func wantKey(t *testing.T, err error, kind fault.Kind, key string) {
	t.Helper()
	if e := fault.Of(err); e == nil || e.Key != key || e.Kind != kind {
		t.Errorf("got %v, want %s", err, key)
	}
}

func TestCanaryIsNeverReached(t *testing.T) {
	port, visits := canary(t)
	g := WithResolver(Policy{Timeout: 2 * time.Second}, anywhere{"127.0.0.1"})
	for _, host := range spellings {
		for _, address := range []string{net.JoinHostPort(host, port), host + ":" + port} {
			conn, err := g.Dial(t.Context(), "tcp", address)
			if err == nil {
				_ = conn.Close()
				t.Errorf("%q was connected to", address)
				continue
			}
			wantKey(t, err, fault.Invalid, "egress.refused")
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("the canary had %d visits", n)
	}
}

func TestRefusalTellsNothing(t *testing.T) {
	open, _ := canary(t)
	g := WithResolver(Policy{}, &names{answers: map[string][][]string{"inside.example": {{"127.0.0.1"}}}})
	_, toOpen := g.Dial(t.Context(), "tcp", "127.0.0.1:"+open)
	_, toClosed := g.Dial(t.Context(), "tcp", "127.0.0.1:1")
	_, byName := g.Dial(t.Context(), "tcp", "inside.example:"+open)
	if toOpen.Error() != toClosed.Error() || toOpen.Error() != byName.Error() {
		t.Errorf("the texts differ: %q, %q, %q", toOpen, toClosed, byName)
	}
}

func TestAllowedListenerIsReached(t *testing.T) {
	port, visits := canary(t)
	g := WithResolver(Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, anywhere{"127.0.0.1"})
	for _, address := range []string{"127.0.0.1:" + port, "Local.Example.:" + port} {
		conn, err := g.Dial(t.Context(), "tcp", address)
		if err != nil {
			t.Fatalf("dial %s: %v", address, err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// A connection may be made before the listener has accepted it; one more that it answers proves that it listens.
	if visits.Load() > 2 {
		t.Errorf("%d visits, want two at most", visits.Load())
	}
	if n := len(g.places.hosts); n != 0 {
		t.Errorf("%d hosts are remembered after all connections are closed", n)
	}
}

func TestRebinding(t *testing.T) {
	port, visits := canary(t)
	resolver := &names{answers: map[string][][]string{"turns.example": {{"203.0.114.5"}, {"127.0.0.1"}}}}
	g := WithResolver(Policy{Timeout: time.Second}, resolver)
	var connected []string
	g.connect = func(_ context.Context, _, address string) (net.Conn, error) {
		connected = append(connected, address)
		return nil, errors.New("nobody there")
	}
	_, first := g.Dial(t.Context(), "tcp", "turns.example:"+port)
	wantKey(t, first, fault.Unavailable, "egress.unreachable")
	if resolver.asked.Load() != 1 || len(connected) != 1 || connected[0] != "203.0.114.5:"+port {
		t.Errorf("asked %d times and connected to %v: the checked address must be the used one", resolver.asked.Load(), connected)
	}
	_, second := g.Dial(t.Context(), "tcp", "turns.example:"+port)
	wantKey(t, second, fault.Invalid, "egress.refused")
	if len(connected) != 1 || visits.Load() != 0 {
		t.Error("the second answer was connected to")
	}
}

func TestOneBadAddressRefusesAll(t *testing.T) {
	for _, bad := range []string{"10.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1", "64:ff9b::a00:1"} {
		g := WithResolver(Policy{}, &names{answers: map[string][][]string{"mixed.example": {{"8.8.8.8", bad}}}})
		g.connect = func(context.Context, string, string) (net.Conn, error) {
			t.Error("connected")
			return nil, io.EOF
		}
		_, err := g.Dial(t.Context(), "tcp", "mixed.example:443")
		wantKey(t, err, fault.Invalid, "egress.refused")
	}
}

// The last check stands alone: even when the checks before it are passed by, the system is not let near a refused address.
func TestControlChecksTheUsedAddress(t *testing.T) {
	port, visits := canary(t)
	g := New(Policy{})
	_, err := g.first(t.Context(), []netip.Addr{netip.MustParseAddr("127.0.0.1")}, mustPort(t, port))
	wantKey(t, err, fault.Invalid, "egress.refused")
	if visits.Load() != 0 {
		t.Error("the canary was reached")
	}
	for _, address := range []string{"nonsense", "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80"} {
		if g.control(t.Context(), "tcp", address, nil) == nil {
			t.Errorf("control lets %s through", address)
		}
	}
	if err := g.control(t.Context(), "tcp4", "8.8.8.8:443", nil); err != nil {
		t.Errorf("control refuses a public address: %v", err)
	}
}

func mustPort(t *testing.T, text string) uint16 {
	t.Helper()
	return netip.MustParseAddrPort("127.0.0.1:" + text).Port()
}

func TestTarget(t *testing.T) {
	g := WithResolver(Policy{}, anywhere{"8.8.8.8"})
	g.connect = func(context.Context, string, string) (net.Conn, error) {
		t.Error("connected")
		return nil, io.EOF
	}
	cases := []struct{ network, address string }{
		{"udp", "example.com:53"}, {"unix", "/run/socket"}, {"ip", "example.com:1"}, {"", "example.com:1"},
		{"tcp", "example.com"}, {"tcp", "example.com:"}, {"tcp", "example.com:0"}, {"tcp", "example.com:65536"}, {"tcp", "example.com:http"},
		{"tcp", "example.com:-1"}, {"tcp", "example.com:+80"}, {"tcp", "example.com: 80"}, {"tcp", ":80"}, {"tcp", ""}, {"tcp", "[::1:80"},
	}
	for _, c := range cases {
		_, err := g.Dial(t.Context(), c.network, c.address)
		wantKey(t, err, fault.Invalid, "egress.refused")
	}
}

func TestUnreachable(t *testing.T) {
	many := make([]string, maxAddresses+1)
	for i := range many {
		many[i] = "8.8.8.8"
	}
	g := WithResolver(Policy{Timeout: time.Second}, &names{answers: map[string][][]string{"empty.example": {{}}, "many.example": {many}}})
	for _, host := range []string{"unknown.example", "empty.example", "many.example"} {
		_, err := g.Dial(t.Context(), "tcp", host+":443")
		wantKey(t, err, fault.Unavailable, "egress.unreachable")
	}
	if n := len(g.places.hosts); n != 0 {
		t.Errorf("%d hosts are remembered", n)
	}
}

func TestNextAddressIsTried(t *testing.T) {
	g := WithResolver(Policy{}, &names{answers: map[string][][]string{"two.example": {{"2a00::1", "::ffff:8.8.4.4"}}}})
	var tried []string
	g.connect = func(ctx context.Context, network, address string) (net.Conn, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("an attempt has no deadline")
		}
		tried = append(tried, network+" "+address)
		if len(tried) == 1 {
			return nil, errors.New("no route")
		}
		client, server := net.Pipe()
		t.Cleanup(func() { _ = server.Close() })
		return client, nil
	}
	conn, err := g.Dial(t.Context(), "tcp", "two.example:443")
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if got := strings.Join(tried, ", "); got != "tcp [2a00::1]:443, tcp 8.8.4.4:443" {
		t.Errorf("tried %s", got)
	}
}

func TestPlacesOfAHost(t *testing.T) {
	g := WithResolver(Policy{PerHost: 2, Timeout: 50 * time.Millisecond}, anywhere{"8.8.8.8"})
	g.connect = func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		t.Cleanup(func() { _ = server.Close() })
		return client, nil
	}
	dial := func(host string) (net.Conn, error) { return g.Dial(t.Context(), "tcp", host+":443") }
	a, errA := dial("one.example")
	b, errB := dial("ONE.example.")
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	_, err := dial("one.example")
	wantKey(t, err, fault.Unavailable, "egress.busy")
	other, err := dial("other.example")
	if err != nil {
		t.Fatalf("another host has places of its own: %v", err)
	}
	_ = a.Close()
	_ = a.Close() // a place is left once
	c, err := dial("one.example")
	if err != nil {
		t.Fatalf("a place was left: %v", err)
	}
	_, err = dial("one.example")
	wantKey(t, err, fault.Unavailable, "egress.busy")
	for _, conn := range []net.Conn{b, c, other} {
		_ = conn.Close()
	}
	if n := len(g.places.hosts); n != 0 {
		t.Errorf("%d hosts are remembered after all connections are closed", n)
	}
}

func TestDefaults(t *testing.T) {
	p := New(Policy{}).Policy()
	if p.Timeout != defaultTimeout || p.PerHost != defaultPerHost || p.Redirects != 0 {
		t.Errorf("got %+v", p)
	}
	_, err := Dialer(Policy{})(t.Context(), "tcp", "localhost.localdomain.:0")
	wantKey(t, err, fault.Invalid, "egress.refused")
}

func TestLimitReader(t *testing.T) {
	cases := []struct {
		size  int
		limit int64
		fails bool
	}{{0, 0, false}, {1, 0, true}, {10, 10, false}, {11, 10, true}, {10, -1, true}, {0, -1, false}, {5000, 4999, true}, {5000, 5000, false}}
	for _, c := range cases {
		data := bytes.Repeat([]byte{'x'}, c.size)
		for name, source := range map[string]io.Reader{
			"plain": bytes.NewReader(data), "bytewise": iotest.OneByteReader(bytes.NewReader(data)), "early": iotest.DataErrReader(bytes.NewReader(data)),
		} {
			got, err := io.ReadAll(LimitReader(source, c.limit))
			if c.fails {
				wantKey(t, err, fault.TooLarge, "egress.too_large")
				if int64(len(got)) > max(c.limit, 0) {
					t.Errorf("%s: %d bytes passed a limit of %d", name, len(got), c.limit)
				}
			} else if err != nil || len(got) != c.size {
				t.Errorf("%s: size %d limit %d: got %d bytes, %v", name, c.size, c.limit, len(got), err)
			}
		}
	}
	if n, err := LimitReader(strings.NewReader("x"), 0).Read(nil); n != 0 || err != nil {
		t.Errorf("an empty read gives %d, %v", n, err)
	}
	broken := errors.New("broken")
	if _, err := io.ReadAll(LimitReader(iotest.ErrReader(broken), 3)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
