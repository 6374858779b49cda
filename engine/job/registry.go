package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_.]{0,99}$`)

// Registry holds the kinds and schedules that a process knows. It is filled before a queue is made from it and only read afterwards.
type Registry struct {
	kinds     map[string]*kind
	schedules map[string]*scheduled
}

// kind is a Kind without its type of arguments.
type kind struct {
	name    string
	timeout time.Duration
	max     int
	limit   int
	keep    time.Duration
	run     func(ctx context.Context, j Job, args string) error
}

// lane is where the jobs of the kind wait.
func (k *kind) lane() string {
	if k.limit > 0 {
		return k.name
	}
	return ""
}

// NewRegistry makes an empty registry.
func NewRegistry() *Registry {
	return &Registry{kinds: map[string]*kind{}, schedules: map[string]*scheduled{}}
}

// Register makes a kind known. It refuses a name that is malformed or taken, a negative number and a kind without Run.
func Register[A any](r *Registry, k Kind[A]) error {
	switch {
	case !namePattern.MatchString(k.Name):
		return fmt.Errorf("register job kind %q: the name must be small letters, digits, dots and underscores", k.Name)
	case r.kinds[k.Name] != nil:
		return fmt.Errorf("register job kind %s: the name is taken", k.Name)
	case k.Run == nil:
		return fmt.Errorf("register job kind %s: Run is missing", k.Name)
	case k.Timeout < 0 || k.Max < 0 || k.Limit < 0 || k.Keep < 0:
		return fmt.Errorf("register job kind %s: a negative number", k.Name)
	}
	known := &kind{name: k.Name, timeout: k.Timeout, max: k.Max, limit: k.Limit, keep: k.Keep, run: decoded(k.Run)}
	if known.timeout == 0 {
		known.timeout = DefaultTimeout
	}
	if known.max == 0 {
		known.max = DefaultTries
	}
	r.kinds[k.Name] = known
	return nil
}

// decoded reads the arguments before it calls run. Arguments that cannot be read will not get better.
func decoded[A any](run func(context.Context, Job, A) error) func(context.Context, Job, string) error {
	return func(ctx context.Context, j Job, text string) error {
		var args A
		if err := json.Unmarshal([]byte(text), &args); err != nil {
			return Give{fmt.Errorf("read arguments: %w", err)}
		}
		return run(ctx, j, args)
	}
}

// limited gives the names of the kinds with a limit, in order.
func (r *Registry) limited() []string {
	var names []string
	for name, k := range r.kinds {
		if k.limit > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// encode gives arguments as JSON, and refuses what is too long.
func encode(what string, value any, limit int) (string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("write %s: %w", what, err)
	}
	if len(text) > limit {
		return "", fmt.Errorf("write %s: %d bytes are more than %d: %w", what, len(text), limit, errTooLong)
	}
	return string(text), nil
}

var errTooLong = errors.New("too long")
