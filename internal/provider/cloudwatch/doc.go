// Package cloudwatch asks Amazon CloudWatch.
package cloudwatch
