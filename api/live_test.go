package api

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"ashna/service/auth"
)

// stream is a live stream as a client reads it.
type stream struct {
	t      *testing.T
	res    *http.Response
	lines  chan string
	client *http.Client
}

func (w *world) listen(t *testing.T, client *http.Client, path string, headers ...string) *stream {
	t.Helper()
	res, err := client.Do(w.request("GET", path, nil, headers...))
	w.must(err)
	t.Cleanup(func() { _ = res.Body.Close() })
	s := &stream{t: t, res: res, lines: make(chan string, 1000), client: client}
	go func() {
		defer close(s.lines)
		in := bufio.NewScanner(res.Body)
		for in.Scan() {
			s.lines <- in.Text()
		}
	}()
	return s
}

// next gives the next line that is not a comment or empty; ok is false at the end.
func (s *stream) next(within time.Duration) (line string, ok bool) {
	s.t.Helper()
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		select {
		case line, ok = <-s.lines:
			if !ok || line != "" && !strings.HasPrefix(line, ":") && !strings.HasPrefix(line, "retry:") {
				return line, ok
			}
		case <-timer.C:
			s.t.Fatal("nothing came")
		}
	}
}

// event reads one whole event.
func (s *stream) event() (id, data string) {
	s.t.Helper()
	for _, want := range []string{"id: ", "event: change", "data: "} {
		line, ok := s.next(10 * time.Second)
		if !ok || !strings.HasPrefix(line, want) {
			s.t.Fatalf("line %q, %v, want %s", line, ok, want)
		}
		switch want {
		case "id: ":
			id = line[len(want):]
		case "data: ":
			data = line[len(want):]
		}
	}
	return id, data
}

func TestLive(t *testing.T) {
	onEach(t, func(d *Deps) { d.Limits.Beat = 50 * time.Millisecond }, func(t *testing.T, w *world) {
		owner := "Authorization: Bearer " + w.token
		before := w.company("Before")
		s := w.listen(t, http.DefaultClient, "/live", owner)
		if s.res.Header.Get("Content-Type") != "text/event-stream" || s.res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", s.res.Header)
		}
		id := w.company("One")
		seq, data := s.event()
		if want := fmt.Sprintf(`{"object":"companies","record":"%s","op":"create","seq":%s}`, id, seq); data != want {
			t.Errorf("data %s, want %s", data, want)
		}
		w.call("PATCH", "/settings", `{"name":"X"}`).want(t, 200) // an event of the log that changes no record
		w.call("PATCH", "/companies/"+id, `{"name":"Two"}`).want(t, 200)
		if _, data := s.event(); !strings.Contains(data, `"op":"update"`) {
			t.Errorf("data %s", data)
		}
		_ = s.res.Body.Close()
		// Who comes again hears what was missed, once.
		w.call("DELETE", "/companies/"+before, nil).want(t, 204)
		again := w.listen(t, http.DefaultClient, "/live", owner, "Last-Event-ID: "+seq)
		_, first := again.event()
		_, second := again.event()
		if !strings.Contains(first, `"op":"update"`) || !strings.Contains(second, `"op":"delete"`) {
			t.Errorf("after %s came %s and %s", seq, first, second)
		}
		w.call("GET", "/live", nil, "Last-Event-ID: x").problem(t, 400, "value.number", "after")
	})
}

// TestLiveShowsWhatOneMaySee makes records that a listener may not see.
func TestLiveShowsWhatOneMaySee(t *testing.T) {
	w := onFile(t, nil)
	member := w.user("M", "m@example.org", "member")
	token := "Authorization: Bearer " + w.tokenOf(member, "admin")
	s := w.listen(t, http.DefaultClient, "/live", token)
	w.company("Hidden")
	w.call("PATCH", "/settings", `{"name":"X"}`).want(t, 200)
	mine := w.call("POST", "/companies", `{"name":"Mine"}`, token).want(t, 201).id(t)
	if _, data := s.event(); !strings.Contains(data, mine) {
		t.Errorf("the first event is %s", data)
	}
}

// TestLiveEnds takes the session or the token of a listener away.
func TestLiveEnds(t *testing.T) {
	w := onFile(t, nil)
	b := w.browser()
	w.with(b, "POST", "/session", map[string]string{"email": ownerMail, "password": password}).want(t, 201)
	var list struct{ Items []struct{ ID string } }
	w.with(b, "GET", "/me/sessions", nil).into(t, &list)
	bySession := w.listen(t, b, "/live")
	member := w.user("M", "m@example.org", "member")
	byToken := w.listen(t, http.DefaultClient, "/live", "Authorization: Bearer "+w.tokenOf(member, "read"))
	dismissed := w.listen(t, http.DefaultClient, "/live", "Authorization: Bearer "+w.tokenOf(w.user("D", "d@example.org", "member"), "read"))
	tokens, err := w.auth.Tokens(t.Context(), member)
	w.must(err)
	w.must(w.auth.Revoke(t.Context(), auth.Caller{}, w.owner, list.Items[0].ID))
	w.must(w.auth.RevokeToken(t.Context(), auth.Caller{}, member, tokens[0].ID))
	var users struct{ Items []struct{ ID string } }
	w.call("GET", "/users?filter="+`email+%3D+%22d@example.org%22`, nil).want(t, 200).into(t, &users)
	w.call("PATCH", "/users/"+users.Items[0].ID, `{"active":false}`).want(t, 200)
	began := time.Now()
	for name, s := range map[string]*stream{"session": bySession, "token": byToken, "user": dismissed} {
		for {
			if _, ok := s.next(3 * time.Second); !ok {
				break
			}
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s: it ended after %v", name, took)
		}
	}
}

func TestLiveIsBounded(t *testing.T) {
	w := onFile(t, func(d *Deps) { d.Limits.OwnStreams, d.Limits.Streams = 2, 3 })
	owner := "Authorization: Bearer " + w.token
	first := w.listen(t, http.DefaultClient, "/live", owner)
	w.listen(t, http.DefaultClient, "/live", owner)
	got := w.call("GET", "/live", nil)
	if got.problem(t, 429, "error.too_many", ""); got.header.Get("Retry-After") == "" {
		t.Error("nobody says when to come again")
	}
	member := "Authorization: Bearer " + w.tokenOf(w.user("M", "m@example.org", "member"), "admin")
	w.listen(t, http.DefaultClient, "/live", member)
	w.call("GET", "/live", nil, member).problem(t, 429, "error.too_many", "")
	_ = first.res.Body.Close()
	w.until(func() bool { return w.server.streams.count() == 2 })
	w.listen(t, http.DefaultClient, "/live", owner)
}

// until waits for something that happens soon.
func (w *world) until(done func() bool) {
	w.t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for range 1000 {
		if done() {
			return
		}
		<-ticker.C
	}
	w.t.Fatal("it did not happen")
}
