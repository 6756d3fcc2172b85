// Package rollout runs the loop for Rollouts: it says what wakes which key, and when
// to look again. What is decided comes from internal/core/rollout by way of Rules.
package rollout
