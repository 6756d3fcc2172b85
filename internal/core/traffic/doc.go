// Package traffic knows splits of traffic: who gets which share, by weight and by
// matching requests, and whether an observed split is the wanted one.
package traffic
