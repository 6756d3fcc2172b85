package story

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// nobody stands for the sender of an answer that names no colour.
const nobody = "nobody"

// answer is what came of one request.
type answer struct {
	// color is the version that answered; nobody when it cannot be told.
	color string
	// failed says that the status was not 200, or that no answer came.
	failed bool
}

// tally counts answers.
type tally struct {
	total  int
	served map[string]int // by colour
	failed map[string]int // by colour
}

func newTally() tally { return tally{served: map[string]int{}, failed: map[string]int{}} }

func (t *tally) count(a answer) {
	t.total++
	if a.failed {
		t.failed[a.color]++
		return
	}
	t.served[a.color]++
}

func (t *tally) failures() int {
	sum := 0
	for _, n := range t.failed {
		sum += n
	}
	return sum
}

// percent is a share of all answers. Example: 205 of 1000 -> 20.5.
func (t *tally) percent(n int) float64 {
	if t.total == 0 {
		return 0
	}
	return 100 * float64(n) / float64(t.total)
}

// String lists the shares, the largest first. Example:
// 79.7 % blue, 20.3 % green of 5,000.
func (t *tally) String() string {
	if t.total == 0 {
		return "no answer"
	}
	shares := t.shares()
	words := make([]string, len(shares))
	for i, share := range shares {
		words[i] = fmt.Sprintf("%.1f %% %s", t.percent(share.count), share.name)
	}
	return strings.Join(words, ", ") + " of " + thousands(t.total)
}

type share struct {
	name  string
	count int
}

// shares are the non-zero counts, the largest first.
func (t *tally) shares() []share {
	var shares []share
	for _, color := range slices.Sorted(maps.Keys(t.served)) {
		shares = append(shares, share{color, t.served[color]})
	}
	for _, color := range slices.Sorted(maps.Keys(t.failed)) {
		shares = append(shares, share{"failed by " + color, t.failed[color]})
	}
	slices.SortStableFunc(shares, func(a, b share) int { return b.count - a.count })
	return shares
}
