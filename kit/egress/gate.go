// Package egress is the one door to the outside. Everything that connects to another machine, whatever protocol it speaks, dials through
// a Gate, which refuses addresses that are not of the public internet.
//
// A Gate resolves a name once, checks every address that came back, connects to one of these addresses and not to the name, and lets the
// system check the address once more right before it connects. So a name that changes its mind between check and connection gains
// nothing. A Gate never reads the proxy settings of the environment.
//
// The package knows no HTTP. Who builds an HTTP client from it sets DialContext to Dial, sets no proxy, follows at most Policy.Redirects
// redirects, and reads bodies through LimitReader.
package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ashna/kit/fault"
)

const (
	defaultTimeout = 10 * time.Second
	defaultPerHost = 8
	maxAddresses   = 16              // addresses of one name that are looked at
	minAttempt     = 2 * time.Second // time that one address gets before the next is tried
)

// Policy says what a Gate lets through. The zero Policy is strict and usable.
type Policy struct {
	Allow     []netip.Prefix // ranges the operator opens although they are not public
	Timeout   time.Duration  // for finding, waiting for a place and connecting together; 0 is ten seconds
	MaxBytes  int64          // for who reads answers: the limit to give to LimitReader
	Redirects int            // for who follows redirects: how many, 0 by default
	PerHost   int            // open connections to one host at a time; 0 is eight
}

// Resolver finds the addresses of a name; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Gate dials by a Policy. It is safe for use by many goroutines.
type Gate struct {
	policy   Policy
	resolver Resolver
	places   places
	connect  func(ctx context.Context, network, address string) (net.Conn, error)
}

// New makes a gate that asks the resolver of the system.
func New(policy Policy) *Gate { return WithResolver(policy, net.DefaultResolver) }

// WithResolver makes a gate that asks a resolver of the caller's.
func WithResolver(policy Policy, resolver Resolver) *Gate {
	if policy.Timeout <= 0 {
		policy.Timeout = defaultTimeout
	}
	if policy.PerHost <= 0 {
		policy.PerHost = defaultPerHost
	}
	g := &Gate{policy: policy, resolver: resolver, places: places{perHost: policy.PerHost}}
	dialer := &net.Dialer{ControlContext: g.control}
	g.connect = dialer.DialContext
	return g
}

// Dialer gives the Dial of a new gate, as the function that clients of the standard library take.
func Dialer(policy Policy) func(ctx context.Context, network, address string) (net.Conn, error) {
	return New(policy).Dial
}

// Policy gives the policy of the gate, with its defaults filled.
func (g *Gate) Policy() Policy { return g.policy }

// Dial connects to "host:port" over "tcp", "tcp4" or "tcp6". The connection keeps a place of its host until it is closed.
//
// Its errors are faults: "egress.refused" when the spelling of the host, the port, or any address of the host is not allowed;
// "egress.busy" when no place became free in time; "egress.unreachable" for everything else, without saying what.
func (g *Gate) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := g.target(network, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, g.policy.Timeout)
	defer cancel()
	addresses, err := g.find(ctx, network, host)
	if err != nil {
		return nil, err
	}
	leave, err := g.places.take(ctx, host)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "egress.busy", err)
	}
	conn, err := g.first(ctx, addresses, port)
	if err != nil {
		leave()
		return nil, err
	}
	return &held{Conn: conn, leave: leave}, nil
}

// target takes an address apart and checks what can be checked by reading. Names are compared in lower case without the last dot.
func (g *Gate) target(network, address string) (host string, port uint16, err error) {
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return "", 0, refused()
	}
	host, digits, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, refused()
	}
	number, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || number == 0 {
		return "", 0, refused()
	}
	if err := g.policy.CheckHost(host); err != nil {
		return "", 0, err
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")), uint16(number), nil
}

// find gives the addresses of a host that suit the network. One address that is not allowed refuses them all.
func (g *Gate) find(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	found, err := g.resolver.LookupNetIP(ctx, strings.Replace(network, "tcp", "ip", 1), host)
	if err != nil {
		return nil, unreachable(err)
	}
	if len(found) == 0 || len(found) > maxAddresses {
		return nil, unreachable(errors.New("no addresses, or too many"))
	}
	addresses := make([]netip.Addr, len(found))
	for i, a := range found {
		// Resolvers may give IPv4 inside IPv6.
		addresses[i] = a.Unmap()
		if err := g.policy.check(addresses[i]); err != nil {
			return nil, err
		}
	}
	return addresses, nil
}

// first connects to the first address that answers. Each gets a fair share of the time, but long enough to answer from afar.
func (g *Gate) first(ctx context.Context, addresses []netip.Addr, port uint16) (net.Conn, error) {
	share := max(g.policy.Timeout/time.Duration(max(len(addresses), 1)), minAttempt)
	var problems []error
	for _, a := range addresses {
		conn, err := g.attempt(ctx, netip.AddrPortFrom(a, port), share)
		if err == nil {
			return conn, nil
		}
		if fault.Is(err, fault.Invalid) {
			return nil, refused()
		}
		problems = append(problems, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, unreachable(errors.Join(problems...))
}

func (g *Gate) attempt(ctx context.Context, to netip.AddrPort, limit time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return g.connect(ctx, "tcp", to.String())
}

// control runs after every resolution and right before the system connects: it sees the address that will be used.
func (g *Gate) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return refused()
	}
	return g.policy.check(to.Addr())
}

func unreachable(err error) error {
	return fault.Wrap(fault.Unavailable, "egress.unreachable", err)
}
