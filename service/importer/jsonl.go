package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"ashna/kit/fault"
	"ashna/kit/text"
)

// jsonReader reads one JSON object a line; lines of white space do not count. The columns are the names in the first thousand objects.
type jsonReader struct {
	file   *bufio.Reader
	line   []byte // the present one, used again
	head   []string
	number int64
	kept   []object // read to find the columns
}

// object is one line as it was read.
type object struct {
	values map[string]any
	size   int
	bad    *fault.Error
}

func openJSON(file *bufio.Reader) (reader, error) {
	j := &jsonReader{file: file}
	seen := map[string]bool{}
	for size := 0; len(j.kept) < lookRows && size < stepBytes; {
		o, err := j.read(int64(len(j.kept)) + 1)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if o.bad != nil && len(j.kept) == 0 {
			return nil, o.bad // whatever this is, it is no file of objects
		}
		j.kept = append(j.kept, o)
		size += o.size
		for name := range o.values {
			seen[name] = true
		}
		if len(seen) > maxCells {
			return nil, fault.New(fault.TooLarge, "value.too_many", "max", maxCells)
		}
	}
	if len(j.kept) == 0 {
		return nil, fault.New(fault.Invalid, "import.empty")
	}
	j.head = slices.Sorted(maps.Keys(seen))
	return j, nil
}

// read reads the next object, whose number is given for the faults it may have.
func (j *jsonReader) read(number int64) (object, error) {
	for {
		size, err := j.readLine()
		if err != nil {
			return object{}, err
		}
		line := bytes.TrimSpace(j.line)
		switch {
		case size > maxLine:
			return object{bad: fault.New(fault.TooLarge, "import.too_long_line", "row", number)}, nil
		case len(line) == 0:
			continue
		case !utf8.Valid(line):
			return object{size: size, bad: fault.New(fault.Invalid, "import.encoding", "row", number)}, nil
		}
		o := object{size: size}
		if o.values, err = parse(line); err != nil {
			o.bad = fault.Wrap(fault.Invalid, "import.syntax", err, "row", number)
		}
		return o, nil
	}
}

// readLine reads a line and says how long it is; of one that is too long nothing is kept.
func (j *jsonReader) readLine() (int, error) {
	j.line = j.line[:0]
	for size := 0; ; {
		part, err := j.file.ReadSlice('\n')
		if size += len(part); size <= maxLine {
			j.line = append(j.line, part...)
		}
		switch {
		case err == nil, errors.Is(err, io.EOF) && size > 0:
			return size, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return 0, io.EOF
		default:
			return 0, fmt.Errorf("read import file: %w", err)
		}
	}
}

var errNoObject = errors.New("the line is not one JSON object")

func parse(line []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var values map[string]any
	if err := d.Decode(&values); err != nil {
		return nil, fmt.Errorf("read line: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || values == nil {
		return nil, errNoObject
	}
	return values, nil
}

func (j *jsonReader) columns() []string { return j.head }

func (j *jsonReader) next() (raw, error) {
	j.number++
	var o object
	if len(j.kept) > 0 {
		o, j.kept = j.kept[0], j.kept[1:]
	} else {
		var err error
		if o, err = j.read(j.number); err != nil {
			return raw{}, err
		}
	}
	r := raw{number: j.number, size: o.size, bad: o.bad}
	if r.bad != nil {
		return r, nil
	}
	r.values = make([]any, len(j.head))
	found := 0
	for i, name := range j.head {
		v, ok := o.values[name]
		if !ok {
			v = absent{}
		} else {
			found++
		}
		r.values[i] = v
	}
	if found < len(o.values) {
		names := slices.Sorted(maps.Keys(o.values))
		name := names[slices.IndexFunc(names, func(name string) bool { return !slices.Contains(j.head, name) })]
		r.bad = fault.New(fault.Invalid, "import.header", "column", text.Truncate(name, 60))
	}
	return r, nil
}
