package row

import (
	"encoding/json"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/meta"
)

// Mask leaves out the fields of a change that a viewer may not see. A field that is retired or gone is shown to those who manage the
// catalog only.
func Mask(who *access.Viewer, entity *meta.Entity, c change.Change) json.RawMessage {
	if who.System || c.Op == change.Event || c.Op == change.Schema {
		return c.Fields
	}
	hidden := false
	for _, a := range entity.Fields {
		hidden = hidden || !who.Readable(a)
	}
	if !hidden && len(entity.Retired) == 0 {
		return c.Fields
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(c.Fields, &fields) != nil {
		return json.RawMessage("{}")
	}
	for name := range fields {
		if a, ok := entity.Attr(name); !ok || !who.Readable(a) {
			delete(fields, name)
		}
	}
	out, err := json.Marshal(fields)
	if err != nil {
		return json.RawMessage("{}")
	}
	return out
}
