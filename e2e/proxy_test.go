package e2e

import (
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// proxy stands between a server and its database and breaks what goes through it.
type proxy struct {
	listener net.Listener
	target   string
	mu       sync.Mutex
	pairs    map[*pair]bool
	refusing bool          // new connections are cut at once
	hole     chan struct{} // closed when bytes pass; a hole while it is open
}

// pair is one connection through the proxy.
type pair struct {
	near, far net.Conn
	gone      chan struct{} // closed when the pair is cut
	dead      chan struct{} // closed when nothing passes any more, ends of connections neither
	once      sync.Once
	mute      sync.Once
}

func (p *pair) cut() {
	p.once.Do(func() {
		close(p.gone)
		for _, c := range []net.Conn{p.near, p.far} {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // the other side hears a reset
			}
			_ = c.Close()
		}
	})
}

// through puts a proxy before the database of a URL, and gives the URL that leads through it.
func through(t testing.TB, database string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, target: u.Host, pairs: map[*pair]bool{}, hole: make(chan struct{})}
	close(p.hole)
	go p.accept()
	t.Cleanup(func() {
		_ = listener.Close()
		p.cut()
	})
	u.Host = listener.Addr().String()
	return p, u.String()
}

func (p *proxy) accept() {
	for {
		near, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		go p.join(near)
	}
}

func (p *proxy) join(near net.Conn) {
	far, err := net.DialTimeout("tcp", p.target, 5*time.Second)
	if err != nil {
		_ = near.Close()
		return
	}
	one := &pair{near: near, far: far, gone: make(chan struct{}), dead: make(chan struct{})}
	p.mu.Lock()
	refused := p.refusing
	p.pairs[one] = true
	p.mu.Unlock()
	if !refused {
		var both sync.WaitGroup
		both.Go(func() { p.pump(one, far, near) })
		both.Go(func() { p.pump(one, near, far) })
		both.Wait()
	}
	one.cut()
	p.mu.Lock()
	delete(p.pairs, one)
	p.mu.Unlock()
}

// pump moves bytes; what meets a hole stays in it until the hole is closed, ends of connections too.
func (p *proxy) pump(one *pair, to io.Writer, from io.Reader) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		hole := p.hole
		p.mu.Unlock()
		select {
		case <-hole:
		case <-one.gone:
			return
		}
		select {
		case <-one.dead:
			<-one.gone
			return
		default:
		}
		if n > 0 {
			if _, bad := to.Write(buffer[:n]); bad != nil {
				return
			}
		}
		if err != nil {
			one.cut()
			return
		}
	}
}

// cut resets all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for one := range p.pairs {
		one.cut()
	}
}

// refuse cuts everything, and new connections too, until it is told otherwise.
func (p *proxy) refuse(yes bool) {
	p.mu.Lock()
	p.refusing = yes
	p.mu.Unlock()
	p.cut()
}

// abandon lets all connections die without a word, as a router does that was switched off: nothing passes, and neither side hears of an
// end. New connections are well.
func (p *proxy) abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for one := range p.pairs {
		one.mute.Do(func() { close(one.dead) })
	}
}

// swallow opens a hole: bytes go in and do not come out, and nobody hears why. The function that is returned closes it.
func (p *proxy) swallow() (heal func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	hole := make(chan struct{})
	p.hole = hole
	return func() { close(hole) }
}
