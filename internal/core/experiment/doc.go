// Package experiment decides about one Experiment: how many pods each of its
// templates has, which analyses run, and when it is over. It is pure.
//
// What takes something away (pods, Services, runs that nobody waits for) follows from
// the status that was recorded, never from one that is still to be written: whoever
// sends requests to the pods has then been told, and a write that is lost on the way
// cannot turn a verdict around.
//
// A ReplicaSet keeps the pod template that it was made with. Editing a template under
// way is refused, with the InvalidSpec condition, because what was measured so far
// would belong to other pods; the Experiment goes on with the pods that it has.
package experiment
