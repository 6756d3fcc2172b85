// Package strategy is what the canary and the blue-green strategy share: the
// situation they decide in, the verdict they return, and the rules that hold for
// both (pauses, scale-down delays, pointing Services).
package strategy
