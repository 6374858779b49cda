package api

import (
	"encoding/json"
	"net/http"
	"strconv"

	"ashna/engine/access"
	"ashna/engine/meta"
	"ashna/kit/i18n"
)

// catalog answers with the objects as the caller may see them, with labels in the language of the reader.
func (s *server) catalog(w http.ResponseWriter, r *request) error {
	if err := r.parameters().end(); err != nil {
		return err
	}
	dst := strconv.AppendInt([]byte(`{"version":`), r.who.Catalog.Version, 10)
	dst = append(dst, `,"objects":[`...)
	first := true
	for _, e := range r.who.Catalog.Entities {
		if !sees(r.who, e) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendObject(dst, r.words(), r.who, e)
	}
	return reply(w, http.StatusOK, append(dst, "]}"...))
}

// sees says whether an object is in the catalog of a viewer; who manages the catalog sees retired ones, to restore them.
func sees(who *access.Viewer, e *meta.Entity) bool {
	if e.Object.Retired {
		return who.Manages(access.Catalog)
	}
	return who.Object(e) || who.Can(e, access.Create)
}

// objectAnswer is an object as the interface shows it.
type objectAnswer struct {
	Name        string          `json:"name"`
	Plural      string          `json:"plural"`
	Label       string          `json:"label"`
	LabelPlural string          `json:"label_plural"`
	LabelNew    string          `json:"label_new"`
	Icon        string          `json:"icon"`
	Title       string          `json:"title"`
	Sort        string          `json:"sort"`
	Parent      string          `json:"parent"`
	Custom      bool            `json:"custom"`
	Internal    bool            `json:"internal"`
	Retired     bool            `json:"retired"`
	Description string          `json:"description"`
	Rights      map[string]bool `json:"rights"`
	Fields      []fieldAnswer   `json:"fields"`
	Lists       []listAnswer    `json:"lists"`
	Actions     []actionAnswer  `json:"actions"`
	Rules       []meta.Rule     `json:"rules"`
	Views       []viewAnswer    `json:"views"`
}

// viewAnswer is a shipped view with its words.
type viewAnswer struct {
	meta.View
	Label string `json:"label"`
}

type fieldAnswer struct {
	Name      string          `json:"name"`
	Label     string          `json:"label"`
	Help      string          `json:"help,omitempty"`
	Kind      json.RawMessage `json:"kind"`
	Required  bool            `json:"required"`
	Unique    bool            `json:"unique"`
	Writable  bool            `json:"writable"`
	Derived   bool            `json:"derived"`
	Fixed     bool            `json:"fixed"`
	Search    bool            `json:"search"`
	Sensitive bool            `json:"sensitive"`
	System    bool            `json:"system"`
	Custom    bool            `json:"custom"`
	Retired   bool            `json:"retired"`
	Group     string          `json:"group,omitempty"`
	GroupName string          `json:"group_label,omitempty"`
	Options   []optionAnswer  `json:"options,omitempty"`
	Default   string          `json:"default,omitempty"`
}

// optionAnswer is one choice with its words.
type optionAnswer struct {
	Code    string `json:"code"`
	Label   string `json:"label"`
	Retired bool   `json:"retired"`
}

type listAnswer struct {
	Name   string `json:"name"`
	Object string `json:"object"`
	Via    string `json:"via"`
}

type actionAnswer struct {
	Name   string        `json:"name"`
	Label  string        `json:"label"`
	Object bool          `json:"object"`
	Reads  bool          `json:"reads"`
	Input  []fieldAnswer `json:"input"`
}

// label gives the words for a key: those that were made in the workspace, those of the locale files, or the name itself.
func label(p *i18n.Printer, labels map[string]string, key, name string) string {
	if words := labels[p.Locale().Language]; words != "" {
		return words
	}
	if p.Has(key) {
		return p.Say(key)
	}
	if words := labels[i18n.English]; words != "" {
		return words
	}
	return name
}

// form picks one form of the words that were made in the workspace: "fa.plural" beside "fa".
func form(p *i18n.Printer, labels map[string]string, which string) map[string]string {
	return map[string]string{p.Locale().Language: labels[p.Locale().Language+which], i18n.English: labels[i18n.English+which]}
}

