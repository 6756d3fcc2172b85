package analysis

import (
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// afterwards is all that is left to do for a finished run: to delete it when its time
// is over, and to give up what is still under way. Its verdict never changes.
func afterwards(s Snapshot, now time.Time) Plan {
	p := Plan{Status: *s.Run.Status.DeepCopy(), Actions: cancelAll(s)}
	over, limited := expiry(s.Run.Spec.TTLStrategy, p.Status)
	switch {
	case !limited:
	case p.Status.CompletedAt == nil:
		// Another controller ended it without a time: its time begins now.
		p.Status.CompletedAt = seconds(now)
		p.WakeAt, _ = expiry(s.Run.Spec.TTLStrategy, p.Status)
	case now.Before(over):
		p.WakeAt = over
	default:
		p.Actions = append(p.Actions, DeleteRun{UID: string(s.Run.UID), Version: s.Run.ResourceVersion})
		p.Notes = []plan.Note{{Topic: "ttl", Text: "the run is deleted: its time to live is over"}}
	}
	return p
}

// cancelAll gives up every call that is under way, apart from those about a measurement
// in flight: they end it.
func cancelAll(s Snapshot) []Action {
	var actions []Action
	for _, name := range slices.Sorted(maps.Keys(s.Busy)) {
		following := slices.ContainsFunc(s.Run.Status.MetricResults, func(r v1alpha1.MetricResult) bool {
			return r.Name == name && inFlight(r)
		})
		if s.Busy[name] && !following {
			actions = append(actions, Cancel{Metric: name})
		}
	}
	return actions
}

// expiry is when a finished run has been kept for longer than it is to be: a full
// second after its time to live, since times are stored without fractions. limited is
// false when it is kept for ever. The time means nothing before the run is complete.
// Example: completed 12:00:00, 60 seconds to live -> 12:01:01.
func expiry(t *v1alpha1.TTLStrategy, status v1alpha1.AnalysisRunStatus) (over time.Time, limited bool) {
	ttl := spec.ParseTTL(t)
	after := ttl.AfterError
	if status.Phase == v1alpha1.AnalysisPhaseSuccessful {
		after = ttl.AfterSuccess
	}
	if status.Phase == v1alpha1.AnalysisPhaseFailed {
		after = ttl.AfterFailure
	}
	if after == nil {
		return time.Time{}, false
	}
	if status.CompletedAt == nil {
		return time.Time{}, true
	}
	return status.CompletedAt.Add(*after + time.Second), true
}

const (
	// textLimit is the longest text that is recorded. Unit: bytes.
	textLimit = 32 << 10
	// seenLimit is the longest value that a message quotes. Unit: bytes.
	seenLimit = 256
	// resultsLimit is what all results may take, so that the object stays well below
	// the 1.5 MiB that etcd stores. Unit: bytes of JSON.
	resultsLimit = 768 << 10
	// measurementSize is what a measurement takes besides its texts. Unit: bytes of JSON.
	measurementSize = 256
)

// shortened is a text of at most limit bytes, without half characters.
func shortened(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const mark = "..."
	cut := limit - len(mark)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + mark
}

// fit returns results that can be stored. While they are too large, the metric that
// takes most gives up its oldest measurement; when each has one left, texts are cut.
// Counters stay as they are.
func fit(results []v1alpha1.MetricResult) []v1alpha1.MetricResult {
	sizes, total := make([]int, len(results)), 0
	for i, r := range results {
		sizes[i] = sizeOf(r)
		total += sizes[i]
	}
	if total <= resultsLimit {
		return results
	}
	fitted := slices.Clone(results)
	for total > resultsLimit {
		i := largest(fitted, sizes)
		if i < 0 {
			return cutTexts(fitted)
		}
		fitted[i].Measurements = fitted[i].Measurements[1:]
		smaller := sizeOf(fitted[i])
		total -= sizes[i] - smaller
		sizes[i] = smaller
	}
	return fitted
}

// largest is the result that takes most of those with more than one measurement.
func largest(results []v1alpha1.MetricResult, sizes []int) int {
	most := -1
	for i, r := range results {
		if len(r.Measurements) > 1 && (most < 0 || sizes[i] > sizes[most]) {
			most = i
		}
	}
	return most
}

// cutTexts gives every text the same small room: a metric has at most its own message,
// its measurement's message and value, and two maps.
func cutTexts(results []v1alpha1.MetricResult) []v1alpha1.MetricResult {
	room := max(seenLimit, resultsLimit/len(results)/(5*longestEscape))
	cut := make([]v1alpha1.MetricResult, 0, len(results))
	for _, r := range results {
		r = *r.DeepCopy()
		r.Message, r.Metadata = shortened(r.Message, room), cutMap(r.Metadata, room)
		for i, m := range r.Measurements {
			m.Message, m.Value, m.Metadata = shortened(m.Message, room), shortened(m.Value, room), cutMap(m.Metadata, room)
			r.Measurements[i] = m
		}
		cut = append(cut, r)
	}
	return cut
}

// cutMap keeps the first entries, by key, that have room together.
func cutMap(values map[string]string, room int) map[string]string {
	var kept map[string]string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		room -= len(key) + len(values[key])
		if room < 0 {
			break
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[key] = values[key]
	}
	return kept
}

func sizeOf(r v1alpha1.MetricResult) int {
	size := measurementSize + jsonSize(r.Name) + jsonSize(r.Message) + mapSize(r.Metadata)
	for _, m := range r.Measurements {
		size += measurementSize + jsonSize(m.Message) + jsonSize(m.Value) + mapSize(m.Metadata)
	}
	return size
}

func mapSize(values map[string]string) int {
	size := 0
	for key, value := range values {
		size += jsonSize(key) + jsonSize(value) + len(`"":"",`)
	}
	return size
}

// longestEscape is how many bytes of JSON one byte of text can take, as in \u0001.
const longestEscape = 6

// jsonSize is how long a text is in JSON, or a little more.
func jsonSize(text string) int {
	size := len(text)
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\' || c == '\n' || c == '\t' || c == '\r':
			size++
		case c < ' ' || c == '<' || c == '>' || c == '&':
			size += longestEscape - 1
		}
	}
	return size
}
