package formula_test

import (
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"ashna/kit/calendar"
	"ashna/kit/formula"
	"ashna/kit/formula/formulatest"
	"ashna/kit/text"
)

// reading is a second, slow evaluation of the language for tests: straight from the tree as written, with exact fractions instead of
// scaled integers and no checker before it. It shares no code with the first but the calendar and the keys of texts. Where a number
// grows so large that scaled integers may overflow it gives up.
type reading struct {
	catalog formulatest.Catalog
	world   *formulatest.World
	now     time.Time
	zone    *time.Location
	me      int64
	frames  []frame
	lost    bool
}

// frame is a record that names are looked up in.
type frame struct {
	object string
	record formula.Record
}

// answer is a value: of a kind, empty unless ok. Texts are keys; raw is as typed.
type answer struct {
	kind      formula.Kind
	ok        bool
	n         *big.Rat
	text, raw string
}

// huge is how far numbers may go before reading gives up.
const huge = 1_000_000

func (r *reading) rat(kind formula.Kind, n *big.Rat) answer {
	if kind == formula.Number && new(big.Rat).Abs(n).Cmp(new(big.Rat).SetInt64(huge)) > 0 {
		r.lost = true
	}
	return answer{kind: kind, ok: true, n: n}
}

func (r *reading) int(kind formula.Kind, i int64) answer {
	return r.rat(kind, new(big.Rat).SetInt64(i))
}

func (r *reading) truth(b bool) answer {
	if b {
		return r.int(formula.Bool, 1)
	}
	return r.int(formula.Bool, 0)
}

func (a answer) holds() bool { return a.ok && a.n != nil && a.n.Sign() > 0 }

// quantum takes a fraction to a number of decimals: toward zero, or to the nearest with halves away from zero.
func quantum(n *big.Rat, places int64, nearest bool) *big.Rat {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(places), nil)
	scaled := new(big.Rat).Mul(n, new(big.Rat).SetInt(unit))
	if nearest {
		half := big.NewRat(int64(n.Sign()), 2)
		scaled.Add(scaled, half)
	}
	whole := new(big.Int).Quo(scaled.Num(), scaled.Denom())
	return new(big.Rat).SetFrac(whole, unit)
}

// value takes a stored value of a field.
func (r *reading) value(f formula.Field, v formula.Value) answer {
	a := answer{kind: f.Type.Kind, ok: v.Ok, text: v.Text, raw: v.Raw}
	if v.Ok && f.Type.Kind != formula.Text && f.Type.Kind != formula.Set {
		unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(f.Type.Scale)), nil)
		return r.rat(a.kind, new(big.Rat).SetFrac(big.NewInt(v.Int), unit))
	}
	return a
}

// walk follows names from the innermost frame, or from the outermost after "record".
func (r *reading) walk(names []formula.Name) answer {
	at := r.frames[len(r.frames)-1]
	if names[0].Text == "record" {
		at, names = r.frames[0], names[1:]
	}
	for i, name := range names {
		f, _ := r.catalog.Field(at.object, name.Text)
		a := r.int(formula.Link, at.record.ID)
		if name.Text != "id" {
			a = r.value(f, at.record.Values[f.Index])
		} else {
			f.Type.To = at.object
		}
		if i == len(names)-1 {
			return a
		}
		next, found := formula.Record{}, false
		if a.ok {
			next, found = r.world.Get(f.Type.To, a.n.Num().Int64())
		}
		if !found {
			return answer{kind: r.kindOf(f.Type.To, names[i+1:])}
		}
		at = frame{f.Type.To, next}
	}
	return r.int(formula.Link, at.record.ID)
}

// kindOf gives the kind of a path that leads nowhere for this record.
func (r *reading) kindOf(object string, names []formula.Name) formula.Kind {
	for i, name := range names {
		f, ok := r.catalog.Field(object, name.Text)
		if !ok {
			return formula.Link
		}
		if i == len(names)-1 {
			return f.Type.Kind
		}
		object = f.Type.To
	}
	return formula.Unknown
}

