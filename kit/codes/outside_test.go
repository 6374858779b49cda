package codes

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"ashna/kit/fault"
)

// vector is one line of the outside test data, its input as a text: of several arguments the first, of a number its digits.
type vector struct {
	function, input string
	expected        any
}

// vectors reads a file of outside test data, or skips the test where it is absent.
func vectors(t *testing.T, name string) []vector {
	t.Helper()
	lines := bufio.NewScanner(outside(t, name))
	var all []vector
	for lines.Scan() {
		var v struct {
			Function string
			Input    json.RawMessage
			Expected any
		}
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatalf("read %s: %v", name, err)
		}
		var several []json.RawMessage
		if json.Unmarshal(v.Input, &several) == nil && len(several) > 0 {
			v.Input = several[0]
		}
		input := string(v.Input)
		if v.Input[0] == '"' {
			if err := json.Unmarshal(v.Input, &input); err != nil {
				t.Fatalf("read %s: %v", name, err)
			}
		}
		all = append(all, vector{v.Function, input, v.Expected})
	}
	if err := lines.Err(); err != nil || len(all) == 0 {
		t.Fatalf("read %s: %d lines, %v", name, len(all), err)
	}
	return all
}

func outside(t *testing.T, name string) *os.File {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	places := []string{filepath.Join(os.Getenv("ASHNA_SHARED"), "data", name)}
	for range 8 {
		places = append(places, filepath.Join(dir, "shared", "data", name))
		dir = filepath.Dir(dir)
	}
	for _, place := range places {
		if f, err := os.Open(place); err == nil {
			t.Cleanup(func() { f.Close() })
			return f
		}
	}
	t.Skip("the outside test data are not here")
	return nil
}

// follow checks the true and false verdicts of a file against ours, save those in differ, which maps an input to the reason. An
// input with both verdicts, because an option of the tested function is not in the vector, is left out.
func follow(t *testing.T, name string, check func(string) (string, error), differ map[string]string) {
	t.Helper()
	all := vectors(t, name)
	verdicts := map[string]map[any]bool{}
	for _, v := range all {
		if verdicts[v.input] == nil {
			verdicts[v.input] = map[any]bool{}
		}
		verdicts[v.input][v.expected] = true
	}
	for _, v := range all {
		want, isVerdict := v.expected.(bool)
		if !isVerdict || len(verdicts[v.input]) > 1 {
			continue
		}
		if differ[v.input] != "" {
			want = !want
		}
		if _, err := check(v.input); (err == nil) != want {
			t.Errorf("%s(%q) is %v outside, %v here", v.function, v.input, v.expected, err == nil)
		}
	}
}

// good is a typed code and its canonical form; bad codes have no canonical form.
type good struct{ typed, want string }

// expect checks canonical forms, that they are accepted again unchanged, and that bad codes are refused with the key.
func expect(t *testing.T, key string, check func(string) (string, error), accepted []good, refused []string) {
	t.Helper()
	for _, c := range accepted {
		got, err := check(c.typed)
		if err != nil || got != c.want {
			t.Errorf("%q gives %q, %v, want %q", c.typed, got, err, c.want)
			continue
		}
		if again, err := check(got); err != nil || again != got {
			t.Errorf("%q gives %q, which gives %q, %v", c.typed, got, again, err)
		}
	}
	for _, typed := range refused {
		got, err := check(typed)
		if !fault.Is(err, fault.Invalid) || fault.Of(err).Key != key || got != "" {
			t.Errorf("%q gives %q, %v, want %s", typed, got, err, key)
		}
	}
}

// inCountry binds the country of a check.
func inCountry(check func(country, s string) (string, error), country string) func(string) (string, error) {
	return func(s string) (string, error) { return check(country, s) }
}
