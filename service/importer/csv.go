package importer

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"ashna/kit/fault"
	"ashna/kit/text"
)

// csvReader reads RFC 4180 with a comma, semicolon, tab or bar between cells: the one that the first line has most of.
type csvReader struct {
	r      *csv.Reader
	bound  *bounded
	head   []string
	number int64
}

// errTooLong ends the reading of a row that is longer than memory is given to: a quotation mark without its other half makes the rest of
// the file one cell.
var errTooLong = errors.New("the row is too long")

// bounded gives a reader no more than one row may have.
type bounded struct {
	r    io.Reader
	left int
}

// Read reads what is allowed.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func openCSV(file *bufio.Reader, start []byte) (reader, error) {
	comma := delimiter(start)
	c := &csvReader{bound: &bounded{r: file, left: maxLine}}
	c.r = csv.NewReader(bufio.NewReaderSize(c.bound, lookBytes))
	c.r.Comma, c.r.ReuseRecord, c.r.FieldsPerRecord = comma, true, -1
	head, err := c.r.Read()
	if err != nil {
		if err = c.explain(err); errors.Is(err, io.EOF) {
			err = fault.New(fault.Invalid, "import.empty")
		}
		return nil, err
	}
	if len(head) > maxCells {
		return nil, fault.New(fault.TooLarge, "value.too_many", "max", maxCells)
	}
	c.head = slices.Clone(head)
	for i, name := range c.head {
		c.head[i] = text.UnguardCell(name)
	}
	return c, nil
}

// delimiter finds what stands between cells by the first line, outside quotes.
func delimiter(start []byte) rune {
	counts := map[byte]int{}
	quoted := false
	for _, b := range bytes.TrimLeft(start, "\r\n") {
		if b == '"' {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if b == '\n' {
			break
		}
		counts[b]++
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
	c.bound.left = maxLine
	cells, err := c.r.Read()
	c.number++
	r := raw{number: c.number}
	if errors.Is(err, csv.ErrBareQuote) { // the row alone is wrong: reading goes on at the next line
		r.bad = fault.Wrap(fault.Invalid, "import.syntax", err, "row", c.number)
		return r, nil
	}
	if err != nil {
		return r, c.explain(err)
	}
	r.cells = slices.Clone(cells)
	for i, cell := range r.cells {
		r.size += len(cell)
		switch {
		case !utf8.ValidString(cell):
			r.bad = fault.New(fault.Invalid, "import.encoding", "row", c.number)
		case i >= len(c.head) && !blank(cell) && r.bad == nil:
			r.bad = fault.New(fault.Invalid, "import.cell_beyond", "value", text.Truncate(cell, 60))
		}
		r.cells[i] = text.UnguardCell(cell)
	}
	if r.size > maxLine {
		r.bad = fault.New(fault.TooLarge, "import.too_long_line", "row", c.number)
	}
	return r, nil
}

func (c *csvReader) explain(err error) error {
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, errTooLong):
		return fault.New(fault.TooLarge, "import.too_long_line", "row", c.number)
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.As(err, &syntax):
		return fault.Wrap(fault.Invalid, "import.syntax", err, "row", c.number)
	}
	return fmt.Errorf("read import file: %w", err)
}
