package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// newLog returns the log of the process, and sends what libraries say there too.
// Lines have the keys time, level and msg, and the name of the object as rollout or
// service, which people filter by.
func newLog(out io.Writer, f *flags) (logr.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return logr.Logger{}, fmt.Errorf("read log level: %w", err)
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: lowerLevel}
	var handler slog.Handler = slog.NewTextHandler(out, options)
	if f.logFormat == "json" {
		handler = slog.NewJSONHandler(out, options)
	}
	log := logr.FromSlogHandler(handler)
	ctrllog.SetLogger(log)
	klog.SetLogger(log)
	var verbosity klog.Level
	if err := verbosity.Set(fmt.Sprint(f.klogLevel)); err != nil {
		return logr.Logger{}, fmt.Errorf("set library verbosity: %w", err)
	}
	return log, nil
}

// lowerLevel writes info for INFO, and debug for every verbosity.
func lowerLevel(_ []string, a slog.Attr) slog.Attr {
	level, ok := a.Value.Any().(slog.Level)
	if a.Key != slog.LevelKey || !ok {
		return a
	}
	if level < slog.LevelInfo {
		level = slog.LevelDebug
	}
	a.Value = slog.StringValue(strings.ToLower(level.String()))
	return a
}
