package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ashna/testkit"
)

// buildFolder is where TestMain lets the binary be built.
const buildFolder = "ASHNA_E2E_FOLDER"

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "ashna-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = os.Setenv(buildFolder, folder)
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// built builds the binary at its first call.
var built = sync.OnceValues(func() (string, error) {
	if given := os.Getenv("ASHNA_E2E_BINARY"); given != "" {
		return filepath.Abs(given)
	}
	path := filepath.Join(os.Getenv(buildFolder), "ashna")
	build := exec.Command("go", "build", "-tags", "sqlite_fts5", "-o", path, "./cmd/ashna")
	build.Dir = testkit.Root()
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// output is what a child wrote, readable while it writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if o.more != nil {
		close(o.more)
		o.more = nil
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// after gives the rest of the line that follows a mark, waiting until it is there.
func (o *output) after(ctx context.Context, mark string) (string, bool) {
	for {
		o.mu.Lock()
		_, rest, found := strings.Cut(o.text.String(), mark)
		line, _, whole := strings.Cut(rest, "\n")
		if o.more == nil {
			o.more = make(chan struct{})
		}
		more := o.more
		o.mu.Unlock()
		if found && whole {
			return line, true
		}
		select {
		case <-more:
		case <-ctx.Done():
			return "", false
		}
	}
}

// child is a process of the binary.
type child struct {
	cmd      *exec.Cmd
	out, err *output
	ended    chan struct{}
	status   error
}

// spawn starts the binary; the test ends it at its end at the latest.
func spawn(t testing.TB, args ...string) *child {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(path, args...), out: &output{}, err: &output{}, ended: make(chan struct{})}
	c.cmd.Env = environment()
	c.cmd.Stdout, c.cmd.Stderr = c.out, c.err
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		c.status = c.cmd.Wait()
		close(c.ended)
	}()
	t.Cleanup(c.kill)
	return c
}

// environment is that of the test without the settings that the binary itself would read.
func environment() []string {
	var list []string
	for _, one := range os.Environ() {
		if !strings.HasPrefix(one, "ASHNA_") {
			list = append(list, one)
		}
	}
	return list
}

// kill ends the process as a power cut would, and waits until it is gone.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.ended
}

// running says whether the process is still there.
func (c *child) running() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// wait gives the exit status of the process, which must end in time.
func (c *child) wait(t testing.TB, limit time.Duration) int {
	t.Helper()
	select {
	case <-c.ended:
	case <-time.After(limit):
		c.kill()
		t.Fatalf("%v did not end in %v\n%s", c.cmd.Args[1:], limit, c.err)
	}
	var exit *exec.ExitError
	if errors.As(c.status, &exit) {
		return exit.ExitCode()
	}
	if c.status != nil {
		t.Fatal(c.status)
	}
	return 0
}

// commandTime is how long a command may take that works on the little data of a test.
const commandTime = 2 * time.Minute

// ran is a command that has come to its end.
type ran struct {
	status   int
	out, err string
}

// run runs a command to its end.
func run(t testing.TB, args ...string) ran {
	t.Helper()
	c := spawn(t, args...)
	status := c.wait(t, commandTime)
	return ran{status, c.out.String(), c.err.String()}
}

// must runs a command that has to succeed, and gives its standard output.
func must(t testing.TB, args ...string) string {
	t.Helper()
	r := run(t, args...)
	if r.status != 0 {
		t.Fatalf("ashna %s: exit status %d\n%s%s", strings.Join(args, " "), r.status, r.out, r.err)
	}
	return r.out
}