func (r *reading) eval(n *formula.Node) answer {
	switch n.Kind {
	case formula.NodeNumber:
		v, _ := new(big.Rat).SetString(n.Text)
		return r.rat(formula.Number, v)
	case formula.NodeText:
		return answer{kind: formula.Quoted, ok: n.Text != "", text: text.Key(n.Text), raw: n.Text}
	case formula.NodeBool:
		return r.truth(n.Text == "true")
	case formula.NodeEmpty:
		return answer{kind: formula.Empty}
	case formula.NodePath:
		return r.walk(n.Steps)
	case formula.NodeCall:
		return r.call(n)
	case formula.NodeNot:
		return r.truth(!r.eval(n.Args[0]).holds())
	case formula.NodeNegate:
		if a := r.eval(n.Args[0]); a.ok {
			return r.rat(a.kind, new(big.Rat).Neg(a.n))
		}
		return answer{kind: formula.Number}
	case formula.NodeIsEmpty:
		return r.truth(!r.eval(n.Args[0]).ok)
	case formula.NodeBetween:
		a, low, high := r.eval(n.Args[0]), r.eval(n.Args[1]), r.eval(n.Args[2])
		return r.truth(r.compare(">=", a, low) && r.compare("<=", a, high))
	case formula.NodeIn:
		a := r.eval(n.Args[0])
		return r.truth(a.ok && slices.ContainsFunc(n.Args[1:], func(m *formula.Node) bool { return r.compare("=", a, r.eval(m)) }))
	}
	return r.binary(n)
}

func (r *reading) binary(n *formula.Node) answer {
	a, b := r.eval(n.Args[0]), r.eval(n.Args[1])
	switch n.Text {
	case "and":
		return r.truth(a.holds() && b.holds())
	case "or":
		return r.truth(a.holds() || b.holds())
	case "contains":
		return r.truth(a.ok && strings.Contains(a.text, b.text))
	case "startsWith":
		return r.truth(a.ok && strings.HasPrefix(a.text, b.text))
	case "endsWith":
		return r.truth(a.ok && strings.HasSuffix(a.text, b.text))
	case "!=":
		return r.truth(!r.compare("=", a, b))
	case "=", "<", "<=", ">", ">=":
		return r.truth(r.compare(n.Text, a, b))
	}
	return r.arithmetic(n.Text, a, b)
}

func (r *reading) arithmetic(op string, a, b answer) answer {
	kind := formula.Number
	if a.kind == formula.Date && b.kind == formula.Number {
		kind = formula.Date
	}
	zero := b.ok && b.n.Sign() == 0 && (op == "/" || op == "%")
	if !a.ok || !b.ok || zero {
		return answer{kind: kind}
	}
	n := new(big.Rat)
	switch op {
	case "+":
		n.Add(a.n, b.n)
	case "-":
		n.Sub(a.n, b.n)
	case "*":
		n.Mul(a.n, b.n)
	case "/":
		n = quantum(n.Quo(a.n, b.n), 4, false)
	case "%":
		n.SetInt(new(big.Int).Rem(a.n.Num(), b.n.Num()))
	}
	out := n.Cmp(new(big.Rat).SetInt64(formula.FirstDay)) < 0 || n.Cmp(new(big.Rat).SetInt64(formula.LastDay)) > 0
	if kind == formula.Date && out {
		return answer{kind: kind}
	}
	return r.rat(kind, n)
}

// compare says whether an order or equality holds; a moment and a day meet as instants.
func (r *reading) compare(op string, a, b answer) bool {
	a, b = r.dated(a, b), r.dated(b, a)
	if !a.ok || !b.ok {
		return op == "=" && a.ok == b.ok
	}
	if a.n == nil || b.n == nil {
		return op == "=" && a.text == b.text
	}
	order := a.n.Cmp(b.n)
	switch {
	case a.kind == formula.Moment && b.kind == formula.Date:
		order = r.beside(a, b)
	case a.kind == formula.Date && b.kind == formula.Moment:
		order = -r.beside(b, a)
	}
	return op == "=" && order == 0 || op == "<" && order < 0 || op == "<=" && order <= 0 || op == ">" && order > 0 || op == ">=" && order >= 0
}

// beside says whether a moment is before a day, in it or after it.
func (r *reading) beside(moment, day answer) int {
	at, d := time.UnixMicro(moment.n.Num().Int64()), calendar.Day(day.n.Num().Int64())
	switch {
	case at.Before(calendar.StartOfDay(d, r.zone)):
		return -1
	case at.Before(calendar.StartOfDay(d+1, r.zone)):
		return 0
	}
	return 1
}

