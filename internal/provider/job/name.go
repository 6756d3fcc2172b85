package job

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	// nameMax is the longest name of a Job whose pods can still be labelled with it.
	nameMax = validation.LabelValueMaxLength
	hashLen = 8
)

// nameOf names the Job of one measurement: UID.METRIC.NUMBER where that is a name,
// otherwise UID.METRIC-HASH.NUMBER with as much of the metric's name as fits. The
// hash is of the metric's whole name, so no two metrics of a run share a Job.
//
// Example: "Very Long Metric Name", 7 -> 0e5b….very-long-metri-1c2d3e4f.7.
func nameOf(uid, metric string, number int32) string {
	tail := "." + strconv.Itoa(int(number))
	plain := uid + "." + metric + tail
	if len(plain) <= nameMax && len(validation.IsDNS1123Subdomain(plain)) == 0 {
		return plain
	}
	sum := sha256.Sum256([]byte(metric))
	hash := hex.EncodeToString(sum[:])[:hashLen]
	room := max(0, nameMax-len(uid)-len(".-")-hashLen-len(tail))
	if cut := lettered(metric, room); cut != "" {
		hash = cut + "-" + hash
	}
	return uid + "." + hash + tail
}

// lettered is the start of a text as letters, digits and dashes within, at most size
// of them.
func lettered(text string, size int) string {
	text = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(text))
	text = strings.TrimLeft(text, "-")
	return strings.TrimRight(text[:min(len(text), size)], "-")
}

// numberOf is the measurement's number in a name of nameOf; 0 when there is none.
func numberOf(name string) int {
	number, err := strconv.Atoi(name[strings.LastIndexByte(name, '.')+1:])
	if err != nil {
		return 0
	}
	return number
}
