package record

import (
	"context"
	"maps"
	"slices"

	"ashna/engine/access"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Act runs an action of an object: rights, input, then what the module does, in this transaction. Id is 0 for actions on the object as a
// whole.
func (t *Tx) Act(ctx context.Context, who *access.Viewer, e *meta.Entity, id ident.ID, name string, input Patch) (any, error) {
	i := slices.IndexFunc(e.Actions, func(a meta.Action) bool { return a.Name == name })
	do, known := t.engine.actions[e.Name+"."+name]
	if i < 0 || !known || e.Actions[i].Object != (id == 0) {
		return nil, fault.New(fault.NotFound, "action.unknown", "action", name)
	}
	declared := e.Actions[i]
	right := access.Right(name)
	if declared.Reads {
		right = access.Read
	}
	call := Call{}
	if id != 0 {
		r, err := t.load(ctx, who, e, id, right)
		if err != nil {
			return nil, err
		}
		call.Record = r
	} else if err := t.engine.mayDo(who, e, right); err != nil {
		return nil, err
	}
	var err error
	if call.Input, err = t.engine.input(declared, input); err != nil {
		return nil, err
	}
	return do.Do(ctx, t, call)
}

// input parses what an action asks for and notes every bad field.
func (e *Engine) input(a meta.Action, in Patch) (map[string][]any, error) {
	var faults fault.List
	out := map[string][]any{}
	env := e.state.Load().env
	for _, name := range slices.Sorted(maps.Keys(in)) {
		i := slices.IndexFunc(a.Input, func(f meta.Field) bool { return f.Name == name })
		if i < 0 {
			faults = append(faults, fault.At(name, "value.unknown_field", "field", name))
			continue
		}
		slots, err := a.Input[i].Kind.Parse(env, in[name])
		if one := fault.Of(err); one != nil {
			faults = append(faults, one.In(name))
			continue
		}
		faults.Add(err)
		out[name] = slots
	}
	for _, f := range a.Input {
		if slots := out[f.Name]; f.Required && (len(slots) == 0 || slots[0] == nil) {
			faults = append(faults, fault.At(f.Name, "value.required"))
		}
	}
	return out, faults.Or()
}
