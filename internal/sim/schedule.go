package sim

import "time"

// event is something that will happen. Events of the same moment happen in the
// order of tie, then in the order they were scheduled.
type event struct {
	at    time.Duration
	tie   uint32
	order uint32
	do    func()
}

func (e event) before(o event) bool {
	switch {
	case e.at != o.at:
		return e.at < o.at
	case e.tie != o.tie:
		return e.tie < o.tie
	default:
		return e.order < o.order
	}
}

// queue is a binary heap of events.
type queue struct {
	heap  []event
	count uint32
}

func (q *queue) push(e event) {
	q.count++
	e.order = q.count
	q.heap = append(q.heap, e)
	child := len(q.heap) - 1
	for child > 0 {
		parent := (child - 1) / 2
		if !q.heap[child].before(q.heap[parent]) {
			return
		}
		q.heap[child], q.heap[parent] = q.heap[parent], q.heap[child]
		child = parent
	}
}

func (q *queue) pop() event {
	first := q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap[last] = event{}
	q.heap = q.heap[:last]
	q.sink(0)
	return first
}

func (q *queue) sink(parent int) {
	for {
		child := 2*parent + 1
		if child >= len(q.heap) {
			return
		}
		if child+1 < len(q.heap) && q.heap[child+1].before(q.heap[child]) {
			child++
		}
		if !q.heap[child].before(q.heap[parent]) {
			return
		}
		q.heap[child], q.heap[parent] = q.heap[parent], q.heap[child]
		parent = child
	}
}

// after schedules do.
func (w *World) after(delay time.Duration, do func()) {
	e := event{at: w.now + delay, do: do}
	if w.env.Shuffle {
		e.tie = w.dice.Uint32()
	}
	w.queue.push(e)
}

// happen lets everything due until the given moment happen, and moves the clock there.
func (w *World) happen(until time.Duration) {
	for len(w.queue.heap) > 0 && w.queue.heap[0].at <= until {
		e := w.queue.pop()
		w.now = max(w.now, e.at)
		e.do()
	}
	w.now = max(w.now, until)
}
