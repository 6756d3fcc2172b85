// Package gen holds rapid generators for API objects. What they draw is always
// accepted by internal/spec, so property tests spend no draws on bad input.
package gen
