package meta

import (
	"regexp"
	"slices"
	"strings"

	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/text"
)

// Option is one choice. Code is what is stored; labels are shown.
type Option struct {
	Code    string            `json:"code"`
	Labels  map[string]string `json:"labels,omitempty"` // by language; shipped options take theirs from the locale files
	Tone    string            `json:"tone,omitempty"`   // a colour name of the design system
	Retired bool              `json:"retired,omitempty"`
}

const (
	maxOptions = 500
	maxSet     = 100
)

// Tones are the colour names an option may have.
var Tones = []string{"slate", "blue", "violet", "amber", "green", "red", "teal", "pink"}

var codePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_+-]{0,59}$`)

func checkOptions(options []Option) error {
	if len(options) == 0 {
		return fault.At("options", "value.required")
	}
	if len(options) > maxOptions {
		return fault.At("options", "value.too_many", "max", maxOptions)
	}
	seen := map[string]bool{}
	for _, o := range options {
		if err := checkLabels("options", o.Labels, maxLabel); err != nil {
			return err
		}
		switch {
		case !codePattern.MatchString(o.Code):
			return fault.At("options", "catalog.name_invalid", "name", text.Truncate(o.Code, 60))
		case seen[o.Code]:
			return fault.At("options", "catalog.name_taken", "name", o.Code)
		case o.Tone != "" && !slices.Contains(Tones, o.Tone):
			return fault.At("options", "value.choice", "value", text.Truncate(o.Tone, 60))
		}
		seen[o.Code] = true
	}
	return nil
}

// Limits of labels: how many languages (and forms, such as "fa.plural") and how many characters each.
const (
	maxLabels = 20
	maxLabel  = 200
	maxHelp   = 2_000
)

// checkLabels refuses words of the settings that are too many, too long or could not be stored.
func checkLabels(setting string, labels map[string]string, limit int) error {
	if len(labels) > maxLabels {
		return fault.At(setting, "value.too_many", "max", maxLabels)
	}
	for name, label := range labels {
		if err := checkWords(setting, name, maxLabel); err != nil {
			return err
		}
		if err := checkWords(setting, label, limit); err != nil {
			return err
		}
	}
	return nil
}

// words finds the options of a list by what people write.
type words map[string]string

// wordsOf notes the code of each option, then the labels, as an import has them. A code goes before a label and an option in use before
// a retired one; retired options are found too, so that old values stay valid.
func wordsOf(options []Option) words {
	found := make(words, 2*len(options))
	for _, o := range options {
		found[o.Code] = o.Code
	}
	for _, retired := range []bool{false, true} {
		for _, o := range options {
			for _, label := range o.Labels {
				if key := text.Key(label); o.Retired == retired && key != "" && found[key] == "" {
					found[key] = o.Code
				}
			}
		}
	}
	return found
}

func (w words) find(s string) (string, error) {
	if code := w[s]; code != "" {
		return code, nil
	}
	if code := w[text.Key(s)]; code != "" {
		return code, nil
	}
	return "", fault.New(fault.Invalid, "value.choice", "value", text.Truncate(s, 60))
}

// ChoiceKind is one of a list of options; the code is stored.
type ChoiceKind struct {
	Options []Option `json:"options"`

	words words // once the catalog is compiled
}

func (k ChoiceKind) prepared() Kind {
	k.words = wordsOf(k.Options)
	return k
}

// Type is "choice".
func (ChoiceKind) Type() string { return "choice" }

// Columns is one text, the code.
func (ChoiceKind) Columns() []Column { return []Column{{"", Text}} }

// Check refuses a list that is empty, too long or has a code twice.
func (k ChoiceKind) Check() error { return checkOptions(k.Options) }

// Parse finds the option by code or label.
func (k ChoiceKind) Parse(_ *Env, in any) ([]any, error) {
	s, err := line(in, 200)
	if err != nil || s == "" {
		return blank(1), err
	}
	if k.words == nil {
		k.words = wordsOf(k.Options)
	}
	code, err := k.words.find(s)
	if err != nil {
		return nil, err
	}
	return one(code), nil
}

// AppendJSON writes the code.
func (ChoiceKind) AppendJSON(dst []byte, slots []any) []byte { return appendTextJSON(dst, slots[0]) }

// Text is the code.
func (ChoiceKind) Text(slots []any) string { return slotText(slots[0]) }

// Formula is a text whose key is the code itself.
func (ChoiceKind) Formula() formula.Type { return formula.Type{Kind: formula.Text, Choice: true} }

// MultiChoiceKind is any number of a list of options.
type MultiChoiceKind struct {
	Options []Option `json:"options"`

	words words // once the catalog is compiled
}

func (k MultiChoiceKind) prepared() Kind {
	k.words = wordsOf(k.Options)
	return k
}

// Type is "multi_choice".
func (MultiChoiceKind) Type() string { return "multi_choice" }

// Columns is one text: the codes, each between bars.
func (MultiChoiceKind) Columns() []Column { return []Column{{"", Text}} }

// Check refuses a list that is empty, too long or has a code twice.
func (k MultiChoiceKind) Check() error { return checkOptions(k.Options) }

// Parse reads an array of codes or labels, or a text with semicolons between them.
func (k MultiChoiceKind) Parse(_ *Env, in any) ([]any, error) {
	members, err := setInput(in)
	if err != nil {
		return nil, err
	}
	if k.words == nil {
		k.words = wordsOf(k.Options)
	}
	codes := make([]string, 0, len(members))
	for _, m := range members {
		code, err := k.words.find(m)
		if err != nil {
			return nil, err
		}
		codes = append(codes, code)
	}
	return one(joinSet(codes)), nil
}

// AppendJSON writes an array of codes.
func (MultiChoiceKind) AppendJSON(dst []byte, slots []any) []byte {
	return appendSetJSON(dst, slots[0])
}

// Text joins the codes with semicolons.
func (MultiChoiceKind) Text(slots []any) string { return strings.Join(SetOf(slots[0]), ";") }

// Formula is a set of codes.
func (MultiChoiceKind) Formula() formula.Type { return formula.Type{Kind: formula.Set} }

// TagsKind is any number of free words that mark a record.
type TagsKind struct{}

// Type is "tags".
func (TagsKind) Type() string { return "tags" }

// Columns is one text: the tags in their normalised form, each between bars.
func (TagsKind) Columns() []Column { return []Column{{"", Text}} }

// Parse reads an array of words, or a text with semicolons between them; tags are kept by their key, so "VIP" and "vip" are one.
func (TagsKind) Parse(_ *Env, in any) ([]any, error) {
	members, err := setInput(in)
	if err != nil {
		return nil, err
	}
	tags := make([]string, 0, len(members))
	for _, m := range members {
		key := text.Key(m)
		if key == "" || text.Length(key) > 60 || strings.ContainsAny(key, "|;؛") {
			return nil, fault.New(fault.Invalid, "value.tag", "value", text.Truncate(m, 60))
		}
		tags = append(tags, key)
	}
	return one(joinSet(tags)), nil
}

// AppendJSON writes an array of tags.
func (TagsKind) AppendJSON(dst []byte, slots []any) []byte { return appendSetJSON(dst, slots[0]) }

// Text joins the tags with semicolons.
func (TagsKind) Text(slots []any) string { return strings.Join(SetOf(slots[0]), ";") }

// Formula is a set of texts.
func (TagsKind) Formula() formula.Type { return formula.Type{Kind: formula.Set} }

// Terms are the tags.
func (TagsKind) Terms(slots []any) (words, parts string) {
	return strings.ReplaceAll(slotText(slots[0]), "|", " "), ""
}

// setInput reads the members of a set as clean lines, without empty ones.
func setInput(in any) ([]string, error) {
	raw, err := listInput(in)
	if err != nil {
		return nil, err
	}
	var members []string
	for _, m := range raw {
		s, err := line(m, 200)
		if err != nil {
			return nil, err
		}
		if s != "" {
			members = append(members, s)
		}
	}
	return members, nil
}

// listInput reads an array, or a text with semicolons or bars between the members.
func listInput(in any) ([]any, error) {
	if empty(in) {
		return nil, nil
	}
	var raw []any
	switch v := in.(type) {
	case []any:
		raw = v
	case string:
		if len(v) > maxSet*250 {
			return nil, fault.New(fault.Invalid, "value.too_many", "max", maxSet)
		}
		for _, part := range strings.FieldsFunc(v, func(r rune) bool { return r == ';' || r == '|' || r == '؛' }) {
			raw = append(raw, part)
		}
	default:
		return nil, wrongType("list")
	}
	if len(raw) > maxSet {
		return nil, fault.New(fault.Invalid, "value.too_many", "max", maxSet)
	}
	return raw, nil
}

// joinSet writes members as "|a|b|", sorted and each once; nil for none.
func joinSet(members []string) any {
	if len(members) == 0 {
		return nil
	}
	slices.Sort(members)
	return "|" + strings.Join(slices.Compact(members), "|") + "|"
}

// SetOf gives the members of a stored set.
func SetOf(slot any) []string {
	s := strings.Trim(slotText(slot), "|")
	if s == "" {
		return nil
	}
	return strings.Split(s, "|")
}

func appendSetJSON(dst []byte, slot any) []byte {
	dst = append(dst, '[')
	for i, m := range SetOf(slot) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendText(dst, m)
	}
	return append(dst, ']')
}
