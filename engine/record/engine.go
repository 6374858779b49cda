package record

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/setting"
	"ashna/engine/tally"
	"ashna/kit/calendar"
	"ashna/kit/clock"
	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/ident"
	"ashna/kit/text"
)

// Rule runs at each save of an object, whatever the way in. Before may change the draft and refuse it; After sees the saved record and may
// write others in the same transaction.
type Rule struct {
	Name   string
	Object string // "*" for every object
	Before func(ctx context.Context, tx *Tx, d *Draft) error
	After  func(ctx context.Context, tx *Tx, d *Draft) error
}

// Action is what a named operation does. The declaration with its input is in the catalog.
type Action struct {
	Object string
	Name   string
	Do     func(ctx context.Context, tx *Tx, call Call) (any, error)
}

// Call is one use of an action: the record, nil for actions on the object as a whole, and the checked input.
type Call struct {
	Record *Record
	Input  map[string][]any // slots by name
}

// Options is what an engine is made of.
type Options struct {
	DB         *db.DB
	Clock      clock.Clock
	IDs        *ident.Source
	Log        *slog.Logger
	Objects    []meta.Object // what ships, the platform's own first
	Extensions []meta.Extension
	Rules      []Rule
	Actions    []Action
	Tables     func(*db.Dialect) []string                                            // tables of services that live beside the records
	Language   string                                                                // of a new workspace
	Purged     []func(ctx context.Context, tx *Tx, object string, id ident.ID) error // what goes with a record that is removed for good
}

// Engine reads and writes the records of one workspace. It is safe for concurrent use.
type Engine struct {
	db       *db.DB
	clock    clock.Clock
	ids      *ident.Source
	log      *slog.Logger
	objects  []meta.Object
	extends  []meta.Extension
	rules    []Rule
	actions  map[string]Action
	state    atomic.Pointer[state]
	loading  sync.Mutex
	counters *tally.Counters
	tables   func(*db.Dialect) []string
	language string
	purged   []func(ctx context.Context, tx *Tx, object string, id ident.ID) error
}

// state is everything that is kept in memory and replaced as a whole when it changes.
type state struct {
	catalog  *meta.Catalog
	policy   *access.Policy
	settings Settings
	zone     *time.Location
	env      *meta.Env
	order    *text.Collation
	epochs   map[string]int64
	viewers  sync.Map // viewerKey to *access.Viewer
	viewerN  atomic.Int64
	formulas sync.Map // formulaKey to *formula.Expr
	formulaN atomic.Int64
	layouts  sync.Map // object name to *layout
}

// Names of the epochs: counters that are raised in the transaction that changes what is kept in memory.
const (
	epochCatalog  = "catalog"
	epochPolicy   = "policy"
	epochSettings = "settings"
)

// Open migrates the database, brings its tables to the catalog and loads what is kept in memory. Before runs before an existing database is
// migrated.
func Open(ctx context.Context, o Options, before func(from, to int) error) (*Engine, error) {
	e := &Engine{
		db: o.DB, clock: o.Clock, ids: o.IDs, log: o.Log, extends: o.Extensions, rules: o.Rules, actions: map[string]Action{}, tables: o.Tables, language: o.Language, purged: o.Purged,
		objects: slices.Concat(access.Objects(), setting.Objects(), o.Objects),
	}
	for _, a := range o.Actions {
		e.actions[a.Object+"."+a.Name] = a
	}
	if err := db.Migrate(ctx, o.DB, e.migrations(), before); err != nil {
		return nil, err
	}
	if err := e.load(ctx, nil); err != nil {
		return nil, err
	}
	if err := e.sync(ctx); err != nil {
		return nil, err
	}
	if err := e.load(ctx, nil); err != nil {
		return nil, err
	}
	e.counters = tally.New()
	return e, e.seed(ctx)
}

// refreshEvery is how often the engine looks for changes of other processes without being told of any.
const refreshEvery = 10 * time.Second

// Run keeps the engine up to date until ctx ends: it notices what other processes change and, beside that, counts rows for the planner.
func (e *Engine) Run(ctx context.Context) {
	signals, stop := e.db.Committed()
	defer stop()
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { e.counters.Run(ctx, e.db, e.Catalog, e.log) })
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		case <-tick.C:
		}
		if err := e.Refresh(ctx); err != nil && ctx.Err() == nil {
			e.log.Error("refresh", "err", err)
		}
	}
}

