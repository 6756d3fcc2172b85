// Command scale measures what the controller costs on a local cluster: many
// Rollouts are created, all get a new image in one burst, and then nothing happens
// for a while. The same number of Deployments shows what the cluster itself needs.
//
//	make bench
//	go run ./test/scale -n 100 -steps 0 -idle 0
//
// It prints one line for each workload, compares it with bounds.json and exits with
// 1 when a bound is passed. Bounds hold for the numbers that bounds.json says.
package main