// dated reads a quoted text beside a date or moment.
func (r *reading) dated(a, beside answer) answer {
	if a.kind != formula.Quoted || !a.ok || beside.kind != formula.Date && beside.kind != formula.Moment {
		return a
	}
	if t, err := time.Parse(time.RFC3339, a.raw); err == nil {
		return r.int(formula.Moment, t.UnixMicro())
	}
	d, err := calendar.ParseISO(a.raw)
	if err != nil {
		r.lost = true
	}
	return r.int(formula.Date, int64(d))
}

func (r *reading) call(n *formula.Node) answer {
	switch n.Text {
	case "any", "count", "sum", "min", "max", "avg":
		return r.list(n)
	case "coalesce":
		var a answer
		for _, arg := range n.Args {
			if a = r.eval(arg); a.ok {
				break
			}
		}
		return a
	case "if":
		if r.eval(n.Args[0]).holds() {
			return r.eval(n.Args[1])
		}
		return r.eval(n.Args[2])
	case "has":
		key := r.eval(n.Args[1]).text
		return r.truth(slices.Contains(strings.Split(r.eval(n.Args[0]).text, "|"), key))
	case "within":
		today := calendar.DayOf(r.now, r.zone)
		p, _ := calendar.PeriodOf(strings.ReplaceAll(n.Args[1].Text, " ", "_"), today, calendar.Gregorian, time.Monday)
		a := r.eval(n.Args[0])
		return r.truth(r.compare(">=", a, r.int(formula.Date, int64(p.From))) && r.compare("<", a, r.int(formula.Date, int64(p.To))))
	case "length", "lower", "round", "year", "month", "day":
		return r.ofOne(n)
	}
	return r.clock(n)
}

func (r *reading) clock(n *formula.Node) answer {
	today := calendar.DayOf(r.now, r.zone)
	switch n.Text {
	case "now":
		return r.int(formula.Moment, r.now.UnixMicro())
	case "me":
		return r.int(formula.Link, r.me)
	case "daysAgo":
		return r.int(formula.Date, int64(today)-r.eval(n.Args[0]).n.Num().Int64())
	case "daysAhead":
		return r.int(formula.Date, int64(today)+r.eval(n.Args[0]).n.Num().Int64())
	case "startOfMonth":
		y, m, _ := today.YMD(named(n, 0))
		d, _ := calendar.FromYMD(named(n, 0), y, m, 1)
		return r.int(formula.Date, int64(d))
	case "startOfYear":
		y, _, _ := today.YMD(named(n, 0))
		d, _ := calendar.FromYMD(named(n, 0), y, 1, 1)
		return r.int(formula.Date, int64(d))
	}
	return r.int(formula.Date, int64(today))
}

func named(n *formula.Node, i int) calendar.Calendar {
	if len(n.Args) > i && n.Args[i].Text == "jalali" {
		return calendar.Jalali
	}
	return calendar.Gregorian
}

func (r *reading) ofOne(n *formula.Node) answer {
	a := r.eval(n.Args[0])
	switch {
	case n.Text == "lower":
		return answer{kind: formula.Text, ok: a.ok, text: a.text, raw: a.text}
	case !a.ok:
		return answer{kind: formula.Number}
	case n.Text == "length":
		return r.int(formula.Number, int64(len([]rune(a.raw))))
	case n.Text == "round" && len(n.Args) == 1:
		r.lost = true // the decimals it leaves depend on the type
		return a
	case n.Text == "round":
		return r.rat(a.kind, quantum(a.n, r.eval(n.Args[1]).n.Num().Int64(), true))
	}
	d := calendar.Day(a.n.Num().Int64())
	if d < formula.FirstPartDay || d > formula.LastPartDay {
		return answer{kind: formula.Number}
	}
	y, m, dd := d.YMD(named(n, 1))
	return r.int(formula.Number, int64(map[string]int{"year": y, "month": m, "day": dd}[n.Text]))
}

// listed gives the records of the list a function names.
func (r *reading) listed(n *formula.Node) (string, []formula.Record) {
	steps := n.Args[0].Steps
	last := len(steps) - 1
	object := r.frames[len(r.frames)-1].object
	for _, s := range steps[:last] {
		f, _ := r.catalog.Field(object, s.Text)
		object = f.Type.To
	}
	owner := r.walk(append(slices.Clone(steps[:last]), formula.Name{Text: "id"}))
	l, _ := r.catalog.List(object, steps[last].Text)
	if !owner.ok {
		return l.Object, nil
	}
	return l.Object, r.world.Inverse(l.Object, l.Field, owner.n.Num().Int64())
}

