package spec

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// parsePause reads the duration of a pause step: a number, or text that is a
// number, of seconds; or a Go duration.
func parsePause(d intstr.IntOrString) (time.Duration, error) {
	if d.Type == intstr.Int {
		return fromSeconds(int64(d.IntVal)), nil
	}
	if n, err := strconv.ParseInt(d.StrVal, 10, 64); err == nil {
		return fromSeconds(n), nil
	}
	return ParseDuration(v1alpha1.DurationString(d.StrVal))
}

// ParseDuration reads the durations of manifests, such as 300ms, 1m30s or 1.5h.
func ParseDuration(d v1alpha1.DurationString) (time.Duration, error) {
	parsed, err := time.ParseDuration(string(d))
	if err != nil {
		return 0, fmt.Errorf("parse duration: %w", err)
	}
	return parsed, nil
}

// fromSeconds never overflows; it stops at the longest duration, 292 years.
func fromSeconds(n int64) time.Duration {
	const most = math.MaxInt64 / int64(time.Second)
	return time.Duration(max(-most, min(n, most))) * time.Second
}

// delay is a number of seconds that a manifest may leave out. Negative delays
// are over at once.
func delay(seconds *int32, otherwise time.Duration) time.Duration {
	if seconds == nil {
		return otherwise
	}
	return fromSeconds(int64(max(0, *seconds)))
}

// abortDelay reads abortScaleDownDelaySeconds, where zero means for ever.
func abortDelay(seconds *int32) AbortDelay {
	return AbortDelay{
		After:    delay(seconds, defaultAbortDelay),
		Keep:     seconds != nil && *seconds == 0,
		Explicit: seconds != nil,
	}
}
