package spec

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// TemplateHash is the identity of a pod template: the value of the hash label
// and the end of the ReplicaSet's name. Collisions, when not nil, is how often
// that name was taken.
//
// It is the hash of Argo Rollouts, so that its ReplicaSets keep their names.
// The JSON of the Kubernetes types may change with their version, though: a
// ReplicaSet whose hash differs may still be the wanted one, see TemplatesEqual.
func TemplateHash(t corev1.PodTemplateSpec, collisions *int32) (string, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("hash pod template: %w", err)
	}
	sum := fnv.New32a()
	sum.Write(raw)
	if collisions != nil {
		var count [8]byte
		binary.LittleEndian.PutUint32(count[:], uint32(*collisions))
		sum.Write(count[:])
	}
	return safe(sum.Sum32()), nil
}

// StepsHash identifies the steps of a canary in status.currentStepHash.
func StepsHash(steps []v1alpha1.CanaryStep) (string, error) {
	raw, err := json.Marshal(steps)
	if err != nil {
		return "", fmt.Errorf("hash steps: %w", err)
	}
	sum := fnv.New32a()
	sum.Write(raw)
	return safe(sum.Sum32()), nil
}

// safe writes a number without vowels and look-alikes, digit by digit.
// Example: 0 -> "7": the digit 0 has code 48, and 48 mod 27 is 21.
func safe(n uint32) string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	digits := []byte(strconv.FormatUint(uint64(n), 10))
	for i, d := range digits {
		digits[i] = alphabet[int(d)%len(alphabet)]
	}
	return string(digits)
}
