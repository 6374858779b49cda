package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"ashna/kit/fault"
)

// raw is one row as the file has it: cells of a CSV file, or values of a JSON object.
type raw struct {
	number int64
	size   int      // bytes, about
	cells  []string // by column, and those beyond
	values []any    // by column; absent ones are absent{}
	bad    *fault.Error
}

// absent stands for a name that a JSON object does not have.
type absent struct{}

// value gives what the row has for a column. Without one the field stays as it is: that is what an empty cell of a CSV file means; null in
// JSON empties the field.
func (r *raw) value(column int) (any, bool) {
	if r.values != nil {
		_, none := r.values[column].(absent)
		return r.values[column], !none
	}
	if column >= len(r.cells) || blank(r.cells[column]) {
		return nil, false
	}
	return r.cells[column], true
}

// shown gives the row as texts, to be mended and brought in again.
func (r *raw) shown() []string {
	if r.size > maxKept {
		return nil
	}
	if r.values == nil {
		return r.cells
	}
	texts := make([]string, len(r.values))
	for i, v := range r.values {
		switch v := v.(type) {
		case absent, nil:
		case string:
			texts[i] = v
		default:
			if text, err := json.Marshal(v); err == nil {
				texts[i] = string(text)
			}
		}
	}
	return texts
}

// blank says whether a cell has nothing but white space.
func blank(cell string) bool {
	return cell == "" || (cell[0] <= ' ' || cell[0] >= utf8.RuneSelf) && strings.TrimSpace(cell) == ""
}

// reader reads a file row by row. A row that cannot be read is a row with a fault; an error ends the reading, io.EOF when all is well.
type reader interface {
	columns() []string
	next() (raw, error)
}

// look is how much of a file is read before its first row, to tell what it is: bytes of CSV, rows of JSON.
const (
	lookBytes = 1 << 15
	lookRows  = 1_000
)

func open(format string, file io.Reader) (reader, error) {
	buffered := bufio.NewReaderSize(file, 2*lookBytes)
	if format != "csv" && format != "jsonl" {
		return nil, fault.At("format", "value.choice", "value", format)
	}
	if start, err := buffered.Peek(3); err == nil && bytes.Equal(start, []byte{0xEF, 0xBB, 0xBF}) {
		_, _ = buffered.Discard(3)
	}
	start, err := buffered.Peek(lookBytes)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("read import file: %w", err)
	case len(bytes.TrimSpace(start)) == 0 && err != nil:
		return nil, fault.New(fault.Invalid, "import.empty")
	}
	if err := readable(start, err != nil); err != nil {
		return nil, err
	}
	if format == "csv" {
		return openCSV(buffered, start)
	}
	return openJSON(buffered)
}

// readable refuses what is no UTF-8 text, with the line. The start of a file decides about the whole: a file in another encoding shows it at
// its first letters, before anything is written. whole says that nothing follows.
func readable(start []byte, whole bool) error {
	if !whole { // the last letter may be cut
		for back := 1; back < utf8.UTFMax && back < len(start); back++ {
			if last := start[len(start)-back:]; utf8.RuneStart(last[0]) {
				if !utf8.FullRune(last) {
					start = start[:len(start)-back]
				}
				break
			}
		}
	}
	line := int64(1)
	for rest := start; ; line++ {
		text, after, more := bytes.Cut(rest, []byte{'\n'})
		if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
			return fault.New(fault.Invalid, "import.encoding", "row", line)
		}
		if !more {
			return nil
		}
		rest = after
	}
}

// Columns reads the names of the columns of a file. Of JSON lines they are the names in the first thousand, sorted.
func Columns(format string, file io.Reader) ([]string, error) {
	rows, err := open(format, file)
	if err != nil {
		return nil, err
	}
	return rows.columns(), nil
}
