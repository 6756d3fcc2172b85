package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/internal/testing/local"
)

// cost is what the controller has used since it was started.
type cost struct {
	cpu        time.Duration
	peakMemory int64 // bytes
	// writes are requests to the API server that are neither reads nor events.
	writes float64
}

func costOf(ctx context.Context, c *local.Controller) (cost, error) {
	cpu, err := cpuOf(c.PID())
	if err != nil {
		return cost{}, err
	}
	memory, err := peakMemoryOf(c.PID())
	if err != nil {
		return cost{}, err
	}
	writes, err := writesOf(ctx, c.Metrics())
	return cost{cpu: cpu, peakMemory: memory, writes: writes}, err
}

// tick is the unit of /proc/PID/stat: hundredths of a second on every Linux.
const tick = 10 * time.Millisecond

// cpuOf is the user and system time of a process.
func cpuOf(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read CPU time: %w", err)
	}
	// The name in parentheses may hold blanks; utime and stime are the 12th and
	// 13th field after it.
	fields := strings.Fields(string(data)[strings.LastIndex(string(data), ")")+1:])
	var total time.Duration
	for _, field := range fields[11:13] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read CPU time: %w", err)
		}
		total += time.Duration(ticks) * tick
	}
	return total, nil
}

// peakMemoryOf is the most resident memory that a process has had.
func peakMemoryOf(pid int) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("read memory: process %d tells no VmHWM", pid)
}

// requestCounter is the metric of requests by method. Its lines look like
// rest_client_requests_total{code="200",host="…",method="PATCH"} 12.
const requestCounter = "rest_client_requests_total{"

// writesOf adds up the controller's requests that change something.
func writesOf(ctx context.Context, url string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	defer response.Body.Close()
	var total float64
	found := false
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		line := lines.Text()
		if !strings.HasPrefix(line, requestCounter) {
			continue
		}
		found = true
		if strings.Contains(line, `method="GET"`) {
			continue
		}
		value, err := strconv.ParseFloat(line[strings.LastIndex(line, " ")+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("read metrics: %q: %w", line, err)
		}
		total += value
	}
	if !found {
		return 0, fmt.Errorf("read metrics: %s has no %s", url, strings.TrimSuffix(requestCounter, "{"))
	}
	return total, lines.Err()
}
