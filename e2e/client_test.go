package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// client speaks to a server as somebody's program.
type client struct {
	http  *http.Client
	base  string
	token string
}

// slowest is how long a request may take, whatever happens to the database.
const slowest = 35 * time.Second

// as gives a client of a server.
func (s *server) as(t testing.TB, token string) *client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{http: &http.Client{Transport: transport, Timeout: slowest}, base: s.url + "/api/v1", token: token}
}

// answer is what a server answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, tail(string(a.body), 400)) }

// send sends a request; the error says that no whole answer came back.
func (c *client) send(ctx context.Context, method, path string, body []byte, header ...string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, text}, err
}

// get reads something that has to be there.
func (c *client) get(path string, into any) error {
	a, err := c.send(context.Background(), "GET", path, nil)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("GET %s: %v", path, a)
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return nil
}

// page is a page of anything.
type page[T any] struct {
	Items []T
}

// list reads a page of records that a filter finds.
func list[T any](c *client, path string, query ...string) ([]T, error) {
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	var p page[T]
	err := c.get(path+"?"+values.Encode(), &p)
	return p.Items, err
}

// make creates a record that has to be valid, and gives its key.
func (c *client) make(t testing.TB, objects, values string) string {
	t.Helper()
	a, err := c.send(context.Background(), "POST", "/"+objects, []byte(values))
	if err != nil || a.status != http.StatusCreated {
		t.Fatalf("POST %s: %v %v", objects, a, err)
	}
	return keyOf(a.body)
}

func keyOf(body []byte) string {
	var one struct{ ID string }
	_ = json.Unmarshal(body, &one)
	return one.ID
}

// quoted writes a text as a formula has it.
func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }
