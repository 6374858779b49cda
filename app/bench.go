package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ashna/kit/ident"
)

// BenchOrder says how much to load and how hard to work.
type BenchOrder struct {
	Rows    int // people
	Clients int // that write at once
	Say     func(line string)
}

// Latency is the spread of one kind of request, in milliseconds, with the server's own CPU time for one.
type Latency struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
	CPU float64 `json:"cpu_ms"`
}

// ImportSpeed is how fast a file came in, and the memory it took.
type ImportSpeed struct {
	Rows   int64   `json:"rows"`
	Rate   float64 `json:"rows_per_second"`
	Memory int64   `json:"peak_mib"`
}

// BenchReport is what a run measured.
type BenchReport struct {
	Database string                 `json:"database"`
	People   int                    `json:"people"`
	Imports  map[string]ImportSpeed `json:"imports"`
	StartMS  float64                `json:"start_ms"`
	Memory   int64                  `json:"memory_at_rest_mib"`
	Requests map[string]Latency     `json:"requests"`
	Updates  float64                `json:"updates_per_second"`
}

// bench is one run: the program itself is started as the server, so that its time and memory are its own.
type bench struct {
	config Config
	order  BenchOrder
	self   string
	dir    string
	report BenchReport
	base   string
	pid    int
	client *http.Client
	people []string
	tokens map[string]string
}

// Bench loads data into a throw-away workspace, starts the server on it and measures over HTTP.
func Bench(ctx context.Context, c Config, o BenchOrder) (BenchReport, error) {
	self, err := os.Executable()
	if err != nil {
		return BenchReport{}, fmt.Errorf("find the program: %w", err)
	}
	dir, err := os.MkdirTemp("", "ashna-bench-")
	if err != nil {
		return BenchReport{}, fmt.Errorf("make bench folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	c.Data = filepath.Join(dir, "data")
	b := &bench{config: c, order: o, self: self, dir: dir, report: BenchReport{
		Database: "sqlite", People: o.Rows, Imports: map[string]ImportSpeed{}, Requests: map[string]Latency{},
	}}
	if c.Database != "" {
		b.report.Database = "postgres"
		b.config.Database = withSchema(c.Database, "bench_"+strconv.FormatInt(time.Now().UnixNano(), 36))
	}
	b.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute}
	if err := b.load(ctx); err != nil {
		return b.report, err
	}
	return b.report, b.serve(ctx)
}

func withSchema(address, schema string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Set("schema", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func (b *bench) command(ctx context.Context, args ...string) *exec.Cmd {
	args = append(args, "--data", b.config.Data)
	if b.config.Database != "" {
		args = append(args, "--database", b.config.Database)
	}
	cmd := exec.CommandContext(ctx, b.self, args...)
	cmd.Env = append(os.Environ(), "ASHNA_RATE=1000000")
	return cmd
}

// serve starts the server, measures, and stops it.
func (b *bench) serve(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := b.command(ctx, "serve", "--listen", "127.0.0.1:0")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	lines, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("start server: %w", err)
	}
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start server: %w", err)
	}
	defer func() { stop(); _ = cmd.Wait() }()
	b.pid = cmd.Process.Pid
	out := bufio.NewScanner(lines)
	for out.Scan() {
		if _, at, ok := strings.Cut(out.Text(), "Ashna answers at "); ok {
			b.base = at
			break
		}
		b.order.Say(out.Text())
	}
	b.report.StartMS = ms(time.Since(started))
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	if b.base == "" {
		return errors.New("the server did not start")
	}
	return b.measure(ctx)
}

func (b *bench) measure(ctx context.Context) error {
	if err := b.pick(ctx); err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	b.report.Memory = residentMiB(b.pid)
	for _, who := range []string{"admin", "member"} {
		for _, m := range b.questions(who) {
			l, err := b.run(ctx, b.tokens[who], m.n, m.path)
			if err != nil {
				return fmt.Errorf("measure %s as %s: %w", m.name, who, err)
			}
			b.report.Requests[m.name+" · "+who] = l
			b.order.Say(fmt.Sprintf("%-28s p50 %.2f  p95 %.2f  p99 %.2f ms  cpu %.2f ms", m.name+" · "+who, l.P50, l.P95, l.P99, l.CPU))
		}
	}
	return b.updates(ctx)
}

// question is one kind of request.
type question struct {
	name string
	n    int
	path func(i int) string
}

func (b *bench) questions(who string) []question {
	list := func(query string) func(int) string {
		return func(int) string { return "/api/v1/people?limit=50&" + query }
	}
	prefixes := []string{"ra", "rez", "mari", "hasa", "ali m", "nur", "moham", "sara k", "ley", "ahm"}
	ids := b.visible(who)
	return []question{
		{"record by key", 3_000, func(i int) string { return "/api/v1/people/" + ids[i%len(ids)] }},
		{"list, last changed", 500, list("")},
		{"list, by name", 500, list("sort=name")},
		{"list, filter and sort", 500, list("sort=-changed_at&filter=" + url.QueryEscape(`lifecycle = "customer"`))},
		{"list, filter and sort by name", 300, list("sort=name&filter=" + url.QueryEscape(`lifecycle = "former"`))},
		{"list with count", 200, list("count=true")},
		{"search, words", 400, func(i int) string { return "/api/v1/search?q=" + url.QueryEscape(prefixes[i%len(prefixes)]) }},
		{"search, telephone", 200, func(i int) string { return "/api/v1/search?q=" + strconv.Itoa(91200+i*37%1000) + strconv.Itoa(i%90+10) }},
		{"search, e-mail", 200, func(i int) string { return "/api/v1/search?q=" + fmt.Sprintf("p%d", 1000+i*7919%(b.order.Rows)) }},
	}
}

// run sends requests one after the other.
func (b *bench) run(ctx context.Context, token string, n int, path func(int) string) (Latency, error) {
	for i := range min(n, 20) {
		if _, err := b.get(ctx, token, path(i)); err != nil {
			return Latency{}, err
		}
	}
	times := make([]time.Duration, 0, n)
	before := cpuOf(b.pid)
	for i := range n {
		at := time.Now()
		if _, err := b.get(ctx, token, path(i)); err != nil {
			return Latency{}, err
		}
		times = append(times, time.Since(at))
	}
	l := spread(times)
	l.CPU = ms(cpuOf(b.pid)-before) / float64(n)
	return l, nil
}

func (b *bench) get(ctx context.Context, token, path string) ([]byte, error) {
	return b.send(ctx, token, http.MethodGet, path, nil)
}

func (b *bench) send(ctx context.Context, token, method, path string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, b.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := b.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("send request: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s %s", method, path, answer.Status, text)
	}
	return text, err
}

