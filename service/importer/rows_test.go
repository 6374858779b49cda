package importer

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ashna/kit/fault"
	"ashna/kit/text"
)

// read reads a whole file: a line for the columns, then one for each row, then the error that ended it.
func read(format, file string) []string {
	rows, err := open(format, strings.NewReader(file))
	if err != nil {
		return []string{"! " + err.Error()}
	}
	lines := []string{strings.Join(rows.columns(), "|")}
	for {
		r, err := rows.next()
		switch {
		case errors.Is(err, io.EOF):
			return lines
		case err != nil:
			return append(lines, "! "+err.Error())
		case r.bad != nil:
			lines = append(lines, fmt.Sprintf("%d ? %v", r.number, r.bad))
			continue
		}
		var cells []string
		for i := range rows.columns() {
			v, given := r.value(i)
			if !given {
				v = "-"
			}
			cells = append(cells, fmt.Sprint(v))
		}
		lines = append(lines, fmt.Sprintf("%d: %s", r.number, strings.Join(cells, "|")))
	}
}

func TestCSVFiles(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       []string
	}{
		{"commas", "a,b\n1,2\n", []string{"a|b", "1: 1|2"}},
		{"semicolons", "a;b;d,c\n1;2;\n", []string{"a|b|d,c", "1: 1|2|-"}},
		{"tabs", "a\tb\n1\t2,3\n", []string{"a|b", "1: 1|2,3"}},
		{"bars", "a|b\n1|2\n", []string{"a|b", "1: 1|2"}},
		{"separators inside quotes", "\"a;;;\",b\n1,2\n", []string{"a;;;|b", "1: 1|2"}},
		{"a head of two lines", "\"a\nx\",b;\n1,2\n", []string{"a\nx|b;", "1: 1|2"}},
		{"no separator", "a\n1\n", []string{"a", "1: 1"}},
		{"empty lines first", "\n\r\na;b\n1;2\n", []string{"a|b", "1: 1|2"}},
		{"mark", "\ufeffa,b\n1,2\n", []string{"a|b", "1: 1|2"}},
		{"mark before quotes", "\ufeff\"a\",b\n1,2\n", []string{"a|b", "1: 1|2"}},
		{"line ends", "a,b\r\n1,2\r\n3,4", []string{"a|b", "1: 1|2", "2: 3|4"}},
		{"quotes", "a,b\n\"x, \"\"y\"\"\",\"l\r\nm\"\n", []string{"a|b", "1: x, \"y\"|l\nm"}},
		{"empty rows", "a,b\n\n1,2\n\n\n3,4\n", []string{"a|b", "1: 1|2", "2: 3|4"}},
		{"short and long", "a,b\n1\n1,2,\n1,2, \n1,2,3\n", []string{"a|b", "1: 1|-", "2: 1|2", "3: 1|2", "4 ? import.cell_beyond value=3"}},
		{"white cells", "a,b\n , \t\n\u00a0,\u3000x\n", []string{"a|b", "1: -|-", "2: -|\u3000x"}},
		{"head only", "a,b", []string{"a|b"}},
		{"guarded", "a,'=b\n'=1+1,''=x\n'x,'\n", []string{"a|=b", "1: =1+1|'=x", "2: 'x|'"}},
		{"a quote in a cell", "a,b\n1,5\" pipe\n3,4\n", []string{"a|b", `1 ? import.syntax row=1: parse error on line 2, column 4: bare " in non-quoted-field`, "2: 3|4"}},
		{"text after quotes", "a,b\n1,\"x\" y\n3,4\n", []string{"a|b", `! import.syntax row=1: parse error on line 2, column 5: extraneous or missing " in quoted-field`}},
		{"no end of quotes", "a,b\n1,\"x\n3,4\n", []string{"a|b", `! import.syntax row=1: record on line 2; parse error on line 3, column 5: extraneous or missing " in quoted-field`}},
		{"a bad head", "a,b\"\n1,2\n", []string{`! import.syntax row=0: parse error on line 1, column 4: bare " in non-quoted-field`}},
		{"UTF-16", "\xff\xfea\x00,\x00b\x00\n\x00", []string{"! import.encoding row=1"}},
		{"UTF-16, the other way", "\xfe\xff\x00a\x00,\x00b\x00\n", []string{"! import.encoding row=1"}},
		{"UTF-16 without a mark", "a\x00,\x00b\x00\n\x00", []string{"! import.encoding row=1"}},
		{"Windows-1256", "name\nReza\n\xd1\xd6\xc7\n", []string{"! import.encoding row=3"}},
		{"broken letters later", "a,b\n" + strings.Repeat("1,2\n", 20_000) + "1,\xff\n3,4\n", nil},
		{"NUL later", "a,b\n" + strings.Repeat("1,2\n", 20_000) + "1,\x00\n", nil},
		{"a letter at the edge", "a,b\n1," + strings.Repeat("x", lookBytes-7) + "سسس\n", nil},
	} {
		got := read("csv", c.file)
		if c.want != nil {
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
			continue
		}
		switch c.name {
		case "broken letters later":
			if want := []string{"20001 ? import.encoding row=20001", "20002: 3|4"}; !slices.Equal(got[20_001:], want) {
				t.Errorf("%s: %q", c.name, got[20_001:])
			}
		case "NUL later":
			if got[20_001] != "20001: 1|\x00" {
				t.Errorf("%s: %q, which the field refuses", c.name, got[20_001])
			}
		default:
			if len(got) != 2 || !strings.HasSuffix(got[1], "سسس") {
				t.Errorf("%s: %.60q", c.name, got)
			}
		}
	}
}

