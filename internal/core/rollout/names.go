package rollout

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/serin-rollouts/serin/internal/core/strategy"
)

// longestBase leaves room in a name of 253 characters for a number that tells it from
// others.
const longestBase = 240

// lineage is what the names of all runs and experiments of a revision begin with.
func lineage(rollout, hash string) string {
	const room = 40 // for the revision's number, the step's and the analysis' names
	if limit := longestBase - room - len(hash); len(rollout) > limit {
		sum := fnv.New32a()
		_, _ = sum.Write([]byte(rollout)) // a hash never refuses
		rollout = fmt.Sprintf("%s-%08x", strings.TrimRight(rollout[:limit-9], "-."), sum.Sum32())
	}
	return rollout + "-" + hash + "-"
}

// naming is how the objects for one purpose of one revision are called.
type naming struct {
	// lineage, the revision's number and what ends the name; "" for nothing.
	lineage, infix string
	number         int64
	// mark comes before the number of a second, third and further one.
	mark string
}

func runNaming(s *strategy.Situation, infix string) naming {
	return naming{lineage: lineage(s.Snapshot.Rollout.Name, s.View.Hash), infix: infix, number: s.View.Number(), mark: "."}
}

func trialNaming(s *strategy.Situation, step int32) naming {
	return naming{
		lineage: lineage(s.Snapshot.Rollout.Name, s.View.Hash), infix: strconv.Itoa(int(step)),
		number: s.View.Number(), mark: "-",
	}
}

// name is the name of the count-th object, from 0.
// Example: web-6d4f-3-1 and web-6d4f-3-1.1 are the runs 0 and 1 of step 1 of revision 3.
func (n naming) name(count int) string {
	name := n.lineage + strconv.FormatInt(n.number, 10)
	if n.infix != "" {
		name += "-" + n.infix
	}
	if count > 0 {
		name += n.mark + strconv.Itoa(count)
	}
	return name
}

// count is which object for this purpose a name means, from 0; false when it means
// none. The revision may have had another number when it was made.
func (n naming) count(name string) (int, bool) {
	rest, ok := strings.CutPrefix(name, n.lineage)
	if !ok {
		return 0, false
	}
	number, rest := leadingDigits(rest)
	if number == "" {
		return 0, false
	}
	if n.infix != "" {
		if rest, ok = strings.CutPrefix(rest, "-"+n.infix); !ok {
			return 0, false
		}
	}
	if rest == "" {
		return 0, true
	}
	digits, left := leadingDigits(strings.TrimPrefix(rest, n.mark))
	count, err := strconv.Atoi(digits)
	return count, strings.HasPrefix(rest, n.mark) && left == "" && err == nil
}

// next is the first name that is not taken, after the one that was used last.
func (n naming) next(last string, taken func(string) bool) string {
	count := 0
	if used, ok := n.count(last); ok {
		count = used + 1
	}
	for taken(n.name(count)) {
		count++
	}
	return n.name(count)
}

func leadingDigits(text string) (digits, rest string) {
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	return text[:end], text[end:]
}
