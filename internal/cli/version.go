package cli

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

// Build says which build of the program this is.
type Build struct {
	// Version is the release, for example 0.1.0, without commit.
	Version string
	// Commit is the full commit. Empty when unknown.
	Commit string
	// Tag is true when Commit carries the tag of Version.
	Tag bool
	// Modified is true when the sources differed from Commit.
	Modified bool
	// Date is the time of the build or the commit, RFC 3339. Empty when unknown.
	Date string
}

// developedVersion is the release that untagged sources lead up to.
const developedVersion = "0.1.0"

// describedVersion is what git describe says about sources at or after a tag:
// v1.2.3, or v1.2.3-4-g1a2b3c4 for four commits later.
var describedVersion = regexp.MustCompile(`^v?(\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)[.\w]*)?)(-\d+-g[0-9a-f]+)?$`)

// DescribedBuild reads what git describe --tags --always --dirty said about the
// sources. Commit and date may be empty, or "unknown".
func DescribedBuild(described, commit, date string) Build {
	clean, modified := strings.CutSuffix(described, "-dirty")
	b := Build{Version: developedVersion, Commit: commit, Date: date, Modified: modified}
	if commit == "unknown" {
		b.Commit = ""
	}
	if parts := describedVersion.FindStringSubmatch(clean); parts != nil {
		b.Version, b.Tag = parts[1], parts[2] == ""
	}
	return b
}

// shortCommit is how many characters of a commit identify it for people.
const shortCommit = 7

// String is the version with the commit, for example v0.1.0+1a2b3c4.dirty.
func (b Build) String() string {
	v := "v" + b.Version
	switch {
	case b.Commit == "":
		return v + "+unknown"
	case b.Tag && !b.Modified:
		return v
	}
	v += "+" + b.Commit[:min(shortCommit, len(b.Commit))]
	if b.Modified {
		v += ".dirty"
	}
	return v
}

func (s *shell) versionCommand() *cobra.Command {
	var short bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Say which build of the program this is",
		Example: s.examples("version", "version --short"),
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(s.Out, "%s: %s\n", use(s.Program), s.Build)
			if !short {
				fmt.Fprint(s.Out, s.Build.details())
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&short, "short", false, "Print the version only")
	return cmd
}

func (b Build) details() string {
	state := "clean"
	if b.Modified {
		state = "dirty"
	}
	return fmt.Sprintf("  BuildDate: %s\n  GitCommit: %s\n  GitTreeState: %s\n  GoVersion: %s\n  Compiler: %s\n  Platform: %s/%s\n",
		b.Date, b.Commit, state, runtime.Version(), runtime.Compiler, runtime.GOOS, runtime.GOARCH)
}
