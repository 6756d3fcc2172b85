package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// bounds are the most that may be used. They hold for N workloads of Replicas pods
// with Steps steps; other numbers are not checked. Zero: no bound.
type bounds struct {
	N        int `json:"n"`
	Replicas int `json:"replicas"`
	Steps    int `json:"steps"`
	// WithoutSteps and WithSteps bound the time of a burst, as a multiple of what
	// the same number of Deployments need.
	WithoutSteps float64 `json:"withoutStepsPerDeployments"`
	WithSteps    float64 `json:"withStepsPerDeployments"`
	// BurstCPU is the controller's, with steps. Unit: seconds.
	BurstCPU float64 `json:"burstCPUSeconds"`
	// Writes is how many writes one Rollout with steps may take, events included.
	Writes float64 `json:"writesPerRollout"`
	// PeakMemory of the controller. Unit: MiB.
	PeakMemory int64 `json:"peakMemoryMiB"`
	// IdleCPU is for a minute. Unit: seconds.
	IdleCPU float64 `json:"idleCPUSecondsPerMinute"`
	// IdleWrites is while nothing happens; it has no default: zero means zero.
	IdleWrites float64 `json:"idleWrites"`

	// Runs bounds AnalysisRuns.
	Runs runBounds `json:"analysisRuns"`
}

// runBounds hold for N AnalysisRuns that measure every Interval seconds.
type runBounds struct {
	N        int `json:"n"`
	Interval int `json:"intervalSeconds"`
	// Late is how late a measurement may begin, one in a hundred apart. Unit: seconds.
	Late float64 `json:"lateSeconds"`
	// CPU is the controller's for a minute. Unit: seconds.
	CPU float64 `json:"cpuSecondsPerMinute"`
	// PeakMemory of the controller. Unit: MiB.
	PeakMemory int64 `json:"peakMemoryMiB"`
	// Writes is how many writes a measurement may take, events included.
	Writes float64 `json:"writesPerMeasurement"`
}

// checkRuns returns one error for each bound of AnalysisRuns that was passed.
func (b bounds) checkRuns(o options, m measuring) []error {
	r := b.Runs
	if o.runs != r.N || o.interval != time.Duration(r.Interval)*time.Second {
		return []error{fmt.Errorf("the bounds are for -runs %d -interval %ds; measure that, or say -bounds ''", r.N, r.Interval)}
	}
	var passed []error
	for _, c := range []struct {
		what      string
		got, most float64
	}{
		{"seconds that a measurement is late", m.quantile(0.99).Seconds(), r.Late},
		{"CPU seconds of a minute of measuring", m.cpuPerMinute(), r.CPU},
		{"peak memory in MiB", float64(m.peakMemory >> 20), float64(r.PeakMemory)},
		{"writes for one measurement", m.writes / float64(max(1, m.measurements)), r.Writes},
	} {
		if c.got > c.most {
			passed = append(passed, fmt.Errorf("%s: %.2f, more than %.2f", c.what, c.got, c.most))
		}
	}
	return passed
}

func readBounds(file string) (bounds, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return bounds{}, fmt.Errorf("read bounds: %w", err)
	}
	var b bounds
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&b); err != nil {
		return bounds{}, fmt.Errorf("read bounds in %s: %w", file, err)
	}
	return b, nil
}

// check returns one error for each bound that was passed.
func (b bounds) check(o options, deployments, plain, stepped result) []error {
	if o.n != b.N || o.replicas != b.Replicas || o.steps != b.Steps {
		return []error{fmt.Errorf("the bounds are for -n %d -replicas %d -steps %d; measure that, or say -bounds ''", b.N, b.Replicas, b.Steps)}
	}
	checks := []struct {
		what      string
		got, most float64
		asked     bool
	}{
		{"burst without steps, as a multiple of Deployments", plain.burst.Seconds() / deployments.burst.Seconds(), b.WithoutSteps, b.WithoutSteps > 0},
		{"burst with steps, as a multiple of Deployments", stepped.burst.Seconds() / deployments.burst.Seconds(), b.WithSteps, b.WithSteps > 0},
		{"CPU seconds of a burst with steps", stepped.burstCPU.Seconds(), b.BurstCPU, b.BurstCPU > 0},
		{"writes for one Rollout with steps", stepped.writes, b.Writes, b.Writes > 0},
		{"peak memory in MiB", float64(stepped.peakMemory >> 20), float64(b.PeakMemory), b.PeakMemory > 0},
		{"CPU seconds of an idle minute", perMinute(o, stepped), b.IdleCPU, b.IdleCPU > 0 && o.idle > 0},
		{"writes while idle", stepped.idleWrites, b.IdleWrites, o.idle > 0},
	}
	var passed []error
	for _, c := range checks {
		if c.asked && c.got > c.most {
			passed = append(passed, fmt.Errorf("%s: %.2f, more than %.2f", c.what, c.got, c.most))
		}
	}
	return passed
}

// perMinute scales the CPU time of resting to a minute.
func perMinute(o options, r result) float64 {
	if o.idle == 0 {
		return 0
	}
	return r.idleCPU.Seconds() * 60 / o.idle.Seconds()
}