func (r *reading) list(n *formula.Node) answer {
	object, records := r.listed(n)
	rest := n.Args[1:]
	var what *formula.Node
	if n.Text != "any" && n.Text != "count" {
		what, rest = rest[0], rest[1:]
	}
	kept := int64(0)
	var values []answer
	r.frames = append(r.frames, frame{object, formula.Record{}})
	for _, record := range records {
		r.frames[len(r.frames)-1].record = record
		if len(rest) > 0 && !r.eval(rest[0]).holds() {
			continue
		}
		kept++
		if what == nil {
			continue
		}
		if v := r.eval(what); v.ok {
			values = append(values, v)
		}
	}
	r.frames = r.frames[:len(r.frames)-1]
	switch n.Text {
	case "any":
		return r.truth(kept > 0)
	case "count":
		return r.int(formula.Number, kept)
	}
	return r.gather(n.Text, values)
}

// gather makes one value of the values of a list.
func (r *reading) gather(name string, values []answer) answer {
	sum := new(big.Rat)
	for _, v := range values {
		sum.Add(sum, v.n)
	}
	switch {
	case name == "sum":
		return r.rat(formula.Number, sum)
	case len(values) == 0:
		return answer{kind: formula.Unknown}
	case name == "avg":
		return r.rat(formula.Number, quantum(sum.Quo(sum, new(big.Rat).SetInt64(int64(len(values)))), 4, false))
	}
	least := slices.MinFunc(values, func(a, b answer) int { return a.n.Cmp(b.n) })
	greatest := slices.MaxFunc(values, func(a, b answer) int { return a.n.Cmp(b.n) })
	if name == "min" {
		return least
	}
	return greatest
}

// TestTwoReadings holds the evaluation to the second reading: random formulas over random records in every zone of the kit.
func TestTwoReadings(t *testing.T) {
	catalog := formulatest.Shop()
	compared, trues, empties := 0, 0, 0
	for seed := range uint64(6) {
		g := formulatest.New(catalog, 100+seed)
		w := formulatest.NewWorld(g.Rand, catalog, map[string]int{"company": 9, "deal": 16, "item": 24, "user": 4})
		zones := formulatest.Zones()
		e := &formula.Env{Now: time.Date(2022, 3, 22, int(seed)*4, 10, 0, 0, time.UTC), Zone: zones[int(seed)%len(zones)], WeekStart: time.Monday, Me: 2, World: w}
		for i := range 700 {
			source, want := g.Condition("deal", i%5), formula.Condition()
			switch i % 4 {
			case 2:
				source, want = g.Number("deal", i%5), formula.AnyValue()
			case 3:
				source, want = g.Date("deal", i%5), formula.AnyValue()
			}
			x, err := formula.Compile(catalog, "deal", source, want, formula.Settings{BaseScale: 2})
			if err != nil {
				continue
			}
			n, _ := formula.Parse(source)
			for _, record := range w.Records("deal") {
				second := reading{catalog: catalog, world: w, now: e.Now, zone: e.Zone, me: e.Me, frames: []frame{{"deal", record}}}
				right := second.eval(n)
				if second.lost {
					continue
				}
				got, err := x.Eval(e, record)
				if err != nil {
					t.Fatal(source, err)
				}
				compared++
				if got.Holds() {
					trues++
				}
				if !got.Ok {
					empties++
				}
				if !agree(x.Type, got, right) {
					t.Fatalf("seed %d, deal %d, %s = %v at scale %d, the second reading says %v %v", seed, record.ID, source, got, x.Type.Scale, right.ok, right.n)
				}
			}
		}
	}
	if compared < 10_000 || trues < 1000 || empties < 500 {
		t.Errorf("%d compared, %d true, %d empty: the test does not bite", compared, trues, empties)
	}
}

// agree compares a value in units of its scale with a fraction.
func agree(kind formula.Type, got formula.Value, right answer) bool {
	if !got.Ok || !right.ok {
		return got.Ok == right.ok
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(kind.Scale)), nil)
	return new(big.Rat).SetFrac(big.NewInt(got.Int), unit).Cmp(right.n) == 0
}
