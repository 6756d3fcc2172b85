// Package datadog measures by asking Datadog, by either version of its query API.
package datadog
