// Package golden compares text with files and, when a test is run with
// -update, rewrites them.
//
// The package promises that a file is never rewritten by an ordinary test run,
// and that a missing file is a failure, not an empty expectation.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files with what the tests got")

// Check compares got with the file at path, byte for byte. With -update it
// writes the file instead.
func Check(t testing.TB, path, got string) {
	t.Helper()
	if *update {
		write(t, path, got)
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read the expected text (run with -update to write it): %v", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("text differs from %s (-want +got):\n%s", path, diff)
	}
}

func write(t testing.TB, path, got string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatalf("make the folder of %s: %v", path, err)
	}
	if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
		t.Fatalf("write %s: %v", path, err)
	}
}
