// Package skywalking measures by asking Apache SkyWalking in GraphQL.
package skywalking
