// Package job measures by running a Job: it succeeds when the Job does.
package job
