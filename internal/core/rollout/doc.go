// Package rollout decides about a Rollout. Decide is a straight line: revisions,
// resets and commands, the strategy's verdict, the writes that follow from it, the
// next status. Reads says what must be observed first; Failed says what to record
// when a write did not happen.
package rollout
