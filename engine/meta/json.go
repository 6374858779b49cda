package meta

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"ashna/kit/fault"
	"ashna/kit/text"
)

// decoders gives what makes a kind from its settings. A kind is named here once.
func decoders() map[string]func(json.RawMessage) (Kind, error) {
	return map[string]func(json.RawMessage) (Kind, error){
		"text":          decode[TextKind],
		"long_text":     decode[LongTextKind],
		"rich_text":     decode[RichTextKind],
		"number":        decode[NumberKind],
		"percent":       decode[PercentKind],
		"rating":        decode[RatingKind],
		"duration":      decode[DurationKind],
		"bool":          decode[BoolKind],
		"date":          decode[DateKind],
		"datetime":      decode[DateTimeKind],
		"money":         decode[MoneyKind],
		"choice":        decode[ChoiceKind],
		"multi_choice":  decode[MultiChoiceKind],
		"tags":          decode[TagsKind],
		"link":          decode[RefKind],
		"links":         decode[ManyKind],
		"any_link":      decode[AnyRefKind],
		"user":          decodeUser,
		"email":         decode[EmailKind],
		"phone":         decode[PhoneKind],
		"url":           decode[URLKind],
		"address":       decode[AddressKind],
		"geo":           decode[GeoKind],
		"file":          decode[FileKind],
		"image":         decodeImage,
		"national_id":   decodeCode(NationalID),
		"economic_code": decodeCode(EconomicCode),
		"iban":          decodeCode(IBAN),
		"domain":        decodeCode(Domain),
		"autonumber":    decode[NumberingKind],
		"formula":       decodeFormula,
		"rollup":        decode[RollupKind],
		"json":          decode[JSONKind],
	}
}

// KindTypes names all kinds, in alphabetical order.
func KindTypes() []string { return slices.Sorted(maps.Keys(decoders())) }

func strict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if one := fault.Of(err); one != nil {
		return one
	}
	if err != nil {
		return fault.Wrap(fault.Invalid, "value.json", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "value.json")
	}
	return nil
}

func decode[K Kind](raw json.RawMessage) (Kind, error) {
	var k K
	err := strict(raw, &k)
	return k, err
}

func decodeUser(raw json.RawMessage) (Kind, error) {
	k := RefKind{}
	err := strict(raw, &k)
	k.To, k.OnDelete = ObjectUser, Clear
	return k, err
}

func decodeImage(raw json.RawMessage) (Kind, error) {
	k := FileKind{}
	err := strict(raw, &k)
	k.Image = true
	return k, err
}

func decodeCode(s Scheme) func(json.RawMessage) (Kind, error) {
	return func(raw json.RawMessage) (Kind, error) {
		k := CodeKind{}
		err := strict(raw, &k)
		k.Scheme = s
		return k, err
	}
}

func decodeFormula(raw json.RawMessage) (Kind, error) {
	var f struct {
		Source string          `json:"formula"`
		Result json.RawMessage `json:"result"`
	}
	if err := strict(raw, &f); err != nil {
		return nil, err
	}
	result, err := unmarshalKind(f.Result, ResultTypes)
	if err != nil {
		return nil, fault.Of(err).In("result")
	}
	return FormulaKind{Source: f.Source, Result: result}, nil
}

// UnmarshalKind reads a kind from {"type": "choice", "options": […]}, or from its bare name as a text.
func UnmarshalKind(raw json.RawMessage) (Kind, error) { return unmarshalKind(raw, nil) }

// unmarshalKind reads a kind of the allowed types, of any when there are none.
func unmarshalKind(raw json.RawMessage, allowed []string) (Kind, error) {
	var name string
	settings := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &name) != nil {
		if err := json.Unmarshal(raw, &settings); err != nil {
			return nil, fault.Wrap(fault.Invalid, "value.json", err).In("kind")
		}
		if err := json.Unmarshal(settings["type"], &name); err != nil {
			return nil, fault.At("kind.type", "value.required")
		}
		delete(settings, "type")
	}
	decodeKind, known := decoders()[name]
	if !known || allowed != nil && !slices.Contains(allowed, name) {
		return nil, fault.At("kind.type", "value.choice", "value", text.Truncate(name, 60))
	}
	rest, err := json.Marshal(settings)
	if err != nil {
		return nil, fmt.Errorf("encode kind settings: %w", err)
	}
	k, err := decodeKind(rest)
	if err != nil {
		return nil, fault.Of(err).In("kind")
	}
	return k, nil
}

// MarshalKind writes a kind as {"type": …} with its settings.
func MarshalKind(k Kind) (json.RawMessage, error) {
	if k == nil {
		return json.RawMessage("null"), nil
	}
	raw, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("encode kind %s: %w", k.Type(), err)
	}
	settings := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &settings); err != nil {
		return nil, fmt.Errorf("encode kind %s: %w", k.Type(), err)
	}
	if f, ok := k.(FormulaKind); ok {
		if settings["result"], err = MarshalKind(f.Result); err != nil {
			return nil, err
		}
	}
	settings["type"] = json.RawMessage(`"` + k.Type() + `"`)
	return json.Marshal(settings)
}

type bareField Field

// MarshalJSON writes the field with its kind under "kind".
func (f Field) MarshalJSON() ([]byte, error) {
	kind, err := MarshalKind(f.Kind)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		bareField
		Kind json.RawMessage `json:"kind"`
	}{bareField(f), kind})
}

// UnmarshalJSON reads a field; settings that do not exist are refused.
func (f *Field) UnmarshalJSON(raw []byte) error {
	var in struct {
		bareField
		Kind json.RawMessage `json:"kind"`
	}
	if err := strict(raw, &in); err != nil {
		return err
	}
	*f = Field(in.bareField)
	if len(in.Kind) == 0 || string(in.Kind) == "null" {
		return nil
	}
	kind, err := UnmarshalKind(in.Kind)
	f.Kind = kind
	return err
}
