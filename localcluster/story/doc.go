// Package story plays the demo on a running cluster: one release that a person
// promotes and one that a person takes back, then one that passes an analysis and
// one that fails it, with every number counted in real requests.
//
// What it promises:
//   - It drives the cluster as a person does: by typing kubectl and kubectl argo
//     rollouts, by sending requests to the gateway, and by watching the Rollout.
//     It knows nothing of the controller.
//   - Every number that it shows was counted, and every one has an expectation.
//     Run returns an error when one is off, after the whole story was told.
//   - A share is counted in so many requests that chance alone hardly ever
//     misses the expectation; see demoPace.
//   - It waits by watching, never for a fixed time, and never without a limit.
//     When ctx ends it ends, and so does every program it started.
package story
