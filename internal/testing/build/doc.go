// Package build makes manifests for tests, as short as they are read aloud:
//
//	build.Canary("demo", 5, build.Weight(20), build.Wait(), build.Weight(60), build.WaitFor("30s"))
//
// and what an observer sees of them, where demo:v1 is v1:
//
//	build.Snapshot(ro, build.Stable("v1"), build.Has("v1", 5), build.Has("v2", 1), build.CanaryWeight(20))
//
// What a test does not say has a plain default: image demo:v1, labels app: NAME, a
// status that a pass left behind. Outcome tells in words what a plan makes of it.
package build
