package node

import (
	"bytes"
	"sync"
	"time"
)

// logLimit bounds what is kept of one run of one container. Unit: bytes.
const logLimit = 1 << 20

// logLine is one line of a container's output, without its newline.
type logLine struct {
	at   time.Time
	text []byte
}

// logBuffer keeps the last lines of one run of a container. Memory is used as
// lines come; the oldest lines go when limit is passed. Safe for concurrent use.
type logBuffer struct {
	limit int
	now   func() time.Time

	mu      sync.Mutex
	lines   []logLine
	first   int // number of lines[0] since the run began
	size    int
	partial []byte
	closed  bool
	changed chan struct{} // closed at the next change; nil while nobody waits
}

func newLogBuffer(limit int) *logBuffer {
	return &logBuffer{limit: limit, now: time.Now}
}

// Write takes output in any pieces. It never fails.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.partial = append(b.partial, p...)
	for {
		line, rest, found := bytes.Cut(b.partial, []byte("\n"))
		if !found && len(b.partial) < b.limit {
			break
		}
		b.add(line)
		b.partial = rest
	}
	if len(b.partial) == 0 {
		b.partial = nil
	}
	b.wake()
	return len(p), nil
}

// Close marks the end of the run; readers that follow then end.
func (b *logBuffer) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.partial) > 0 {
		b.add(b.partial)
		b.partial = nil
	}
	b.closed = true
	b.wake()
	return nil
}

// add appends one line and drops the oldest ones beyond the limit.
func (b *logBuffer) add(text []byte) {
	b.lines = append(b.lines, logLine{at: b.now(), text: bytes.Clone(text)})
	b.size += len(text) + 1
	for b.size > b.limit && len(b.lines) > 1 {
		b.size -= len(b.lines[0].text) + 1
		b.lines[0].text = nil
		b.lines = b.lines[1:]
		b.first++
	}
}

func (b *logBuffer) wake() {
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

// logChunk is what a reader gets at once.
type logChunk struct {
	lines []logLine
	next  int // hand this to the next read
	// more is closed when there is something new; nil when the run has ended.
	more <-chan struct{}
}

// read returns the lines from number from on. Lines that were dropped are left out.
func (b *logBuffer) read(from int) logChunk {
	b.mu.Lock()
	defer b.mu.Unlock()
	skip := min(max(from-b.first, 0), len(b.lines))
	chunk := logChunk{
		lines: append([]logLine(nil), b.lines[skip:]...),
		next:  b.first + len(b.lines),
	}
	if !b.closed {
		if b.changed == nil {
			b.changed = make(chan struct{})
		}
		chunk.more = b.changed
	}
	return chunk
}
