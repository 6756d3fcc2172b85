package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// lintError is returned after all findings were printed.
type lintError struct{ first string }

func (e lintError) Error() string { return e.first }

func (s *shell) lintCommand() *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "lint",
		Short: "Check manifests without a cluster, as the controller will",
		Long: "Check manifests without a cluster, as the controller will.\n\n" +
			"Rollouts, Experiments, AnalysisRuns and analysis templates are checked with the controller's own rules, and against the Services, routes and " +
			"templates in the same files; what is not in the files is not looked for. Of everything else only the form is checked.\n\n" +
			"Warnings are about what is accepted and probably not meant: conditions that do not compile, or are an error when there is no data, " +
			"arguments that nobody uses. They do not make the command fail.",
		Example: s.examples("lint -f rollout.yaml", "lint -f manifests/ -f templates.yaml", "lint -f -"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(files) == 0 {
				return errors.New(`required flag(s) "filename" not set`)
			}
			var all []manifest
			for _, file := range files {
				found, err := readManifests(file, cmd.InOrStdin())
				if err != nil {
					return err
				}
				all = append(all, found...)
			}
			return s.lint(all)
		},
	}
	cmd.Flags().StringArrayVarP(&files, "filename", "f", nil, "File or folder with manifests, - for standard input; may be repeated")
	return cmd
}

// lint prints what is found. The error is the first thing that is wrong.
func (s *shell) lint(manifests []manifest) error {
	l, err := newLinter(manifests, s.Renderers)
	if err != nil {
		return err
	}
	for _, m := range manifests {
		if err := l.check(m); err != nil {
			return err
		}
	}
	var first string
	for _, f := range l.findings {
		if f.warning {
			fmt.Fprintf(s.Err, "warning: %s\n", f)
			continue
		}
		fmt.Fprintln(s.Out, f)
		if first == "" {
			first = f.text
		}
	}
	if first == "" {
		return nil
	}
	return lintError{first: first}
}

// finding is one thing to tell about a document.
type finding struct {
	about   manifest
	text    string
	warning bool
}

func (f finding) String() string { return f.about.String() + ": " + f.text }

// note keeps a finding, once.
func (l *linter) note(f finding) {
	same := func(other finding) bool { return other.String() == f.String() }
	if !slices.ContainsFunc(l.findings, same) {
		l.findings = append(l.findings, f)
	}
}

func (l *linter) problem(m manifest, text string) { l.note(finding{about: m, text: text}) }

func (l *linter) warn(m manifest, text string) {
	l.note(finding{about: m, text: strings.TrimSpace(text), warning: true})
}
