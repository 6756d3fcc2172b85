// Package provider holds the ports to sources of metrics: what a measurement asks for
// and what comes back. A source reports values; judging them is core/analysis. Sources
// that take their time and judge by themselves implement Job.
package provider
