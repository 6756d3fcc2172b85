package analysis

import (
	"fmt"
	"testing"
	"time"
)

// A run of three metrics under way: between measurements, and with a reading to judge.
func BenchmarkDecide(b *testing.B) {
	answers := map[string]string{}
	var metrics []string
	for i := range 3 {
		name := fmt.Sprintf("m%d", i)
		metrics, answers[name] = append(metrics, metricOf(name, `interval: 10s`)), "S"
	}
	w := newWorld(b, runOf(metrics...), answers)
	w.play(5 * time.Minute)
	w.rest()
	waiting := w.snapshot()
	reading := waiting
	reading.Readings = []Reading{{Metric: "m1", Number: number(w.result("m1")), Call: Start, Started: w.now, Finished: w.now, Result: 1.0, Value: "1"}}
	for name, s := range map[string]Snapshot{"waiting": waiting, "judging": reading} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p := Decide(s, w.now); p.Status.Phase == "" {
					b.Fatal("nothing was decided")
				}
			}
		})
	}
}
