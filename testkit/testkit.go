// Package testkit gives tests what they share: the root of the repository, the folder of public test data, and schemas of a
// throw-away PostgreSQL server. Only tests import it.
package testkit

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Names of the settings that tests read from the environment.
const (
	envPostgres = "ASHNA_TEST_POSTGRES" // the URL of a server, or "off"
	envShared   = "ASHNA_SHARED"        // the folder that holds "data"
)

// moduleLine is the first line of the go.mod that marks the root.
const moduleLine = "module ashna"

// maxDepth bounds the climb from the working directory to the root.
const maxDepth = 32

// Root gives the absolute path of the repository: the nearest folder, from the working directory upwards, whose go.mod is that of
// Ashna. It is empty when there is none, as for a test binary that runs elsewhere.
func Root() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for range maxDepth {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte(moduleLine+"\n")) {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
	return ""
}

// Shared gives the path of a file or folder of the public test data, which lies outside the repository: data/<path...> in the
// folder that ASHNA_SHARED names, or else in the folder "shared" beside the repository. The test is skipped when it is absent.
func Shared(t testing.TB, path ...string) string {
	t.Helper()
	shared := os.Getenv(envShared)
	if shared == "" {
		root := Root()
		if root == "" {
			t.Skip("public test data: the repository's root is not above the working directory, and " + envShared + " is not set")
		}
		shared = filepath.Join(filepath.Dir(root), "shared")
	}
	full := filepath.Join(append([]string{shared, "data"}, path...)...)
	if _, err := os.Stat(full); err != nil {
		t.Skipf("public test data: %v", err)
	}
	return full
}
