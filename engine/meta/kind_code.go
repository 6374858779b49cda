package meta

import (
	"strings"

	"ashna/kit/codes"
	"ashna/kit/formula"
	"ashna/kit/phone"
)

// EmailKind is an e-mail address, compared without regard to case.
type EmailKind struct{}

// Type is "email".
func (EmailKind) Type() string { return "email" }

// Columns is one text.
func (EmailKind) Columns() []Column { return []Column{{"", Text}} }

// Parse checks the address and lowers its domain.
func (EmailKind) Parse(_ *Env, in any) ([]any, error) { return code(in, codes.Email) }

// code reads one line and gives its canonical form.
func code(in any, canonical func(string) (string, error)) ([]any, error) {
	s, err := line(in, 2_000)
	if err != nil || s == "" {
		return blank(1), err
	}
	if s, err = canonical(s); err != nil {
		return nil, err
	}
	return one(s), nil
}

// AppendJSON writes the address.
func (EmailKind) AppendJSON(dst []byte, slots []any) []byte { return appendTextJSON(dst, slots[0]) }

// Text is the address.
func (EmailKind) Text(slots []any) string { return slotText(slots[0]) }

// Formula is text.
func (EmailKind) Formula() formula.Type { return formula.Type{Kind: formula.Text} }

// Key is the address in lower case.
func (EmailKind) Key(s string) string { return textKey(s) }

// Terms are the address as a part, so that any fragment of it finds the record.
func (EmailKind) Terms(slots []any) (words, parts string) { return "", slotText(slots[0]) }

// PhoneKind is a telephone number, kept in E.164.
type PhoneKind struct{}

// Type is "phone".
func (PhoneKind) Type() string { return "phone" }

// Columns is one text.
func (PhoneKind) Columns() []Column { return []Column{{"", Text}} }

// Parse reads the number as it is dialled in the country of the workspace, or with its country code.
func (PhoneKind) Parse(env *Env, in any) ([]any, error) {
	return code(in, func(s string) (string, error) {
		n, err := phone.Parse(s, env.Country)
		return n.E164, err
	})
}

// AppendJSON writes the number in E.164.
func (PhoneKind) AppendJSON(dst []byte, slots []any) []byte { return appendTextJSON(dst, slots[0]) }

// Text is the number in E.164.
func (PhoneKind) Text(slots []any) string { return slotText(slots[0]) }

// Formula is a text whose key is the number itself.
func (PhoneKind) Formula() formula.Type { return formula.Type{Kind: formula.Text, Choice: true} }

// Terms are the digits as a part, so that any fragment of them finds the record.
func (PhoneKind) Terms(slots []any) (words, parts string) {
	return "", strings.TrimPrefix(slotText(slots[0]), "+")
}

// URLKind is a web address, http or https.
type URLKind struct{}

// Type is "url".
func (URLKind) Type() string { return "url" }

// Columns is one text.
func (URLKind) Columns() []Column { return []Column{{"", Text}} }

// Parse checks the address and puts https before a bare domain.
func (URLKind) Parse(_ *Env, in any) ([]any, error) { return code(in, codes.URL) }

// AppendJSON writes the address.
func (URLKind) AppendJSON(dst []byte, slots []any) []byte { return appendTextJSON(dst, slots[0]) }

// Text is the address.
func (URLKind) Text(slots []any) string { return slotText(slots[0]) }

// Formula is text.
func (URLKind) Formula() formula.Type { return formula.Type{Kind: formula.Text} }

// Key is the address without regard to case.
func (URLKind) Key(s string) string { return textKey(s) }

// Terms are the address as a part.
func (URLKind) Terms(slots []any) (words, parts string) { return "", slotText(slots[0]) }

// Scheme is the rule that a code follows.
type Scheme string

// The schemes of CodeKind.
const (
	NationalID   Scheme = "national_id"   // of a person, by the country of the workspace
	EconomicCode Scheme = "economic_code" // of a company: Iranian national id of a legal person, Azerbaijani VÖEN
	IBAN         Scheme = "iban"          // bank account, Sheba in Iran
	Domain       Scheme = "domain"        // host name without www
)

// CodeKind is an identifier with a check of its own: its canonical form is stored, compared and found by any fragment.
type CodeKind struct {
	Scheme  Scheme `json:"-"`
	Country string `json:"country,omitempty"` // other than that of the workspace
}

// Type is the name of the scheme.
func (k CodeKind) Type() string { return string(k.Scheme) }

// Columns is one text.
func (CodeKind) Columns() []Column { return []Column{{"", Text}} }

// Parse checks the code and gives its canonical form.
func (k CodeKind) Parse(env *Env, in any) ([]any, error) {
	country := k.Country
	if country == "" {
		country = env.Country
	}
	return code(in, func(s string) (string, error) {
		switch k.Scheme {
		case NationalID:
			return codes.NationalID(country, s)
		case EconomicCode:
			return codes.CompanyID(country, s)
		case Domain:
			return codes.Domain(s)
		}
		return codes.IBAN(s)
	})
}

// AppendJSON writes the code.
func (CodeKind) AppendJSON(dst []byte, slots []any) []byte { return appendTextJSON(dst, slots[0]) }

// Text is the code.
func (CodeKind) Text(slots []any) string { return slotText(slots[0]) }

// Formula is text.
func (CodeKind) Formula() formula.Type { return formula.Type{Kind: formula.Text} }

// Key is the code without regard to case.
func (CodeKind) Key(s string) string { return textKey(s) }

// Terms are the code as a part.
func (CodeKind) Terms(slots []any) (words, parts string) { return "", slotText(slots[0]) }
