package revision

import (
	"strconv"
	"strings"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Number is the desired revision's number: one more than every other's, or the one
// it has when that is higher already.
func (v View) Number() int64 {
	var highest int64
	for _, rs := range v.All() {
		if v.Desired == nil || rs.Name != v.Desired.Name {
			highest = max(highest, rs.Revision)
		}
	}
	if v.Desired == nil {
		return highest + 1
	}
	return max(highest+1, v.Desired.Revision)
}

// NumberAnnotations is what the desired ReplicaSet's annotations need for Number:
// nil when they are right. A number that is given up is kept in the history, and
// only then does the history grow.
func (v View) NumberAnnotations() map[string]string {
	number := v.Number()
	if v.Desired == nil || v.Desired.Revision == number {
		return nil
	}
	next := map[string]string{v1alpha1.RevisionAnnotation: strconv.FormatInt(number, 10)}
	if v.Desired.Revision > 0 {
		history := v.Desired.Annotations[v1alpha1.RevisionHistoryAnnotation]
		past := strconv.FormatInt(v.Desired.Revision, 10)
		next[v1alpha1.RevisionHistoryAnnotation] = strings.TrimPrefix(history+","+past, ",")
	}
	return next
}
