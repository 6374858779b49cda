package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"unicode/utf8"
)

// The numbers that values begin with.
const (
	markEmpty  = 0
	markNumber = 1
	markText   = 2 // and even numbers above
	markBytes  = 3 // and odd numbers above
)

// The bounds of what is decoded at once.
const (
	batchRows   = 2_000
	batchValues = 50_000
)

// appendRow appends the values of a row.
func appendRow(b []byte, row []any) ([]byte, error) {
	for i, v := range row {
		switch v := v.(type) {
		case nil:
			b = append(b, markEmpty)
		case int64:
			b = binary.AppendVarint(append(b, markNumber), v)
		case string:
			b = append(binary.AppendUvarint(b, uint64(len(v))*2+markText), v...)
		case []byte:
			b = append(binary.AppendUvarint(b, uint64(len(v))*2+markBytes), v...)
		default:
			return nil, fmt.Errorf("value %d is %T, not int64, string, []byte or nil", i+1, v)
		}
	}
	return b, nil
}

var (
	errShort  = errors.New("a row ends in the middle")
	errNoText = errors.New("a text is not UTF-8")
)

// takeValue decodes the first value and gives the rest. Texts and bytes are copies.
func takeValue(b []byte) (v any, rest []byte, err error) {
	mark, n := binary.Uvarint(b)
	if n <= 0 {
		return nil, nil, errShort
	}
	b = b[n:]
	switch mark {
	case markEmpty:
		return nil, b, nil
	case markNumber:
		number, n := binary.Varint(b)
		if n <= 0 {
			return nil, nil, errShort
		}
		return number, b[n:], nil
	}
	size := (mark - markText) / 2
	if size > uint64(len(b)) {
		return nil, nil, errShort
	}
	if mark%2 == markBytes%2 {
		return append([]byte{}, b[:size]...), b[size:], nil
	}
	if !utf8.Valid(b[:size]) {
		return nil, nil, errNoText
	}
	return string(b[:size]), b[size:], nil
}

// eachBatch decodes the rows of a chunk and calls do with some of them at a time. They are not used again.
func eachBatch(chunk []byte, columns int, sum *digest, do func(rows [][]any) error) error {
	limit := max(min(batchRows, batchValues/columns), 1)
	for len(chunk) > 0 {
		rows := make([][]any, 0, limit)
		values := make([]any, 0, limit*columns)
		for len(chunk) > 0 && len(rows) < limit {
			rest := chunk
			for range columns {
				v, after, err := takeValue(rest)
				if err != nil {
					return err
				}
				values, rest = append(values, v), after
			}
			sum.add(chunk[:len(chunk)-len(rest)])
			rows = append(rows, values[len(values)-columns:])
			chunk = rest
		}
		if err := do(rows); err != nil {
			return err
		}
	}
	return nil
}

// digest adds up the hashes of rows, so that their order does not matter.
type digest struct {
	rows  int64
	lanes [4]uint64
}

// add takes an encoded row.
func (d *digest) add(row []byte) {
	hash := sha256.Sum256(row)
	for i := range d.lanes {
		d.lanes[i] += binary.LittleEndian.Uint64(hash[8*i:])
	}
	d.rows++
}

func (d *digest) sum(name string) TableSum {
	var b [32]byte
	for i, lane := range d.lanes {
		binary.LittleEndian.PutUint64(b[8*i:], lane)
	}
	return TableSum{Name: name, Rows: d.rows, Digest: hex.EncodeToString(b[:])}
}

// seal closes a chunk with its hash.
func seal(chunk []byte) []byte {
	hash := sha256.Sum256(chunk)
	return append(chunk, hash[:]...)
}

// unseal checks a chunk and gives its rows.
func unseal(chunk []byte) ([]byte, error) {
	at := len(chunk) - sha256.Size
	if at < 0 {
		return nil, errShort
	}
	if hash := sha256.Sum256(chunk[:at]); !bytes.Equal(hash[:], chunk[at:]) {
		return nil, errors.New("a chunk of rows does not match its hash")
	}
	return chunk[:at], nil
}
