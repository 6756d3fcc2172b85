// Package controller wires the controllers of the process to a manager: caches,
// leader election, probes and metrics. It only wires and wakes; it decides nothing.
package controller
