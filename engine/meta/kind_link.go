package meta

import (
	"slices"
	"strings"

	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/ident"
	"ashna/kit/text"
)

// OnDelete says what deleting a record does to those that link to it.
type OnDelete string

// The answers to the deletion of a target.
const (
	Restrict OnDelete = ""        // the deletion is refused while live records link here
	Clear    OnDelete = "clear"   // the link becomes empty
	Cascade  OnDelete = "cascade" // the records that link here are deleted and restored with the target
)

// RefKind is a link to one record of an object. The object named by To sees the linking records as the list Inverse.
type RefKind struct {
	To       string   `json:"to"`
	Inverse  string   `json:"inverse,omitempty"`   // name of the list on the target; the plural of the object unless given
	OnDelete OnDelete `json:"on_delete,omitempty"` // what deleting the target does
	Acyclic  bool     `json:"acyclic,omitempty"`   // a link to the own object that must not lead back: a hierarchy
}

// Type is "link".
func (RefKind) Type() string { return "link" }

// Columns is one integer, the key of the target.
func (RefKind) Columns() []Column { return []Column{{"", Int}} }

// Check refuses an unknown answer to deletion.
func (k RefKind) Check() error {
	switch k.OnDelete {
	case Restrict, Clear, Cascade:
		return nil
	}
	return fault.At("on_delete", "value.choice", "value", string(k.OnDelete))
}

// Parse reads the id of a record, or an object with its "id" as a read gives it.
func (RefKind) Parse(_ *Env, in any) ([]any, error) {
	id, err := idInput(in)
	if err != nil || id == 0 {
		return blank(1), err
	}
	return one(int64(id)), nil
}

func idInput(in any) (ident.ID, error) {
	if m, ok := in.(map[string]any); ok {
		in = m["id"]
	}
	if empty(in) {
		return 0, nil
	}
	s, ok := in.(string)
	if !ok {
		return 0, fault.New(fault.Invalid, "value.id")
	}
	return ident.Parse(strings.TrimSpace(s))
}

// AppendJSON writes the id.
func (RefKind) AppendJSON(dst []byte, slots []any) []byte { return appendID(dst, slots[0]) }

func appendID(dst []byte, slot any) []byte {
	n, ok := slot.(int64)
	if !ok || n == 0 {
		return appendNull(dst)
	}
	dst = append(dst, '"')
	dst = append(dst, ident.ID(n).String()...)
	return append(dst, '"')
}

// Text is the id.
func (RefKind) Text(slots []any) string {
	if n, ok := slots[0].(int64); ok && n != 0 {
		return ident.ID(n).String()
	}
	return ""
}

// Formula is a link to the target.
func (k RefKind) Formula() formula.Type { return formula.Type{Kind: formula.Link, To: k.To} }

// AnyRefKind is a link to a record of any of several objects.
type AnyRefKind struct {
	To      []string `json:"to"`                // the objects; none means all
	Inverse string   `json:"inverse,omitempty"` // name of the list on each target; the plural of the object unless given
}

// Type is "any_link".
func (AnyRefKind) Type() string { return "any_link" }

// Columns are the key of the target and the name of its object.
func (AnyRefKind) Columns() []Column { return []Column{{"", Int}, {"_object", Text}} }

// Parse reads {"object": "company", "id": "0h3…"} or the text "company:0h3…".
func (k AnyRefKind) Parse(_ *Env, in any) ([]any, error) {
	if empty(in) {
		return blank(2), nil
	}
	object := ""
	switch v := in.(type) {
	case map[string]any:
		object, _ = v["object"].(string)
		in = v["id"]
	case string:
		var id string
		object, id, _ = strings.Cut(v, ":")
		in = id
	}
	id, err := idInput(in)
	if err != nil {
		return nil, err
	}
	if object = strings.TrimSpace(object); id == 0 || object == "" {
		return nil, fault.New(fault.Invalid, "value.id")
	}
	if len(k.To) > 0 && !slices.Contains(k.To, object) || !nameShaped(object) {
		return nil, fault.New(fault.Invalid, "value.unknown_object", "object", text.Truncate(object, 60))
	}
	return []any{int64(id), object}, nil
}

// AppendJSON writes the object and the id.
func (AnyRefKind) AppendJSON(dst []byte, slots []any) []byte {
	if n, ok := slots[0].(int64); !ok || n == 0 {
		return appendNull(dst)
	}
	dst = append(dst, `{"object":`...)
	dst = AppendText(dst, slotText(slots[1]))
	dst = append(dst, `,"id":`...)
	dst = appendID(dst, slots[0])
	return append(dst, '}')
}

// Text is "company:0h3…".
func (AnyRefKind) Text(slots []any) string {
	if id := (RefKind{}).Text(slots); id != "" {
		return slotText(slots[1]) + ":" + id
	}
	return ""
}

// Formula is a link without a known target: it can be compared and be empty, not followed.
func (AnyRefKind) Formula() formula.Type { return formula.Type{Kind: formula.Link} }

// FileKind is one stored file, by its key; Image restricts it to pictures.
type FileKind struct {
	Image bool `json:"-"` // the type of the kind says it: "image", not "file"
}

// Type is "file" or "image".
func (k FileKind) Type() string {
	if k.Image {
		return "image"
	}
	return "file"
}

// Columns is one integer, the key of the file.
func (FileKind) Columns() []Column { return []Column{{"", Int}} }

// Parse reads the id of an uploaded file.
func (FileKind) Parse(env *Env, in any) ([]any, error) { return RefKind{}.Parse(env, in) }

// AppendJSON writes the id.
func (FileKind) AppendJSON(dst []byte, slots []any) []byte { return appendID(dst, slots[0]) }

// Text is the id.
func (FileKind) Text(slots []any) string { return RefKind{}.Text(slots) }

// Formula is a link that cannot be followed.
func (FileKind) Formula() formula.Type { return formula.Type{Kind: formula.Link} }

// ManyKind shows a many-to-many relation as a list of ids. Through is the object between, with a link Near to this object and a link
// Far to the other; writing the list creates and deletes records of Through. Its own fields are those of Through.
type ManyKind struct {
	Through string `json:"through"`
	Near    string `json:"near"`
	Far     string `json:"far"`
}

// Type is "links".
func (ManyKind) Type() string { return "links" }

// Columns is none: the relation lives in Through.
func (ManyKind) Columns() []Column { return nil }

// Parse reads an array of ids, or a text with semicolons; the slots are the ids, each once, in the order they came.
func (ManyKind) Parse(_ *Env, in any) ([]any, error) {
	members, err := listInput(in)
	if err != nil {
		return nil, err
	}
	slots := make([]any, 0, len(members))
	for _, m := range members {
		id, err := idInput(m)
		if err != nil {
			return nil, err
		}
		if id != 0 && !slices.Contains(slots, any(int64(id))) {
			slots = append(slots, int64(id))
		}
	}
	return slots, nil
}

// AppendJSON writes an array of ids.
func (ManyKind) AppendJSON(dst []byte, slots []any) []byte {
	dst = append(dst, '[')
	for i, s := range slots {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendID(dst, s)
	}
	return append(dst, ']')
}

// Text joins the ids with semicolons.
func (ManyKind) Text(slots []any) string {
	ids := make([]string, len(slots))
	for i, s := range slots {
		n, _ := s.(int64)
		ids[i] = ident.ID(n).String()
	}
	return strings.Join(ids, ";")
}

// Formula has no type of its own: formulas use the list functions over Through.
func (ManyKind) Formula() formula.Type { return formula.Type{} }
