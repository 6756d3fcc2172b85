// Package core and its subpackages decide. Everything in this tree is a function
// of values: it is handed all it may know and the time, and returns all it wants.
// No contexts, clocks, clients, logs, goroutines or random numbers.
package core
