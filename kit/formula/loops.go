package formula

// each calls visit for the records of a loop that its condition keeps, until visit says no. The frame of the loop is the record.
func (m *machine) each(l *Loop, visit func() bool) {
	base := m.value(l.Base)
	if !base.Ok || m.env.World == nil {
		return
	}
	for _, r := range m.env.World.Inverse(l.List.Object, l.List.Field, base.Int) {
		if m.fuel--; m.fuel < 0 {
			return
		}
		m.frames[l.Level] = r
		if l.Where != nil && !m.holds(l.Where) {
			continue
		}
		if !visit() {
			return
		}
	}
}

func (m *machine) any(l *Loop) bool {
	found := false
	m.each(l, func() bool {
		found = true
		return false
	})
	return found
}

// aggregate evaluates the list functions that give a value.
func (m *machine) aggregate(e *Expr) Value {
	var t total
	var best Value
	m.each(e.Loop, func() bool {
		if e.Op == OpCount {
			t.n++
			return true
		}
		v := m.value(e.Loop.What)
		switch {
		case !v.Ok:
		case e.Op == OpSum || e.Op == OpAvg:
			t.add(v.Int)
		case !best.Ok || e.Op == OpMin && v.Int < best.Int || e.Op == OpMax && v.Int > best.Int:
			best = v
		}
		return true
	})
	switch e.Op {
	case OpCount:
		return Whole(t.n)
	case OpSum:
		return t.sum()
	case OpAvg:
		return t.average(e.Loop.What.Type.Scale)
	}
	return best
}
