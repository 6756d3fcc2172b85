package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"golang.org/x/term"
)

// progress tells a person what is being started. Lines are only added, so that
// it reads as well in a log as on a terminal.
type progress struct {
	out     io.Writer
	colours bool
	now     func() time.Time
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, colours: coloured(out), now: time.Now}
}

// coloured tells whether out is a terminal that may show colours.
func coloured(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == ""
}

// step runs do and says how long it took, or that it went wrong.
func (p *progress) step(title string, do func() error) error {
	started := p.now()
	if err := do(); err != nil {
		fmt.Fprintf(p.out, "  %s %s\n", p.paint("31", "✗"), title)
		return err
	}
	took := p.now().Sub(started).Round(10 * time.Millisecond)
	fmt.Fprintf(p.out, "  %s %-44s %s\n", p.paint("32", "✓"), title, p.paint("2", took.String()))
	return nil
}

// note says something that needs no action to go on.
func (p *progress) note(format string, args ...any) {
	fmt.Fprintf(p.out, "  %s %s\n", p.paint("33", "!"), fmt.Sprintf(format, args...))
}

// paint wraps text in an SGR colour, on a terminal.
func (p *progress) paint(code, text string) string {
	if !p.colours {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// printAddresses lists what can be visited.
func printAddresses(out io.Writer, at addresses) {
	rows := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, row := range []struct{ name, scheme, address, what string }{
		{"Gateway", "http://", at.Gateway, "serves the routes of the cluster, by Host header"},
		{"", "http://", at.Web, "the same"},
		{"Dashboard", "http://", at.Dashboard, ""},
		{"Prometheus", "http://", at.Prometheus, ""},
		{"API server", "https://", at.API, ""},
		{"Proxy", "http://", at.Proxy, "HTTP_PROXY for in-cluster names"},
	} {
		if row.address != "" {
			fmt.Fprintf(rows, "  %s\t%s%s\t%s\n", row.name, row.scheme, row.address, row.what)
		}
	}
	rows.Flush()
}