// DB is the database of the workspace, for the services beside the records.
func (e *Engine) DB() *db.DB { return e.db }

// Clock tells the time of the workspace.
func (e *Engine) Clock() clock.Clock { return e.clock }

// NextID makes a key.
func (e *Engine) NextID() ident.ID { return e.ids.Next() }

// Catalog gives the catalog as it stands now.
func (e *Engine) Catalog() *meta.Catalog { return e.state.Load().catalog }

// Policy gives who is who as it stands now.
func (e *Engine) Policy() *access.Policy { return e.state.Load().policy }

// Settings gives the settings of the workspace.
func (e *Engine) Settings() Settings { return e.state.Load().settings }

type viewerKey struct {
	user   ident.ID
	scopes string
}

const maxViewers = 10_000

// Viewer gives what a user may do, with the scopes of an API token if there are any. It pins the catalog for one request.
func (e *Engine) Viewer(user ident.ID, scopes []string) (*access.Viewer, error) {
	s := e.state.Load()
	key := viewerKey{user, strings.Join(scopes, " ")}
	if v, ok := s.viewers.Load(key); ok {
		return v.(*access.Viewer), nil
	}
	v, err := access.NewViewer(s.catalog, s.policy, user, scopes)
	if err != nil {
		return nil, err
	}
	if s.viewerN.Add(1) < maxViewers {
		s.viewers.Store(key, v)
	}
	return v, nil
}

// System gives the viewer that stands for the program itself, on behalf of a user or of nobody.
func (e *Engine) System(actor ident.ID) *access.Viewer {
	s := e.state.Load()
	return access.NewSystem(s.catalog, s.policy, actor)
}

// Object finds an object by its plural name, as far as the viewer may see it.
func (e *Engine) Object(who *access.Viewer, plural string) (*meta.Entity, error) {
	entity, ok := who.Catalog.Plural(plural)
	if !ok || !who.System && !visibleObject(who, entity) {
		return nil, fault.New(fault.NotFound, "value.unknown_object", "object", plural)
	}
	return entity, nil
}

// visibleObject says whether a viewer knows of an object: it may read some of it, or make records of it.
func visibleObject(who *access.Viewer, e *meta.Entity) bool {
	return who.Object(e) || !e.Object.Retired && who.Can(e, access.Create)
}

// Refresh takes over what another process changed about the catalog, the people or the settings.
func (e *Engine) Refresh(ctx context.Context) error {
	var epochs map[string]int64
	err := e.db.Read(ctx, func(q db.Querier) (err error) {
		epochs, err = readEpochs(ctx, q)
		return err
	})
	if err != nil {
		return err
	}
	for name, n := range epochs {
		if e.state.Load().epochs[name] != n {
			return e.reload(ctx)
		}
	}
	return nil
}

func readEpochs(ctx context.Context, q db.Querier) (map[string]int64, error) {
	epochs := map[string]int64{}
	err := db.Each(ctx, q, "SELECT name, value FROM epoch", nil, func(r db.Row) error {
		epochs[r.Text(0)] = r.Int(1)
		return nil
	})
	return epochs, err
}

// raise counts an epoch up, which makes every process load again.
func raise(ctx context.Context, tx *db.Tx, name string) error {
	return tx.Later(ctx, "UPDATE epoch SET value = value + 1 WHERE name = $1", name)
}

// takeOver loads again after a change of this process that is on disk already: a failure does not undo it, and the next Refresh makes it
// good.
func (e *Engine) takeOver(ctx context.Context) {
	if err := e.reload(context.WithoutCancel(ctx)); err != nil {
		e.log.Error("load after a change", "err", err)
	}
}

// reload loads everything that is kept in memory, after a change of it.
func (e *Engine) reload(ctx context.Context) error {
	e.loading.Lock()
	defer e.loading.Unlock()
	return e.load(ctx, e.state.Load())
}

