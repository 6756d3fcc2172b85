package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/internal/view"
)

// How often a watch may draw: after a change not sooner than drawEvery, without
// one every drawIdle, so that ages grow.
const (
	drawEvery = 200 * time.Millisecond
	drawIdle  = time.Second
)

// errWatchEnd is returned by a frame function that has seen enough.
var errWatchEnd = errors.New("end of watch")

// pace says when a watch calls its frame function.
type pace struct {
	// every is the least time between two frames; zero is none.
	every time.Duration
	// idle is how long nothing has to change before a frame is drawn anyway.
	// Zero is for ever.
	idle time.Duration
}

// Paces of the watches.
var (
	// screenPace is for people's eyes: changes at once, ages every second.
	screenPace = pace{every: drawEvery, idle: drawIdle}
	// linePace is for logs: every change counts, and nothing else.
	linePace = pace{}
)

// watchAll calls frame with what is known, first when all questions have an
// answer, then at its pace. It returns nil when ctx ends, because that is how
// people leave a watch.
func watchAll(ctx context.Context, f *follower, p pace, frame func(answers) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ticks := time.NewTicker(drawEvery)
	defer ticks.Stop()
	f.start(ctx)
	changed, drawn := false, time.Time{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-f.changes:
			if err := f.take(ctx, c); err != nil {
				return err
			}
			changed = true
		case <-ticks.C:
		}
		if !f.complete() || !p.due(changed, drawn) {
			continue
		}
		if err := frame(f.known); err != nil {
			return ignoreEnd(err)
		}
		changed, drawn = false, time.Now()
	}
}

// due is true when it is time for a frame. The first one is always due.
func (p pace) due(changed bool, drawn time.Time) bool {
	since := time.Since(drawn)
	return changed && since >= p.every || p.idle > 0 && since >= p.idle
}

func ignoreEnd(err error) error {
	if errors.Is(err, errWatchEnd) {
		return nil
	}
	return err
}

// Control sequences of terminals.
const (
	clearScreen = "\x1b[H\x1b[2J"
	cursorHome  = "\x1b[H"
	clearLine   = "\x1b[K"
	clearBelow  = "\x1b[J"
)

// painter turns a text into what a terminal, or a file, gets.
type painter func(view.Text) string

// colourMode is the value of --color.
type colourMode string

const (
	colourAuto   colourMode = "auto"
	colourAlways colourMode = "always"
	colourNever  colourMode = "never"
)

// painter says whether there are colours: unless told, on a terminal only, and
// not where NO_COLOR or TERM=dumb speak against it.
func (s *shell) painter(mode colourMode) painter {
	wanted := s.Screen.Terminal && s.Getenv("NO_COLOR") == "" && s.Getenv("TERM") != "dumb"
	if mode == colourNever || mode == colourAuto && !wanted {
		return view.Text.String
	}
	return func(t view.Text) string { return t.Paint(ansi) }
}

// ansi gives a span its colour.
func ansi(span view.Span) string {
	codes := map[view.Tone]int{view.ToneGood: 32, view.ToneBad: 31, view.ToneWaiting: 33, view.ToneBusy: 94}
	code, coloured := codes[span.Tone]
	if !coloured {
		return span.Text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", code, span.Text)
}

// canvas shows one frame after the other: in place on a terminal, below each
// other in a pipe.
type canvas struct {
	out    io.Writer
	screen Screen
	paint  painter
	drawn  bool
	last   string
}

// draw shows a frame. In a pipe it is shown only when steady differs from last
// time; steady is the frame without what time alone changes.
func (c *canvas) draw(frame, steady view.Text) error {
	if !c.screen.Terminal {
		if steady.String() == c.last {
			return nil
		}
		c.last = steady.String()
		return c.write(c.paint(frame) + "\n")
	}
	begin := cursorHome
	if !c.drawn {
		begin, c.drawn = clearScreen, true
	}
	if width, height := c.screen.Size(); width > 0 && height > 1 {
		frame = frame.Fit(width, height-1)
	}
	lines := strings.ReplaceAll(c.paint(frame), "\n", clearLine+"\n")
	return c.write(begin + lines + clearBelow)
}

func (c *canvas) write(s string) error {
	_, err := io.WriteString(c.out, s)
	if errors.Is(err, os.ErrClosed) {
		return errWatchEnd
	}
	return err
}
