// Package canary decides for the canary strategy, with and without a traffic
// router: a straight line from the step cursor to the desired split, the pods that
// each revision needs for it, the Services, and the end of the current step.
package canary
