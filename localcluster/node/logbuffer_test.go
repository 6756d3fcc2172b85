package node

import (
	"context"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func textOf(c logChunk) []string {
	var lines []string
	for _, l := range c.lines {
		lines = append(lines, string(l.text))
	}
	return lines
}

func TestLogBufferKeepsTheLastLines(t *testing.T) {
	cases := map[string]struct {
		writes []string
		want   []string
	}{
		"lines come in any pieces":              {writes: []string{"a", "b\nc", "d\n"}, want: []string{"ab", "cd"}},
		"a line without its end comes at close": {writes: []string{"a\nb"}, want: []string{"a", "b"}},
		"empty lines stay":                      {writes: []string{"\n\na\n"}, want: []string{"", "", "a"}},
		"the oldest lines go beyond the limit":  {writes: []string{"11111\n22222\n33333\n4444\n"}, want: []string{"22222", "33333", "4444"}},
		"a line beyond the limit is cut":        {writes: []string{strings.Repeat("x", 20)}, want: []string{strings.Repeat("x", 20)}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			b := newLogBuffer(20)
			for _, text := range tc.writes {
				b.Write([]byte(text))
			}
			b.Close()
			got := textOf(b.read(0))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLogBufferReadGoesOn(t *testing.T) {
	b := newLogBuffer(12)
	b.Write([]byte("one\n"))
	chunk := b.read(0)
	if chunk.more == nil {
		t.Fatal("read() of a running container says that the run has ended")
	}
	b.Write([]byte("two\nthree\nfour\n")) // drops "one" and "two"
	<-chunk.more
	if diff := cmp.Diff([]string{"three", "four"}, textOf(b.read(chunk.next))); diff != "" {
		t.Errorf("second read (-want +got):\n%s", diff)
	}
	b.Close()
	if last := b.read(4); last.more != nil || len(last.lines) != 0 {
		t.Errorf("read after the end = %v lines, more: %t", last.lines, last.more != nil)
	}
}

func TestWriteLog(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	b := newLogBuffer(1000)
	for i, text := range []string{"one\n", "two\n", "three\n"} {
		b.now = func() time.Time { return at.Add(time.Duration(i) * time.Minute) }
		b.Write([]byte(text))
	}
	b.Close()
	cases := map[string]struct {
		query string
		want  string
	}{
		"everything":                {want: "one\ntwo\nthree\n"},
		"the last lines":            {query: "tailLines=2", want: "two\nthree\n"},
		"no lines":                  {query: "tailLines=0"},
		"the first bytes":           {query: "limitBytes=5", want: "one\nt"},
		"what is not older":         {query: "sinceSeconds=60", want: "two\nthree\n"},
		"with times":                {query: "timestamps=true&tailLines=1", want: "2026-01-02T03:06:05Z three\n"},
		"following ends with a run": {query: "follow=true", want: "one\ntwo\nthree\n"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			values, err := url.ParseQuery(tc.query)
			if err != nil {
				t.Fatal(err)
			}
			q, err := parseLogQuery(values, at.Add(2*time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			writeLog(context.Background(), w, b, q)
			if diff := cmp.Diff(tc.want, w.Body.String()); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriteLogFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLogBuffer(1000)
		b.Write([]byte("one\n"))
		w := httptest.NewRecorder()
		done := make(chan struct{})
		go func() {
			defer close(done)
			writeLog(context.Background(), w, b, logQuery{follow: true, tail: -1, limit: -1})
		}()
		synctest.Wait()
		b.Write([]byte("two\n"))
		synctest.Wait()
		b.Close()
		<-done
		if diff := cmp.Diff("one\ntwo\n", w.Body.String()); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}

func TestParseLogQueryRefuses(t *testing.T) {
	for _, query := range []string{"follow=perhaps", "tailLines=x", "limitBytes=x", "sinceSeconds=x", "sinceTime=now"} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseLogQuery(values, time.Time{}); err == nil {
			t.Errorf("parseLogQuery(%s) has no error", query)
		}
	}
}
