// Package clustertest is the suite that every engine.Cluster of Rollouts passes: the
// API server's and the simulator's. It holds what a decision relies on, so that a
// model which passes it can stand in for a cluster.
//
// It is about the contract alone: what is observed after what was executed, which
// writes are refused, and that repeating is harmless. It takes no decisions.
package clustertest
