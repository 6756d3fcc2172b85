// Package spec turns a manifest into typed, defaulted, checked values, once.
//
// A parsed Rollout guarantees: exactly one strategy; every default applied (the
// table is in defaults.go); every percentage resolved to pods for the replicas
// that the manifest asks for; every step one of a closed set; every duration a
// time.Duration. Nobody re-checks or re-defaults later.
//
// Parsing is pure and needs no cluster. What only the cluster knows (does the
// named Service exist?) is checked against facts by references.go.
package spec
