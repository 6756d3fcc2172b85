package golden

import (
	"os"
	"path/filepath"
	"testing"
)

// recorder stands in for a test and keeps whether it failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Fatalf(string, ...any) { r.failed = true }

// withUpdate sets -update for one test, whatever the command line says.
func withUpdate(t *testing.T, on bool) {
	t.Helper()
	before := *update
	t.Cleanup(func() { *update = before })
	*update = on
}

func TestCheck(t *testing.T) {
	withUpdate(t, false)
	path := filepath.Join(t.TempDir(), "text.golden")
	if err := os.WriteFile(path, []byte("same\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		path, got  string
		wantFailed bool
	}{
		"equal text passes":          {path: path, got: "same\n"},
		"a missing line break fails": {path: path, got: "same", wantFailed: true},
		"a missing file fails":       {path: path + ".missing", got: "", wantFailed: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := &recorder{TB: t}
			Check(r, tc.path, tc.got)
			if r.failed != tc.wantFailed {
				t.Errorf("Check() failed = %v, want %v", r.failed, tc.wantFailed)
			}
		})
	}
}

func TestCheckRewritesOnlyWhenAsked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "text.golden")
	withUpdate(t, true)
	Check(t, path, "fresh\n")
	withUpdate(t, false)
	Check(t, path, "fresh\n")
}
