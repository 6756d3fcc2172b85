// Package kube is the real cluster behind the loop: it observes Rollouts and what
// belongs to them from caches of an API server, executes the actions of a plan and
// records its outcome.
//
// It promises:
//   - an observation is never older than this process' own last writes for that
//     Rollout; where the caches are behind, Observe returns plan.ErrConflict;
//   - every write is conditional on the version that was decided on, or has a
//     deterministic name, so that nothing is written twice or over a change that
//     was not seen;
//   - nothing is written when nothing changed;
//   - objects that no Rollout refers to are neither watched nor kept in memory.
//
// It holds no rollout policy.
package kube
