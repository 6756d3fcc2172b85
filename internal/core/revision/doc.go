// Package revision tells the revisions of a Rollout apart: which ReplicaSet is the
// desired one, which is stable, which are superseded, how they are numbered and
// which of them may go.
package revision