func appendObject(dst []byte, p *i18n.Printer, who *access.Viewer, e *meta.Entity) []byte {
	answer := objectAnswer{
		Name: e.Name, Plural: e.Plural, Label: label(p, e.Labels, e.Name, e.Name), Icon: e.Icon, Title: e.TitleAttr.Name, Sort: e.Sort,
		LabelPlural: label(p, form(p, e.Labels, ".plural"), e.Name+".plural", e.Plural), LabelNew: label(p, form(p, e.Labels, ".new"), e.Name+".new", ""),
		Parent: e.Parent, Custom: e.Object.Custom, Internal: e.Internal, Retired: e.Object.Retired, Description: e.Description,
		Rights: map[string]bool{}, Fields: []fieldAnswer{}, Lists: []listAnswer{}, Actions: []actionAnswer{}, Rules: []meta.Rule{}, Views: []viewAnswer{},
	}
	for _, v := range e.Views {
		answer.Views = append(answer.Views, viewAnswer{v, label(p, nil, e.Name+".views."+v.Name, v.Name)})
	}
	for _, right := range []access.Right{access.Read, access.Create, access.Update, access.Delete, access.Export, access.Import} {
		answer.Rights[string(right)] = who.Can(e, right)
	}
	answer.parts(p, who, e)
	body, err := json.Marshal(answer)
	if err != nil {
		return append(dst, "null"...)
	}
	return append(dst, body...)
}

// parts fills in the fields, lists, actions and rules that a viewer may know of.
func (o *objectAnswer) parts(p *i18n.Printer, who *access.Viewer, e *meta.Entity) {
	manages := who.Manages(access.Catalog)
	for _, a := range e.Fields {
		if who.Readable(a) {
			o.Fields = append(o.Fields, fieldShown(p, e, a.Field, who.Writable(a), a.System))
		}
	}
	for _, a := range e.Retired {
		if manages {
			o.Fields = append(o.Fields, fieldShown(p, e, a.Field, false, false))
		}
	}
	for _, l := range e.Lists {
		if who.Object(l.Entity) && who.Readable(l.Via) {
			o.Lists = append(o.Lists, listAnswer{l.Name, l.Entity.Plural, l.Via.Name})
		}
	}
	for _, a := range e.Actions {
		if right := access.Right(a.Name); who.Can(e, right) || a.Reads && who.Can(e, access.Read) {
			o.Actions = append(o.Actions, actionShown(p, e, a))
		}
	}
	if manages {
		o.Rules = append(o.Rules, e.Object.Rules...)
	}
}

func fieldShown(p *i18n.Printer, e *meta.Entity, f meta.Field, writable, system bool) fieldAnswer {
	kind, err := meta.MarshalKind(f.Kind)
	if err != nil {
		kind = json.RawMessage("null")
	}
	key := e.Name + "." + f.Name
	if system {
		key = "field." + f.Name
	}
	group := ""
	if f.Group != "" {
		group = label(p, nil, e.Name+".groups."+f.Group, f.Group)
	}
	return fieldAnswer{
		GroupName: group, Options: optionsShown(p, f.Kind, key),
		Name: f.Name, Label: label(p, f.Labels, key, f.Name), Help: f.Help[p.Locale().Language], Kind: kind, Required: f.Required, Unique: f.Unique,
		Writable: writable, Derived: f.Derived, Fixed: f.Fixed, Search: f.Search, Sensitive: f.Sensitive, System: system, Custom: f.Custom,
		Retired: f.Retired, Group: f.Group, Default: f.Default,
	}
}

// optionsShown gives the choices of a field, retired ones too, with their words.
func optionsShown(p *i18n.Printer, k meta.Kind, key string) []optionAnswer {
	var options []meta.Option
	switch k := k.(type) {
	case meta.ChoiceKind:
		options = k.Options
	case meta.MultiChoiceKind:
		options = k.Options
	}
	var list []optionAnswer
	for _, o := range options {
		list = append(list, optionAnswer{o.Code, label(p, o.Labels, key+"."+o.Code, o.Code), o.Retired})
	}
	return list
}

func actionShown(p *i18n.Printer, e *meta.Entity, a meta.Action) actionAnswer {
	key := e.Name + ".actions." + a.Name
	answer := actionAnswer{Name: a.Name, Label: label(p, nil, key, a.Name), Object: a.Object, Reads: a.Reads, Input: []fieldAnswer{}}
	for _, f := range a.Input {
		shown := fieldShown(p, e, f, true, false)
		shown.Label, shown.Options = label(p, f.Labels, key+"."+f.Name, f.Name), optionsShown(p, f.Kind, key+"."+f.Name)
		answer.Input = append(answer.Input, shown)
	}
	return answer
}
