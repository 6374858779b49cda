package arch

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// The forbidden words are put together from halves, so that this file does not hold them itself.

// machinePaths are folders of somebody's machine. They count where a path begins, not in the middle of another.
var machinePaths = regexp.MustCompile(`(^|[^\w./-])(/wo` + `rk/|/tmp/bash` + `_jobs|/ro` + `ot/|/home/[a-z])`)

// foreignWords are names of tools that have no part in the product and of what they leave behind.
var foreignWords = regexp.MustCompile(`(?i)sub` + `agent|bash` + `_jobs|farm` + `-studio|cla` + `ude|anth` + `ropic|chat` + `gpt|open` + `ai\b|co` +
	`pilot|gemini` + `[ -](pro|cli|code)|generated (with|by) (an )?(ai|llm|assistant)|co-authored` + `-by|as an ` + `ai\b`)

// maxTextFile is the greatest file that is searched, in bytes.
const maxTextFile = 8 << 20

// checkWords finds machine paths and foreign words in every text file, whatever its kind.
func checkWords(t *tree) []finding {
	var found []finding
	err := fs.WalkDir(t.root, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == ".cache" || !strings.HasPrefix(d.Name(), ".") && skipFolder(d.Name())):
			return fs.SkipDir
		case d.IsDir() || path.Base(p) == "go.sum": // its hashes may spell anything
			return nil
		}
		inFile, err := wordsOfFile(t.root, p)
		found = append(found, inFile...)
		return err
	})
	if err != nil {
		found = append(found, finding{".", ".:0", "cannot read the house: " + err.Error()})
	}
	return found
}

func wordsOfFile(root fs.FS, p string) ([]finding, error) {
	info, err := fs.Stat(root, p)
	if errors.Is(err, fs.ErrNotExist) { // a link to nowhere, or a file that somebody has just deleted
		return nil, nil
	}
	if err != nil || info.Size() > maxTextFile || !info.Mode().IsRegular() {
		return nil, err
	}
	text, err := fs.ReadFile(root, p)
	if err != nil || bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
		return nil, err
	}
	if !machinePaths.Match(text) && !foreignWords.Match(text) {
		return nil, nil
	}
	var found []finding
	n := 0
	for line := range bytes.Lines(text) {
		n++
		for _, words := range []*regexp.Regexp{machinePaths, foreignWords} {
			if word := words.Find(line); word != nil {
				found = append(found, finding{p, fmt.Sprintf("%s:%d", p, n), fmt.Sprintf("says %q", strings.TrimLeft(string(word), " \t\"'`(=:"))})
			}
		}
	}
	return found, nil
}

func wordsPlanted() []planted {
	return []planted{
		{name: "clean", archive: `
-- README.md --
Ashna runs on your own machine. See /work-hours, ./wo` + `rk/plan, https://example.org/wo` + `rk/x and a homewo` + `rk/b.
An OpenAPI document describes the interface; the Gemini twins are stars.
-- .git/config --
/wo` + `rk/x
-- bin/x --
cla` + `ude
-- crm/deals/deals.go --
package deals
`},
		{name: "not clean", archive: `
-- docs/a.md --
First line.
cd /wo` + `rk/main
-- .ci/run --
rm -r /tmp/bash` + `_jobs.0
-- crm/deals/deals.go --
package deals

// Written by a Sub` + `Agent at /ho` + `me/x.
-- web/list/list.css --
/* made with Cla` + `ude */
`, want: []string{
			`.ci/run:1: says "/tmp/bash`, `.ci/run:1: says "bash`,
			`crm/deals/deals.go:3: says "/ho` + `me/x"`, `crm/deals/deals.go:3: says "Sub`,
			`docs/a.md:2: says "/wo`,
			`web/list/list.css:1: says "Cla`,
		}},
	}
}
