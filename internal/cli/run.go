package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/serin-rollouts/serin/internal/router"
)

// Options are what a run of the program depends on besides its arguments.
type Options struct {
	// Program is the name that the program was called by, without its folder.
	// It decides whether help speaks of "serin" or of "kubectl argo rollouts".
	Program string
	// Out gets results, Err everything else.
	Out, Err io.Writer
	// Screen describes the terminal behind Out. The zero value is none.
	Screen Screen
	// Getenv looks up NO_COLOR and TERM.
	Getenv func(string) string
	// Now is the clock.
	Now func() time.Time
	// Build is what the version verb prints.
	Build Build
	// Renderers are the routers that work by editing objects, by name.
	Renderers map[string]router.Renderer
}

// Screen is the terminal that a watch redraws. The zero value is a pipe or a file.
type Screen struct {
	// Terminal is true when a person looks at Out.
	Terminal bool
	// Size is the width in columns and the height in lines; zero when unknown.
	// Nil is allowed when Terminal is false.
	Size func() (width, height int)
}

// Exit codes.
const (
	exitSuccess = 0
	exitFailure = 1
)

// Run carries out one command line and returns the exit code.
func Run(ctx context.Context, args []string, o Options) int {
	root := New(o)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitSuccess
	}
	report(o.Err, cmd, err)
	return exitFailure
}

// errUsage is returned when the arguments do not fit: the usage text says more
// than an error could.
var errUsage = errors.New("wrong arguments")

// flagError is a flag that does not exist or cannot be read.
type flagError struct{ error }

// hintError is an error with a second line that says what to do.
type hintError struct {
	error
	hint string
}

func (e hintError) Unwrap() error { return e.error }

func withHint(err error, format string, args ...any) error {
	return hintError{error: err, hint: fmt.Sprintf(format, args...)}
}

// report writes what went wrong.
func report(w io.Writer, cmd *cobra.Command, err error) {
	if errors.Is(err, errUsage) {
		fmt.Fprint(w, cmd.UsageString())
		return
	}
	fmt.Fprintf(w, "Error: %v\n", err)
	var flag flagError
	if errors.As(err, &flag) || strings.HasPrefix(err.Error(), "unknown command") {
		fmt.Fprintf(w, "Run '%s --help' for usage.\n", cmd.CommandPath())
	}
	var hint hintError
	if errors.As(err, &hint) {
		fmt.Fprintln(w, hint.hint)
	}
}
