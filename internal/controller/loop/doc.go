// Package loop runs the engine's loop for the objects of one kind: threads, retries and
// when to look again. What wakes which key is the business of the kind's controller.
package loop
