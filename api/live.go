package api

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// streams counts the live streams, in all and of each person.
type streams struct {
	all, own int
	mu       sync.Mutex
	total    int
	of       map[ident.ID]int
}

func newStreams(all, own int) *streams { return &streams{all: all, own: own, of: map[ident.ID]int{}} }

// open counts one stream more, if there may be one.
func (s *streams) open(user ident.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.total >= s.all || s.of[user] >= s.own {
		return false
	}
	s.total++
	s.of[user]++
	return true
}

func (s *streams) close(user ident.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.of[user]--; s.of[user] == 0 {
		delete(s.of, user)
	}
}

func (s *streams) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// LivePath is the address of the live stream, which has no end of its own: who stops a server ends its requests first.
const LivePath = root + "/live"

const (
	liveBatch = 500                     // rows of the log read at once
	liveRest  = 20 * time.Millisecond   // between reads, so that a burst of commits is read together
	livePiece = 5 * time.Second         // a client that does not take a piece in this time is left behind
	liveRetry = 2000 * time.Millisecond // what a browser waits before it comes again
)

// live streams what changed, as server-sent events: the number of the change, the object and the record, nothing of the content. Whoever
// listens asks again with the own rights. It ends when the session or the token does.
func (s *server) live(w http.ResponseWriter, r *request) error {
	after, err := s.liveStart(r)
	if err != nil {
		return err
	}
	if !s.streams.open(r.user) {
		return fault.New(fault.TooMany, "error.too_many", "seconds", 5)
	}
	defer s.streams.close(r.user)
	signals, stop := s.Engine.DB().Committed()
	defer stop()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	l := &listener{s: s, r: r, w: w, out: http.NewResponseController(w), after: after}
	if err := l.send(fmt.Appendf(nil, "retry: %d\n: ashna\n\n", liveRetry.Milliseconds())); err != nil {
		return nil // nobody is there any more
	}
	l.run(signals)
	return nil
}

// liveStart says after which change to begin: the last one that the client has, or the present.
func (s *server) liveStart(r *request) (int64, error) {
	p := r.parameters("after")
	after := p.number("after", -1, 0, math.MaxInt64)
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < 0 {
			p.refuse("after", "value.number")
		}
		after = n
	}
	if err := p.end(); err != nil || after >= 0 {
		return after, err
	}
	err := s.Engine.DB().Read(r.Context(), func(q db.Querier) (err error) {
		after, err = change.Last(r.Context(), q)
		return err
	})
	return after, err
}

// listener is one live stream.
type listener struct {
	s     *server
	r     *request
	w     io.Writer
	out   *http.ResponseController
	after int64
}

// run sends until the client leaves or may not go on. Errors end it too: the client comes again with the last number it has.
func (l *listener) run(signals <-chan struct{}) {
	beat, watch := time.NewTicker(l.s.Limits.Beat), time.NewTicker(l.s.Limits.Watch)
	defer beat.Stop()
	defer watch.Stop()
	for {
		if err := l.pass(); err != nil {
			return
		}
		select {
		case <-l.r.Context().Done():
			return
		case <-signals:
			if !l.rest() {
				return
			}
			if l.s.again(l.r) != nil {
				return
			}
		case <-watch.C:
			if l.s.again(l.r) != nil {
				return
			}
		case <-beat.C:
			if l.send([]byte(": beat\n\n")) != nil {
				return
			}
		}
	}
}

// rest waits a moment after a signal.
func (l *listener) rest() bool {
	timer := time.NewTimer(liveRest)
	defer timer.Stop()
	select {
	case <-l.r.Context().Done():
		return false
	case <-timer.C:
		return true
	}
}

// pass sends everything that is new.
func (l *listener) pass() error {
	for {
		list, next, err := l.s.Engine.Changes(l.r.Context(), l.r.who, l.after, liveBatch)
		if err != nil {
			return err
		}
		var b []byte
		for _, c := range list {
			if c.Op != change.Event {
				b = appendEvent(b, l.plural(c.Object), c)
			}
		}
		if len(b) > 0 {
			if err := l.send(b); err != nil {
				return err
			}
		}
		if next == l.after {
			return nil
		}
		l.after = next
	}
}

func (l *listener) plural(object string) string {
	if e, ok := l.r.who.Catalog.Object(object); ok {
		return e.Plural
	}
	return object
}

func appendEvent(dst []byte, object string, c change.Change) []byte {
	dst = fmt.Appendf(dst, "id: %d\nevent: change\ndata: {\"object\":", c.Seq)
	dst = meta.AppendText(dst, object)
	dst = append(dst, `,"record":`...)
	dst = appendID(dst, c.Record)
	return fmt.Appendf(dst, ",\"op\":%q,\"seq\":%d}\n\n", string(c.Op), c.Seq)
}

// send writes a piece at once.
func (l *listener) send(b []byte) error {
	_ = l.out.SetWriteDeadline(machine().Now().Add(livePiece)) // writers of tests have none
	if _, err := l.w.Write(b); err != nil {
		return err
	}
	return l.out.Flush()
}
