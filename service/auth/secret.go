package auth

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that must not be seen: a password, a code, a token. However it is printed, logged or marshalled, it reads "[secret]";
// only Reveal gives it. It must not be the key of a map that is marshalled: JSON
// writes such keys without asking them; nor lie behind a pointer that is printed with a verb that does not suit pointers.
type Secret string

const hidden = "[secret]"

// Reveal gives the text itself, for the one place that shows or sends it.
func (s Secret) Reveal() string { return string(s) }

// String hides the text.
func (Secret) String() string { return hidden }

// GoString hides the text.
func (Secret) GoString() string { return hidden }

// Format hides the text from every verb of fmt, also those that do not suit a text.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalJSON hides the text.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText hides the text.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the text.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