func TestJSONFiles(t *testing.T) {
	late := strings.Repeat("{\"a\":1}\n", lookRows)
	for _, c := range []struct {
		name, file string
		want       []string
	}{
		{"objects", `{"b":1,"a":"x"}` + "\n" + `{"a":null}` + "\r\n\n  \n" + `{"c":[1,"y"]}`, []string{"a|b|c", "1: x|1|-", "2: <nil>|-|-", "3: -|-|[1 y]"}},
		{"mark", "\ufeff{\"a\":1}", []string{"a", "1: 1"}},
		{"exact numbers", `{"a":12345678901234567890.10}`, []string{"a", "1: 12345678901234567890.10"}},
		{"an empty object", `{}`, []string{"", "1: "}},
		{"one line is wrong", "{\"a\":1}\n{\"a\":\n{\"a\":3}\n", []string{"a", "1: 1", "2 ? import.syntax row=2: read line: unexpected EOF", "3: 3"}},
		{"more than an object", "{\"a\":1}\n{\"a\":1}}\n{\"a\":1} 2\n[1]\nnull\n", []string{
			"a", "1: 1", "2 ? import.syntax row=2: the line is not one JSON object", "3 ? import.syntax row=3: the line is not one JSON object",
			"4 ? import.syntax row=4: read line: json: cannot unmarshal array into Go value of type map[string]interface {}", "5 ? import.syntax row=5: the line is not one JSON object",
		}},
		{"no file of objects", "[{\"a\":1}]\n", []string{"! import.syntax row=1: read line: json: cannot unmarshal array into Go value of type map[string]interface {}"}},
		{"CSV", "a,b\n1,2\n", []string{"! import.syntax row=1: read line: invalid character 'a' looking for beginning of value"}},
		{"Latin-1", "{\"a\":1}\n{\"a\":\"\xe9\"}", []string{"! import.encoding row=2"}},
	} {
		if got := read("jsonl", c.file); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	for _, c := range []struct{ line, want string }{
		{`{"a":1,"z":2,"y":3}`, "1001 ? import.header column=y"},
		{"{\"a\":\"" + strings.Repeat("x", maxLine) + "\"}", "1001 ? import.too_long_line row=1001"},
		{strings.Repeat(" ", maxLine+1), "1001 ? import.too_long_line row=1001"},
	} {
		got := read("jsonl", late+c.line+"\n"+`{"a":5}`)
		if len(got) != lookRows+3 || got[lookRows+1] != c.want || got[lookRows+2] != "1002: 5" {
			t.Errorf("%.30s: %.200q, want %s", c.line, got[lookRows+1:], c.want)
		}
	}
	late = strings.Repeat("{\"a\":\""+strings.Repeat("x", 30)+"\"}\n", lookRows) // more than is looked at first
	if got := read("jsonl", late+"{\"a\":\"\xe9\"}\n{\"a\":1}"); got[lookRows+1] != "1001 ? import.encoding row=1001" || got[lookRows+2] != "1002: 1" {
		t.Errorf("broken letters later: %q", got[lookRows+1:])
	}
	var many strings.Builder
	for i := range maxCells + 1 {
		fmt.Fprintf(&many, "{\"a%d\":1,\"b%d\":2}\n", i, i)
	}
	if got := read("jsonl", many.String()); got[0] != "! value.too_many max=1000" {
		t.Errorf("many names: %.100q", got)
	}
}

func TestColumns(t *testing.T) {
	for _, c := range []struct {
		format, file string
		want         []string
	}{{"csv", "b;a\n", []string{"b", "a"}}, {"jsonl", `{"b":1,"a":2}`, []string{"a", "b"}}} {
		got, err := Columns(c.format, strings.NewReader(c.file))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q %v", c.format, got, err)
		}
	}
	for _, format := range []string{"csv", "jsonl", "xml"} {
		if _, err := Columns(format, strings.NewReader("")); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", format, err)
		}
	}
	broken := io.MultiReader(strings.NewReader("a,b"), errReader{})
	if _, err := Columns("csv", broken); err == nil || fault.Of(err) != nil {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

// endless gives one text again and again, up to a size.
type endless struct {
	text string
	left int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && e.left > 0 {
		k := copy(p[n:], e.text)
		n, e.left = n+k, e.left-k
	}
	return n, nil
}

// TestMemoryOfOneRow reads files that are one endless row, cell, head or name: reading ends before much of it is in memory.
func TestMemoryOfOneRow(t *testing.T) {
	const size = 300 << 20
	for name, c := range map[string]struct{ format, start, text string }{
		"no end of quotes":       {"csv", "a,b\n1,\"", "xxxxxxxxxxxxxxxx"},
		"no end of quotes, rows": {"csv", "a,b\n1,\"", "xxxxxxx\n"},
		"one line":               {"csv", "a,b\n", "xxxxxxxxxxxxxxxx"},
		"cells":                  {"csv", "a,b\n", "x,"},
		"head":                   {"csv", "", "x,"},
		"quoted head":            {"csv", "\"", "xxxxxxx\n"},
		"JSON text":              {"jsonl", "{\"a\":\"", "xxxxxxxxxxxxxxxx"},
		"JSON names":             {"jsonl", "{", "\"a\":1,"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		e := &endless{text: c.text, left: size}
		rows, err := open(c.format, io.MultiReader(strings.NewReader(c.start), e))
		for err == nil {
			_, err = rows.next()
		}
		runtime.ReadMemStats(&after)
		if errors.Is(err, io.EOF) || !fault.Is(err, fault.TooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 128<<20 {
			t.Errorf("%s: %d MiB were allocated", name, used>>20)
		}
	}
}

// TestStepsAreSmall holds what waits in memory: rows and bytes of a step.
func TestStepsAreSmall(t *testing.T) {
	row := strings.Repeat("x", 900<<10) + ",1\n"
	rows, err := open("csv", strings.NewReader("a,b\n"+strings.Repeat(row, 20)))
	if err != nil {
		t.Fatal(err)
	}
	if s := readStep(t.Context(), 0, rows); len(s.rows) != 5 || s.last != 5 || s.end {
		t.Errorf("%d rows, last %d", len(s.rows), s.last)
	}
	rows, err = open("csv", strings.NewReader("a,b\n"+strings.Repeat("1,2\n1,\"2\n3\"\n1,2,3\n", 600)))
	if err != nil {
		t.Fatal(err)
	}
	last := int64(700)
	for n := 0; ; n++ {
		s := readStep(t.Context(), last, rows)
		if len(s.rows)+len(s.bad) > stepRows || s.last < last || n > 5 {
			t.Fatalf("step %d: %d rows, last %d", n, len(s.rows), s.last)
		}
		if last = s.last; s.end {
			break
		}
	}
	if last != 1_800 {
		t.Errorf("last row %d", last)
	}
}

// TestFilesOfOthers reads the CSV files that were collected for tests of readers: none stops the program, and those that are right have rows.
func TestFilesOfOthers(t *testing.T) {
	folder := os.Getenv("ASHNA_SHARED")
	if folder == "" {
		folder = "../../../shared"
	}
	found := 0
	_ = filepath.WalkDir(filepath.Join(folder, "data", "crm-exports"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".csv" {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			return nil
		}
		found++
		lines := read("csv", string(content))
		if last := lines[len(lines)-1]; strings.HasPrefix(last, "!") && !strings.Contains(last, "import.encoding") && !strings.Contains(last, "import.syntax") {
			t.Errorf("%s: %s", filepath.Base(path), last)
		}
		return nil
	})
	if found == 0 {
		t.Skip("the collected files are not here")
	}
}

// FuzzCSV reads any bytes: it ends, its rows are bounded, numbered one by one and the same each time; what it read is written by the encoder
// of the standard library and read again as it was.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		"a,b\n1,2\n", "a;b\n\"x\"\"y\";\n", "\ufeffa\tb\n", "a,b\n1,5\" x\n2,3", "a,b\n\"x", "a\n\xff", "\xff\xfe", "a,b,\n1,,3,4\n", "'=a,b\n'=1,''=2\n", "\"a\nb\",c\r\n\r\n1",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		lines := read("csv", string(file))
		if again := read("csv", string(file)); !slices.Equal(lines, again) {
			t.Fatalf("%q, then %q", lines, again)
		}
		rows, err := open("csv", bytes.NewReader(file))
		if err != nil {
			return
		}
		if len(rows.columns()) > maxCells {
			t.Fatalf("%d columns", len(rows.columns()))
		}
		head := slices.Clone(rows.columns())
		if strings.Join(head, "") == "" {
			return
		}
		var all [][]string
		for n := int64(1); ; n++ {
			r, err := rows.next()
			if err != nil {
				break
			}
			if r.number != n || r.size > maxLine && r.bad == nil {
				t.Fatalf("row %d has the number %d and %d bytes", n, r.number, r.size)
			}
			if r.bad == nil {
				all = append(all, r.cells)
			}
		}
		checkWritten(t, head, all)
	})
}

