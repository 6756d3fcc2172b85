// Package kayenta measures by having Spinnaker's canary judge compare two versions.
package kayenta
