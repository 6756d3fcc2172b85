// Package plan is the vocabulary of a decision about a Rollout: the snapshot it is
// made from and the plan it results in. It holds facts and wishes, no rules.
package plan