// load reads everything from one moment of the database. A catalog that is still right is taken over from the state before.
func (e *Engine) load(ctx context.Context, before *state) error {
	s := &state{}
	err := e.db.Snapshot(ctx, func(q db.Querier) (err error) {
		if s.epochs, err = readEpochs(ctx, q); err != nil {
			return err
		}
		if s.settings, err = setting.Read(ctx, q); err != nil {
			return err
		}
		if before != nil && before.epochs[epochCatalog] == s.epochs[epochCatalog] && before.settings == s.settings {
			s.catalog = before.catalog
		} else if s.catalog, err = e.readCatalog(ctx, q, s.settings, s.epochs[epochCatalog]); err != nil {
			return err
		}
		columns, err := db.Columns(ctx, q)
		if err != nil {
			return err
		}
		s.policy, err = setting.Policy(ctx, q, columns, s.epochs[epochPolicy])
		if err != nil {
			return err
		}
		s.env, err = setting.Env(ctx, q, columns, s.settings)
		return err
	})
	if err != nil {
		return err
	}
	s.order, s.zone = text.NewCollation(s.settings.Language), s.settings.Location()
	e.state.Store(s)
	return nil
}

// readCatalog compiles the catalog that a database has.
func (e *Engine) readCatalog(ctx context.Context, q db.Querier, s Settings, version int64) (*meta.Catalog, error) {
	items, err := readItems(ctx, q)
	if err != nil {
		return nil, err
	}
	c, err := e.compile(s, items, version)
	if err != nil {
		return nil, fmt.Errorf("compile the catalog: %w", err)
	}
	return c, nil
}

func (e *Engine) compile(s Settings, items []meta.Item, version int64) (*meta.Catalog, error) {
	return meta.Compile(meta.Sources{
		Version: version, Objects: e.objects, Extensions: e.extends, Items: items,
		Settings: formula.Settings{BaseScale: s.Digits(), Calendar: s.Months(), ParseID: parseID},
	})
}

func parseID(s string) (int64, bool) {
	id, err := ident.Parse(s)
	return int64(id), err == nil
}

type formulaKey struct{ object, source, mask, calendar string }

const maxFormulas = 5_000

// filter compiles a condition as a viewer may write it; compiled ones are kept.
func (e *Engine) filter(who *access.Viewer, entity *meta.Entity, source string) (*formula.Expr, error) {
	if source == "" {
		return nil, nil
	}
	s := e.state.Load()
	key := formulaKey{entity.Name, source, maskKey(who), who.Habits.Calendar}
	if s.catalog == who.Catalog {
		if x, ok := s.formulas.Load(key); ok {
			return x.(*formula.Expr), nil
		}
	}
	var mask meta.Mask
	if !who.System {
		mask = who
	}
	settings := who.Catalog.Settings()
	if c, err := calendar.ByName(who.Habits.Calendar); err == nil {
		settings.Calendar = c
	}
	x, err := formula.Compile(who.Catalog.Schema(mask), entity.Name, source, formula.Condition(), settings)
	if err != nil {
		return nil, err
	}
	if s.catalog == who.Catalog && s.formulaN.Add(1) < maxFormulas {
		s.formulas.Store(key, x)
	}
	return x, nil
}

func maskKey(who *access.Viewer) string {
	if who.System {
		return "system"
	}
	return who.Key()
}

// formulaEnv is what formulas are relative to for a viewer.
func (e *Engine) formulaEnv(who *access.Viewer, zone *time.Location) *formula.Env {
	s := e.Settings()
	if zone == nil {
		zone = e.state.Load().zone
	}
	return &formula.Env{Now: e.clock.Now(), Zone: zone, WeekStart: s.FirstDay(), Me: int64(who.User)}
}

// viewerEnv is what the filters of a viewer are relative to: the zone that was asked for, else that of the person, and the person's weeks.
func (e *Engine) viewerEnv(who *access.Viewer, zone *time.Location) *formula.Env {
	if zone == nil {
		zone = who.Zone
	}
	env := e.formulaEnv(who, zone)
	if day, ok := setting.Weekday(who.Habits.WeekStart); ok {
		env.WeekStart = day
	}
	return env
}

// changeOf makes the row of the log for something that happened.
func (e *Engine) changeOf(who *access.Viewer, via change.Via) change.Change {
	return change.Change{At: e.clock.Now().UnixMicro(), Actor: who.User, Via: via}
}