// checkWritten writes rows as an export does and reads them again.
func checkWritten(t *testing.T, head []string, all [][]string) {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	write := func(cells []string) {
		guarded := []string{"#"} // never an empty line
		for _, cell := range cells {
			guarded = append(guarded, text.GuardCell(cell))
		}
		if err := w.Write(guarded); err != nil {
			t.Fatal(err)
		}
	}
	write(head)
	for _, cells := range all {
		write(cells)
	}
	w.Flush()
	c, err := openCSV(newBuffered(&b), []byte(",,"))
	if err != nil {
		t.Fatalf("%q: %v", b.String(), err)
	}
	if got := c.columns()[1:]; !slices.Equal(normal(got), normal(head)) {
		t.Fatalf("head %q, want %q", got, head)
	}
	for i, want := range all {
		r, err := c.next()
		if err != nil {
			t.Fatalf("row %d: %v", i, err)
		}
		if len(r.cells) == 0 || !slices.Equal(normal(r.cells[1:]), normal(want)) {
			t.Fatalf("row %d: %q, want %q", i, r.cells, want)
		}
	}
}

// normal writes the ends of lines as the format has them.
func normal(cells []string) []string {
	out := make([]string, len(cells))
	for i, cell := range cells {
		out[i] = strings.ReplaceAll(cell, "\r\n", "\n")
	}
	return out
}

