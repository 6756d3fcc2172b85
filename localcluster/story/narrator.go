package story

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	// redraw is how often a terminal shows what is being waited for, and remind
	// how often a log is told.
	redraw = 100 * time.Millisecond
	remind = 10 * time.Second
	// lineLimit keeps a line that is drawn over from wrapping. Unit: characters.
	lineLimit = 78
)

// Colours and weights of a terminal.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	blue   = "34"
)

// narrator tells the story. On a terminal it uses colours and draws over the line
// of what is being waited for; elsewhere it only adds plain lines.
type narrator struct {
	out      io.Writer
	terminal bool

	mu sync.Mutex
}

func (n *narrator) print(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fmt.Fprintf(n.out, format, args...)
}

func (n *narrator) paint(code, text string) string {
	if !n.terminal {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// chapter begins a part of the story.
func (n *narrator) chapter(title string) { n.print("\n%s\n", n.paint(bold, title)) }

// command shows what is typed.
func (n *narrator) command(line string) { n.print("  %s\n", n.paint(blue, "$ "+line)) }

// remark says what cannot be seen.
func (n *narrator) remark(text string) { n.print("  %s\n", text) }

// output shows what a command printed.
func (n *narrator) output(text string) {
	for line := range strings.Lines(text) {
		n.print("    %s\n", n.paint(dim, strings.TrimRight(line, "\n")))
	}
}

// arrived says that what was waited for has come.
func (n *narrator) arrived(what string, after time.Duration) {
	n.print("  → %s %s\n", what, n.paint(dim, fmt.Sprintf("(after %.1fs)", after.Seconds())))
}

// checked shows one number right after it was counted.
func (n *narrator) checked(c check) {
	n.print("  %s %-35s %s\n", n.mark(c), c.phase, c.seen)
	if !c.ok {
		n.print("       %-35s %s\n", "expected", c.want)
	}
}

func (n *narrator) mark(c check) string {
	if c.ok {
		return n.paint(green, "ok  ")
	}
	return n.paint(red, "FAIL")
}

// table shows every number once more.
func (n *narrator) table(checks []check) {
	rows := [][3]string{{"phase", "expected", "seen"}}
	for _, c := range checks {
		rows = append(rows, [3]string{c.phase, c.want, c.seen})
	}
	var width [2]int
	for _, row := range rows {
		for i := range width {
			width[i] = max(width[i], utf8.RuneCountInString(row[i]))
		}
	}
	n.print("\n")
	for i, row := range rows {
		mark := "    "
		if i > 0 {
			mark = n.mark(checks[i-1])
		}
		line := fmt.Sprintf("%-*s  %-*s  %s", width[0], row[0], width[1], row[1], row[2])
		if i == 0 {
			line = n.paint(bold, line)
		}
		n.print("  %s  %s\n", mark, line)
	}
}

// during shows what is going on while do runs: now is asked for it again and again.
func (n *narrator) during(now func() string, do func() error) error {
	ended, shown := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(shown)
		n.show(now, ended)
	}()
	err := do()
	close(ended)
	<-shown
	return err
}

func (n *narrator) show(now func() string, ended <-chan struct{}) {
	every, before, after := remind, "    … ", "\n"
	if n.terminal {
		every, before, after = redraw, "\r\x1b[2K    … ", ""
		defer n.print("\r\x1b[2K")
	}
	started := time.Now()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			line := fmt.Sprintf("%s, %.0fs", now(), time.Since(started).Seconds())
			n.print("%s%s%s", before, n.paint(yellow, cut(line)), after)
		}
	}
}

// cut shortens a line that would wrap.
func cut(line string) string {
	if utf8.RuneCountInString(line) <= lineLimit {
		return line
	}
	return string([]rune(line)[:lineLimit-1]) + "…"
}
