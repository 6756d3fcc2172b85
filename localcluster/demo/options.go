package demo

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	// slowLatency is how late the images tagged slow-COLOR answer.
	slowLatency = 2 * time.Second
	// badRate is how often the images tagged bad-COLOR fail. Unit: percent.
	badRate = 100
)

// Options says how one instance of the application behaves.
type Options struct {
	// Image is the image reference it pretends to be. Its tag gives the colour;
	// bad-COLOR fails and slow-COLOR answers late.
	Image string
	// Color overrides the colour of the tag.
	Color string
	// Pod is the name shown on the page. May be empty.
	Pod string
	// Label returns the live value of a label of the pod. May be nil.
	Label func(key string) string
	// ErrorRate is the share of requests to /color that fail. Unit: percent.
	// Nil: what the tag says.
	ErrorRate *int
	// Latency is added to every answer of /color. Nil: what the tag says.
	Latency *time.Duration
	// ReadyAfter is how long every path answers 503 at first, for whoever sets
	// ReadyAt.
	ReadyAfter time.Duration
	// ReadyAt is when that ends. Zero: ready at once.
	ReadyAt time.Time
	// StopAfter is how long to go on serving after being asked to stop; it is for
	// whoever runs the handler.
	StopAfter time.Duration
}

// ParseEnv reads COLOR, ERROR_RATE, LATENCY, READY_AFTER and STOP_AFTER.
// Durations are like 1.5s or a number of seconds; ERROR_RATE is a percentage.
func ParseEnv(env map[string]string) (Options, error) {
	o := Options{Color: env["COLOR"]}
	if text := env["ERROR_RATE"]; text != "" {
		rate, err := strconv.Atoi(strings.TrimSuffix(text, "%"))
		if err != nil || rate < 0 || rate > 100 {
			return o, fmt.Errorf("ERROR_RATE %q is not a percentage", text)
		}
		o.ErrorRate = &rate
	}
	if text := env["LATENCY"]; text != "" {
		o.Latency = new(time.Duration)
	}
	durations := []struct {
		name string
		into *time.Duration
	}{{"LATENCY", o.Latency}, {"READY_AFTER", &o.ReadyAfter}, {"STOP_AFTER", &o.StopAfter}}
	for _, d := range durations {
		text := env[d.name]
		if text == "" {
			continue
		}
		value, err := parseDuration(text)
		if err != nil {
			return o, fmt.Errorf("%s: %w", d.name, err)
		}
		*d.into = value
	}
	return o, nil
}

// parseDuration reads 1.5s, 200ms or a number of seconds.
func parseDuration(text string) (time.Duration, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil && n >= 0 {
		return time.Duration(n * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration", text)
	}
	return d, nil
}

// behaviour is what Options come to.
type behaviour struct {
	color     string
	errorRate int
	latency   time.Duration
}

func (o Options) behaviour() behaviour {
	b := behaviour{color: tagOf(o.Image)}
	if color, ok := strings.CutPrefix(b.color, "bad-"); ok {
		b.color, b.errorRate = color, badRate
	}
	if color, ok := strings.CutPrefix(b.color, "slow-"); ok {
		b.color, b.latency = color, slowLatency
	}
	if o.Color != "" {
		b.color = o.Color
	}
	if o.ErrorRate != nil {
		b.errorRate = *o.ErrorRate
	}
	if o.Latency != nil {
		b.latency = *o.Latency
	}
	return b
}

// tagOf returns the tag of an image reference; "blue" when it has none or "latest".
func tagOf(image string) string {
	image, _, _ = strings.Cut(image, "@")
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	if tag == "" || tag == "latest" {
		return "blue"
	}
	return tag
}

// role returns the part the pod plays in a rollout, from the labels that
// tutorials use; empty when it has none of them.
func (o Options) role() string {
	if o.Label == nil {
		return ""
	}
	switch role := o.Label("deployment"); role {
	case "stable", "canary", "active", "preview":
		return role
	}
	return o.Label("role")
}
