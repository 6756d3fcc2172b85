package node

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// logQuery is what a reader of logs asks for.
type logQuery struct {
	follow, previous, timestamps bool
	tail                         int // lines; negative: all
	limit                        int // bytes; negative: all
	since                        time.Time
}

// parseLogQuery reads the parameters that the API server passes on.
func parseLogQuery(values url.Values, now time.Time) (logQuery, error) {
	q := logQuery{tail: -1, limit: -1}
	for name, flag := range map[string]*bool{"follow": &q.follow, "previous": &q.previous, "timestamps": &q.timestamps} {
		if text := values.Get(name); text != "" {
			on, err := strconv.ParseBool(text)
			if err != nil {
				return q, fmt.Errorf("parameter %s: %w", name, err)
			}
			*flag = on
		}
	}
	for name, number := range map[string]*int{"tailLines": &q.tail, "limitBytes": &q.limit} {
		if text := values.Get(name); text != "" {
			value, err := strconv.Atoi(text)
			if err != nil {
				return q, fmt.Errorf("parameter %s: %w", name, err)
			}
			*number = value
		}
	}
	return q, q.parseSince(values, now)
}

func (q *logQuery) parseSince(values url.Values, now time.Time) error {
	if text := values.Get("sinceTime"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return fmt.Errorf("parameter sinceTime: %w", err)
		}
		q.since = at
	}
	if text := values.Get("sinceSeconds"); text != "" {
		ago, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("parameter sinceSeconds: %w", err)
		}
		q.since = now.Add(-time.Duration(ago) * time.Second)
	}
	return nil
}

// serveLogs answers `kubectl logs`.
func (n *node) serveLogs(w http.ResponseWriter, r *http.Request) {
	q, err := parseLogQuery(r.URL.Query(), time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	name := types.NamespacedName{Namespace: r.PathValue("namespace"), Name: r.PathValue("pod")}
	p := n.find(name)
	if p == nil {
		http.Error(w, fmt.Sprintf("pod %q does not exist", name), http.StatusNotFound)
		return
	}
	buffer, problem := p.logOf(r.PathValue("container"), q.previous)
	if problem != "" {
		http.Error(w, problem, http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	writeLog(r.Context(), w, buffer, q)
}

// logOf returns the log of a container, or says why there is none.
func (p *pod) logOf(name string, previous bool) (*logBuffer, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.containers {
		if c.name != name {
			continue
		}
		switch {
		case previous && c.previousLog == nil:
			return nil, fmt.Sprintf("previous terminated container %q in pod %q not found", name, p.object.Name)
		case previous:
			return c.previousLog, ""
		case c.log == nil:
			return nil, fmt.Sprintf("container %q in pod %q is waiting to start: %s", name, p.object.Name, c.waitingReason())
		default:
			return c.log, ""
		}
	}
	return nil, fmt.Sprintf("container %s not found in pod %s", name, p.object.Name)
}

func (c *container) waitingReason() string {
	if c.state.Waiting == nil {
		return reasonCreating
	}
	return c.state.Waiting.Reason
}

// writeLog writes what the query asks for; when it follows, until the run or
// the reader ends.
func writeLog(ctx context.Context, w http.ResponseWriter, b *logBuffer, q logQuery) {
	chunk := b.read(0)
	lines := since(chunk.lines, q.since)
	if q.tail >= 0 {
		lines = lines[max(len(lines)-q.tail, 0):]
	}
	left := q.limit
	for {
		text := render(lines, q.timestamps)
		if left >= 0 {
			text = text[:min(len(text), left)]
			left -= len(text)
		}
		if _, err := w.Write(text); err != nil || left == 0 {
			return
		}
		if !q.follow || chunk.more == nil {
			return
		}
		// Best effort: a writer that cannot flush sends at the end.
		_ = http.NewResponseController(w).Flush()
		select {
		case <-ctx.Done():
			return
		case <-chunk.more:
		}
		chunk = b.read(chunk.next)
		lines = chunk.lines
	}
}

func since(lines []logLine, at time.Time) []logLine {
	for i, line := range lines {
		if !line.at.Before(at) {
			return lines[i:]
		}
	}
	return nil
}

func render(lines []logLine, timestamps bool) []byte {
	var out bytes.Buffer
	for _, line := range lines {
		if timestamps {
			out.WriteString(line.at.UTC().Format(time.RFC3339Nano))
			out.WriteByte(' ')
		}
		out.Write(line.text)
		out.WriteByte('\n')
	}
	return out.Bytes()
}
