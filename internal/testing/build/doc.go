// Package build makes manifests for tests, as short as they are read aloud:
//
//	build.Canary("demo", 5, build.Weight(20), build.Wait(), build.Weight(60), build.WaitFor("30s"))
//
// What a test does not say has a plain default: image demo:v1, labels app: NAME.
package build
