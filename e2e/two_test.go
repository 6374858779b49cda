package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestTwoServers runs two servers over one database: what happens in one is known in the other within a second.
func TestTwoServers(t *testing.T) {
	p := onServer(t)
	token := p.open(t)
	other := place{data: t.TempDir(), url: p.url}
	a, b := p.serve(t).as(t, token), other.serve(t).as(t, token)
	person := a.make(t, "people", `{"name": "Ada"}`)
	live := listen(t, b)
	for i := range 3 {
		field := fmt.Sprintf("c_field_%d", i)
		declare(t, a, field)
		within(t, "the new field in the other server", func() bool {
			return patched(b, person, field, "there")
		})
		var one map[string]any
		if err := a.get("/people/"+person, &one); err != nil || one[field] != "there" {
			t.Errorf("%s is %v in the first server: %v", field, one[field], err)
		}
	}
	made := a.make(t, "people", `{"name": "Grace"}`)
	within(t, "the event in the other server", func() bool { return live.saw(made) })
	from, to := listen(t, a), b
	made = to.make(t, "companies", `{"name": "Hopper"}`)
	within(t, "the event in the first server", func() bool { return from.saw(made) })
}

func declare(t testing.TB, c *client, field string) {
	t.Helper()
	a, err := c.send(context.Background(), "POST", "/catalog/objects/people/fields", fmt.Appendf(nil, `{"name": %q, "kind": {"type": "text"}}`, field))
	if err != nil || a.status != http.StatusCreated {
		t.Fatalf("declare %s: %v %v", field, a, err)
	}
}

func patched(c *client, person, field, value string) bool {
	a, err := c.send(context.Background(), "PATCH", "/people/"+person, fmt.Appendf(nil, `{%q: %q}`, field, value))
	return err == nil && a.status == http.StatusOK
}

// within waits a second for something to be true.
func within(t testing.TB, what string, is func() bool) {
	t.Helper()
	began := time.Now()
	for !is() {
		if time.Since(began) > time.Second {
			t.Errorf("%s did not come within a second", what)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Logf("%s after %v", what, time.Since(began))
}

// saw takes the events that came, and says whether one is about a record.
func (l *stream) saw(record string) bool {
	for {
		select {
		case e := <-l.events:
			if strings.Contains(e, record) {
				return true
			}
		default:
			return false
		}
	}
}
