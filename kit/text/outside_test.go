package text

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// vector is one line of the outside test data.
type vector struct {
	Category string          `json:"category"`
	Function string          `json:"function"`
	Input    json.RawMessage `json:"input"`
	Expected json.RawMessage `json:"expected"`
	Note     string          `json:"note"`
}

// outside gives the folder of outside test data, or skips the test where it is absent.
func outside(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("ASHNA_SHARED"); dir != "" {
		return filepath.Join(dir, "data")
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		data := filepath.Join(dir, "shared", "data")
		if info, err := os.Stat(data); err == nil && info.IsDir() {
			return data
		}
		dir = filepath.Dir(dir)
	}
	t.Skip("the outside test data are not here")
	return ""
}

// vectors reads a file of outside test data, one JSON object a line.
func vectors(t *testing.T, name string) []vector {
	t.Helper()
	f, err := os.Open(filepath.Join(outside(t), name))
	if err != nil {
		t.Skipf("the outside test data are not here: %v", err)
	}
	defer f.Close()
	var all []vector
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatalf("read %s: %v", name, err)
		}
		all = append(all, v)
	}
	if err := lines.Err(); err != nil || len(all) == 0 {
		t.Fatalf("read %s: %d lines, %v", name, len(all), err)
	}
	return all
}

// asText gives a JSON text as it is and a number as it is written.
func asText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