// FuzzJSONLines reads any bytes: it ends, and every value that was read is written as JSON and read again as it was.
func FuzzJSONLines(f *testing.F) {
	for _, s := range []string{
		"{\"a\":1}\n{\"b\":null}", "\ufeff{}\n\n{\"a\":{\"b\":[1,2.50,\"x\"]}}", "{\"a\":1}{", "[1]", "{\"a\":\"\\ud800\"}", "{\"a\":1,\"a\":2}", "null\n", "{\"a\":1e999}", "{\"a\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		rows, err := open("jsonl", bytes.NewReader(file))
		if err != nil {
			return
		}
		var b bytes.Buffer
		var all [][]any
		for n := int64(1); ; n++ {
			r, err := rows.next()
			if err != nil {
				break
			}
			if r.number != n {
				t.Fatalf("row %d has the number %d", n, r.number)
			}
			if r.bad != nil {
				continue
			}
			values := map[string]any{}
			for i, name := range rows.columns() {
				if v, given := r.value(i); given {
					values[name] = v
				}
			}
			line, err := json.Marshal(values)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(line, '\n'))
			all = append(all, r.values)
			if n > lookRows {
				break
			}
		}
		if len(all) == 0 {
			return
		}
		again, err := open("jsonl", &b)
		if err != nil {
			t.Fatal(err)
		}
		if len(again.columns()) != len(rows.columns()) {
			return // a name that only a broken row had
		}
		for i, want := range all {
			r, err := again.next()
			if err != nil || r.bad != nil || !reflect.DeepEqual(r.values, want) {
				t.Fatalf("row %d: %v %v %v, want %v", i, r.values, r.bad, err, want)
			}
		}
	})
}

// BenchmarkPrepare is what one row costs before it is written.
func BenchmarkPrepare(b *testing.B) {
	w := openBench(b)
	p, err := w.im.plan(w.System(), Spec{Object: "humans", Format: "csv", Match: "email"})
	if err != nil {
		b.Fatal(err)
	}
	file := benchFile(stepRows)
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += stepRows {
		rows, err := open("csv", strings.NewReader(file))
		if err != nil {
			b.Fatal(err)
		}
		p.targets = nil
		if err := p.header(rows.columns()); err != nil {
			b.Fatal(err)
		}
		s := readStep(b.Context(), 0, rows)
		if made := w.im.prepare(p, s.rows); len(made) != stepRows {
			b.Fatal(len(made))
		}
	}
}
