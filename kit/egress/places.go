package egress

import (
	"context"
	"io"
	"net"
	"sync"

	"ashna/kit/fault"
)

// places counts the open connections of every host, so that one slow peer cannot take all the work of the house.
type places struct {
	perHost int

	mu    sync.Mutex
	hosts map[string]*host
}

// host is the semaphore of one host. users counts who holds or waits for a place, to forget hosts that nobody talks to.
type host struct {
	slots chan struct{}
	users int
}

// take waits for a place of a host until ctx ends, and gives the function that leaves it.
func (p *places) take(ctx context.Context, name string) (leave func(), err error) {
	h := p.enter(name)
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		p.exit(name, h)
		return nil, ctx.Err()
	}
	return sync.OnceFunc(func() {
		<-h.slots
		p.exit(name, h)
	}), nil
}

func (p *places) enter(name string) *host {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hosts == nil {
		p.hosts = map[string]*host{}
	}
	h, known := p.hosts[name]
	if !known {
		h = &host{slots: make(chan struct{}, p.perHost)}
		p.hosts[name] = h
	}
	h.users++
	return h
}

func (p *places) exit(name string, h *host) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h.users--; h.users == 0 {
		delete(p.hosts, name)
	}
}

// held is a connection that leaves its place when it is closed, once.
type held struct {
	net.Conn
	leave func()
}

// Close closes the connection and leaves its place.
func (h *held) Close() error {
	defer h.leave()
	return h.Conn.Close()
}

// LimitReader gives a reader that fails with the fault "egress.too_large" (operand limit) as soon as r holds more than limit bytes. It
// never gives a shortened answer for a whole one. A limit below zero counts as zero.
func LimitReader(r io.Reader, limit int64) io.Reader {
	limit = max(limit, 0)
	return &limited{from: r, left: limit, limit: limit}
}

type limited struct {
	from  io.Reader
	left  int64
	limit int64
}

// Read reads on while there is something left of the limit; then one byte more decides between the end and a refusal.
func (l *limited) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if l.left == 0 {
		return l.atLimit()
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.from.Read(p)
	l.left -= int64(n)
	return n, err
}

func (l *limited) atLimit() (int, error) {
	var one [1]byte
	n, err := l.from.Read(one[:])
	if n > 0 {
		return 0, fault.New(fault.TooLarge, "egress.too_large", "limit", l.limit)
	}
	return 0, err
}
