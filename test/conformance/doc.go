// Package conformance replays stories that were recorded with Argo Rollouts and
// compares what an onlooker sees.
//
// stories/*.yaml hold objects and what a user does and waits for. records/*.jsonl hold
// every distinct state that was seen, with hashes written as revisions. What must
// agree: the order of steps, weights and pauses; the resting states at every wait; the
// reasons of events; and at no moment fewer available pods or more pods than recorded.
package conformance
