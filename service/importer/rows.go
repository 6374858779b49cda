package importer

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"ashna/kit/fault"
)

// raw is one row as the file has it.
type raw struct {
	number int64
	values []any    // by column
	cells  []string // to be shown again when the row fails
}

// absent stands for a value that a row does not have: the field stays as it is. An empty cell of a CSV file is absent; null in JSON empties
// the field.
type absent struct{}

// reader reads a file row by row.
type reader interface {
	columns() []string
	next() (raw, error) // io.EOF at the end
}

func open(format string, file io.Reader) (reader, error) {
	switch format {
	case "csv":
		return openCSV(file)
	case "jsonl":
		return openJSON(file)
	}
	return nil, fault.At("format", "value.choice", "value", format)
}

// Columns reads the names of the columns of a file.
func Columns(format string, file io.Reader) ([]string, error) {
	rows, err := open(format, file)
	if err != nil {
		return nil, err
	}
	return rows.columns(), nil
}

// csvReader reads RFC 4180 with a comma, semicolon, tab or bar between cells: the one that the first line has most of.
type csvReader struct {
	r      *csv.Reader
	head   []string
	number int64
}

func openCSV(file io.Reader) (reader, error) {
	buffered := bufio.NewReaderSize(file, 1<<16)
	if start, err := buffered.Peek(3); err == nil && bytes.Equal(start, []byte{0xEF, 0xBB, 0xBF}) {
		_, _ = buffered.Discard(3)
	}
	start, err := buffered.Peek(1 << 15)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("read import file: %w", err)
	}
	if bytes.IndexByte(start, 0) >= 0 || bytes.HasPrefix(start, []byte{0xFF, 0xFE}) || bytes.HasPrefix(start, []byte{0xFE, 0xFF}) {
		return nil, fault.New(fault.Invalid, "import.encoding")
	}
	c := &csvReader{r: csv.NewReader(buffered)}
	c.r.Comma, c.r.ReuseRecord, c.r.FieldsPerRecord = delimiter(start), true, -1
	head, err := c.r.Read()
	if err != nil {
		return nil, c.explain(err)
	}
	if len(head) > maxCells {
		return nil, fault.New(fault.TooLarge, "value.too_many", "max", maxCells)
	}
	c.head = slices.Clone(head)
	return c, nil
}

// delimiter finds what stands between cells by the first line outside quotes.
func delimiter(start []byte) rune {
	counts := map[byte]int{}
	quoted := false
	for _, b := range start {
		if b == '"' {
			quoted = !quoted
		}
		if b == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[b]++
		}
	}
	best := byte(',')
	for _, b := range []byte{';', '\t', '|'} {
		if counts[b] > counts[best] {
			best = b
		}
	}
	return rune(best)
}

func (c *csvReader) columns() []string { return c.head }

func (c *csvReader) next() (raw, error) {
	cells, err := c.r.Read()
	if err != nil {
		return raw{}, c.explain(err)
	}
	c.number++
	r := raw{number: c.number, values: make([]any, len(c.head)), cells: slices.Clone(cells)}
	for i := range r.values {
		r.values[i] = absent{}
	}
	size := 0
	for i, cell := range r.cells {
		size += len(cell)
		if !utf8.ValidString(cell) {
			return r, fault.New(fault.Invalid, "import.encoding", "row", c.number)
		}
		if i < len(r.values) && cell != "" {
			r.values[i] = unguard(cell)
		}
	}
	if size > maxLine {
		return r, fault.New(fault.TooLarge, "import.too_long_line", "row", c.number)
	}
	return r, nil
}

// unguard takes off the quote that an export puts before a cell which a spreadsheet would run as a formula.
func unguard(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && bytes.IndexByte([]byte("=+-@\t\r"), cell[1]) >= 0 {
		return cell[1:]
	}
	return cell
}

func (c *csvReader) explain(err error) error {
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.As(err, &syntax):
		return fault.Wrap(fault.Invalid, "import.syntax", err, "row", int64(syntax.Line))
	}
	return fmt.Errorf("read import file: %w", err)
}

// jsonReader reads one JSON object a line; the columns are the names in the first thousand lines.
type jsonReader struct {
	lines  *bufio.Scanner
	head   []string
	number int64
	kept   []map[string]any
}

func openJSON(file io.Reader) (reader, error) {
	j := &jsonReader{lines: bufio.NewScanner(file)}
	j.lines.Buffer(make([]byte, 1<<16), maxLine)
	const look = 1_000
	seen := map[string]bool{}
	for len(j.kept) < look {
		object, err := j.line()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		j.kept = append(j.kept, object)
		for name := range object {
			seen[name] = true
		}
	}
	for name := range seen {
		j.head = append(j.head, name)
	}
	slices.Sort(j.head)
	if len(j.head) > maxCells {
		return nil, fault.New(fault.TooLarge, "value.too_many", "max", maxCells)
	}
	return j, nil
}

func (j *jsonReader) line() (map[string]any, error) {
	for j.lines.Scan() {
		text := bytes.TrimSpace(j.lines.Bytes())
		if len(text) == 0 {
			continue
		}
		if !utf8.Valid(text) {
			return nil, fault.New(fault.Invalid, "import.encoding")
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var object map[string]any
		if err := d.Decode(&object); err != nil || d.More() {
			return nil, fault.Wrap(fault.Invalid, "import.syntax", err, "row", j.number+int64(len(j.kept))+1)
		}
		return object, nil
	}
	if err := j.lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fault.New(fault.TooLarge, "import.too_long_line", "row", j.number+1)
	} else if err != nil {
		return nil, fmt.Errorf("read import file: %w", err)
	}
	return nil, io.EOF
}

func (j *jsonReader) columns() []string { return j.head }

func (j *jsonReader) next() (raw, error) {
	var object map[string]any
	if len(j.kept) > 0 {
		object, j.kept = j.kept[0], j.kept[1:]
	} else {
		var err error
		if object, err = j.line(); err != nil {
			return raw{}, err
		}
	}
	j.number++
	r := raw{number: j.number, values: make([]any, len(j.head)), cells: make([]string, len(j.head))}
	for i, name := range j.head {
		v, ok := object[name]
		if !ok {
			r.values[i] = absent{}
			continue
		}
		delete(object, name)
		r.values[i] = v
		if s, isText := v.(string); isText {
			r.cells[i] = s
		} else if text, err := json.Marshal(v); err == nil && v != nil {
			r.cells[i] = string(text)
		}
	}
	for name := range object {
		return r, fault.New(fault.Invalid, "import.header", "column", name)
	}
	return r, nil
}
