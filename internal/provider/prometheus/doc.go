// Package prometheus asks a Prometheus server, at an instant or over a range.
package prometheus
