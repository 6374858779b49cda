package query

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"ashna/engine/meta"
	"ashna/kit/fault"
)

// A cursor as text is base64url of: the version, eight bytes of a hash that binds it to its list, then each key of the last row: a tag,
// and the number as a varint, or the length as a varint and the bytes. The last key is the id.
const (
	cursorVersion = 1
	cursorHash    = 8
	maxCursor     = 16_000 // characters
)

// The tags of the values in a cursor.
const (
	tagEmpty = iota
	tagInt
	tagText
	tagBytes
)

// fingerprint binds a cursor to the object, the text of the filter and the order; who looks is no part of it.
func fingerprint(object, source string, s sorting, deleted bool) [cursorHash]byte {
	var b strings.Builder
	b.WriteString(object + "\x00" + source + "\x00")
	for _, k := range s.keys {
		b.WriteString(k.column + k.direction() + "\x00")
	}
	if deleted {
		b.WriteString("deleted")
	}
	sum := sha256.Sum256([]byte(b.String()))
	return [cursorHash]byte(sum[:cursorHash])
}

// encodeCursor writes the cursor after a row with these values of the keys.
func encodeCursor(bound [cursorHash]byte, values []any) string {
	raw := append([]byte{cursorVersion}, bound[:]...)
	for _, v := range values {
		switch v := v.(type) {
		case int64:
			raw = binary.AppendVarint(append(raw, tagInt), v)
		case string:
			raw = binary.AppendUvarint(append(raw, tagText), uint64(len(v)))
			raw = append(raw, v...)
		case []byte:
			raw = binary.AppendUvarint(append(raw, tagBytes), uint64(len(v)))
			raw = append(raw, v...)
		default:
			raw = append(raw, tagEmpty)
		}
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func badCursor() error { return fault.New(fault.Invalid, keyCursor) }

// decodeCursor reads a cursor and refuses one of another list. Whatever the text is, the values fit the keys.
func decodeCursor(bound [cursorHash]byte, keys []key, text string) ([]any, error) {
	if len(text) > maxCursor {
		return nil, badCursor()
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < 1+cursorHash || raw[0] != cursorVersion || !bytes.Equal(raw[1:1+cursorHash], bound[:]) {
		return nil, badCursor()
	}
	raw = raw[1+cursorHash:]
	values := make([]any, len(keys))
	for i, k := range keys {
		var ok bool
		if values[i], raw, ok = decodeValue(raw); !ok || !fits(k, values[i]) {
			return nil, badCursor()
		}
	}
	if len(raw) > 0 {
		return nil, badCursor()
	}
	return values, nil
}

func decodeValue(raw []byte) (value any, rest []byte, ok bool) {
	if len(raw) == 0 {
		return nil, nil, false
	}
	tag, raw := raw[0], raw[1:]
	switch tag {
	case tagEmpty:
		return nil, raw, true
	case tagInt:
		v, n := binary.Varint(raw)
		if n <= 0 {
			return nil, nil, false
		}
		return v, raw[n:], true
	case tagText, tagBytes:
		size, n := binary.Uvarint(raw)
		if n <= 0 || size > uint64(len(raw)-n) {
			return nil, nil, false
		}
		data, rest := raw[n:n+int(size)], raw[n+int(size):]
		if tag == tagText {
			return string(data), rest, true
		}
		return data, rest, true
	}
	return nil, nil, false
}

// fits says whether a value can be one of the column: a forged one must not reach the database.
func fits(k key, value any) bool {
	switch v := value.(type) {
	case int64:
		return k.storage == meta.Int
	case string:
		return k.storage == meta.Text && utf8.ValidString(v) && !strings.Contains(v, "\x00")
	case []byte:
		return k.storage == meta.Bytes
	}
	return k.empty
}
