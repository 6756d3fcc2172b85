// Package engine is the loop: observe, decide, execute, record. It is the same
// loop for a real cluster and for the simulator, and it has no opinion on rollouts.
package engine
