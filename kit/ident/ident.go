// Package ident makes and spells the keys of records: 64-bit numbers that grow with time, so that new rows lie at the end of an
// index and sorting by key is sorting by age.
//
// A key has 63 bits, from the highest: 41 bits of milliseconds since 2020-01-01 (enough until September 2089), 10 bits of node and
// 12 bits of sequence. It is always positive and thus fits SQLite's rowid and PostgreSQL's bigint.
package ident

import (
	"bytes"
	"time"

	"ashna/kit/fault"
)

// ID is a key. Zero means none; every other key is positive and below math.MaxInt64, which SQLite treats in a special way.
type ID int64

// Length is the number of characters of a key as text.
const Length = 13

const (
	alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's base 32: no i, l, o, u
	none     = 0xff                               // marks a byte that is no digit
	largest  = ID(1<<63 - 2)
	epoch    = 1577836800000 // 2020-01-01T00:00:00Z in Unix milliseconds
)

var digits = digitTable()

// digitTable maps each byte to its value; capital letters count as small ones, o as 0, i and l as 1.
func digitTable() (table [256]byte) {
	for i := range table {
		table[i] = none
	}
	for value, letter := range []byte(alphabet) {
		table[letter] = byte(value)
		table[bytes.ToUpper([]byte{letter})[0]] = byte(value)
	}
	table['o'], table['O'] = 0, 0
	table['i'], table['I'], table['l'], table['L'] = 1, 1, 1, 1
	return table
}

// IsZero says that the key is none.
func (id ID) IsZero() bool { return id == 0 }

// String spells the key with 13 small characters. All keys have the same width, so texts sort as their numbers do.
func (id ID) String() string {
	text := id.spell()
	return string(text[:])
}

func (id ID) spell() (text [Length]byte) {
	for i, rest := Length-1, uint64(id); i >= 0; i, rest = i-1, rest>>5 {
		text[i] = alphabet[rest&31]
	}
	return text
}

// Time is the millisecond in which the key was made, in UTC. A process that makes more than 4,096 keys in a millisecond, or whose
// clock went back, is a little ahead of the true time.
func (id ID) Time() time.Time { return time.UnixMilli(int64(id>>timeShift) + epoch).UTC() }

// Parse reads a key from its text of exactly 13 characters, in small or capital letters, with o for 0 and i or l for 1. Anything
// else, and a number that is no key (zero included), is refused with "value.id".
func Parse(text string) (ID, error) {
	if len(text) != Length {
		return 0, refusal()
	}
	var number uint64
	for i := range Length {
		value := digits[text[i]]
		if value == none || i == 0 && value > 7 {
			return 0, refusal()
		}
		number = number<<5 | uint64(value)
	}
	if number == 0 || number > uint64(largest) {
		return 0, refusal()
	}
	return ID(number), nil
}

func refusal() error { return fault.New(fault.Invalid, "value.id") }

// MarshalJSON writes the key as text, and none as null.
func (id ID) MarshalJSON() ([]byte, error) {
	if id == 0 {
		return []byte("null"), nil
	}
	text := id.spell()
	out := make([]byte, 0, Length+2)
	out = append(out, '"')
	out = append(out, text[:]...)
	return append(out, '"'), nil
}

// UnmarshalJSON reads what MarshalJSON writes, in every spelling that Parse takes. A number is refused with "value.id": JavaScript
// cannot hold 63 bits.
func (id *ID) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*id = 0
		return nil
	}
	if len(data) != Length+2 || data[0] != '"' || data[Length+1] != '"' {
		return refusal()
	}
	return id.UnmarshalText(data[1 : Length+1])
}

// MarshalText writes the key as a name of a JSON object or an attribute; none is written as 13 zeros.
func (id ID) MarshalText() ([]byte, error) {
	text := id.spell()
	return text[:], nil
}

// UnmarshalText reads a key as Parse does.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