// updates lets several clients change records for some seconds, each change on disk before its answer.
func (b *bench) updates(ctx context.Context) error {
	const span = 8 * time.Second
	var done atomic.Int64
	var mu sync.Mutex
	var times []time.Duration
	var failed error
	before, started := cpuOf(b.pid), time.Now()
	var work sync.WaitGroup
	for c := range b.order.Clients {
		work.Go(func() {
			var own []time.Duration
			for i := c; time.Since(started) < span; i += b.order.Clients {
				at := time.Now()
				body := fmt.Appendf(nil, `{"job_title":"Adviser %d"}`, i)
				if _, err := b.send(ctx, b.tokens["admin"], http.MethodPatch, "/api/v1/people/"+b.people[i%len(b.people)], body); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
				own = append(own, time.Since(at))
				done.Add(1)
			}
			mu.Lock()
			times = append(times, own...)
			mu.Unlock()
		})
	}
	work.Wait()
	if failed != nil {
		return failed
	}
	took := time.Since(started)
	l := spread(times)
	l.CPU = ms(cpuOf(b.pid)-before) / float64(max(len(times), 1))
	b.report.Updates = float64(done.Load()) / took.Seconds()
	b.report.Requests[fmt.Sprintf("update, %d clients", b.order.Clients)] = l
	b.order.Say(fmt.Sprintf("updates %.0f/s  p50 %.2f  p99 %.2f ms  cpu %.2f ms", b.report.Updates, l.P50, l.P99, l.CPU))
	return nil
}

// pick takes people to ask for.
func (b *bench) pick(ctx context.Context) error {
	b.people = nil
	for _, sort := range []string{"id", "-id", "name", "-name", "email"} {
		text, err := b.get(ctx, b.tokens["admin"], "/api/v1/people?fields=id&limit=1000&sort="+sort)
		if err != nil {
			return err
		}
		ids, err := idsOf(text)
		if err != nil {
			return err
		}
		b.people = append(b.people, ids...)
	}
	slices.Sort(b.people)
	b.people = slices.Compact(b.people)
	return nil
}

// visible gives the people that a viewer may ask for.
func (b *bench) visible(who string) []string {
	if who == "admin" {
		return b.people
	}
	text, err := b.get(context.Background(), b.tokens[who], "/api/v1/people?fields=id&limit=1000")
	if err != nil {
		return b.people
	}
	ids, err := idsOf(text)
	if err != nil || len(ids) == 0 {
		return b.people
	}
	return ids
}

func idsOf(text []byte) ([]string, error) {
	var page struct {
		Items []struct {
			ID ident.ID `json:"id"`
		} `json:"items"`
	}
	if err := json.Unmarshal(text, &page); err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	ids := make([]string, len(page.Items))
	for i, item := range page.Items {
		ids[i] = item.ID.String()
	}
	return ids, nil
}

func spread(times []time.Duration) Latency {
	if len(times) == 0 {
		return Latency{}
	}
	slices.Sort(times)
	at := func(share float64) float64 { return ms(times[min(int(share*float64(len(times))), len(times)-1)]) }
	return Latency{N: len(times), P50: at(0.5), P95: at(0.95), P99: at(0.99), Max: ms(times[len(times)-1])}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// cpuOf gives the processor time of a process, user and system; 0 where the system does not tell.
func cpuOf(pid int) time.Duration {
	var sum time.Duration
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0
	}
	for _, path := range tasks {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if first, _, ok := strings.Cut(string(text), " "); ok {
			n, _ := strconv.ParseInt(first, 10, 64)
			sum += time.Duration(n)
		}
	}
	return sum
}

// residentMiB gives the memory of a process; 0 where the system does not tell.
func residentMiB(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n >> 10
		}
	}
	return 0
}
