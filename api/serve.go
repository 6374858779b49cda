package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"ashna/kit/clock"
	"ashna/kit/fault"
)

// machine gives the time of sockets, which no test chooses.
func machine() clock.Clock { return clock.System() }

// handler answers a request, or returns why it does not.
type handler func(w http.ResponseWriter, r *request) error

// answer notes what was written, for the adapter and the metrics.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write notes that the answer began.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap gives http.ResponseController the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// ServeHTTP finds the route; what no route takes is answered with a problem too.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := s.mux.Handler(r); pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	s.serve(s.absent(r), w, r)
}

// absent is the route of what no route takes: another method of an address that exists, or nothing at all. It asks nobody to sign in, and
// counts for the address, so that nobody looks around for free.
func (s *server) absent(r *http.Request) *route {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(probe); pattern != "" {
			methods = append(methods, method)
		}
	}
	return &route{method: r.Method, pattern: nowhere, policy: public, limit: recordBody, do: func(w http.ResponseWriter, _ *request) error {
		if len(methods) > 0 {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			return fault.New(fault.Invalid, "error.method")
		}
		return fault.New(fault.NotFound, "request.path")
	}}
}

// serve is the adapter of all routes: limits, who it is, whether it may, what it does, and what became of it.
func (s *server) serve(rt *route, w http.ResponseWriter, req *http.Request) {
	began := machine().Now()
	out := &answer{ResponseWriter: w}
	r := &request{Request: req, s: s, route: rt, id: strings.ToLower(rand.Text())}
	header := w.Header()
	header.Set("X-Request-Id", r.id)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	err := s.guard(rt, out, r)
	r.Request = req // the time for the work is over, but not that for saying what became of it
	s.finish(rt, out, r, err)
	s.watched.Note(rt.name(), out.status, machine().Now().Sub(began))
}

// guard runs a route and turns a panic into an error, so that one request never takes the program down.
func (s *server) guard(rt *route, w http.ResponseWriter, r *request) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	if !rt.long {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		default:
			return fault.New(fault.Unavailable, "error.unavailable", "seconds", 1)
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.Limits.Time)
		defer cancel()
		r.Request = r.Request.WithContext(ctx)
	}
	s.deadlines(rt, w)
	if err := s.admit(rt, w, r); err != nil {
		return err
	}
	return rt.do(w, r)
}

const (
	longTime = time.Hour        // for the body of an upload, and for a file on its way out
	sendTime = 30 * time.Second // for an answer, after the time of its request
)

// deadlines bounds how long a slow client may take to send and to read.
func (s *server) deadlines(rt *route, w http.ResponseWriter) {
	// Reading may take as long as writing: a read that times out while the request runs ends the context of the connection for good.
	end := machine().Now().Add(s.Limits.Time + sendTime)
	if rt.long {
		end = machine().Now().Add(longTime)
	}
	c := http.NewResponseController(w)
	_, _ = c.SetReadDeadline(end), c.SetWriteDeadline(end) // writers of tests have none
}

// admit lets a request in: who it is, how much it may ask, whether the policy of the route allows it, and how long its body may be.
func (s *server) admit(rt *route, w http.ResponseWriter, r *request) error {
	r.ip = s.client(r.Request)
	if err := s.identify(r); fault.Is(err, fault.Unavailable) {
		return err // nobody can be told apart while the database is away, and nobody is to blame
	} else if err != nil {
		if wait, ok := s.guests.Take(network(r.ip)); !ok {
			return tooMany(wait)
		}
		// A session that has ended makes its browser a guest, which the policy sees; a token that is not valid is always told so.
		guest := fault.Is(err, fault.Unauthenticated)
		if !guest || r.Request.Header.Get("Authorization") != "" {
			return err
		}
	} else if err := s.ration(r); err != nil {
		return err
	}
	if err := rt.policy.allow(r); err != nil {
		return err
	}
	limit := orElse(rt.limit(s.Limits), s.Limits.Record)
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close")
		return tooLarge(limit)
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	return nil
}

// ration takes one request from the share of the person, or of the address of who is not signed in. Operators that watch the program
// from its own machine are not counted.
func (s *server) ration(r *request) error {
	share, key := s.guests, network(r.ip)
	switch {
	case r.who != nil:
		share, key = s.people, r.user.String()
	case s.local(r.Request):
		return nil
	}
	if wait, ok := share.Take(key); !ok {
		return tooMany(wait)
	}
	return nil
}

func tooMany(wait time.Duration) error {
	return fault.New(fault.TooMany, "error.too_many", "seconds", int64(wait/time.Second)+1)
}

func tooLarge(limit int64) error { return fault.New(fault.TooLarge, "error.too_large", "limit", limit) }

// finish answers what went wrong. When the answer has begun already, all that is left is to cut it off, so that nobody takes a part for
// the whole.
func (s *server) finish(rt *route, w *answer, r *request, err error) {
	if err == nil {
		return
	}
	err = unwrapped(err)
	gone := r.Request.Context().Err() != nil && errors.Is(r.Request.Context().Err(), context.Canceled)
	s.report(rt, r, err, gone)
	if w.status != 0 {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0)) // long past: nothing more is sent, not even the end
		return
	}
	if r.Request.Context().Err() != nil {
		w.Header().Set("Connection", "close") // its context has ended, and so would everything that comes over it
	}
	s.problem(w, r, err)
}

// unwrapped gives errors that the standard library has for what a client did their kind.
func unwrapped(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLarge(large.Limit)
	}
	if fault.Of(err) == nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return fault.Wrap(fault.Unavailable, "error.timeout", err)
	}
	return err
}

// report logs what somebody should look at: defects, and a database or disk that is away. Refusals are for the caller alone.
func (s *server) report(rt *route, r *request, err error, gone bool) {
	level := slog.LevelDebug
	switch fault.KindOf(err) {
	case fault.Internal:
		level = slog.LevelError
	case fault.Unavailable, fault.Full:
		level = slog.LevelWarn
	}
	if gone {
		level = slog.LevelDebug
	}
	s.Log.Log(context.WithoutCancel(r.Context()), level, "answer "+rt.method+" "+rt.pattern, "request", r.id, "user", r.user, "err", err)
}
