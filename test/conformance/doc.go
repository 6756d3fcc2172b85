// Package conformance replays stories that were recorded with Argo Rollouts and
// compares what an onlooker sees.
//
// stories/*.yaml hold objects and what a user does and waits for. records/*.jsonl hold
// every distinct state that was seen, with hashes written as revisions. What must
// agree: the order of steps, weights and pauses; the resting states at every wait; the
// reasons of events; and at no moment fewer available pods or more pods than recorded.
//
// Every story is played twice: in the simulator, and on a local cluster by the
// controller itself. The latter needs the programs in bin/ and is skipped without
// them, unless SERIN_LOCAL_REQUIRED is 1. What differs on purpose is listed once, with
// its reason. SERIN_REPLAYS names a folder to which the replays are written.
package conformance
