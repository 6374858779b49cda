// Package query turns checked formulas, orders and the rows that a viewer may see into statements, and reads pages of records with
// them. Identifiers come from the catalog only, values are always bound, and no answer depends on how many rows a counter said there
// are: a wrong counter costs time.
//
// Records are read page by page with the sort values of the last one, never by counting rows over. Empty values are the smallest: first
// when a list ascends, last when it descends, on every database and in every index that Indexes declares.
package query

import (
	"fmt"

	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/formula"
)

// The limits of a statement.
const (
	maxSQL    = 60_000 // bytes of one compiled formula
	maxJoins  = 40     // tables that paths of one SELECT lead to
	maxInline = 3      // computed fields inside each other
)

// Messages that this package can give.
const (
	keyTooLarge    = "query.too_large"     // the formula makes too long a statement: max
	keyLongText    = "query.long_text"     // long texts can be empty or not, nothing else: field
	keyNotSortable = "query.not_sortable"  // lists cannot be ordered by the field: field
	keyNoIndex     = "query.no_index"      // too many records to order by a field without an index: field, max
	keyUnknown     = "value.unknown_field" // the object has no such field: field
	keyCursor      = "request.cursor"      // the cursor belongs to another list, or is none
)

// Builder collects the arguments of one statement. Each is bound when the statement runs, so that what depends on the clock or on the
// viewer is right at every run. A Builder is used by one goroutine.
type Builder struct {
	dialect *db.Dialect
	args    []func(*formula.Env) any
	aliases int
}

// NewBuilder starts a statement for a database.
func NewBuilder(d *db.Dialect) *Builder { return &Builder{dialect: d} }

// Dialect is that of the database the statement is for.
func (b *Builder) Dialect() *db.Dialect { return b.dialect }

// Args gives the arguments of the statement, $1 first.
func (b *Builder) Args(env *formula.Env) []any {
	args := make([]any, len(b.args))
	for i, value := range b.args {
		args[i] = value(env)
	}
	return args
}

// bind adds an argument and gives its number.
func (b *Builder) bind(value func(*formula.Env) any) int {
	b.args = append(b.args, value)
	return len(b.args)
}

// Int binds a number and gives the text that stands for it.
func (b *Builder) Int(v int64) string {
	return fmt.Sprintf(b.dialect.CastInt, b.bind(func(*formula.Env) any { return v }))
}

// Text binds a text and gives the text that stands for it.
func (b *Builder) Text(s string) string {
	return fmt.Sprintf(b.dialect.CastText, b.bind(func(*formula.Env) any { return s }))
}

// bytes binds an order key.
func (b *Builder) bytes(v []byte) string {
	return fmt.Sprintf(b.dialect.CastBytes, b.bind(func(*formula.Env) any { return v }))
}

// computed binds a number, or nil, that is known when the statement runs.
func (b *Builder) computed(value func(*formula.Env) any) string {
	return fmt.Sprintf(b.dialect.CastInt, b.bind(value))
}

// Ints binds a list of numbers and gives the number of the argument, for Dialect.InInts and Dialect.Unnest.
func (b *Builder) Ints(list []int64) int {
	value := b.dialect.Ints(list)
	return b.bind(func(*formula.Env) any { return value })
}

// InInts is the condition that an expression is one of a list of numbers.
func (b *Builder) InInts(expression string, list []int64) string {
	return b.dialect.InInts(expression, b.Ints(list))
}

// Alias makes a name for a table that no other in the statement has.
func (b *Builder) Alias(prefix string) string {
	b.aliases++
	return fmt.Sprintf("%s%d", prefix, b.aliases)
}

// Visible gives the condition that a viewer may see a row of an object, over the alias of its table; empty when there is none. It says
// nothing about deleted records.
type Visible func(e *meta.Entity, alias string, b *Builder) string

// Options say how a formula is compiled.
type Options struct {
	Builder *Builder
	Alias   string  // of the table of the record; "t" unless given
	Visible Visible // which related records the formula may see; nil shows all that are not deleted
	loose   bool    // keeps the database from entering by an index of the record's own fields
}

// Where is a compiled formula: the joins that follow the table in FROM, and the text of the condition or value.
type Where struct {
	Joins string
	Text  string
}

// Condition compiles a condition on records of an object. A nil formula is always true.
func Condition(e *meta.Entity, x *formula.Expr, o Options) (Where, error) {
	if x == nil {
		return Where{Text: "1 = 1"}, nil
	}
	g := newGenerator(e, o)
	return g.finish(g.condition(x, true))
}

// Value compiles a value for records of an object: numbers, days, moments and links as stored, yes and no as 1 and 0, texts as they
// were typed.
func Value(e *meta.Entity, x *formula.Expr, o Options) (Where, error) {
	g := newGenerator(e, o)
	if x.Type.Kind == formula.Text {
		return g.finish(g.typed(x))
	}
	return g.finish(g.value(x))
}

// Table gives the name of the table of an object as statements have it.
func Table(e *meta.Entity) string { return e.Table() }

// generator writes one formula. Its first error ends up in err; what is written after it does not matter.
type generator struct {
	b       *Builder
	visible Visible
	frames  []frame // the record of each level
	root    *source
	inlined int
	loose   bool
	err     error
}

// frame is a record that paths start from: a table in the FROM of a SELECT.
type frame struct {
	entity *meta.Entity
	alias  string
	source *source
}

// source is the FROM of one SELECT: the tables that paths lead to are joined to it, each way once.
type source struct {
	joins []string
	seen  map[string]frame
}

func newGenerator(e *meta.Entity, o Options) *generator {
	if o.Alias == "" {
		o.Alias = "t"
	}
	root := &source{}
	return &generator{
		b: o.Builder, visible: o.Visible, root: root, loose: o.loose,
		frames: []frame{{entity: e, alias: o.Alias, source: root}},
	}
}

func (g *generator) finish(text string) (Where, error) {
	w := Where{Joins: g.root.text(), Text: text}
	if len(w.Joins)+len(w.Text) > maxSQL {
		g.fail(fault.New(fault.TooLarge, keyTooLarge, "max", maxSQL))
	}
	return w, g.err
}

// fail keeps the first error and gives a text that stands for what could not be written.
func (g *generator) fail(err error) string {
	if g.err == nil {
		g.err = err
	}
	return "NULL"
}

// bounded cuts off texts that grow beyond every use.
func (g *generator) bounded(text string) string {
	if len(text) > maxSQL {
		return g.fail(fault.New(fault.TooLarge, keyTooLarge, "max", maxSQL))
	}
	return text
}

func (s *source) text() string {
	n := 0
	for _, j := range s.joins {
		n += len(j)
	}
	text := make([]byte, 0, n)
	for _, j := range s.joins {
		text = append(text, j...)
	}
	return string(text)
}
