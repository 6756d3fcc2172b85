package spec

import (
	"math"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
)

type rounding int

const (
	roundUp rounding = iota
	roundDown
)

// bounds turns maxSurge and maxUnavailable into pods. They are never both zero
// unless replicas is, and no more than replicas may be unavailable.
// Example: 10 replicas, 25% and 25% -> surge 3, unavailable 2.
func bounds(maxSurge, maxUnavailable *intstr.IntOrString, replicas int32) (surge, unavailable int32) {
	surge = pods(orDefault(maxSurge), replicas, roundUp)
	unavailable = pods(orDefault(maxUnavailable), replicas, roundDown)
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	return surge, min(unavailable, replicas)
}

// pods is how many pods an amount is: a number stands for itself, any text is a
// percentage of replicas. Negative amounts and text without a number are zero.
// Example: "25%" of 10, rounded up -> 3. "5" of 10, rounded up -> 1.
func pods(amount intstr.IntOrString, replicas int32, r rounding) int32 {
	n := max(0, literal(amount))
	if amount.Type == intstr.Int {
		return n
	}
	parts := int64(n) * int64(replicas)
	if r == roundUp {
		parts += 99
	}
	return int32(min(parts/100, math.MaxInt32))
}

// literal is the number that an amount was written with, in pods or in percent.
// Compat: Argo Rollouts reads text that is no whole number as zero, minus signs
// included. TestPods holds it.
func literal(amount intstr.IntOrString) int32 {
	if amount.Type == intstr.Int {
		return amount.IntVal
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(amount.StrVal, "%"), 10, 32)
	if err != nil || n < 0 {
		return 0
	}
	return int32(n)
}

// written is an amount as the manifest has it, for error messages.
func written(amount intstr.IntOrString) any {
	if amount.Type == intstr.Int {
		return amount.IntVal
	}
	return amount.StrVal
}

func orDefault(amount *intstr.IntOrString) intstr.IntOrString {
	if amount == nil {
		return defaultBound()
	}
	return *amount
}
